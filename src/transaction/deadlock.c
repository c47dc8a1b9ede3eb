/*
 * deadlock.c
 *		Deadlocks over several nodes: who looks for them, when, and why what
 *		is found is one.
 *
 * PostgreSQL finds the cycles that lie on one server.  Others go through
 * sessions that wait on one node and hold locks on another.  Such a session
 * coordinates a distributed transaction (dtx) whose number its server shows
 * in shared memory (dtx_slots.c).
 *
 * Who looks.  While a dtx runs, the launcher glances at those of its server
 * every half deadlock_timeout.  If one of them has been in one and the same
 * wait, for nodes or for a lock here, since the previous glance, it starts a
 * detector for the database, a process that stays as long as there is such a
 * wait.  Every cycle over several nodes contains a dtx that waits, on the
 * server of its coordinating session, so every cycle is looked for, within
 * deadlock_timeout after it has come into being.  Where nobody waits nothing
 * runs and nothing is sent.
 *
 * A look asks all nodes at the same time, over connections of the detector's,
 * for their waits (lock_waits.c) and joins them (wait_graph.c).
 *
 * Why it is a deadlock.  Each node tells what was true there at one moment,
 * but these moments differ, so a cycle in one look proves nothing.  After a
 * cycle was seen a second look is made, and only what both have seen counts:
 * the same wait (process and start) for the same holder's transaction, the
 * same number shown by the coordinating session.  Each of these was then true
 * all the time in between, hence all of them were true together at the moment
 * between the two looks.  Whoever is in such a cycle waits for another one in
 * it and gives nothing up before, so the cycle stays: it is a deadlock.
 *
 * What looks like a dependency and is none:
 *	- locks of a transaction whose end has been sent but not been received by
 *	  the node: it has another number than the session's present one.  BEGIN
 *	  carries the number to the node.
 *	- locks of a statement outside a block: they go when it ends, whatever
 *	  the session waits for elsewhere.  They count only while the node cannot
 *	  get rid of its rows, or while the statement itself waits.
 *	- prepared transactions whose coordinator is gone: recovery ends them.
 *
 * Who pays.  The youngest transaction of the cycle; detectors of several
 * nodes that find the same cycle choose the same one.  Its wait is ended on
 * the node where it waits, if it still is that wait, with PostgreSQL's own
 * error, so the statement fails as from the deadlock detector of a single
 * server; which error a session sees does not depend on what it was doing.
 *
 * A node that does not answer is left out: what waits there is not known, and
 * cycles through other nodes are found nevertheless.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "remote/connection.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "transaction/deadlock.h"
#include "transaction/dtx_slots.h"
#include "transaction/lock_waits.h"
#include "transaction/wait_graph.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PGDLLEXPORT void shardlite_deadlock_worker_main(Datum arg);

/* How long a node that failed is left alone, in milliseconds. */
#define RETRY_INTERVAL 10000

/* A node as a detector knows it, as long as that lives. */
typedef struct DetectorNode
{
	int32		node_id;
	RemoteConnection *conn;		/* NULL for this server, or when it failed */
	TimestampTz retry_at;		/* after it failed */
	WaitGraph  *graph;			/* that its answer goes to */
	RemoteRequest *waits;
	RemoteRequest *running;
}			DetectorNode;

static List *detector_nodes = NIL;	/* of DetectorNode *, in TopMemoryContext */

/* ---------------------------------------------------------------- one look */

#define WAITS_QUERY \
	"SELECT w.pid, w.leader, w.wait_start, w.node_id, w.session_pid, w.number, w.started," \
	" w.lock, w.holder, w.holder_node_id, w.holder_session_pid, w.holder_number, w.holder_keeps," \
	" p.gid, a.query, pg_catalog.date_part('epoch', a.xact_start)" \
	" FROM shardlite_internal.lock_waits() w" \
	" LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) w.leader" \
	" LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction OPERATOR(pg_catalog.=) w.holder_xid"
#define WAITS_COLUMNS 16

#define RUNNING_QUERY \
	"SELECT pid, number, served_node_id, served_pid" \
	" FROM shardlite_internal.node_transactions() WHERE number OPERATOR(pg_catalog.<>) 0"
#define RUNNING_COLUMNS 4

static int64
to_int64(const char *value)
{
	return value != NULL ? strtoi64(value, NULL, 10) : 0;
}

