/*
 * statistics_launch.c
 *		Starts the workers that keep statistics up to date
 *		(commands/statistics_refresh.c).
 *
 * Every interval each database gets a worker, one after the other, as
 * autovacuum does it; nobody waits for them.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "transaction/statistics_launch.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

static int	statistics_interval;

/* State of the launcher's process. */
static TimestampTz last_round = 0;
static List *pending = NIL;		/* databases of this round that are yet to come */
static BackgroundWorkerHandle *running = NULL;

static void
start_worker(Oid database)
{
	BackgroundWorker worker = {0};

	snprintf(worker.bgw_name, BGW_MAXLEN, "shardlite statistics");
	snprintf(worker.bgw_type, BGW_MAXLEN, "shardlite statistics");
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "shardlite");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "shardlite_statistics_worker_main");
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	/* without a free slot: in the next round */
	if (!RegisterDynamicBackgroundWorker(&worker, &running))
		running = NULL;
}

static bool
worker_is_running(void)
{
	pid_t		pid;

	if (running == NULL)
		return false;
	if (GetBackgroundWorkerPid(running, &pid) != BGWH_STOPPED)
		return true;
	pfree(running);
	running = NULL;
	return false;
}

long
statistics_watch(TimestampTz now, List *(*databases) (void))
{
	long		left;

	if (worker_is_running())
		return -1;
	if (statistics_interval == 0)
	{
		list_free(pending);
		pending = NIL;
		return -1;
	}
	left = statistics_interval * 1000L - TimestampDifferenceMilliseconds(last_round, now);
	if (pending == NIL && left > 0)
		return left;
	if (pending == NIL)
	{
		pending = databases();
		last_round = now;
	}
	while (pending != NIL && running == NULL)
	{
		start_worker(linitial_oid(pending));
		pending = list_delete_first(pending);
	}
	return running ? -1 : statistics_interval * 1000L;
}

void
statistics_launch_init(void)
{
	DefineCustomIntVariable("shardlite.statistics_interval",
							"Time between looks at what autovacuum found out about shards.",
							"0 turns them off.",
							&statistics_interval,
							60, 0, INT_MAX / 1000, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
}
