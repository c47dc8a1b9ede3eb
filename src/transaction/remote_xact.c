/*
 * remote_xact.c
 *		Following the local transaction on one node.
 *
 * Nothing here waits unless it says so: BEGIN, context and savepoints ride
 * with the statement that needs them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "metadata/shard_names.h"
#include "miscadmin.h"
#include "transaction/constraint_modes.h"
#include "transaction/context.h"
#include "transaction/dtx_slots.h"
#include "transaction/remote_xact.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Queue a command whose answer matters only if it is an error. */
static void
queue_command(RemoteXact *xact, const char *sql)
{
	remote_release(remote_send(xact->conn, sql, NULL, 0, NULL, NULL));
}

static const char *
isolation_name(void)
{
	switch (XactIsoLevel)
	{
		case XACT_READ_UNCOMMITTED:
			return "READ UNCOMMITTED";
		case XACT_READ_COMMITTED:
			return "READ COMMITTED";
		case XACT_REPEATABLE_READ:
			return "REPEATABLE READ";
		default:
			return "SERIALIZABLE";
	}
}

/*
 * The node takes number and start of the dtx from the comment (context.c).  The
 * usual modes are not named: setting them would cost more than all the rest.
 */
static void
queue_begin(RemoteXact *xact)
{
	char		modes[64] = "";
	char		sql[192];

	if (XactIsoLevel != XACT_READ_COMMITTED || XactReadOnly || XactDeferrable)
		snprintf(modes, sizeof(modes), "ISOLATION LEVEL %s %s%s ", isolation_name(),
				 XactReadOnly ? "READ ONLY" : "READ WRITE",
				 XactDeferrable ? " DEFERRABLE" : "");
	snprintf(sql, sizeof(sql), "BEGIN %s" BEGIN_DTX_FORMAT, modes,
			 dtx_slot_number(), GetCurrentTransactionStartTimestamp());
	queue_command(xact, sql);
}

/*
 * Does the session there have this generation, or will it when the statement
 * runs that is queued next?  A context in an autocommitted batch goes if anything
 * in the batch fails, so a later batch carries it once more until that is known.
 */
static bool
has_context(RemoteXact *xact, uint64 generation)
{
	RemoteRequest *request = xact->context_request;

	if (request != NULL && (request->done || !remote_in_open_batch(request)))
	{
		if (!request->done || request->failed)
			xact->context = 0;
		xact->context_request = NULL;
		remote_release(request);
	}
	return xact->context == generation;
}

static void
queue_constraint_mode(void *arg, const char *sql)
{
	queue_command(arg, sql);
}

/*
 * A cancel that comes before the savepoint is set would take the work of outer
 * levels with it, so stop_work() waits for the answer.  That must come early:
 * the node would keep it until the statement behind it is over.
 */
static void
queue_savepoint(RemoteXact *xact)
{
	int			level = xact->depth + 1;
	char		sql[32];

	if (level >= xact->savepoints_size)
	{
		int			size = level + 8;

		if (xact->savepoints == NULL)
			xact->savepoints = MemoryContextAlloc(TopMemoryContext, sizeof(uint64) * size);
		else
			xact->savepoints = repalloc(xact->savepoints, sizeof(uint64) * size);
		xact->savepoints_size = size;
	}
	xact->depth = level;
	snprintf(sql, sizeof(sql), "SAVEPOINT s%d", level);
	queue_command(xact, sql);
	if (level > xact->first_level)
		xact->savepoints[level] = remote_answer_early(xact->conn);
}

void
remote_xact_enter(RemoteXact *xact, int level)
{
	uint64		generation;
	const char *context;
	bool		begins = xact->depth == 0;

	remote_set_autocommit(xact->conn, false, false);
	if (begins)
	{
		/* Autocommitted statements before it are a batch of their own. */
		remote_sync(xact->conn);
		queue_begin(xact);
		xact->depth = 1;
		xact->first_level = level;
		xact->marked = InvalidCommandId;
	}
	context = context_current(&generation);
	if (!has_context(xact, generation))
	{
		queue_command(xact, context);
		xact->context = generation;
		xact->context_depth = xact->depth;
	}
	if (begins)
		constraint_modes_replay(xact->depth, queue_constraint_mode, xact);
	while (xact->depth < level)
	{
		queue_savepoint(xact);
		constraint_modes_replay(xact->depth, queue_constraint_mode, xact);
	}
}

void
remote_xact_autocommit(RemoteXact *xact, bool commits)
{
	uint64		generation;
	const char *context;

	context = context_current(&generation);
	if (!has_context(xact, generation))
	{
		remote_set_autocommit(xact->conn, true, false);
		xact->context_request = remote_send(xact->conn, context, NULL, REMOTE_AT_SYNC, NULL, NULL);
		remote_disown(xact->context_request);
		xact->context = generation;
		xact->context_depth = 0;
	}
	remote_set_autocommit(xact->conn, true, commits);
}

void
remote_xact_subcommit(RemoteXact *xact, int level)
{
	char		sql[64];

	if (xact->depth < level)
		return;
	Assert(xact->depth == level);
	if (!xact->failed && !remote_is_lost(xact->conn))
	{
		snprintf(sql, sizeof(sql), "RELEASE SAVEPOINT s%d", level);
		remote_set_autocommit(xact->conn, false, false);
		queue_command(xact, sql);
	}
	xact->depth = level - 1;
	xact->first_level = Min(xact->first_level, xact->depth);
	xact->context_depth = Min(xact->context_depth, xact->depth);
}