/* Seconds since 1970, as text, as a TimestampTz. */
static TimestampTz
from_epoch(const char *value)
{
	double		seconds = value != NULL ? strtod(value, NULL) : 0;

	return (seconds - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) * USECS_PER_SEC;
}

/* Columns node, process, number; node 0 is the one that tells. */
static GraphSession
read_session(char **values, int32 node_id)
{
	GraphSession session = {0};

	session.node_id = to_int64(values[0]);
	if (session.node_id == 0)
		session.node_id = node_id;
	session.pid = to_int64(values[1]);
	session.number = to_int64(values[2]);
	return session;
}

static void
add_row(WaitGraph *graph, int32 node_id, char **values)
{
	GraphRow   *row = palloc0(sizeof(GraphRow));

	row->node_id = node_id;
	row->pid = to_int64(values[0]);
	row->leader = to_int64(values[1]);
	row->wait_start = to_int64(values[2]);
	row->waiter = read_session(&values[3], node_id);
	row->waiter.started = row->waiter.number != 0 ? to_int64(values[6]) :
		from_epoch(values[15]);
	row->lock = pstrdup(values[7]);
	row->holder = to_int64(values[8]);
	row->holder_session = read_session(&values[9], node_id);
	row->holder_keeps = values[12][0] == 't';
	row->query = pstrdup(values[14] != NULL ? values[14] : "");
	if (row->holder == 0)
	{
		GraphSession *session = &row->holder_session;

		/* Prepared by somebody else: nobody that could wait. */
		if (values[13] == NULL ||
			sscanf(values[13], "shardlite_%d_%d_" UINT64_FORMAT, &session->node_id,
				   &session->pid, &session->number) != 3)
			return;
	}
	graph->rows = lappend(graph->rows, row);
}

static void
add_running(WaitGraph *graph, int32 node_id, char **values)
{
	GraphDtx   *dtx = palloc0(sizeof(GraphDtx));

	dtx->session.node_id = node_id;
	dtx->session.pid = to_int64(values[0]);
	dtx->session.number = to_int64(values[1]);
	dtx->served_node = to_int64(values[2]);
	dtx->served_pid = to_int64(values[3]);
	graph->running = lappend(graph->running, dtx);
}

typedef void (*RowReader) (WaitGraph *graph, int32 node_id, char **values);

static void
read_result(DetectorNode *node, PGresult *result, RowReader reader)
{
	char	   *values[WAITS_COLUMNS];

	for (int row = 0; row < PQntuples(result); row++)
	{
		for (int i = 0; i < Min(PQnfields(result), WAITS_COLUMNS); i++)
			values[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
		reader(node->graph, node->node_id, values);
	}
	PQclear(result);
}

static void
receive_waits(RemoteRequest *request, PGresult *result)
{
	read_result(request->arg, result, add_row);
}

static void
receive_running(RemoteRequest *request, PGresult *result)
{
	read_result(request->arg, result, add_running);
}

/* The same of this server. */
static void
read_local(WaitGraph *graph, const char *sql, int ncolumns, RowReader reader)
{
	MemoryContext cxt = CurrentMemoryContext;
	char	   *values[WAITS_COLUMNS];

	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the waits of this server");
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext old;

		for (int i = 0; i < ncolumns; i++)
			values[i] = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, i + 1);
		old = MemoryContextSwitchTo(cxt);
		reader(graph, local_node_id(), values);
		MemoryContextSwitchTo(old);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
send_look(DetectorNode *node, WaitGraph *graph)
{
	node->graph = graph;
	node->waits = remote_send(node->conn, WAITS_QUERY, NULL, 0, receive_waits, node);
	node->running = remote_send(node->conn, RUNNING_QUERY, NULL, 0, receive_running, node);
	remote_sync(node->conn);
}

static void
give_up(DetectorNode *node)
{
	remote_close(node->conn);
	node->conn = NULL;
	node->retry_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RETRY_INTERVAL);
}

