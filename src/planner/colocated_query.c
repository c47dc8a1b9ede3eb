/*
 * colocated_query.c
 *		Is the result of a Query the results of its shards put together?
 *
 * Every Query level is of one of three kinds.  EVERYWHERE: it reads reference
 * tables or nothing, and gives each shard the same.  SPLIT: its rows are those
 * that the shards make of their own rows.  PINNED: it is evaluated for rows of an
 * outer level, and what concerns such a row lies on the row's shard.
 *
 * Joins keep rows together by equalities of keys (key_units.h).  What is done
 * with a split level's rows must not mix shards: groups, partitions of windows
 * and duplicates have the key in them.  For a pinned level anything goes, since
 * all that it sees is on one shard.  Keys that an outer join may have made NULL
 * find partners, but there is such a group on every shard.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_agg.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "compat/query_compat.h"
#include "planner/colocated_query.h"
#include "planner/key_units.h"
#include "planner/key_value.h"
#include "planner/prune.h"
#include "planner/query_travel.h"
#include "planner/unsupported.h"

typedef enum Placement
{
	EVERYWHERE,
	PINNED,
	SPLIT,
}			Placement;

/* An output column that carries the key. */
typedef struct OutputKey
{
	AttrNumber	resno;
	bool		strong;
}			OutputKey;

/* Where the rows of a Query come from. */
typedef struct Placed
{
	Placement	placement;
	bool		reads_copies;	/* of reference tables */
	List	   *keys;			/* of OutputKey */
	List	   *pins;			/* of UnitPin */
}			Placed;

typedef struct PlaceContext
{
	ColocatedQuery *result;
	Oid			opfamily;		/* of the group's key */
	bool		failed;
	UnitLevel  *level;			/* for the sublink walker */
	Query	   *top;
	UnitLevel  *top_level;
}			PlaceContext;

static Placed *place_query(PlaceContext * context, Query *query, UnitLevel * parent);
static void place_sublinks(PlaceContext * context, UnitLevel * level, Node *node);

/* It does not fit; the first reason is kept. */
static void
fail(PlaceContext * context, ColocatedObstacle why)
{
	if (!context->failed)
		context->result->obstacle = why;
	context->failed = true;
}

/* Is all on one shard anyway? */
static bool
is_single(const PlaceContext * context)
{
	return context->result->group != NULL && context->result->group->nshards == 1;
}

/* ---- FROM entries ---- */

static bool
varies_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, Var) || IsA(node, SubLink) ||
		expression_tree_walker(node, varies_walker, context);
}

/* Does each shard pick a sample of its own rows, as large a part as anywhere? */
static bool
can_sample(const DistTable * table, TableSampleClause *sample)
{
	return table->kind != DIST_REFERENCE && !varies_walker((Node *) sample, NULL);
}

static void
place_relation(PlaceContext * context, UnitLevel * level, int rti)
{
	ColocatedQuery *result = context->result;
	RangeTblEntry *rte = rt_fetch(rti, level->query->rtable);
	DistTable  *table = dist_table_find(rte->relid);

	if (table == NULL)
		fail(context, COLOCATED_LOCAL_TABLE);
	else if ((rte->tablesample != NULL && !can_sample(table, rte->tablesample)) ||
			 (!rte->inh && rte->relkind == RELKIND_PARTITIONED_TABLE))
		fail(context, COLOCATED_SAMPLE);
	else if (is_secured_for_other_role(level->query, rte) ||
			 (table->kind == DIST_REFERENCE && rte->securityQuals != NIL))
		fail(context, COLOCATED_SECURITY);
	else if (table->kind != DIST_REFERENCE && result->group != NULL &&
			 result->group->colocation_id != table->colocation_id)
		fail(context, COLOCATED_OTHER_GROUP);
	if (context->failed)
		return;
	if (table->kind == DIST_REFERENCE)
	{
		level->reads_copies = true;
		result->copies = lappend_oid(result->copies, rte->relid);
		return;
	}
	result->group = table->group;
	result->tables = lappend(result->tables, table);
	level->split[rti] = true;
	if (table->kind == DIST_HASH)
	{
		context->opfamily = key_opfamily(table->group->key_type);
		unit_add_key(level, rti, table->key_attno, rti, true);
	}
}

