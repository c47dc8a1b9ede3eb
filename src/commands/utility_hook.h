/*
 * utility_hook.h
 *		Utility statements on their way through shardlite.
 */
#ifndef SHARDLITE_UTILITY_HOOK_H
#define SHARDLITE_UTILITY_HOOK_H

#include "nodes/plannodes.h"
#include "tcop/utility.h"

/*
 * A statement as ProcessUtility received it.  The tree is our own copy: a
 * handler may change it before it runs it.
 */
typedef struct UtilityCall
{
	PlannedStmt *pstmt;
	Node	   *stmt;			/* pstmt->utilityStmt */
	const char *query_string;
	ProcessUtilityContext context;
	ParamListInfo params;
	QueryEnvironment *env;
	DestReceiver *dest;
	QueryCompletion *qc;
}			UtilityCall;

/* Run call->stmt as PostgreSQL does. */
extern void utility_standard(UtilityCall * call);

/*
 * The same, with messages in which shards of this server are not mentioned
 * (utility_messages.c).
 */
extern void utility_logical(UtilityCall * call);

/* The statement's own text, without its neighbours, palloc'd. */
extern char *utility_text(const UtilityCall * call);

extern void utility_hook_init(void);

/* ------------------------------------------------------------- handlers */

/*
 * Each runs the statement, here and wherever else it must run.  In ddl_table.c:
 * statements on one table.
 */
extern void handle_alter_table(UtilityCall * call);
extern void handle_create_index(UtilityCall * call);
extern void handle_rename(UtilityCall * call);
extern void handle_table_statement(UtilityCall * call);
extern void handle_create_table(UtilityCall * call);
extern void handle_refused_on_shards(UtilityCall * call);
extern void handle_lock(UtilityCall * call);
extern void handle_set_constraints(UtilityCall * call);
extern void handle_set_schema(UtilityCall * call);
extern void handle_reindex(UtilityCall * call);

/* ddl_concurrent.c */
extern void create_index_concurrently(UtilityCall * call, Oid relid);
extern void drop_index_concurrently(UtilityCall * call);
extern void reindex_concurrently(UtilityCall * call, Oid relid);

/* ddl_drop.c */
extern void handle_drop(UtilityCall * call);
extern void handle_drop_owned(UtilityCall * call);
extern void drop_init(void);

/* ddl_truncate.c */
extern void handle_truncate(UtilityCall * call);

/* ddl_object.c: objects that are the same on every node */
extern void handle_object(UtilityCall * call);
extern void handle_grant(UtilityCall * call);
extern void handle_comment(UtilityCall * call);

/* vacuum_tables.c */
extern void handle_vacuum(UtilityCall * call);

/* call_statement.c */
extern void handle_call(UtilityCall * call);

/* copy_statement.c */
extern void handle_copy(UtilityCall * call);

#endif							/* SHARDLITE_UTILITY_HOOK_H */
