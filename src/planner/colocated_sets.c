/*
 * colocated_sets.c
 *		Set operations: which of their rows lie on one shard (colocated_query.c).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "planner/colocated_place.h"
#include "planner/key_value.h"
#include "planner/query_travel.h"

OutputKey *
placed_key(List *keys, AttrNumber resno)
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

Placed *
place_combine(PlaceContext * context, const SetOperationStmt *set,
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
		OutputKey  *other = placed_key(right->keys, key->resno);
		OutputKey  *both;

		if (other == NULL)
			continue;
		both = palloc(sizeof(OutputKey));
		both->resno = key->resno;
		both->strong = key->strong && other->strong;
		placed->keys = lappend(placed->keys, both);
	}
	if (split && !place_is_single(context) &&
		(left->placement != right->placement ||
		 ((set->op != SETOP_UNION || !set->all) &&
		  !compares_strong_key(context, set, placed->keys))))
		place_fail(context, COLOCATED_ARMS);
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

Placed *
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
		return place_combine(context, set, left, placed);
	}
	rte = rt_fetch(castNode(RangeTblRef, node)->rtindex, level->query->rtable);
	placed = place_query(context, rte->subquery, level);
	placed->keys = unconverted_keys(rte->subquery, above, placed->keys);
	return placed;
}

/* A level that combines others. */
Placed *
place_set_level(PlaceContext * context, UnitLevel * level)
{
	Query	   *query = level->query;
	Placed	   *placed = place_set_operation(context, level, query->setOperations, NULL);
	ListCell   *lc;

	foreach(lc, placed->pins)
	{
		UnitPin    *pin = lfirst(lc);

		if (pin->level == level)
			place_fail(context, COLOCATED_OUTSIDE);
	}
	place_sublinks(context, level, query->limitCount);
	place_sublinks(context, level, query->limitOffset);
	placed->pins = list_concat_copy(placed->pins, level->pins);
	if (query->limitCount == NULL && query->limitOffset == NULL &&
		!(place_shows_order(query) && placed->placement == SPLIT))
		return placed;
	if ((placed->placement == SPLIT && !place_is_single(context)) ||
		(placed->placement == EVERYWHERE && placed->reads_copies))
		place_fail(context, COLOCATED_STEP);
	return placed;
}
