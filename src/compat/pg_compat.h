/*
 * pg_compat.h
 *		What differs between the PostgreSQL versions that we build on.
 */
#ifndef SHARDLITE_PG_COMPAT_H
#define SHARDLITE_PG_COMPAT_H

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "storage/latch.h"
#include "utils/guc_tables.h"
#if PG_VERSION_NUM >= 170000
#include "storage/waiteventset.h"
#endif

/* All nodes of a cluster run the same one. */
#define SERVER_MAJOR_VERSION PG_MAJORVERSION_NUM

/* 17: event sets belong to a resource owner instead of a context; NULL = none. */
#if PG_VERSION_NUM >= 170000
#define compat_create_wait_event_set(nevents) CreateWaitEventSet(NULL, nevents)
#else
#define compat_create_wait_event_set(nevents) CreateWaitEventSet(TopMemoryContext, nevents)
#endif

/* 16: the settings live in a hash table and are returned as a palloc'd array. */
static inline struct config_generic **
compat_guc_variables(int *count)
{
#if PG_VERSION_NUM >= 160000
	return get_guc_variables(count);
#else
	*count = GetNumConfigOptions();
	return get_guc_variables();
#endif
}

/*
 * What now() returns in this transaction.  PostgreSQL lets only parallel
 * workers set it; nothing can fail while we pose as one.
 */
static inline void
compat_set_transaction_time(TimestampTz time)
{
	int			number = ParallelWorkerNumber;
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	ParallelWorkerNumber = 0;
	SetParallelStartTimestamps(time, statement);
	ParallelWorkerNumber = number;
}

/* Prepare to run a plan again for one row.  16 wants the result relations, too. */
static inline void
compat_eval_plan_qual_init(EPQState *epq, EState *estate, Plan *plan, int param)
{
#if PG_VERSION_NUM >= 160000
	EvalPlanQualInit(epq, estate, plan, NIL, param, NIL);
#else
	EvalPlanQualInit(epq, estate, plan, NIL, param);
#endif
}

#endif							/* SHARDLITE_PG_COMPAT_H */
