/*
 * key_units.c
 *		Which rows of a Query level lie on one shard.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"

#include "planner/key_units.h"
#include "planner/key_value.h"

UnitLevel *
unit_level(Query *query, UnitLevel * parent)
{
	UnitLevel  *level = palloc0(sizeof(UnitLevel));

	level->parent = parent;
	level->query = query;
	level->nunits = list_length(query->rtable) + 1;
	level->leaders = palloc(sizeof(int) * level->nunits);
	level->split = palloc0(sizeof(bool) * level->nunits);
	for (int i = 0; i < level->nunits; i++)
		level->leaders[i] = i;
	return level;
}

static int
leader_of(const int *leaders, int unit)
{
	while (leaders[unit] != unit)
		unit = leaders[unit];
	return unit;
}

void
unit_join(UnitLevel * level, int left, int right)
{
	level->leaders[leader_of(level->leaders, left)] = leader_of(level->leaders, right);
}

bool
unit_together(const UnitLevel * level, int left, int right)
{
	return leader_of(level->leaders, left) == leader_of(level->leaders, right);
}

bool
units_together(const UnitLevel * level, Bitmapset *units)
{
	int			first = bms_next_member(units, -1);
	int			unit = first;

	while ((unit = bms_next_member(units, unit)) >= 0)
	{
		if (!unit_together(level, first, unit))
			return false;
	}
	return true;
}

bool
units_kept_apart(const UnitLevel * level, const int *before, Bitmapset *changed)
{
	for (int left = 0; left < level->nunits; left++)
	{
		if (bms_is_member(left, changed))
			continue;
		for (int right = left + 1; right < level->nunits; right++)
		{
			if (!bms_is_member(right, changed) && unit_together(level, left, right) &&
				leader_of(before, left) != leader_of(before, right))
				return false;
		}
	}
	return true;
}

static UnitKey *
find_column(const UnitLevel * level, int varno, AttrNumber attno)
{
	ListCell   *lc;

	foreach(lc, level->keys)
	{
		UnitKey    *key = lfirst(lc);

		if (key->varno == varno && key->attno == attno)
			return key;
	}
	return NULL;
}

void
unit_add_key(UnitLevel * level, int varno, AttrNumber attno, int unit, bool strong)
{
	UnitKey    *key = palloc(sizeof(UnitKey));

	key->varno = varno;
	key->attno = attno;
	key->unit = unit;
	key->strong = strong;
	level->keys = lappend(level->keys, key);
}

void
unit_add_pin(UnitLevel * level, UnitLevel * outer, int unit)
{
	UnitPin    *pin = palloc(sizeof(UnitPin));

	pin->level = outer;
	pin->unit = unit;
	level->pins = lappend(level->pins, pin);
}

/* The column that an expression is, through join aliases and relabelling. */
static Var *
resolve_column(UnitLevel * level, Node *expr, UnitLevel * *owner)
{
	Var		   *var = (Var *) strip_relabel(expr);
	RangeTblEntry *rte;

	if (var == NULL || !IsA(var, Var) || var->varattno <= 0)
		return NULL;
	for (Index up = var->varlevelsup; up > 0; up--)
		level = level->parent;
	rte = rt_fetch(var->varno, level->query->rtable);
	if (rte->rtekind == RTE_JOIN)
		return resolve_column(level, list_nth(rte->joinaliasvars, var->varattno - 1), owner);
	*owner = level;
	return var;
}

UnitKey *
unit_find_key(UnitLevel * level, Node *expr, UnitLevel * *owner)
{
	Var		   *var = resolve_column(level, expr, owner);

	return var == NULL ? NULL : find_column(*owner, var->varno, var->varattno);
}

/* A column of this level equals a key: it is one, too. */
static bool
learn_key(UnitLevel * level, Node *expr, const UnitKey * key, UnitLevel * owner)
{
	UnitLevel  *holder;
	Var		   *var = resolve_column(level, expr, &holder);

	if (var == NULL || holder != level)
		return false;
	if (owner != level)
		unit_add_pin(level, owner, key->unit);
	unit_add_key(level, var->varno, var->varattno, owner == level ? key->unit : 0, true);
	return true;
}

/* Learn from one equality; true if something is new. */
static bool
learn_equality(UnitLevel * level, Node *left, Node *right, bool all_rows)
{
	UnitLevel  *left_owner;
	UnitLevel  *right_owner;
	UnitKey    *left_key = unit_find_key(level, left, &left_owner);
	UnitKey    *right_key = unit_find_key(level, right, &right_owner);
	int			left_unit;
	int			right_unit;

	if (left_key == NULL && right_key == NULL)
		return false;
	if (left_key == NULL)
		return all_rows && learn_key(level, left, right_key, right_owner);
	if (right_key == NULL)
		return all_rows && learn_key(level, right, left_key, left_owner);
	if (left_owner != level && right_owner != level)
		return false;
	left_unit = left_owner == level ? left_key->unit : 0;
	right_unit = right_owner == level ? right_key->unit : 0;
	if (unit_together(level, left_unit, right_unit))
		return false;
	if (left_owner != level)
		unit_add_pin(level, left_owner, left_key->unit);
	if (right_owner != level)
		unit_add_pin(level, right_owner, right_key->unit);
	unit_join(level, left_unit, right_unit);
	return true;
}

/* One pass over ANDed conditions; true if something is new. */
static bool
learn_pass(UnitLevel * level, Node *quals, Oid opfamily, bool all_rows)
{
	bool		news = false;
	OpExpr	   *op = (OpExpr *) quals;
	ListCell   *lc;

	if (quals == NULL)
		return false;
	if (is_andclause(quals))
	{
		foreach(lc, ((BoolExpr *) quals)->args)
			news |= learn_pass(level, lfirst(lc), opfamily, all_rows);
		return news;
	}
	if (!IsA(op, OpExpr) || list_length(op->args) != 2 ||
		equality_opfamily(op->opno, op->inputcollid) != opfamily)
		return false;
	return learn_equality(level, linitial(op->args), lsecond(op->args), all_rows);
}

void
unit_learn(UnitLevel * level, Node *quals, Oid opfamily, bool all_rows)
{
	if (!OidIsValid(opfamily))
		return;
	while (learn_pass(level, quals, opfamily, all_rows))
		;
}

void
unit_weaken(UnitLevel * level, Bitmapset *varnos)
{
	ListCell   *lc;

	foreach(lc, level->keys)
	{
		UnitKey    *key = lfirst(lc);

		if (bms_is_member(key->varno, varnos))
			key->strong = false;
	}
}
