/*
 * delegated_select.h
 *		SELECT of nothing but one distributed function: its call runs on the
 *		node that owns its key.
 */
#ifndef SHARDLITE_DELEGATED_SELECT_H
#define SHARDLITE_DELEGATED_SELECT_H

#include "nodes/plannodes.h"

typedef struct DelegatedSelect DelegatedSelect;

/*
 * Is the statement such a call?  NULL if not.  What is returned goes to
 * delegated_select_plan() after the statement, which may be scribbled on in
 * between, has been planned in the usual way.
 */
extern DelegatedSelect * delegated_select_find(Query *query, const char *query_string,
											   int cursor_options);

/* Put the call in front of the statement's own plan. */
extern void delegated_select_plan(DelegatedSelect * select, PlannedStmt *stmt);

/*
 * On a node: error if a statement of a delegated call uses this server's own
 * tables or the name of the session's user.
 */
extern void delegated_statement_check(Query *query);

#endif							/* SHARDLITE_DELEGATED_SELECT_H */
