/*
 * lock_waits.c
 *		What a node tells about waits for locks on it, and how one is ended.
 *
 * All is read under the lock manager's partition locks, so what is told of one
 * node is true of one moment.  A wait is identified by process and start.
 *
 * A wait is ended as PostgreSQL's own deadlock detector ends one: the process
 * is taken out of the lock's queue, wakes up and raises "deadlock detected"
 * itself, wherever it is (parsing, in an executor, in a utility command).
 * It is done under the partition locks and only if the process is still in
 * the wait that was meant, so it never hits anything else.
 *
 * The text of the error's DETAIL travels through shared memory.  PostgreSQL
 * leaves that of such an error empty; a callback at the bottom of the error
 * context stack puts it there.
 */
#include "postgres.h"

#include "access/xact.h"
#include "compat/lock_queue.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "transaction/dtx_slots.h"
#include "transaction/lock_waits.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

PG_FUNCTION_INFO_V1(shardlite_lock_waits);
PG_FUNCTION_INFO_V1(shardlite_end_wait);
PG_FUNCTION_INFO_V1(shardlite_node_transactions);

/* One process in the way of another. */
typedef struct Blocked
{
	int			pid;
	int			leader;			/* of its parallel query, or itself */
	int64		wait_start;
	DtxInfo		waiter;
	LOCKTAG		tag;
	LOCKMODE	mode;
	int			holder_leader;	/* 0 = a prepared transaction */
	TransactionId holder_xid;
	DtxInfo		holder;
	bool		holder_keeps;
}			Blocked;

/* ------------------------------------------------------------------ reading */

static PGPROC *
leader_of(PGPROC *proc)
{
	return proc->lockGroupLeader != NULL ? proc->lockGroupLeader : proc;
}

/*
 * Does it keep its locks until the whole distributed transaction ends?  A
 * statement of a node session outside a block ends by itself, unless nobody
 * takes its rows.
 */
static bool
keeps_locks(const PGPROC *proc, const DtxInfo *info)
{
	return info->served_node == 0 || info->served_number != 0 ||
		proc->wait_event_info == WAIT_EVENT_CLIENT_WRITE;
}

static List *
add_blocked(List *all, PGPROC *waiter, PGPROC *holder)
{
	Blocked    *blocked = palloc0(sizeof(Blocked));
	PGPROC	   *leader = leader_of(waiter);

	blocked->pid = waiter->pid;
	blocked->leader = leader->pid;
	blocked->wait_start = pg_atomic_read_u64(&waiter->waitStart);
	blocked->waiter = dtx_slot_read(leader);
	blocked->tag = waiter->waitLock->tag;
	blocked->mode = waiter->waitLockMode;
	holder = leader_of(holder);
	blocked->holder_leader = holder->pid;
	if (holder->pid == 0)
		blocked->holder_xid = holder->xid;
	blocked->holder = dtx_slot_read(holder);
	blocked->holder_keeps = holder->pid == 0 || keeps_locks(holder, &blocked->holder);
	return lappend(all, blocked);
}

/*
 * Who stands in the way of this waiter: holders of conflicting locks, and who
 * waits for one in front of it.  Of the latter one per self-conflicting mode
 * will do, because it waits for the others itself.
 */
static List *
add_blockers(List *all, PGPROC *waiter)
{
	LOCK	   *lock = waiter->waitLock;
	LOCKMASK	conflicts = GetLocksMethodTable(lock)->conflictTab[waiter->waitLockMode];
	LOCKMASK	seen = 0;
	PROCLOCK   *proclock = NULL;
	PGPROC	   *ahead = waiter;

	while ((proclock = compat_next_proclock(lock, proclock)) != NULL)
	{
		PGPROC	   *holder = proclock->tag.myProc;

		if ((proclock->holdMask & conflicts) != 0 && leader_of(holder) != leader_of(waiter) &&
			holder->databaseId == MyDatabaseId)
			all = add_blocked(all, waiter, holder);
	}
	while ((ahead = compat_previous_waiter(lock, ahead)) != NULL)
	{
		LOCKMODE	mode = ahead->waitLockMode;

		if ((LOCKBIT_ON(mode) & conflicts) == 0 || (LOCKBIT_ON(mode) & seen) != 0 ||
			leader_of(ahead) == leader_of(waiter) || ahead->databaseId != MyDatabaseId)
			continue;
		if (DoLockModesConflict(mode, mode))
			seen |= LOCKBIT_ON(mode);
		all = add_blocked(all, waiter, ahead);
	}
	return all;
}

static void
partitions_lock(LWLockMode mode)
{
	for (int i = 0; i < NUM_LOCK_PARTITIONS; i++)
		LWLockAcquire(LockHashPartitionLockByIndex(i), mode);
}

static void
partitions_unlock(void)
{
	for (int i = NUM_LOCK_PARTITIONS; --i >= 0;)
		LWLockRelease(LockHashPartitionLockByIndex(i));
}

/* All waits for locks in this database, as a list of Blocked. */
static List *
read_waits(void)
{
	List	   *all = NIL;

	partitions_lock(LW_SHARED);
	for (int i = 0; i < MaxBackends; i++)
	{
		PGPROC	   *proc = &ProcGlobal->allProcs[i];

		/* The start of the wait is written a moment after the wait begins. */
		if (proc->waitLock != NULL && proc->waitStatus == PROC_WAIT_STATUS_WAITING &&
			proc->databaseId == MyDatabaseId && pg_atomic_read_u64(&proc->waitStart) != 0)
			all = add_blockers(all, proc);
	}
	partitions_unlock();
	return all;
}

