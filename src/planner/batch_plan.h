/*
 * batch_plan.h
 *		Reading rows ahead where shards are asked once per row.
 */
#ifndef SHARDLITE_BATCH_PLAN_H
#define SHARDLITE_BATCH_PLAN_H

#include "nodes/plannodes.h"

/* Does a Query, not yet planned, apply policies or check options to rows? */
extern bool batch_policies_walker(Node *node, void *context);

/*
 * Put ShardliteBatch nodes into a finished plan, below nested loops and in the
 * place of SubPlans whose scans depend on the row.  cursor_options as the
 * planner got them; secret: what the above said of the Query.
 */
extern void batch_nodes_add(PlannedStmt *stmt, int cursor_options, bool secret);

extern void batch_plan_init(void);

#endif							/* SHARDLITE_BATCH_PLAN_H */