/* An entry whose rows are those of another Query. */
static void
add_placed(UnitLevel * level, int rti, const Placed *placed)
{
	int			anchor = -1;
	ListCell   *lc;

	level->reads_copies |= placed->reads_copies;
	foreach(lc, placed->pins)
	{
		UnitPin    *pin = lfirst(lc);

		if (pin->level != level)
			unit_add_pin(level, pin->level, pin->unit);
		else if (anchor < 0)
			anchor = pin->unit;
	}
	if (placed->placement == EVERYWHERE)
		return;
	level->split[rti] = true;
	if (placed->placement == PINNED)
		unit_join(level, rti, Max(anchor, 0));
	foreach(lc, placed->keys)
	{
		OutputKey  *key = lfirst(lc);

		unit_add_key(level, rti, key->resno, rti, key->strong);
	}
}

/* What was found out about the CTE of an entry; NULL if it comes later. */
static Placed *
find_cte(UnitLevel * level, const RangeTblEntry *rte)
{
	ListCell   *cte;
	ListCell   *placed;

	for (Index up = rte->ctelevelsup; up > 0; up--)
		level = level->parent;
	forboth(cte, level->query->cteList, placed, level->ctes)
	{
		if (strcmp(lfirst_node(CommonTableExpr, cte)->ctename, rte->ctename) == 0)
			return lfirst(placed);
	}
	return NULL;
}

static void
place_entry(PlaceContext * context, UnitLevel * level, int rti)
{
	RangeTblEntry *rte = rt_fetch(rti, level->query->rtable);
	Placed	   *placed;

	switch (rte->rtekind)
	{
		case RTE_RELATION:
			place_relation(context, level, rti);
			break;
		case RTE_SUBQUERY:
			placed = place_query(context, rte->subquery, level);
			add_placed(level, rti, placed);
			break;
		case RTE_CTE:
			placed = find_cte(level, rte);
			if (placed == NULL)
				fail(context, COLOCATED_RECURSION);
			else
				add_placed(level, rti, placed);
			break;
		case RTE_VALUES:
			place_sublinks(context, level, (Node *) rte->values_lists);
			break;
		case RTE_FUNCTION:
			place_sublinks(context, level, (Node *) rte->functions);
			break;
		case RTE_TABLEFUNC:
			place_sublinks(context, level, (Node *) rte->tablefunc);
			break;
		case RTE_RESULT:
			break;
		default:
			fail(context, COLOCATED_NOT_SAID);
			break;
	}
}

/* ---- joins ---- */

static Bitmapset *place_jointree(PlaceContext * context, UnitLevel * level, Node *node);

/* Entries below a join tree's node that lie on shards. */
static Bitmapset *
split_units(const UnitLevel * level, Bitmapset *varnos)
{
	Bitmapset  *units = NULL;
	int			varno = -1;

	while ((varno = bms_next_member(varnos, varno)) >= 0)
	{
		if (level->split[varno])
			units = bms_add_member(units, varno);
	}
	return units;
}

/* Is each unit together with one of the others? */
static bool
each_has_partner(const UnitLevel * level, Bitmapset *units, Bitmapset *others)
{
	int			unit = -1;

	while ((unit = bms_next_member(units, unit)) >= 0)
	{
		int			other = -1;
		bool		found = false;

		while (!found && (other = bms_next_member(others, other)) >= 0)
			found = unit_together(level, unit, other);
		if (!found)
			return false;
	}
	return true;
}

/*
 * An outer join.  Each row of a preserved side appears once, on its own shard,
 * if all its partners are there.  What the condition says holds for rows that
 * match only, so nothing else may be together because of it.
 */