/* Columns: node and process of the session, number and start of its transaction. */
static void
put_session(Datum *values, const DtxInfo *info, int pid)
{
	bool		serves = info->served_node != 0;

	values[0] = Int32GetDatum(info->served_node);
	values[1] = Int32GetDatum(serves ? info->served_pid : pid);
	values[2] = Int64GetDatum(serves ? info->served_number : info->number);
	values[3] = Int64GetDatum(serves ? info->served_started : info->started);
}

/*
 * shardlite_internal.lock_waits(): one row per process and process in its
 * way.  Nodes are 0 for this one.
 */
Datum
shardlite_lock_waits(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, read_waits())
	{
		const Blocked *blocked = lfirst(lc);
		StringInfoData lock;
		Datum		values[15];
		bool		nulls[15] = {false};

		initStringInfo(&lock);
		appendStringInfo(&lock, "%s on ",
						 GetLockmodeName(blocked->tag.locktag_lockmethodid, blocked->mode));
		DescribeLockTag(&lock, &blocked->tag);
		values[0] = Int32GetDatum(blocked->pid);
		values[1] = Int32GetDatum(blocked->leader);
		values[2] = Int64GetDatum(blocked->wait_start);
		put_session(&values[3], &blocked->waiter, blocked->leader);
		values[7] = CStringGetTextDatum(lock.data);
		values[8] = Int32GetDatum(blocked->holder_leader);
		put_session(&values[9], &blocked->holder, blocked->holder_leader);
		values[13] = BoolGetDatum(blocked->holder_keeps);
		values[14] = TransactionIdGetDatum(blocked->holder_xid);
		nulls[14] = !TransactionIdIsValid(blocked->holder_xid);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * shardlite_internal.node_transactions(): one row per backend of this database
 * that coordinates a distributed transaction or works for another node's session.
 */
Datum
shardlite_node_transactions(PG_FUNCTION_ARGS)
{
	static const char *const phases[] = {"running", "preparing", "committing"};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < MaxBackends; i++)
	{
		const PGPROC *proc = &ProcGlobal->allProcs[i];
		DtxInfo		info = dtx_slot_read(proc);
		Datum		values[7];
		bool		nulls[7] = {false};

		if ((info.number == 0 && info.served_node == 0) || proc->databaseId != MyDatabaseId)
			continue;
		values[0] = Int32GetDatum(proc->pid);
		values[1] = Int64GetDatum(info.number);
		values[2] = TimestampTzGetDatum(info.started);
		values[3] = CStringGetTextDatum(phases[info.phase]);
		values[4] = Int32GetDatum(info.served_node);
		values[5] = Int32GetDatum(info.served_pid);
		values[6] = Int64GetDatum(info.served_number);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ------------------------------------------------------------------- ending */

bool
end_wait(int pid, int64 wait_start, const char *detail)
{
	PGPROC	   *proc = BackendPidGetProc(pid);
	bool		ended = false;

	if (proc == NULL)
		return false;
	partitions_lock(LW_EXCLUSIVE);
	if (proc->pid == pid && proc->waitLock != NULL &&
		proc->waitStatus == PROC_WAIT_STATUS_WAITING &&
		pg_atomic_read_u64(&proc->waitStart) == wait_start)
	{
		char	   *text = dtx_slot_text(proc);

		if (text != NULL)
			strlcpy(text, detail, DTX_TEXT_MAX);
		RemoveFromWaitQueue(proc, LockTagHashCode(&proc->waitLock->tag));
		SetLatch(&proc->procLatch);
		ended = true;
	}
	partitions_unlock();
	return ended;
}

/* shardlite_internal.end_wait(pid int, wait_start bigint, detail text) returns bool */
Datum
shardlite_end_wait(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(end_wait(PG_GETARG_INT32(0), PG_GETARG_INT64(1),
							text_to_cstring(PG_GETARG_TEXT_PP(2))));
}

/* ------------------------------------------------------------------- victim */

static void
add_detail(void *arg)
{
	char	   *text;

	if (geterrcode() != ERRCODE_T_R_DEADLOCK_DETECTED || MyProc == NULL)
		return;
	text = dtx_slot_text(MyProc);
	if (text == NULL || text[0] == '\0')
		return;
	errdetail_internal("%s", text);
	errdetail_log("%s", text);
	text[0] = '\0';
}

/*
 * Put it at the bottom of the stack.  Done at the end of transactions, where
 * the stack is empty or at its bottom, so that it stays: a statement may wait
 * before any of our code runs, for a table's lock while it is being parsed.
 * An error empties the stack, and ends a transaction.
 */
static void
explain_deadlocks(void)
{
	static ErrorContextCallback callback = {.callback = add_detail};
	ErrorContextCallback **bottom = &error_context_stack;
	char	   *text;

	while (*bottom != NULL && *bottom != &callback)
		bottom = &(*bottom)->previous;
	*bottom = &callback;
	text = dtx_slot_text(MyProc);
	if (text != NULL)
		text[0] = '\0';
}

static void
xact_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		explain_deadlocks();
}

static void
subxact_ended(SubXactEvent event, SubTransactionId my_subid,
			  SubTransactionId parent_subid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		explain_deadlocks();
}

void
lock_waits_init(void)
{
	RegisterXactCallback(xact_ended, NULL);
	RegisterSubXactCallback(subxact_ended, NULL);
}
