/*
 * router.h
 *		Tier 1: statements that concern one shard.
 */
#ifndef SHARDLITE_ROUTER_H
#define SHARDLITE_ROUTER_H

#include "nodes/plannodes.h"
#include "planner/table_survey.h"

/*
 * Plan of a statement whose distributed tables are all pinned to one shard;
 * NULL when that cannot be shown, or some of it must not run on a node.
 * Does not modify query.
 */
extern PlannedStmt *plan_router(Query *query, const TableSurvey * survey, int cursor_options);

#endif							/* SHARDLITE_ROUTER_H */