static Bitmapset *
place_outer_join(PlaceContext * context, UnitLevel * level, JoinExpr *join)
{
	bool		right = join->jointype == JOIN_RIGHT;
	bool		full = join->jointype == JOIN_FULL;
	int		   *before = palloc(sizeof(int) * level->nunits);
	Bitmapset  *kept;
	Bitmapset  *nullable;
	Bitmapset  *kept_units;
	Bitmapset  *units;

	kept = place_jointree(context, level, right ? join->rarg : join->larg);
	memcpy(before, level->leaders, sizeof(int) * level->nunits);
	nullable = place_jointree(context, level, right ? join->larg : join->rarg);
	kept_units = split_units(level, kept);
	units = split_units(level, nullable);
	if (full && !(units_together(level, kept_units) && units_together(level, units) &&
				  bms_is_empty(kept_units) == bms_is_empty(units)) && !is_single(context))
		fail(context, COLOCATED_JOIN);
	unit_learn(level, join->quals, context->opfamily, false);
	if (!is_single(context) &&
		(!each_has_partner(level, units, kept_units) ||
		 !units_kept_apart(level, before, units) ||
		 (full && !bms_is_empty(units) &&
		  unit_together(level, bms_next_member(units, -1), 0))))
		fail(context, COLOCATED_JOIN);
	unit_weaken(level, nullable);
	if (full)
		unit_weaken(level, kept);
	place_sublinks(context, level, join->quals);
	return bms_union(kept, nullable);
}

/* Returns the entries below the node. */
static Bitmapset *
place_jointree(PlaceContext * context, UnitLevel * level, Node *node)
{
	Bitmapset  *varnos = NULL;
	Node	   *quals;
	ListCell   *lc;

	if (IsA(node, RangeTblRef))
	{
		place_entry(context, level, ((RangeTblRef *) node)->rtindex);
		return bms_make_singleton(((RangeTblRef *) node)->rtindex);
	}
	if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		if (join->jointype != JOIN_INNER)
			return place_outer_join(context, level, join);
		varnos = place_jointree(context, level, join->larg);
		varnos = bms_add_members(varnos, place_jointree(context, level, join->rarg));
		quals = join->quals;
	}
	else
	{
		foreach(lc, castNode(FromExpr, node)->fromlist)
			varnos = bms_add_members(varnos, place_jointree(context, level, lfirst(lc)));
		quals = ((FromExpr *) node)->quals;
	}
	unit_learn(level, quals, context->opfamily, true);
	place_sublinks(context, level, quals);
	return varnos;
}

/* ---- sublinks ---- */

/*
 * "key = ANY (SELECT key ...)": a match, or its absence, is decided on the
 * shard of the left side, since neither side is NULL.
 */
static bool
compares_keys(UnitLevel * level, const SubLink *link, const Placed *placed, Oid opfamily)
{
	List	   *tests = make_ands_implicit((Expr *) link->testexpr);
	ListCell   *lc,
			   *lc2;

	if (link->subLinkType != ANY_SUBLINK)
		return false;
	foreach(lc, tests)
	{
		OpExpr	   *op = lfirst(lc);
		Param	   *column;
		UnitKey    *key;
		UnitLevel  *owner;

		if (!IsA(op, OpExpr) || list_length(op->args) != 2 ||
			equality_opfamily(op->opno, op->inputcollid) != opfamily)
			continue;
		column = (Param *) strip_relabel(lsecond(op->args));
		key = unit_find_key(level, linitial(op->args), &owner);
		if (key == NULL || !key->strong || !IsA(column, Param) ||
			column->paramkind != PARAM_SUBLINK)
			continue;
		foreach(lc2, placed->keys)
		{
			OutputKey  *output = lfirst(lc2);

			if (output->resno != column->paramid || !output->strong)
				continue;
			if (owner != level)
				unit_add_pin(level, owner, key->unit);
			return true;
		}
	}
	return false;
}

static void
place_sublink(PlaceContext * context, UnitLevel * level, SubLink *link)
{
	Placed	   *placed = place_query(context, castNode(Query, link->subselect), level);
	ListCell   *lc;

	level->reads_copies |= placed->reads_copies;
	foreach(lc, placed->pins)
	{
		UnitPin    *pin = lfirst(lc);

		if (pin->level != level)
			unit_add_pin(level, pin->level, pin->unit);
	}
	if (placed->placement == SPLIT && !is_single(context) && !context->failed &&
		!compares_keys(level, link, placed, context->opfamily))
		fail(context, COLOCATED_SUBLINK);
	if (placed->placement == EVERYWHERE && placed->reads_copies &&
		link->subLinkType == ARRAY_SUBLINK)
		fail(context, COLOCATED_COPIES);
}

