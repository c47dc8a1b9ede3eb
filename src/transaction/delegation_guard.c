/*
 * delegation_guard.c
 *		On a node: what a delegated call may not do.
 *
 * The function runs as if on the client's server, so it is refused whatever
 * would show that it does not:
 *
 *	rows of other nodes		where a connection would be opened
 *							(dist_xact.c): changes over there would
 *							not be part of the client's transaction
 *	tables of this server	by the planner
 *	the client's session	here: settings, temporary tables, cursors, ... are
 *							made by utility statements and by volatile
 *							functions of PostgreSQL
 *	COMMIT and ROLLBACK		here: what was committed could not be taken back
 *							by a later refusal
 *
 *	cursors left open		here, when the call ends
 *
 * A refusal is an error, and said again when the call ends, in case an
 * exception block has caught it.  Errors that may come from being elsewhere
 * count as refusals, caught or not.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "common/delegated_call.h"
#include "common/node_session.h"
#include "compat/pg_compat.h"
#include "executor/executor.h"
#include "tcop/utility.h"
#include "transaction/delegation_guard.h"
#include "utils/builtins.h"
#include "utils/portal.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define TIME_SETTING "shardlite.transaction_time"

static ProcessUtility_hook_type next_process_utility;
static ExecutorStart_hook_type next_executor_start;
static ExecutorRun_hook_type next_executor_run;
static ExecutorEnd_hook_type next_executor_end;
static object_access_hook_type next_object_access;

/* Statements begun and not ended in the call, and the call's own if it is one. */
static int	open_statements = 0;
static QueryDesc *call_statement = NULL;

/* Volatile functions of PostgreSQL that belong to no session and no server. */
static const char *const harmless_functions[] = {
	"clock_timestamp", "gen_random_uuid", "nextval", "pg_sleep", "pg_sleep_for",
	"pg_sleep_until", "random", "random_normal", "timeofday",
};

/* Others that do. */
static const char *const session_functions[] = {
	"inet_client_addr", "inet_client_port", "inet_server_addr", "inet_server_port",
	"pg_backend_pid", "pg_conf_load_time", "pg_current_snapshot", "pg_current_xact_id",
	"pg_current_xact_id_if_assigned", "pg_cursor", "pg_listening_channels",
	"pg_my_temp_schema", "pg_postmaster_start_time", "pg_prepared_statement",
	"txid_current", "txid_current_if_assigned", "txid_current_snapshot",
};

static bool
is_listed(const char *name, const char *const *list, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

static void
check_function(Oid funcid)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	Form_pg_proc form;
	bool		refused;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	name = pstrdup(NameStr(form->proname));
	refused = form->provolatile == PROVOLATILE_VOLATILE ?
		!is_listed(name, harmless_functions, lengthof(harmless_functions)) :
		is_listed(name, session_functions, lengthof(session_functions));
	ReleaseSysCache(tuple);
	if (refused)
		delegated_call_refuse(psprintf("function \"%s\"", name));
	pfree(name);
}

static void
guard_object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (next_object_access)
		next_object_access(access, class_id, object_id, sub_id, arg);
	if (access == OAT_FUNCTION_EXECUTE && object_id < FirstNormalObjectId &&
		in_delegated_call())
		check_function(object_id);
}

/* ---------------------------------------------------------------- the call */

static void
call_begins(void)
{
	delegated_call_reset();
	open_statements = 0;
	call_statement = NULL;
}

/* own: statements that the call itself still has open. */
static void
call_ends(int own)
{
	if (open_statements > own)
		delegated_call_refuse("a cursor that stays open");
	delegated_call_check();
}

/* An error is on its way; whoever catches it does not tell us. */
static void
note_error(void *arg)
{
	if (delegated_call_is_refusal(geterrcode()))
		delegated_call_spoil();
}

static void
guard_executor_start(QueryDesc *query, int eflags)
{
	if (in_delegated_call())
	{
		if (open_statements++ == 0)
			call_statement = query;
	}
	if (next_executor_start)
		next_executor_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

static void
guard_executor_run(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
	ErrorContextCallback callback = {error_context_stack, note_error, NULL};

	if (in_delegated_call())
		error_context_stack = &callback;
	if (next_executor_run)
		next_executor_run(query, direction, count, once);
	else
		standard_ExecutorRun(query, direction, count, once);
	error_context_stack = callback.previous;
	if (in_delegated_call() && query == call_statement)
		call_ends(1);
}

static void
guard_executor_end(QueryDesc *query)
{
	if (in_delegated_call())
		open_statements--;
	if (next_executor_end)
		next_executor_end(query);
	else
		standard_ExecutorEnd(query);
}

/* Utility statements inside of the function that change nothing. */
static bool
is_harmless(const Node *statement)
{
	return IsA(statement, CallStmt) || IsA(statement, DoStmt) ||
		IsA(statement, VariableShowStmt);
}

/* now() of the transaction, if that is what the statement sets. */
static bool
take_transaction_time(const Node *statement)
{
	const VariableSetStmt *set = (const VariableSetStmt *) statement;
	A_Const    *value;

	if (!IsA(statement, VariableSetStmt) || set->kind != VAR_SET_VALUE ||
		strcmp(set->name, TIME_SETTING) != 0)
		return false;
	value = linitial(set->args);
	compat_set_transaction_time(pg_strtoint64(strVal(&value->val)));
	return true;
}

static void
pass_on(PlannedStmt *pstmt, const char *source, bool read_only_tree,
		ProcessUtilityContext context, ParamListInfo params,
		QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	if (next_process_utility)
		next_process_utility(pstmt, source, read_only_tree, context, params, env, dest, qc);
	else
		standard_ProcessUtility(pstmt, source, read_only_tree, context, params, env, dest, qc);
}

static void
guard_process_utility(PlannedStmt *pstmt, const char *source, bool read_only_tree,
					  ProcessUtilityContext context, ParamListInfo params,
					  QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	bool		top = context == PROCESS_UTILITY_TOPLEVEL;
	bool		call = top && in_delegated_call();
	ErrorContextCallback callback = {error_context_stack, note_error, NULL};

	/* comes in front of every call */
	if (node_session && top && take_transaction_time(pstmt->utilityStmt))
	{
		call_begins();
		return;
	}
	if (!top && in_delegated_call() && !is_harmless(pstmt->utilityStmt))
		delegated_call_refuse(GetCommandTagName(CreateCommandTag(pstmt->utilityStmt)));
	if (call)
		error_context_stack = &callback;
	pass_on(pstmt, source, read_only_tree, context, params, env, dest, qc);
	error_context_stack = callback.previous;
	if (call)
		call_ends(0);
}

/*
 * The statement's text is gone when its transaction ends in the regular way,
 * so a call that is still running ends it by itself.
 */
static void
guard_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (in_delegated_call())
				delegated_call_refuse("COMMIT");
			break;
		case XACT_EVENT_ABORT:
			if (in_delegated_call())
				delegated_call_spoil();
			else
				delegated_call_reset();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			delegated_call_reset();
			break;
		default:
			break;
	}
}

char *
transaction_time_command(void)
{
	return psprintf("SET " TIME_SETTING " = '" INT64_FORMAT "'",
					GetCurrentTransactionStartTimestamp());
}

void
delegation_guard_init(void)
{
	next_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = guard_process_utility;
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = guard_executor_start;
	next_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = guard_executor_run;
	next_executor_end = ExecutorEnd_hook;
	ExecutorEnd_hook = guard_executor_end;
	next_object_access = object_access_hook;
	object_access_hook = guard_object_access;
	RegisterXactCallback(guard_transaction, NULL);
}
