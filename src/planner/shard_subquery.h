/*
 * shard_subquery.h
 *		Path tier: sub-SELECTs that shards run as they are.
 */
#ifndef SHARDLITE_SHARD_SUBQUERY_H
#define SHARDLITE_SHARD_SUBQUERY_H

#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

#include "planner/colocated_query.h"

/*
 * Find the sub-SELECTs of a statement, at any level, that every shard can run
 * over its own rows, and parts of levels that can be made such ones.  For the
 * planner they become entries of their own kind, like tables.  Scribbles on
 * parse; returns the sub-SELECTs as they were (List of Query).
 */
extern List *shard_subqueries_mark(Query *parse);

/* Could this Query be such a sub-SELECT? */
extern bool shard_subquery_possible(Query *query);

/* Why not; COLOCATED_YES if it could. */
extern ColocatedObstacle shard_subquery_obstacle(Query *query);

/* A new entry for one. */
extern RangeTblEntry *shard_subquery_entry(Query *query);

/* The sub-SELECT that such an entry stands for; NULL if it is none. */
extern Query *shard_subquery_get(const RangeTblEntry *rte);

/* Must it be read before the statement writes? */
extern bool shard_subquery_reads_first(const RangeTblEntry *rte);

/*
 * Is this the whole row of such an entry?  Only EvalPlanQual could want it, which
 * cannot succeed for a scan of shards.
 */
extern bool shard_subquery_is_junk(PlannerInfo *root, Node *node);

/*
 * Make a finished plan lock the relations of these sub-SELECTs, check privileges on
 * them, and depend on them.
 */
extern void shard_subqueries_note(PlannedStmt *stmt, List *queries);

extern void shard_subquery_init(void);

#endif							/* SHARDLITE_SHARD_SUBQUERY_H */
