/*
 * inline_functions.h
 *		Table functions written in SQL, opened before a statement is classified.
 */
#ifndef SHARDLITE_INLINE_FUNCTIONS_H
#define SHARDLITE_INLINE_FUNCTIONS_H

#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/*
 * Replace calls in FROM that PostgreSQL's planner would inline by their
 * queries, at every level; scribbles on parse.  Without this the planner would
 * bring in tables after we looked for distributed ones.  Returns what the plan
 * depends on now, for inline_functions_note().
 */
extern List *inline_table_functions(Query *parse, ParamListInfo params);

/* Let a cached plan go when one of the inlined functions changes. */
extern void inline_functions_note(PlannedStmt *stmt, List *dependencies);

#endif							/* SHARDLITE_INLINE_FUNCTIONS_H */
