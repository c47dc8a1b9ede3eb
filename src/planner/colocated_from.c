/*
 * colocated_from.c
 *		FROM and joins of a level: which of its rows lie on one shard (colocated_query.c).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "planner/colocated_place.h"
#include "planner/key_value.h"
#include "planner/unsupported.h"

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

void
place_relation(PlaceContext * context, UnitLevel * level, int rti)
{
	ColocatedQuery *result = context->result;
	RangeTblEntry *rte = rt_fetch(rti, level->query->rtable);
	DistTable  *table = dist_table_find(rte->relid);

	if (table == NULL)
		place_fail(context, COLOCATED_LOCAL_TABLE);
	else if ((rte->tablesample != NULL && !can_sample(table, rte->tablesample)) ||
			 (!rte->inh && rte->relkind == RELKIND_PARTITIONED_TABLE))
		place_fail(context, COLOCATED_SAMPLE);
	else if (is_secured_for_other_role(level->query, rte) ||
			 (table->kind == DIST_REFERENCE && rte->securityQuals != NIL))
		place_fail(context, COLOCATED_SECURITY);
	else if (table->kind != DIST_REFERENCE && result->group != NULL &&
			 result->group->colocation_id != table->colocation_id)
		place_fail(context, COLOCATED_OTHER_GROUP);
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
				place_fail(context, COLOCATED_RECURSION);
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
			place_fail(context, COLOCATED_NOT_SAID);
			break;
	}
}

/* ---- joins ---- */

/* Entries below a join tree's node that lie on shards. */
Bitmapset *
place_split_units(const UnitLevel * level, Bitmapset *varnos)
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
	kept_units = place_split_units(level, kept);
	units = place_split_units(level, nullable);
	if (full && !(units_together(level, kept_units) && units_together(level, units) &&
				  bms_is_empty(kept_units) == bms_is_empty(units)) && !place_is_single(context))
		place_fail(context, COLOCATED_JOIN);
	unit_learn(level, join->quals, context->opfamily, false);
	if (!place_is_single(context) &&
		(!each_has_partner(level, units, kept_units) ||
		 !units_kept_apart(level, before, units) ||
		 (full && !bms_is_empty(units) &&
		  unit_together(level, bms_next_member(units, -1), 0))))
		place_fail(context, COLOCATED_JOIN);
	unit_weaken(level, nullable);
	if (full)
		unit_weaken(level, kept);
	place_sublinks(context, level, join->quals);
	return bms_union(kept, nullable);
}

/* Returns the entries below the node. */
Bitmapset *
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
