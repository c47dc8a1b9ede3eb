/*
 * call_text.h
 *		Calls of distributed functions, as another node gets them.
 */
#ifndef SHARDLITE_CALL_TEXT_H
#define SHARDLITE_CALL_TEXT_H

#include "metadata/dist_table.h"
#include "nodes/parsenodes.h"
#include "plan/dist_plan.h"

/*
 * The distribution argument as an expression of the group's key type; NULL
 * when there is no implicit conversion.  Works on a Const, too.
 */
extern Node *call_key(Node *argument, const ShardGroup * group);

/* May values of these expressions travel as parameters? */
extern bool call_arguments_can_travel(List *arguments);

/* CALL with its input arguments as $1, $2, ...; NULL if it cannot be written. */
extern char *call_statement_text(const CallStmt *stmt);

/*
 * SELECT whose only function call is this one.  Its arguments become $1, ...;
 * scribbles on query.
 */
extern FragmentText call_query_text(Query *query, FuncExpr *call);

#endif							/* SHARDLITE_CALL_TEXT_H */
