/*
 * whole_statement.h
 *		A statement whose plan is one ShardliteScan and nothing else.
 */
#ifndef SHARDLITE_WHOLE_STATEMENT_H
#define SHARDLITE_WHOLE_STATEMENT_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "plan/dist_plan.h"

/* A statement that may be sent as it is, and what it needs. */
typedef struct WholeStatement
{
	Query	   *query;			/* as the user wrote it; not modified */
	int			cursor_options;
	DistPlan	plan;			/* text, nparams and nkeys are filled in here */
	List	   *keys;			/* key expressions */
	double		rows;			/* estimate */
}			WholeStatement;

/*
 * Make the statement's plan: parameters extracted, text deparsed.  NULL when
 * some part of it must not run on a node.
 */
extern PlannedStmt *plan_whole_statement(WholeStatement * statement);

/*
 * Row security and view checks of a Query that is sent as it is happen on the
 * shards, by the copied policies: take them out here.
 */
extern void whole_statement_forget_security(Query *query);

/*
 * Make a plan lock every relation of a Query that is sent as it is, at any
 * level, check privileges on it, and depend on all that is in the Query.
 */
extern void whole_statement_note(PlannedStmt *stmt, Query *query);

#endif							/* SHARDLITE_WHOLE_STATEMENT_H */
