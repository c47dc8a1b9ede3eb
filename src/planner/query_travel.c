/*
 * query_travel.c
 *		May nodes run a Query, before it is asked whose rows they have?
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "deparse/shippable.h"
#include "metadata/dist_table.h"
#include "planner/query_travel.h"

/* Is the aggregate's value one and the same whatever order its rows come in? */
static bool
is_exact_aggregate(const Aggref *aggref)
{
	static const char *const names[] = {
		"count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every"
	};
	char	   *name = get_func_name(aggref->aggfnoid);
	ListCell   *lc;

	if (name == NULL || get_func_namespace(aggref->aggfnoid) != PG_CATALOG_NAMESPACE)
		return false;
	foreach(lc, aggref->aggargtypes)
	{
		Oid			type = lfirst_oid(lc);

		if (strcmp(name, "count") != 0 && type != BOOLOID && type != INT2OID &&
			type != INT4OID && type != INT8OID && type != DATEOID)
			return false;
	}
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
inexact_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref) && !is_exact_aggregate((Aggref *) node))
		return true;
	return expression_tree_walker(node, inexact_walker, context);
}

bool
query_depends_on_order(Query *query)
{
	return query->limitCount != NULL || query->limitOffset != NULL ||
		query->hasWindowFuncs || query->hasDistinctOn ||
		inexact_walker((Node *) query->targetList, NULL) ||
		inexact_walker(query->havingQual, NULL);
}

/* Does something refer to a level outside, or to a system column? */
static bool
refers_outside_walker(Node *node, void *context)
{
	Index		depth = *(Index *) context;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varlevelsup >= depth || ((Var *) node)->varattno < 0;
	if (IsA(node, Aggref) && ((Aggref *) node)->agglevelsup >= depth)
		return true;
	if (IsA(node, GroupingFunc) && ((GroupingFunc *) node)->agglevelsup >= depth)
		return true;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;

		return rte->rtekind == RTE_CTE && rte->ctelevelsup >= depth;
	}
	if (IsA(node, Query))
	{
		Index		inner = depth + 1;

		return query_tree_walker((Query *) node, refers_outside_walker, &inner,
								 QTW_EXAMINE_RTES_BEFORE);
	}
	return expression_tree_walker(node, refers_outside_walker, context);
}

ColocatedObstacle
query_travel_obstacle(Query *query)
{
	List	   *params = NIL;
	Index		depth = 0;
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!is_returnable_type(exprType((Node *) tle->expr)) ||
			exprType((Node *) tle->expr) == RECORDOID)
			return COLOCATED_EXPRESSION;
	}
	if (contain_volatile_functions((Node *) query))
		return COLOCATED_EXPRESSION;
	if (refers_outside_walker((Node *) query, &depth))
		return COLOCATED_OUTSIDE;
	return is_shippable(extract_params((Node *) query, &params)) ?
		COLOCATED_YES : COLOCATED_EXPRESSION;
}

static bool
reads_shards_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;
		DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;

		return table != NULL && table->kind != DIST_REFERENCE;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, reads_shards_walker, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, reads_shards_walker, context);
}

bool
query_reads_shards(Query *query)
{
	return reads_shards_walker((Node *) query, NULL);
}