/* Ask everybody; what a node says that answers in part only counts, too. */
static WaitGraph *
look(void)
{
	WaitGraph  *graph = palloc0(sizeof(WaitGraph));
	ListCell   *lc;

	foreach(lc, detector_nodes)
	{
		DetectorNode *node = lfirst(lc);

		if (node->conn != NULL)
			send_look(node, graph);
	}
	read_local(graph, WAITS_QUERY, WAITS_COLUMNS, add_row);
	read_local(graph, RUNNING_QUERY, RUNNING_COLUMNS, add_running);
	foreach(lc, detector_nodes)
	{
		DetectorNode *node = lfirst(lc);

		if (node->conn == NULL)
			continue;
		if (!remote_drain(node->conn, remote_cancel_timeout) || node->waits->failed ||
			node->running->failed)
		{
			remote_release(node->waits);
			remote_release(node->running);
			give_up(node);
			continue;
		}
		remote_release(node->waits);
		remote_release(node->running);
	}
	return graph;
}

/* ---------------------------------------------------------------- detecting */

static DetectorNode *
detector_node(int32 node_id)
{
	MemoryContext old;
	DetectorNode *node;
	ListCell   *lc;

	foreach(lc, detector_nodes)
	{
		node = lfirst(lc);
		if (node->node_id == node_id)
			return node;
	}
	old = MemoryContextSwitchTo(TopMemoryContext);
	node = palloc0(sizeof(DetectorNode));
	node->node_id = node_id;
	detector_nodes = lappend(detector_nodes, node);
	MemoryContextSwitchTo(old);
	return node;
}

/* Connect to the nodes that we are not connected to, at the same time. */
static void
connect_nodes(void)
{
	RemoteIdentity identity = {
		GetUserNameFromId(extension_owner(), false),
		get_database_name(MyDatabaseId),
		local_node_id(),
	};
	List	   *all = node_list();
	RemoteConnection **opening = palloc(sizeof(RemoteConnection *) * (list_length(all) + 1));
	DetectorNode **opened = palloc(sizeof(DetectorNode *) * (list_length(all) + 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, all)
	{
		const ClusterNode *known = lfirst(lc);
		DetectorNode *node = detector_node(known->address.node_id);

		if (known->is_local || node->conn != NULL || node->retry_at > GetCurrentTimestamp())
			continue;
		node->conn = opening[n] = remote_open(&known->address, &identity);
		opened[n++] = node;
	}
	if (n > 0)
		remote_connect(opening, n);
	for (int i = 0; i < n; i++)
	{
		if (remote_is_lost(opening[i]))
			give_up(opened[i]);
	}
}

/* One line per wait, in PostgreSQL's words. */
static char *
describe_cycle(List *cycle, bool queries)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, cycle)
	{
		const GraphRow *row = lfirst(lc);

		if (text.len > 0)
			appendStringInfoChar(&text, '\n');
		if (queries)
			appendStringInfo(&text, "Process %d of node %d: %s", row->pid, row->node_id,
							 row->query);
		else
			appendStringInfo(&text, "Process %d of node %d waits for %s on node %d; "
							 "blocked by process %d of node %d.",
							 row->waiter.pid, row->waiter.node_id, row->lock, row->node_id,
							 row->holder_session.pid, row->holder_session.node_id);
	}
	return text.data;
}

static void
receive_ended(RemoteRequest *request, PGresult *result)
{
	if (PQntuples(result) == 1)
		*(bool *) request->arg = PQgetvalue(result, 0, 0)[0] == 't';
	PQclear(result);
}

static bool
end_wait_there(DetectorNode *node, const GraphRow *victim, const char *detail)
{
	char	   *sql = psprintf("SELECT shardlite_internal.end_wait(%d, " INT64_FORMAT ", %s)",
							   victim->pid, victim->wait_start, quote_literal_cstr(detail));
	bool		ended = false;
	RemoteRequest *request = remote_send(node->conn, sql, NULL, 0, receive_ended, &ended);
	bool		answered = remote_drain(node->conn, remote_cancel_timeout);

	remote_release(request);
	if (!answered)
		give_up(node);
	return ended;
}

/*
 * The youngest session of the cycle fails, unless another node's detector was
 * faster.
 */
static void
end_cycle(List *cycle)
{
	const GraphRow *victim = linitial(cycle);
	char	   *detail = describe_cycle(cycle, false);
	bool		ended = false;

	if (victim->node_id == local_node_id())
		ended = end_wait(victim->pid, victim->wait_start, detail);
	else if (detector_node(victim->node_id)->conn != NULL)
		ended = end_wait_there(detector_node(victim->node_id), victim, detail);
	if (ended)
		ereport(LOG,
				(errmsg("deadlock over several nodes detected: process %d of node %d has to give up",
						victim->waiter.pid, victim->waiter.node_id),
				 errdetail_internal("%s\n%s", detail, describe_cycle(cycle, true))));
}

