/*
 * own_writes.c
 *		Both ends of what keeps a statement from seeing later writes.
 *
 * The coordinator sends SET shardlite.own_writes = 'w<command>' before a write
 * and 'r<command>' before fragments of a statement that began with that
 * command; '' ends that.  Command ids of a transaction only grow, here and on
 * the node, and what a savepoint takes back is invisible anyway.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/node_session.h"
#include "executor/executor.h"
#include "tcop/utility.h"
#include "transaction/context.h"
#include "transaction/own_writes.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define SETTING "shardlite.own_writes"

int			own_writes_readers = 0;

static ProcessUtility_hook_type next_process_utility;
static ExecutorStart_hook_type next_executor_start;

/* ------------------------------------------------------------- coordinator */

static void
queue_setting(RemoteXact *xact, char what, CommandId command)
{
	char		sql[64];

	snprintf(sql, sizeof(sql), "SET " SETTING " = '%c%u'", what, command);
	remote_release(remote_send(xact->conn, sql, NULL, 0, NULL, NULL));
}

void
own_writes_mark(RemoteXact *xact, int readers)
{
	/* whatever begins after this command has a greater number */
	CommandId	command = GetCurrentCommandId(true);

	if (readers == 0 || xact->marked == command)
		return;
	queue_setting(xact, 'w', command);
	xact->marked = command;
}

bool
own_writes_hide(RemoteXact *xact, CommandId command)
{
	if (xact->depth == 0 || xact->marked == InvalidCommandId || xact->marked < command)
		return false;
	queue_setting(xact, 'r', command);
	return true;
}

void
own_writes_show(RemoteXact *xact)
{
	remote_release(remote_send(xact->conn, "SET " SETTING " = ''", NULL, 0, NULL, NULL));
}

/* -------------------------------------------------------------------- node */

/* The command there, and the first one here that may belong to it. */
typedef struct WriteMark
{
	CommandId	there;
	CommandId	here;
}			WriteMark;

/* Of this transaction, in its memory, ascending. */
static WriteMark * marks;
static int	nmarks;
static int	max_marks;

/* Statements see only what commands before this one wrote. */
static CommandId limit = InvalidCommandId;

static void
add_mark(CommandId there)
{
	if (nmarks == max_marks)
	{
		max_marks = Max(max_marks * 2, 16);
		marks = marks == NULL ?
			MemoryContextAlloc(TopTransactionContext, sizeof(WriteMark) * max_marks) :
			repalloc_huge(marks, sizeof(WriteMark) * max_marks);
	}
	marks[nmarks].there = there;
	marks[nmarks++].here = GetCurrentCommandId(false);
}

/* The first command here that belongs to that one there, or to a later one. */
static CommandId
find_mark(CommandId there)
{
	int			low = 0;
	int			high = nmarks;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (marks[middle].there < there)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nmarks ? marks[low].here : InvalidCommandId;
}

static void
apply_setting(const char *text)
{
	CommandId	command = *text != '\0' ? strtoul(text + 1, NULL, 10) : InvalidCommandId;

	if (*text == 'w')
		add_mark(command);
	else
		limit = *text == 'r' ? find_mark(command) : InvalidCommandId;
}

static void
own_writes_process_utility(PlannedStmt *pstmt, const char *source, bool read_only_tree,
						   ProcessUtilityContext context, ParamListInfo params,
						   QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	const char *text = NULL;

	if (node_session && context == PROCESS_UTILITY_TOPLEVEL)
		text = context_setting_text(pstmt->utilityStmt, SETTING);
	if (text != NULL)
		apply_setting(text);
	else if (next_process_utility)
		next_process_utility(pstmt, source, read_only_tree, context, params, env, dest, qc);
	else
		standard_ProcessUtility(pstmt, source, read_only_tree, context, params, env, dest, qc);
}

/* Give the query the same snapshot as of an earlier command. */
static void
turn_back(QueryDesc *query)
{
	Snapshot	earlier;

	PushCopiedSnapshot(query->snapshot);
	GetActiveSnapshot()->curcid = limit;
	earlier = RegisterSnapshot(GetActiveSnapshot());
	PopActiveSnapshot();
	UnregisterSnapshot(query->snapshot);
	query->snapshot = earlier;
}

static void
own_writes_executor_start(QueryDesc *query, int eflags)
{
	if (limit != InvalidCommandId && query->operation == CMD_SELECT &&
		query->snapshot != InvalidSnapshot && query->snapshot->curcid > limit)
		turn_back(query);
	if (next_executor_start)
		next_executor_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

static void
xact_ended(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	marks = NULL;
	nmarks = max_marks = 0;
	limit = InvalidCommandId;
}

static void
subxact_ended(SubXactEvent event, SubTransactionId my_subid, SubTransactionId parent_subid,
			  void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		limit = InvalidCommandId;
}

void
own_writes_init(void)
{
	next_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = own_writes_process_utility;
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = own_writes_executor_start;
	RegisterXactCallback(xact_ended, NULL);
	RegisterSubXactCallback(subxact_ended, NULL);
}
