/*
 * pushdown_modify.h
 *		Tier 2: UPDATE, DELETE and MERGE that every shard, or every copy of a reference
 *		table, can carry out by itself.
 */
#ifndef SHARDLITE_PUSHDOWN_MODIFY_H
#define SHARDLITE_PUSHDOWN_MODIFY_H

#include "nodes/plannodes.h"
#include "planner/table_survey.h"

/* Both return NULL for statements of another shape; query is not modified. */
extern PlannedStmt *plan_pushdown_modify(Query *query, const TableSurvey * survey,
										 int cursor_options);
extern PlannedStmt *plan_reference_modify(Query *query, int cursor_options);

#endif							/* SHARDLITE_PUSHDOWN_MODIFY_H */
