/*
 * strategy.c
 *		Path tier: what the shards do for a scan, for EXPLAIN.
 */
#include "postgres.h"

#include "parser/parsetree.h"

#include "planner/shard_subquery.h"
#include "planner/shell_mark.h"
#include "planner/strategy.h"

/* Joins and sub-SELECTs among the relations that fragments read themselves. */
static int
relations_of(PlannerInfo *root, const DistRel * dist)
{
	int			does = 0;
	int			ntables = 0;
	int			ncopies = 0;
	int			relid = -1;
	Relids		relids = dist->relids;
	ListCell   *lc;

	foreach(lc, dist->sources)
		relids = bms_difference(relids, ((DistWrap *) lfirst(lc))->path->parent->relids);
	while ((relid = bms_next_member(relids, relid)) >= 0)
	{
		const RangeTblEntry *rte = planner_rt_fetch(relid, root);

		if (shell_mark_is_reference(rte))
			ncopies++;
		else
			ntables++;
		if (rte->rtekind == RTE_SUBQUERY && shard_subquery_get(rte) != NULL)
			does |= DOES_SUBQUERY;
	}
	if (ntables > 1)
		does |= DOES_COLOCATED_JOIN;
	if (ncopies > 0)
		does |= DOES_REFERENCE_JOIN;
	return does;
}

int
strategy_of(PlannerInfo *root, const DistRel * dist, const Path *path)
{
	const DistUpper *upper = dist->upper;
	int			does = relations_of(root, dist);

	if (path->param_info != NULL)
		does |= DOES_PER_ROW;
	if (upper == NULL)
		return does;
	if (upper->windows != NIL)
		does |= DOES_WINDOWS;
	if (upper->distinct != NIL)
		does |= DOES_DISTINCT;
	if (upper->node_distinct != NIL)
		does |= DOES_NODE_DISTINCT;
	if (upper->limit != NULL)
		does |= DOES_LIMIT;
	return does;
}
