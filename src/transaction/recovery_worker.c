/*
 * recovery_worker.c
 *		Background process: one recovery pass over one database.
 *
 * It does not stay, because as long as it is connected its database could not
 * be dropped.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "tcop/tcopprot.h"
#include "transaction/dtx_slots.h"
#include "transaction/recovery.h"
#include "utils/snapmgr.h"

PGDLLEXPORT void shardlite_recovery_worker_main(Datum arg);

/* Entry point of a worker: one pass over the database given. */
void
shardlite_recovery_worker_main(Datum arg)
{
	Oid			database = DatumGetObjectId(arg);
	RecoveryLeft left = RECOVERY_COMPLETE;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (OidIsValid(get_extension_oid("shardlite", true)))
	{
		pgstat_report_activity(STATE_RUNNING, "recovering distributed transactions");
		(void) recovery_pass(&left);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
	dtx_slots_set_pass_complete(left == RECOVERY_COMPLETE);
}