static bool
sublink_walker(Node *node, void *arg)
{
	PlaceContext *context = arg;

	if (node == NULL || context->failed)
		return false;
	if (IsA(node, SubLink))
	{
		UnitLevel  *level = context->level;

		place_sublink(context, level, (SubLink *) node);
		context->level = level;
		return sublink_walker(((SubLink *) node)->testexpr, context);
	}
	return expression_tree_walker(node, sublink_walker, arg);
}

static void
place_sublinks(PlaceContext * context, UnitLevel * level, Node *node)
{
	UnitLevel  *saved = context->level;

	context->level = level;
	(void) sublink_walker(node, context);
	context->level = saved;
}

/* ---- what is done with the rows ---- */

/* Is a key that is never NULL among these clauses? */
static bool
holds_key(PlaceContext * context, UnitLevel * level, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		Node	   *expr = get_sortgroupclause_expr(clause, level->query->targetList);
		UnitLevel  *owner;
		UnitKey    *key = unit_find_key(level, expr, &owner);

		if (key != NULL && owner == level && key->strong &&
			equality_opfamily(clause->eqop, exprCollation(expr)) == context->opfamily)
			return true;
	}
	return false;
}

/* Is there an order that the rows around it may come in, though nobody says so? */
static bool
shows_order(const Query *query)
{
	return query->sortClause != NIL && !query->hasDistinctOn;
}

/* Is such a key in every grouping set? */
static bool
sets_hold_key(PlaceContext * context, UnitLevel * level)
{
	Query	   *query = level->query;
	List	   *sets = expand_grouping_sets(query->groupingSets, query->groupDistinct, -1);
	ListCell   *lc,
			   *lc2;

	foreach(lc, sets)
	{
		List	   *clauses = NIL;

		foreach(lc2, (List *) lfirst(lc))
			clauses = lappend(clauses, get_sortgroupref_clause(lfirst_int(lc2),
															   query->groupClause));
		if (!holds_key(context, level, clauses))
			return false;
	}
	return true;
}

/* Do groups, windows and duplicates of a split level lie on one shard each? */
static bool
keeps_shards_apart(PlaceContext * context, UnitLevel * level)
{
	Query	   *query = level->query;
	ListCell   *lc;

	if (query->limitCount != NULL || query->limitOffset != NULL || shows_order(query))
		return false;
	if (query->groupingSets != NIL)
	{
		if (!sets_hold_key(context, level))
			return false;
	}
	else if ((query->hasAggs || query->havingQual != NULL || query->groupClause != NIL) &&
		!holds_key(context, level, query->groupClause))
		return false;
	foreach(lc, query->windowClause)
	{
		if (!holds_key(context, level, lfirst_node(WindowClause, lc)->partitionClause))
			return false;
	}
	return query->distinctClause == NIL ||
		holds_key(context, level, query->distinctClause);
}

static List *
output_keys(UnitLevel * level)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, level->query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		UnitLevel  *owner;
		UnitKey    *key;
		OutputKey  *output;

		if (tle->resjunk || !IsA(tle->expr, Var))
			continue;
		key = unit_find_key(level, (Node *) tle->expr, &owner);
		if (key == NULL || owner != level)
			continue;
		output = palloc(sizeof(OutputKey));
		output->resno = tle->resno;
		output->strong = key->strong && level->query->groupingSets == NIL;
		keys = lappend(keys, output);
	}
	return keys;
}

/* Say what a level is, once everything in it has been seen. */
static Placed *
finish_level(PlaceContext * context, UnitLevel * level, Bitmapset *varnos)
{
	Placed	   *placed = palloc0(sizeof(Placed));
	Bitmapset  *units = split_units(level, varnos);

	placed->pins = level->pins;
	placed->reads_copies = level->reads_copies;
	placed->keys = output_keys(level);
	if (bms_is_empty(units))
		placed->placement = level->pins != NIL ? PINNED : EVERYWHERE;
	else if (is_single(context))
		placed->placement = level->pins != NIL ? PINNED : SPLIT;
	else
	{
		placed->placement = unit_together(level, bms_next_member(units, -1), 0) ? PINNED : SPLIT;
		if (!units_together(level, units))
			fail(context, COLOCATED_JOIN);
		else if (placed->placement == SPLIT && level->pins != NIL)
			fail(context, COLOCATED_SUBLINK);
		else if (placed->placement == SPLIT && !keeps_shards_apart(context, level))
			fail(context, COLOCATED_STEP);
	}
	if (placed->placement == EVERYWHERE && level->reads_copies &&
		query_depends_on_order(level->query))
		fail(context, COLOCATED_COPIES);
	return placed;
}

