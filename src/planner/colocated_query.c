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

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_agg.h"
#include "parser/parsetree.h"

#include "compat/query_compat.h"
#include "planner/colocated_place.h"
#include "planner/key_value.h"
#include "planner/prune.h"
#include "planner/query_travel.h"

void
place_fail(PlaceContext * context, ColocatedObstacle why)
{
	if (!context->failed)
		context->result->obstacle = why;
	context->failed = true;
}

bool
place_is_single(const PlaceContext * context)
{
	return context->result->group != NULL && context->result->group->nshards == 1;
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
	if (placed->placement == SPLIT && !place_is_single(context) && !context->failed &&
		!compares_keys(level, link, placed, context->opfamily))
		place_fail(context, COLOCATED_SUBLINK);
	if (placed->placement == EVERYWHERE && placed->reads_copies &&
		link->subLinkType == ARRAY_SUBLINK)
		place_fail(context, COLOCATED_COPIES);
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

void
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

bool
place_shows_order(const Query *query)
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

	if (query->limitCount != NULL || query->limitOffset != NULL || place_shows_order(query))
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
	Bitmapset  *units = place_split_units(level, varnos);

	placed->pins = level->pins;
	placed->reads_copies = level->reads_copies;
	placed->keys = output_keys(level);
	if (bms_is_empty(units))
		placed->placement = level->pins != NIL ? PINNED : EVERYWHERE;
	else if (place_is_single(context))
		placed->placement = level->pins != NIL ? PINNED : SPLIT;
	else
	{
		placed->placement = unit_together(level, bms_next_member(units, -1), 0) ? PINNED : SPLIT;
		if (!units_together(level, units))
			place_fail(context, COLOCATED_JOIN);
		else if (placed->placement == SPLIT && level->pins != NIL)
			place_fail(context, COLOCATED_SUBLINK);
		else if (placed->placement == SPLIT && !keeps_shards_apart(context, level))
			place_fail(context, COLOCATED_STEP);
	}
	if (placed->placement == EVERYWHERE && level->reads_copies &&
		query_depends_on_order(level->query))
		place_fail(context, COLOCATED_COPIES);
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
		place_fail(context, COLOCATED_RECURSION);
		return;
	}
	first = place_set_operation(context, inner, set->larg, set);
	*placed = *first;
	while (!context->failed)
	{
		Placed	   *step = place_set_operation(context, inner, set->rarg, set);
		Placed	   *both = place_combine(context, set, first, step);
		bool		stable = list_length(both->keys) == list_length(placed->keys);
		ListCell   *lc;

		foreach(lc, both->keys)
		{
			OutputKey  *key = lfirst(lc);

			stable &= key->strong == placed_key(placed->keys, key->resno)->strong;
		}
		if (both->placement != placed->placement)
			place_fail(context, COLOCATED_RECURSION);
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
			place_fail(context, COLOCATED_RECURSION);
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
Placed *
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
		place_fail(context, COLOCATED_NOT_SAID);
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
		place_fail(&context, COLOCATED_OUTSIDE);
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
		place_fail(context, COLOCATED_JOIN);
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
			place_fail(context, COLOCATED_JOIN);
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
		units_together(level, place_split_units(level, varnos));
}
