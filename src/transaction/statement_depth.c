/*
 * statement_depth.c
 *		How deep in statements are we?
 *
 * Counted in ExecutorRun, ExecutorFinish (AFTER triggers) and ProcessUtility;
 * an error unwinds the count.  EXECUTE is transparent: the statement it runs
 * is the client's, provided that its parameters run no code of their own.
 */
#include "postgres.h"

#include "access/xact.h"
#include "compat/client_input.h"
#include "executor/executor.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "transaction/statement_depth.h"
#include "utils/portal.h"

static int	depth = 0;

/* The innermost plan that is run, and whether until it has no more rows. */
static QueryDesc *running = NULL;
static bool running_to_end = false;

/* How the outermost statement came. */
static enum
{
	NOT_FROM_CLIENT,			/* a deferred trigger, a background worker */
	SIMPLE_PROTOCOL,
	EXTENDED_PROTOCOL,
}			origin = NOT_FROM_CLIENT;

static ExecutorRun_hook_type next_executor_run;
static ExecutorFinish_hook_type next_executor_finish;
static ProcessUtility_hook_type next_process_utility;

/*
 * The simple protocol's portals are invisible (pg_cursors does not show
 * them), those of Bind messages are visible.
 */
static void
enter_outermost(void)
{
	if (ActivePortal == NULL || whereToSendOutput != DestRemote)
		origin = NOT_FROM_CLIENT;
	else
		origin = ActivePortal->visible ? EXTENDED_PROTOCOL : SIMPLE_PROTOCOL;
}

static void
depth_executor_run(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
	int			saved = depth;
	QueryDesc  *outer = running;
	bool		outer_to_end = running_to_end;

	if (depth == 0)
		enter_outermost();
	depth++;
	running = query;
	running_to_end = count == 0;
	PG_TRY();
	{
		if (next_executor_run)
			next_executor_run(query, direction, count, once);
		else
			standard_ExecutorRun(query, direction, count, once);
	}
	PG_FINALLY();
	{
		depth = saved;
		running = outer;
		running_to_end = outer_to_end;
	}
	PG_END_TRY();
}

static void
depth_executor_finish(QueryDesc *query)
{
	int			saved = depth;

	depth++;
	PG_TRY();
	{
		if (next_executor_finish)
			next_executor_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		depth = saved;
	}
	PG_END_TRY();
}

/* Does this EXECUTE do nothing but run the prepared statement? */
static bool
is_plain_execute(Node *statement)
{
	ListCell   *lc;

	if (!IsA(statement, ExecuteStmt))
		return false;
	foreach(lc, ((ExecuteStmt *) statement)->params)
	{
		Node	   *param = lfirst(lc);

		if (IsA(param, TypeCast))
			param = ((TypeCast *) param)->arg;
		if (!IsA(param, A_Const))
			return false;
	}
	return true;
}

static void
depth_process_utility(PlannedStmt *pstmt, const char *source, bool read_only_tree,
					  ProcessUtilityContext context, ParamListInfo params,
					  QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	int			saved = depth;

	if (depth == 0)
		enter_outermost();
	if (!is_plain_execute(pstmt->utilityStmt))
		depth++;
	PG_TRY();
	{
		if (next_process_utility)
			next_process_utility(pstmt, source, read_only_tree, context, params, env, dest, qc);
		else
			standard_ProcessUtility(pstmt, source, read_only_tree, context, params, env, dest, qc);
	}
	PG_FINALLY();
	{
		depth = saved;
	}
	PG_END_TRY();
}

/*
 * With the extended protocol statements up to a Sync share a transaction.
 * Only a Sync that has already arrived proves that none will follow.
 */
static bool
next_message_is_sync(void)
{
	int			c;

	if ((MyXactFlags & XACT_FLAGS_PIPELINING) != 0 || !pq_buffer_has_data())
		return false;
	pq_startmsgread();
	c = pq_peekbyte();
	pq_endmsgread();
	return c == 'S';
}

bool
statement_is_alone(void)
{
	if (depth != 1 || origin == NOT_FROM_CLIENT)
		return false;
	return origin == SIMPLE_PROTOCOL || next_message_is_sync();
}

QueryDesc *
statement_running(bool *to_end)
{
	*to_end = running_to_end;
	return running;
}

void
statement_depth_init(void)
{
	next_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = depth_executor_run;
	next_executor_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = depth_executor_finish;
	next_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = depth_process_utility;
}
