/*
 * shardlite.c
 *		Entry point of the library: the ordered list of module initialisers.
 */
#include "postgres.h"

#include "commands/distribute.h"
#include "commands/utility_hook.h"
#include "common/fault_point.h"
#include "common/node_session.h"
#include "executor/executor_init.h"
#include "fmgr.h"
#include "metadata/dist_table.h"
#include "miscadmin.h"
#include "planner/planner_hook.h"
#include "remote/connection.h"
#include "transaction/context.h"
#include "transaction/dist_xact.h"
#include "transaction/recovery.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

PG_FUNCTION_INFO_V1(shardlite_check_preloaded);

static bool preloaded = false;

/*
 * Every module defines its settings and installs its hooks in its own
 * x_init(); this function only fixes the order.  Without preloading we stay
 * inert, and CREATE EXTENSION says what to set.
 */
void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	preloaded = true;

	fault_point_init();
	node_session_init();
	/* before dist_xact_init(), whose count of nested statements includes ours */
	utility_hook_init();
	remote_init();
	context_init();
	dist_xact_init();
	launcher_init();
	dist_table_cache_init();
	colocation_init();
	planner_init();
	shardlite_executor_init();
}

/* SQL: error unless the library came in through shared_preload_libraries. */
Datum
shardlite_check_preloaded(PG_FUNCTION_ARGS)
{
	if (!preloaded)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("shardlite must be loaded through shared_preload_libraries"),
				 errhint("Add shardlite to shared_preload_libraries in postgresql.conf and restart the server.")));
	PG_RETURN_VOID();
}