/* ---- set operations ---- */

static OutputKey *
find_output(List *keys, AttrNumber resno)
{
	ListCell   *lc;

	foreach(lc, keys)
	{
		if (((OutputKey *) lfirst(lc))->resno == resno)
			return lfirst(lc);
	}
	return NULL;
}

/* Does the operation compare a key that neither side has as NULL? */
static bool
compares_strong_key(const PlaceContext * context, const SetOperationStmt *set, List *keys)
{
	ListCell   *lc;

	foreach(lc, keys)
	{
		OutputKey  *key = lfirst(lc);
		SortGroupClause *clause;

		if (!key->strong || key->resno > list_length(set->groupClauses))
			continue;
		clause = list_nth_node(SortGroupClause, set->groupClauses, key->resno - 1);
		if (equality_opfamily(clause->eqop, list_nth_oid(set->colCollations, key->resno - 1)) ==
			context->opfamily)
			return true;
	}
	return false;
}

/* Put two arms together; their keys where they stand in the same place. */
static Placed *
combine_arms(PlaceContext * context, const SetOperationStmt *set,
			 const Placed *left, const Placed *right)
{
	Placed	   *placed = palloc0(sizeof(Placed));
	bool		split = left->placement == SPLIT || right->placement == SPLIT;
	ListCell   *lc;

	placed->placement = Max(left->placement, right->placement);
	placed->reads_copies = left->reads_copies || right->reads_copies;
	placed->pins = list_concat_copy(left->pins, right->pins);
	foreach(lc, left->keys)
	{
		OutputKey  *key = lfirst(lc);
		OutputKey  *other = find_output(right->keys, key->resno);
		OutputKey  *both;

		if (other == NULL)
			continue;
		both = palloc(sizeof(OutputKey));
		both->resno = key->resno;
		both->strong = key->strong && other->strong;
		placed->keys = lappend(placed->keys, both);
	}
	if (split && !is_single(context) &&
		(left->placement != right->placement ||
		 ((set->op != SETOP_UNION || !set->all) &&
		  !compares_strong_key(context, set, placed->keys))))
		fail(context, COLOCATED_ARMS);
	return placed;
}

/* Keys of an arm whose columns the set operation takes as they are. */
static List *
unconverted_keys(Query *arm, const SetOperationStmt *set, List *keys)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		OutputKey  *key = lfirst(lc);
		TargetEntry *tle = get_tle_by_resno(arm->targetList, key->resno);

		if (exprType((Node *) tle->expr) == list_nth_oid(set->colTypes, key->resno - 1))
			result = lappend(result, key);
	}
	return result;
}

static Placed *
place_set_operation(PlaceContext * context, UnitLevel * level, Node *node,
					const SetOperationStmt *above)
{
	SetOperationStmt *set = (SetOperationStmt *) node;
	RangeTblEntry *rte;
	Placed	   *placed;
	Placed	   *left;

	check_stack_depth();
	if (IsA(node, SetOperationStmt))
	{
		left = place_set_operation(context, level, set->larg, set);
		placed = place_set_operation(context, level, set->rarg, set);
		return combine_arms(context, set, left, placed);
	}
	rte = rt_fetch(castNode(RangeTblRef, node)->rtindex, level->query->rtable);
	placed = place_query(context, rte->subquery, level);
	placed->keys = unconverted_keys(rte->subquery, above, placed->keys);
	return placed;
}

