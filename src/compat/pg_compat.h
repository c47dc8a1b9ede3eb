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
#if PG_VERSION_NUM >= 160000
#include "parser/parse_relation.h"
#endif
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

/*
 * Let a plan run apart from its statement, with the relations that this one has
 * open.  16 has privileges and 18 the relations that are not pruned besides.
 */
static inline void
compat_share_relations(EState *estate, EState *parent)
{
	estate->es_range_table = parent->es_range_table;
	estate->es_range_table_size = parent->es_range_table_size;
	estate->es_relations = parent->es_relations;
#if PG_VERSION_NUM >= 160000
	estate->es_rteperminfos = parent->es_rteperminfos;
#endif
#if PG_VERSION_NUM >= 180000
	estate->es_part_prune_infos = parent->es_part_prune_infos;
	estate->es_part_prune_states = parent->es_part_prune_states;
	estate->es_part_prune_results = parent->es_part_prune_results;
	estate->es_unpruned_relids = parent->es_unpruned_relids;
#endif
}

/*
 * Make a table the only one of a range table, as if written by a statement that gives
 * values to these columns.  16 wants privileges and 18 the relations that are not pruned besides.
 */
static inline void
compat_init_written_table(EState *estate, Oid relid, Bitmapset *given)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
#if PG_VERSION_NUM >= 160000
	List	   *infos = NIL;
#endif

	rte->rtekind = RTE_RELATION;
	rte->relid = relid;
#if PG_VERSION_NUM >= 160000
	addRTEPermissionInfo(&infos, rte)->insertedCols = given;
#else
	rte->insertedCols = given;
#endif
#if PG_VERSION_NUM >= 180000
	ExecInitRangeTable(estate, list_make1(rte), infos, bms_make_singleton(1));
#elif PG_VERSION_NUM >= 160000
	ExecInitRangeTable(estate, list_make1(rte), infos);
#else
	ExecInitRangeTable(estate, list_make1(rte));
#endif
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
