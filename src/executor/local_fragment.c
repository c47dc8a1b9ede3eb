/*
 * local_fragment.c
 *		Runs fragments on shards of this server, without a connection.
 *
 * The fragment is a query of its own below the statement's: its own EState and
 * plan, but the statement's snapshot.  Rows that the statement itself writes
 * carry the current command id and so stay invisible to it, as on one server;
 * what earlier statements of the transaction wrote is visible.  What it writes is
 * of the command that began the statement, though functions have run others since.
 *
 * In READ COMMITTED a row that was found by locking it may have come after that
 * snapshot.  So a fragment that writes such rows, named by their ctid, takes a
 * new one, as it would on another node, with the statement's command id.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "executor/local_fragment.h"
#include "executor/local_plan.h"
#include "executor/shard_error.h"
#include "executor/tstoreReceiver.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

struct LocalFragment
{
	MemoryContext cxt;			/* child of the creator's context */
	const RemoteRename *rename;
	CachedPlan *plan;			/* counted for owner */
	ResourceOwner owner;
	QueryDesc  *query;			/* NULL once it is over */
	Tuplestorestate *rows;		/* of a fragment that ran to its end */
	TupleTableSlot *slot;		/* reads rows */
	uint64		affected;
};

static void
end_query(LocalFragment * fragment)
{
	if (fragment->query != NULL)
	{
		QueryDesc  *query = fragment->query;

		fragment->query = NULL;
		if (!query->estate->es_finished)
			ExecutorFinish(query);
		ExecutorEnd(query);
		FreeQueryDesc(query);
	}
	if (fragment->plan != NULL)
	{
		ReleaseCachedPlan(fragment->plan, fragment->owner);
		fragment->plan = NULL;
	}
}

/* Run a command with side effects to its end, keeping what it returns. */
static void
run_to_end(LocalFragment * fragment)
{
	QueryDesc  *query = fragment->query;
	DestReceiver *dest = None_Receiver;
	PlannedStmt *stmt = query->plannedstmt;

	if (stmt->commandType == CMD_SELECT || stmt->hasReturning)
	{
		fragment->rows = tuplestore_begin_heap(false, false, work_mem);
		dest = CreateDestReceiver(DestTuplestore);
		SetTuplestoreDestReceiverParams(dest, fragment->rows, fragment->cxt,
										false, NULL, NULL);
	}
	query->dest = dest;
	ExecutorRun(query, ForwardScanDirection, 0, true);
	ExecutorFinish(query);
	fragment->affected = query->estate->es_processed;
	if (fragment->rows != NULL)
	{
		fragment->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(query->tupDesc),
												  &TTSOpsMinimalTuple);
		dest->rDestroy(dest);
	}
	end_query(fragment);
}

/* The latest snapshot, before what the statement that outer executes has written. */
static void
push_snapshot_of_locked(EState *outer)
{
	PushCopiedSnapshot(GetLatestSnapshot());
	GetActiveSnapshot()->curcid = outer->es_snapshot->curcid;
}

static QueryDesc *
create_query(PlannedStmt *stmt, const char *sql, FragmentParams * params, EState *outer,
			 bool writes_locked)
{
	Snapshot	snapshot = outer->es_snapshot;
	QueryDesc  *query;

	writes_locked = writes_locked && !IsolationUsesXactSnapshot();
	if (writes_locked)
	{
		push_snapshot_of_locked(outer);
		snapshot = GetActiveSnapshot();
	}
	query = CreateQueryDesc(stmt, sql, snapshot, outer->es_crosscheck_snapshot, None_Receiver,
							fragment_params_list(params), NULL, 0);
	if (writes_locked)
		PopActiveSnapshot();
	return query;
}

static bool
statement_writes(const EState *outer)
{
	return outer->es_plannedstmt->commandType != CMD_SELECT ||
		outer->es_plannedstmt->hasModifyingCTE;
}

static void
start_query(LocalFragment * fragment, const char *sql, FragmentParams * params,
			EState *outer, bool writes_locked)
{
	PlannedStmt *stmt;

	fragment->plan = local_plan_get(sql, params ? params->count : 0,
									params ? params->types : NULL,
									fragment_params_list(params), &fragment->owner);
	if (list_length(fragment->plan->stmt_list) != 1)
		elog(ERROR, "fragment was rewritten to %d statements",
			 list_length(fragment->plan->stmt_list));
	stmt = linitial_node(PlannedStmt, fragment->plan->stmt_list);
	fragment->query = create_query(stmt, sql, params, outer, writes_locked);
	ExecutorStart(fragment->query, 0);
	if (stmt->commandType != CMD_SELECT && statement_writes(outer))
		fragment->query->estate->es_output_cid = outer->es_output_cid;
	if (stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE)
		run_to_end(fragment);
}

LocalFragment *
local_fragment_start(const char *sql, const RemoteRename * rename, FragmentParams * params,
					 EState *outer, bool writes_locked)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "shardlite local fragment",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	LocalFragment *fragment = palloc0(sizeof(LocalFragment));

	fragment->cxt = cxt;
	fragment->rename = rename;
	PG_TRY();
	{
		start_query(fragment, sql, params, outer, writes_locked);
	}
	PG_CATCH();
	{
		shard_error_rethrow(rename);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return fragment;
}

/* One row of a running SELECT; NULL at the end. */
static TupleTableSlot *
fetch_row(QueryDesc *query)
{
	EState	   *estate = query->estate;
	TupleTableSlot *slot;

	ResetPerTupleExprContext(estate);
	slot = ExecProcNode(query->planstate);
	if (TupIsNull(slot))
		return NULL;
	if (estate->es_junkFilter != NULL)
		slot = ExecFilterJunk(estate->es_junkFilter, slot);
	estate->es_processed++;
	return slot;
}

TupleTableSlot *
local_fragment_next(LocalFragment * fragment)
{
	volatile MemoryContext old;
	TupleTableSlot *volatile slot = NULL;

	if (fragment->rows != NULL)
		return tuplestore_gettupleslot(fragment->rows, true, false, fragment->slot) ?
			fragment->slot : NULL;
	if (fragment->query == NULL)
		return NULL;
	old = MemoryContextSwitchTo(fragment->query->estate->es_query_cxt);
	PG_TRY();
	{
		slot = fetch_row(fragment->query);
	}
	PG_CATCH();
	{
		shard_error_rethrow(fragment->rename);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	if (slot == NULL)
	{
		fragment->affected = fragment->query->estate->es_processed;
		end_query(fragment);
	}
	return slot;
}

bool
local_fragment_is_over(const LocalFragment * fragment)
{
	return fragment->query == NULL;
}

uint64
local_fragment_affected(const LocalFragment * fragment)
{
	return fragment->affected;
}

void
local_fragment_end(LocalFragment * fragment)
{
	end_query(fragment);
	if (fragment->rows != NULL)
		tuplestore_end(fragment->rows);
	if (fragment->slot != NULL)
		ExecDropSingleTupleTableSlot(fragment->slot);
	MemoryContextDelete(fragment->cxt);
}