/* A level that combines others. */
static Placed *
place_set_level(PlaceContext * context, UnitLevel * level)
{
	Query	   *query = level->query;
	Placed	   *placed = place_set_operation(context, level, query->setOperations, NULL);
	ListCell   *lc;

	foreach(lc, placed->pins)
	{
		UnitPin    *pin = lfirst(lc);

		if (pin->level == level)
			fail(context, COLOCATED_OUTSIDE);
	}
	place_sublinks(context, level, query->limitCount);
	place_sublinks(context, level, query->limitOffset);
	placed->pins = list_concat_copy(placed->pins, level->pins);
	if (query->limitCount == NULL && query->limitOffset == NULL &&
		!(shows_order(query) && placed->placement == SPLIT))
		return placed;
	if ((placed->placement == SPLIT && !is_single(context)) ||
		(placed->placement == EVERYWHERE && placed->reads_copies))
		fail(context, COLOCATED_STEP);
	return placed;
}

/* ---- levels ---- */

/*
 * A recursive CTE.  Its table of new rows has the keys that the first arm has,
 * unless the second does not hand them on.
 */
static void
place_recursion(PlaceContext * context, UnitLevel * level, Query *query, Placed *placed)
{
	SetOperationStmt *set = castNode(SetOperationStmt, query->setOperations);
	UnitLevel  *inner = unit_level(query, level);
	Placed	   *first;

	if (query->cteList != NIL || query->limitCount != NULL || query->limitOffset != NULL)
	{
		fail(context, COLOCATED_RECURSION);
		return;
	}
	first = place_set_operation(context, inner, set->larg, set);
	*placed = *first;
	while (!context->failed)
	{
		Placed	   *step = place_set_operation(context, inner, set->rarg, set);
		Placed	   *both = combine_arms(context, set, first, step);
		bool		stable = list_length(both->keys) == list_length(placed->keys);
		ListCell   *lc;

		foreach(lc, both->keys)
		{
			OutputKey  *key = lfirst(lc);

			stable &= key->strong == find_output(placed->keys, key->resno)->strong;
		}
		if (both->placement != placed->placement)
			fail(context, COLOCATED_RECURSION);
		*placed = *both;
		if (stable)
			break;
	}
}

static void
place_ctes(PlaceContext * context, UnitLevel * level)
{
	ListCell   *lc;

	foreach(lc, level->query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);
		Placed	   *placed = palloc0(sizeof(Placed));

		if (cte->search_clause != NULL || cte->cycle_clause != NULL)
			fail(context, COLOCATED_RECURSION);
		level->ctes = lappend(level->ctes, placed);
		if (context->failed)
			return;
		if (cte->cterecursive)
			place_recursion(context, level, castNode(Query, cte->ctequery), placed);
		else
			*placed = *place_query(context, castNode(Query, cte->ctequery), level);
	}
}

/* All that a level's expressions may hold, besides FROM and WHERE. */
static void
place_expressions(PlaceContext * context, UnitLevel * level)
{
	Query	   *query = level->query;

	place_sublinks(context, level, (Node *) query->targetList);
	place_sublinks(context, level, query->havingQual);
	place_sublinks(context, level, (Node *) query->windowClause);
	place_sublinks(context, level, query->limitCount);
	place_sublinks(context, level, query->limitOffset);
}

/* The level's result, never NULL; worthless if it does not fit. */
static Placed *
place_query(PlaceContext * context, Query *query, UnitLevel * parent)
{
	UnitLevel  *level = unit_level(query, parent);
	ColocatedQuery *result = context->result;
	int			ntables = list_length(result->tables);
	Placed	   *placed;
	Bitmapset  *varnos;

	check_stack_depth();
	if (parent == NULL)
		context->top_level = level;
	if (query->commandType != CMD_SELECT || query->rowMarks != NIL ||
		query->hasModifyingCTE)
		fail(context, COLOCATED_NOT_SAID);
	if (!context->failed)
		place_ctes(context, level);
	if (context->failed)
		return palloc0(sizeof(Placed));
	if (query->setOperations != NULL)
		return place_set_level(context, level);
	varnos = place_jointree(context, level, (Node *) query->jointree);
	place_expressions(context, level);
	if (context->failed)
		return palloc0(sizeof(Placed));
	placed = finish_level(context, level, varnos);
	if (placed->placement == PINNED)
	{
		for (int i = ntables; i < list_length(result->tables); i++)
			result->lookups = list_append_unique_ptr(result->lookups,
													 list_nth(result->tables, i));
	}
	return placed;
}

/* ---- the whole ---- */