static bool
has_cycle(const WaitGraph *graph)
{
	WaitGraph	copy = {list_copy(graph->rows), graph->running};

	wait_graph_settle(&copy);
	return wait_graph_cycle(&copy) != NIL;
}

static void
detect(void)
{
	WaitGraph  *first;
	WaitGraph	graph;
	List	   *cycle;

	connect_nodes();
	first = look();
	if (!has_cycle(first))
		return;
	graph = wait_graph_both(first, look());
	wait_graph_settle(&graph);
	while ((cycle = wait_graph_cycle(&graph)) != NIL)
	{
		end_cycle(cycle);
		wait_graph_remove(&graph, &((GraphRow *) linitial(cycle))->waiter);
	}
}

/* One look in a transaction of its own. */
static void
run_detection(void)
{
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (OidIsValid(get_extension_oid("shardlite", true)))
	{
		SPI_connect();
		pgstat_report_activity(STATE_RUNNING, "looking for deadlocks over several nodes");
		detect();
		SPI_finish();
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* Half of it: two glances, and the wait is that old. */
static long
glance_interval(void)
{
	return Max(DeadlockTimeout / 2, 1);
}

/* Entry point of a detector for the database given. */
void
shardlite_deadlock_worker_main(Datum arg)
{
	DtxWatch   *watch;
	MemoryContext cxt;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);

	watch = MemoryContextAllocZero(TopMemoryContext, dtx_watch_size());
	cxt = AllocSetContextCreate(TopMemoryContext, "shardlite deadlock detector",
								ALLOCSET_DEFAULT_SIZES);
	(void) dtx_watch_stuck(watch);
	do
	{
		MemoryContextSwitchTo(cxt);
		run_detection();
		MemoryContextReset(cxt);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 glance_interval(), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		MemoryContextSwitchTo(cxt);
	} while (list_member_oid(dtx_watch_stuck(watch), MyDatabaseId));
}

/* ------------------------------------------------------------ the launcher */

typedef struct Detector
{
	Oid			database;
	BackgroundWorkerHandle *handle;
}			Detector;

/* Start one unless it is there; without a free slot the next glance tries again. */
static void
start_detector(List **detectors, Oid database)
{
	BackgroundWorker worker = {0};
	Detector   *detector;
	ListCell   *lc;
	pid_t		pid;

	foreach(lc, *detectors)
	{
		detector = lfirst(lc);
		if (detector->database != database)
			continue;
		if (GetBackgroundWorkerPid(detector->handle, &pid) != BGWH_STOPPED)
			return;
		pfree(detector->handle);
		pfree(detector);
		*detectors = foreach_delete_current(*detectors, lc);
	}
	snprintf(worker.bgw_name, BGW_MAXLEN, "shardlite deadlock detector");
	snprintf(worker.bgw_type, BGW_MAXLEN, "shardlite deadlock detector");
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "shardlite");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "shardlite_deadlock_worker_main");
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	detector = palloc(sizeof(Detector));
	detector->database = database;
	if (RegisterDynamicBackgroundWorker(&worker, &detector->handle))
		*detectors = lappend(*detectors, detector);
	else
		pfree(detector);
}

long
deadlock_watch(TimestampTz now)
{
	static DtxWatch *watch = NULL;
	static List *detectors = NIL;
	static TimestampTz next = 0;
	MemoryContext old;
	List	   *stuck;
	ListCell   *lc;

	if (!dtx_slots_watched())
		return -1;
	if (next > now && next <= TimestampTzPlusMilliseconds(now, glance_interval()))
		return TimestampDifferenceMilliseconds(now, next);
	old = MemoryContextSwitchTo(TopMemoryContext);
	if (watch == NULL)
		watch = palloc0(dtx_watch_size());
	stuck = dtx_watch_stuck(watch);
	foreach(lc, stuck)
		start_detector(&detectors, lfirst_oid(lc));
	list_free(stuck);
	MemoryContextSwitchTo(old);
	next = TimestampTzPlusMilliseconds(now, glance_interval());
	return glance_interval();
}
