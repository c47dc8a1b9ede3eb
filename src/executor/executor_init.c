/*
 * executor_init.c
 *		Start of this folder's modules.
 */
#include "postgres.h"

#include "executor/dist_batch.h"
#include "executor/dist_call.h"
#include "executor/dist_lock.h"
#include "executor/dist_modify.h"
#include "executor/dist_scan.h"
#include "executor/executor_init.h"
#include "executor/fragment_spread.h"
#include "executor/row_pack.h"
#include "executor/row_store.h"
#include "executor/scan_cache.h"

void
shardlite_executor_init(void)
{
	dist_batch_init();
	dist_call_init();
	dist_scan_init();
	fragment_spread_init();
	dist_modify_init();
	dist_lock_init();
	row_pack_init();
	row_store_stats_init();
	scan_cache_init();
}