static void
set_values(PlaceContext * context, Query *query)
{
	List	   *columns = NIL;
	ListCell   *lc;

	if (query->setOperations != NULL)
		return;
	foreach(lc, context->top_level->keys)
	{
		UnitKey    *key = lfirst(lc);
		KeyColumn  *column = palloc(sizeof(KeyColumn));

		column->level = 1;
		column->varno = key->varno;
		column->attno = key->attno;
		columns = lappend(columns, column);
	}
	if (columns != NIL)
		context->result->values = prune_by_columns(query, columns, context->result->group);
}

bool
colocated_query(Query *query, ColocatedQuery * result)
{
	PlaceContext context = {.result = result};
	Placed	   *placed;
	ListCell   *lc;

	memset(result, 0, sizeof(ColocatedQuery));
	if (!query_reads_shards(query))
		return false;
	result->obstacle = query_travel_obstacle(query);
	if (result->obstacle != COLOCATED_YES)
		return false;
	placed = place_query(&context, query, NULL);
	if (!context.failed && (placed->placement != SPLIT || placed->pins != NIL))
		fail(&context, COLOCATED_OUTSIDE);
	if (context.failed)
		return false;
	foreach(lc, placed->keys)
	{
		OutputKey  *key = lfirst(lc);

		if (key->strong)
			result->keys = lappend_int(result->keys, key->resno);
		else
			result->weak_keys = lappend_int(result->weak_keys, key->resno);
	}
	set_values(&context, query);
	return true;
}

/* ---- UPDATE, DELETE, MERGE ---- */

/* Does an INSERT of MERGE put its row on the shard of the source row? */
static bool
inserts_on_shard(UnitLevel * level, const MergeAction *action, AttrNumber key_attno,
				 Bitmapset *source)
{
	ListCell   *lc;

	foreach(lc, action->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		UnitLevel  *owner;
		UnitKey    *key;

		if (tle->resjunk || tle->resno != key_attno)
			continue;
		key = unit_find_key(level, (Node *) tle->expr, &owner);
		return key != NULL && owner == level && key->strong &&
			bms_is_member(key->unit, source);
	}
	return false;
}

/*
 * MERGE joins its source with the target, perhaps by an outer join.  Returns the
 * entries.
 */
static Bitmapset *
place_merge(PlaceContext * context, UnitLevel * level)
{
	Query	   *query = level->query;
	bool		outer = compat_merge_keeps_source(query);
	Node	   *condition = compat_merge_condition(query);
	int		   *before = palloc(sizeof(int) * level->nunits);
	Bitmapset  *target = bms_make_singleton(query->resultRelation);
	Bitmapset  *source = NULL;
	ListCell   *lc;

	foreach(lc, query->jointree->fromlist)
		source = bms_add_members(source, place_jointree(context, level, lfirst(lc)));
	memcpy(before, level->leaders, sizeof(int) * level->nunits);
	place_relation(context, level, query->resultRelation);
	unit_learn(level, condition, context->opfamily, !outer);
	place_sublinks(context, level, condition);
	if (outer && !units_kept_apart(level, before, target))
		fail(context, COLOCATED_JOIN);
	if (outer)
		unit_weaken(level, target);
	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst_node(MergeAction, lc);
		RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);

		place_sublinks(context, level, action->qual);
		place_sublinks(context, level, (Node *) action->targetList);
		if (action->commandType == CMD_INSERT && !context->failed &&
			!inserts_on_shard(level, action, dist_table_get(rte->relid)->key_attno, source))
			fail(context, COLOCATED_JOIN);
	}
	return bms_add_members(source, target);
}

bool
colocated_modify(Query *query)
{
	ColocatedQuery result = {0};
	PlaceContext context = {.result = &result};
	UnitLevel  *level = unit_level(query, NULL);
	Bitmapset  *varnos = NULL;

	place_ctes(&context, level);
	if (context.failed)
		return false;
	if (query->commandType == CMD_MERGE)
		varnos = place_merge(&context, level);
	else
		varnos = place_jointree(&context, level, (Node *) query->jointree);
	place_sublinks(&context, level, (Node *) query->targetList);
	place_sublinks(&context, level, (Node *) query->returningList);
	return !context.failed && bms_is_member(query->resultRelation, varnos) &&
		units_together(level, split_units(level, varnos));
}