/*
 * A cancel of what comes later may not hit it: the session there would stay in
 * the transaction, and we would not know.
 */
void
remote_xact_end_lazily(RemoteXact *xact, bool commit)
{
	remote_set_autocommit(xact->conn, false, false);
	queue_command(xact, commit ? "COMMIT" : "ROLLBACK");
	remote_sync(xact->conn);
	remote_spare(xact->conn);
}

/*
 * Stop what the failed subtransaction still runs there.  Waits, limited by
 * shardlite.cancel_timeout.  Streams that outer cursors still read stay.
 */
static bool
stop_work(RemoteXact *xact, int level)
{
	bool		has_savepoint = xact->depth >= level && xact->first_level < level;
	int			timeout = has_savepoint ? remote_cancel_timeout / 2 : remote_cancel_timeout;
	bool		keeps_outer;
	bool		stopped;

	if (remote_is_wanted(xact->conn))
	{
		remote_sync(xact->conn);
		return !remote_is_lost(xact->conn);
	}
	remote_copy_cancel(xact->conn);
	remote_sync(xact->conn);
	remote_check_alive(xact->conn);
	if (remote_is_idle(xact->conn) || remote_is_lost(xact->conn))
		return !remote_is_lost(xact->conn);
	keeps_outer = !has_savepoint ||
		remote_answered(xact->conn, xact->savepoints[level], timeout);
	stopped = remote_stop(&xact->conn, 1, timeout);
	return keeps_outer && stopped && !remote_is_lost(xact->conn);
}

void
remote_xact_subabort(RemoteXact *xact, int level)
{
	char		sql[64];

	if (xact->context_depth >= level)
		xact->context = 0;
	if (xact->depth < level)
	{
		/* Outside a block a statement may still be running for it. */
		if (xact->depth == 0 && xact->conn != NULL && !remote_is_idle(xact->conn) &&
			!stop_work(xact, level))
		{
			remote_close(xact->conn);
			xact->conn = NULL;
			xact->context = 0;
		}
		return;
	}
	if (xact->failed || !stop_work(xact, level))
	{
		/* Work of outer levels is gone, too, unless there was none. */
		xact->failed = xact->first_level < level;
		if (xact->conn != NULL)
			remote_close(xact->conn);
		xact->conn = NULL;
		xact->context = 0;
		xact->depth = xact->failed ? level - 1 : 0;
		xact->wrote = xact->failed && xact->wrote;
		return;
	}
	if (xact->first_level >= level)
	{
		remote_xact_end_lazily(xact, false);
		xact->depth = 0;
		xact->wrote = false;
		xact->context_depth = 0;
		xact->context = 0;
		return;
	}
	remote_set_autocommit(xact->conn, false, false);
	snprintf(sql, sizeof(sql), "ROLLBACK TO SAVEPOINT s%d", level);
	queue_command(xact, sql);
	snprintf(sql, sizeof(sql), "RELEASE SAVEPOINT s%d", level);
	queue_command(xact, sql);
	remote_sync(xact->conn);
	xact->depth = level - 1;
	xact->context_depth = Min(xact->context_depth, xact->depth);
}

void
remote_xact_restart(RemoteXact *xact)
{
	if (remote_is_lost(xact->conn))
		return;
	if (!remote_is_idle(xact->conn))
	{
		/* The cancel may still hit, whatever runs then. */
		remote_close(xact->conn);
		xact->conn = NULL;
	}
	else if (xact->depth == 0 || remote_is_healthy(xact->conn))
		return;
	else
		remote_xact_end_lazily(xact, false);
	xact->depth = 0;
	xact->context_depth = 0;
	xact->context = 0;
}

static void
note_tag(RemoteRequest *request, PGresult *result)
{
	RemoteXact *xact = request->arg;

	xact->step_ok = strcmp(PQcmdStatus(result), xact->step_tag) == 0;
	PQclear(result);
}

void
remote_xact_step(RemoteXact *xact, const char *sql, const char *tag, int flags)
{
	Assert(xact->step == NULL);
	xact->step_ok = false;
	xact->step_tag = tag;
	remote_set_autocommit(xact->conn, false, false);
	xact->step = remote_send(xact->conn, sql, NULL, flags, note_tag, xact);
	remote_disown(xact->step);
	remote_sync(xact->conn);
}

/*
 * Wait for the answer; true when the command did what it should.  Without
 * interruptible it returns at timeout_ms (the answer is then unknown).
 */
bool
remote_xact_step_wait(RemoteXact *xact, bool interruptible, int timeout_ms)
{
	if (interruptible)
	{
		while (!xact->step->done)
			(void) remote_pump(xact->step, true);
	}
	else
		(void) remote_drain(xact->conn, timeout_ms);
	return xact->step->done && !xact->step->failed && xact->step_ok;
}

/* The step did not succeed: say why. */
void
remote_xact_step_raise(RemoteXact *xact)
{
	/* Deferred constraints: no fragment tells which shard it was. */
	static const RemoteRename rename = {.translate = logical_names_in_text};

	if (xact->step->failed)
	{
		remote_set_rename(xact->step, &rename);
		remote_raise(xact->step);
	}
	ereport(ERROR,
			(errcode(ERRCODE_TRANSACTION_ROLLBACK),
			 errmsg("node \"%s\" has rolled the transaction back", remote_name(xact->conn))));
}

void
remote_xact_step_end(RemoteXact *xact)
{
	if (xact->step != NULL)
		remote_release(xact->step);
	xact->step = NULL;
}
