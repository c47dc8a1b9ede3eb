/*
 * launcher.c
 *		The one background process that is always there.  It starts workers: for
 *		recovery passes (recovery_worker.c), one after the other, for detecting
 *		deadlocks (deadlock.c), as soon as one is needed, and for statistics
 *		(statistics_launch.c).
 *
 * All databases get a pass when it starts and every FULL_SCAN_INTERVAL, in
 * between those that had two-phase commits; at once when a commit could not
 * finish its second phase.
 */
#include "postgres.h"

#include <limits.h>

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "transaction/deadlock.h"
#include "transaction/dtx_slots.h"
#include "transaction/recovery.h"
#include "transaction/statistics_launch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Milliseconds between looks at every database. */
#define FULL_SCAN_INTERVAL (5 * 60 * 1000)

PGDLLEXPORT void shardlite_launcher_main(Datum arg);

static int	recovery_interval;

/* Databases that one can connect to; in the current context. */
static List *
list_databases(void)
{
	MemoryContext cxt = CurrentMemoryContext;
	List	   *databases = NIL;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old = MemoryContextSwitchTo(cxt);

		if (form->datallowconn)
			databases = lappend_oid(databases, form->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(cxt);
	return databases;
}

/*
 * Do what cannot wait, until this worker has ended, or (NULL) until it is
 * time for another round.
 */
static void
launcher_wait(BackgroundWorkerHandle *handle)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													recovery_interval * INT64CONST(1000));

	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		timeout = deadlock_watch(now);
		long		statistics = statistics_watch(now, list_databases);
		pid_t		pid;

		if (statistics >= 0 && (timeout < 0 || statistics < timeout))
			timeout = statistics;

		if (handle != NULL)
		{
			if (GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED)
				return;
		}
		else
		{
			long		left = TimestampDifferenceMilliseconds(now, until);

			if (left <= 0 || dtx_slots_take_urgent())
				return;
			if (timeout < 0 || left < timeout)
				timeout = left;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
						 (timeout >= 0 ? WL_TIMEOUT : 0), timeout, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}

/* Run one pass over a database and wait until it is over. */
static void
run_worker(Oid database)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	snprintf(worker.bgw_name, BGW_MAXLEN, "shardlite recovery");
	snprintf(worker.bgw_type, BGW_MAXLEN, "shardlite recovery");
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "shardlite");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "shardlite_recovery_worker_main");
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;

	/* Without a free slot, or when the pass fails: again in the next round. */
	dtx_slots_set_pass_complete(false);
	if (RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		launcher_wait(handle);
		pfree(handle);
	}
	if (!dtx_slots_pass_complete())
		dtx_slots_note_database(database);
}

/* Look at every database, or at those with something to do. */
static void
run_round(bool all)
{
	List	   *databases = list_databases();
	Oid			noted[64];
	int			n = 0;
	ListCell   *lc;

	/* Take the notes first: a pass may make new ones, for the next round. */
	while (n < lengthof(noted) && OidIsValid(noted[n] = dtx_slots_next_database()))
		n++;
	foreach(lc, databases)
	{
		bool		wanted = all;

		for (int i = 0; i < n && !wanted; i++)
			wanted = (noted[i] == lfirst_oid(lc));
		if (wanted)
			run_worker(lfirst_oid(lc));
		CHECK_FOR_INTERRUPTS();
	}
	list_free(databases);
}

/* Entry point. */
void
shardlite_launcher_main(Datum arg)
{
	TimestampTz last_full = 0;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	dtx_slots_register_launcher();

	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		bool		all = dtx_slots_take_scan_all() ||
			TimestampDifferenceExceeds(last_full, now, FULL_SCAN_INTERVAL);

		if (all)
			last_full = now;
		run_round(all);
		launcher_wait(NULL);
	}
}

void
launcher_init(void)
{
	BackgroundWorker launcher = {0};

	DefineCustomIntVariable("shardlite.recovery_interval",
							"Time between looks at distributed transactions that crashes left.",
							NULL,
							&recovery_interval,
							10, 1, INT_MAX / 1000, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	statistics_launch_init();

	snprintf(launcher.bgw_name, BGW_MAXLEN, "shardlite launcher");
	snprintf(launcher.bgw_type, BGW_MAXLEN, "shardlite launcher");
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = 5;
	snprintf(launcher.bgw_library_name, BGW_MAXLEN, "shardlite");
	snprintf(launcher.bgw_function_name, BGW_MAXLEN, "shardlite_launcher_main");
	RegisterBackgroundWorker(&launcher);
}
