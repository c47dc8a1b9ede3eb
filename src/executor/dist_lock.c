/*
 * dist_lock.c
 *		The ShardliteLock plan node: locks rows of its child on their shards and
 *		hands on those that it got.
 *
 * Rows are taken from the child in batches, never more than are certainly
 * wanted: with a LIMIT above those that it still lacks, of a cursor those that
 * FETCH asks for.  The locks of a batch are asked of all shards in one flight.
 * Rows that cannot be had are left out, and further candidates take their
 * place.  Who may wait must take locks in the order of the rows, or two who
 * want the same rows could wait for each other; so if a lock is not free, all
 * of the flight are given back, and the rows are locked one shard's after the
 * other's.
 *
 * A row that was changed between being read and being locked has a newer
 * version then.  As in LockRows, that one counts, if it still satisfies the
 * conditions: its shard reads it again with those that it evaluates, and the
 * child's plan is run for it alone (EvalPlanQual).  Below a join that is not
 * possible: the rows of the other tables are not there any more.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "compat/pg_compat.h"
#include "executor/dist_lock.h"
#include "executor/dist_scan.h"
#include "executor/executor.h"
#include "executor/row_identity.h"
#include "executor/row_lock.h"
#include "executor/shard_error.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define LOCK_SQL "SELECT shardlite_internal.lock_rows($1, $2, $3, $4, $5)"
#define LOCK_NPARAMS 5

/* Rows of a batch without a bound. */
#define BATCH_ROWS	1000

/* A table whose rows are locked. */
typedef struct LockMark
{
	DistTable  *table;
	AttrNumber	resno;			/* of its synthetic tid */
	LockClauseStrength strength;
	LockWaitPolicy policy;
}			LockMark;

/* Locks to be asked for in one flight. */
typedef struct LockFlight
{
	const LockMark *mark;
	LockWaitPolicy policy;		/* the mark's, or to see whether locks are free */
}			LockFlight;

/* A candidate row. */
typedef struct LockRow
{
	MinimalTuple tuple;			/* NULL: left out */
	bool		has_tid;		/* NULL: no row of the table, by an outer join */
	ItemPointerData tid;		/* of the table being locked, on its shard */
	ItemPointerData newest;		/* what was locked */
	bool		locked;
	RowPlace	place;
}			LockRow;

/* Rows of one place, locked by one fragment or here. */
typedef struct LockGroup
{
	RowPlace	place;
	Fragment   *fragment;		/* NULL: here */
	List	   *rows;			/* IntList: indexes */
}			LockGroup;

typedef struct DistLockState
{
	CustomScanState css;		/* must be first */
	const LockPlan *plan;		/* decoded; read-only */
	List	   *exprs;			/* ExprState of custom_exprs */
	PlanState  *child;
	StatementState *statement;
	LockMark   *marks;
	int			nmarks;
	TupleTableSlot *slot;		/* minimal; like the child's rows */

	MemoryContext batch_cxt;
	LockRow    *rows;			/* of the batch */
	int			nrows;
	int			at;				/* next row to be handed on */
	bool		child_over;
	bool		started;
	int64		wanted;			/* by the LIMIT above; -1: all */

	int64		nrequests;		/* for EXPLAIN ANALYZE */
}			DistLockState;

static Node *create_state(CustomScan *cscan);
static void begin_lock(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_lock(CustomScanState *node);
static void end_lock(CustomScanState *node);
static void rescan_lock(CustomScanState *node);
static void explain_lock(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomScanMethods lock_methods = {
	.CustomName = DIST_LOCK_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = DIST_LOCK_NAME,
	.BeginCustomScan = begin_lock,
	.ExecCustomScan = exec_lock,
	.EndCustomScan = end_lock,
	.ReScanCustomScan = rescan_lock,
	.ExplainCustomScan = explain_lock,
};

/* The running query that was asked for some rows only, by FETCH for example. */
static QueryDesc *fetching = NULL;
static uint64 fetch_count;

static ExecutorRun_hook_type next_executor_run;

static void
lock_executor_run(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
	QueryDesc  *outer = fetching;
	uint64		outer_count = fetch_count;

	fetching = count > 0 ? query : NULL;
	fetch_count = count;
	if (next_executor_run)
		next_executor_run(query, direction, count, once);
	else
		standard_ExecutorRun(query, direction, count, once);
	fetching = outer;
	fetch_count = outer_count;
}

void
dist_lock_init(void)
{
	RegisterCustomScanMethods(&lock_methods);
	next_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = lock_executor_run;
}

static Node *
create_state(CustomScan *cscan)
{
	DistLockState *state = palloc0(sizeof(DistLockState));

	NodeSetTag(state, T_CustomScanState);
	state->css.flags = cscan->flags;
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin_marks(DistLockState * state)
{
	const List *marks = state->plan->marks;

	state->nmarks = list_length(marks) / LOCK_FIELDS;
	state->marks = palloc0(sizeof(LockMark) * state->nmarks);
	for (int i = 0; i < state->nmarks; i++)
	{
		int			at = i * LOCK_FIELDS;

		state->marks[i].table = dist_table_get((Oid) list_nth_int(marks, at));
		state->marks[i].resno = list_nth_int(marks, at + 1);
		state->marks[i].strength = (LockClauseStrength) list_nth_int(marks, at + 2);
		state->marks[i].policy = (LockWaitPolicy) list_nth_int(marks, at + 3);
	}
}

static void
begin_lock(CustomScanState *node, EState *estate, int eflags)
{
	DistLockState *state = (DistLockState *) node;
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;

	state->plan = lock_plan_decode(cscan->custom_private);
	state->exprs = ExecInitExprList(cscan->custom_exprs, &node->ss.ps);
	state->child = ExecInitNode(linitial(cscan->custom_plans), estate,
								eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK));
	node->custom_ps = list_make1(state->child);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	begin_marks(state);
	state->statement = statement_state_get(estate);
	state->slot = MakeSingleTupleTableSlot(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
										   &TTSOpsMinimalTuple);
	state->batch_cxt = AllocSetContextCreate(estate->es_query_cxt, "shardlite rows to lock",
											 ALLOCSET_DEFAULT_SIZES);
}

/* ---- candidates ---- */

static int64
eval_count(ExprState *expr, ExprContext *econtext, int64 if_null)
{
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(expr, econtext, &isnull);

	return isnull ? if_null : Max(DatumGetInt64(value), 0);
}

/* How many rows does the LIMIT above take? */
static void
start(DistLockState * state)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	int64		skipped = 0;

	state->started = true;
	state->wanted = -1;
	if (!state->plan->bounded)
		return;
	state->wanted = eval_count(linitial(state->exprs), econtext, -1);
	if (state->plan->skips)
		skipped = eval_count(lsecond(state->exprs), econtext, 0);
	if (state->wanted > PG_INT64_MAX - skipped)
		state->wanted = -1;
	else if (state->wanted >= 0)
		state->wanted += skipped;
}

/* How many rows will certainly be asked for? */
static int64
batch_size(DistLockState * state)
{
	EState	   *estate = state->css.ss.ps.state;
	uint64		limit = BATCH_ROWS;

	if (state->plan->limited && !state->plan->bounded)
		return 1;
	if (fetching != NULL && fetching->estate == estate)
	{
		if (fetching->planstate != (PlanState *) state)
			return 1;
		limit = Min(limit, Max(fetch_count, estate->es_processed + 1) - estate->es_processed);
	}
	return state->wanted >= 0 ? Min(limit, (uint64) state->wanted) : limit;
}

/* Take the next candidates; false when there are none. */
static bool
read_batch(DistLockState * state)
{
	int64		limit = batch_size(state);
	Size		bytes = 0;
	MemoryContext old;

	MemoryContextReset(state->batch_cxt);
	state->nrows = state->at = 0;
	if (limit == 0)
		return false;
	state->rows = MemoryContextAllocZero(state->batch_cxt, sizeof(LockRow) * limit);
	while (!state->child_over && state->nrows < limit && bytes < work_mem * (Size) 1024)
	{
		TupleTableSlot *slot = ExecProcNode(state->child);

		if (TupIsNull(slot))
		{
			state->child_over = true;
			break;
		}
		old = MemoryContextSwitchTo(state->batch_cxt);
		state->rows[state->nrows].tuple = ExecCopySlotMinimalTuple(slot);
		bytes += state->rows[state->nrows++].tuple->t_len;
		MemoryContextSwitchTo(old);
	}
	return state->nrows > 0;
}

/* ---- locks ---- */

/* Find out where the batch's rows of the mark's table are. */
static void
find_rows(DistLockState * state, const LockMark * mark)
{
	for (int i = 0; i < state->nrows; i++)
	{
		LockRow    *row = &state->rows[i];
		bool		isnull = true;
		Datum		tid = (Datum) 0;

		if (row->tuple != NULL)
		{
			ExecStoreMinimalTuple(row->tuple, state->slot, false);
			tid = slot_getattr(state->slot, mark->resno, &isnull);
		}
		row->has_tid = !isnull;
		if (isnull)
			continue;
		row->tid = *(ItemPointer) DatumGetPointer(tid);
		row->place = row_identity_decode(state->statement, &row->tid);
	}
}

/*
 * Group rows, from the one at *first on, by their place.  together: all of
 * the batch; else only one group, as far as the same place follows.
 */
static List *
make_groups(DistLockState * state, int *first, bool together)
{
	List	   *groups = NIL;

	for (; *first < state->nrows; (*first)++)
	{
		LockRow    *row = &state->rows[*first];
		LockGroup  *group = NULL;
		ListCell   *lc;

		if (!row->has_tid)
			continue;
		foreach(lc, groups)
		{
			LockGroup  *other = lfirst(lc);

			if (other->place.shard_index == row->place.shard_index &&
				other->place.leaf == row->place.leaf)
				group = other;
		}
		if (group == NULL)
		{
			if (groups != NIL && !together)
				break;
			group = palloc0(sizeof(LockGroup));
			group->place = row->place;
			groups = lappend(groups, group);
		}
		group->rows = lappend_int(group->rows, *first);
	}
	return groups;
}

static FragmentParams *
lock_params(DistLockState * state, const LockFlight * flight, const LockGroup * group,
			const char *table)
{
	static const Oid types[LOCK_NPARAMS] = {TEXTOID, OIDOID, TIDARRAYOID, INT4OID, INT4OID};
	FragmentParams *params = fragment_params_create(LOCK_NPARAMS);
	Datum	   *tids = palloc(sizeof(Datum) * list_length(group->rows));
	ListCell   *lc;

	foreach(lc, group->rows)
		tids[foreach_current_index(lc)] = PointerGetDatum(&state->rows[lfirst_int(lc)].tid);
	memcpy(params->types, types, sizeof(types));
	params->values[0] = CStringGetTextDatum(table);
	params->values[1] = ObjectIdGetDatum(group->place.leaf);
	params->values[2] = PointerGetDatum(construct_array(tids, list_length(group->rows), TIDOID,
														sizeof(ItemPointerData), false,
														TYPALIGN_SHORT));
	params->values[3] = Int32GetDatum(flight->mark->strength);
	params->values[4] = Int32GetDatum(flight->policy);
	return params;
}

/* Ask the shards of other nodes. */
static void
add_fragments(DistLockState * state, FragmentRun * run, const LockFlight * flight, List *groups)
{
	DistTable  *table = flight->mark->table;
	ListCell   *lc;

	foreach(lc, groups)
	{
		LockGroup  *group = lfirst(lc);
		const Shard *shard = &table->group->shards[group->place.shard_index];
		char	   *name = shard_table_qualified_name(table, shard->shard_id);

		if (shard->node_id == local_node_id())
			continue;
		group->fragment = fragment_run_add(run, shard->node_id, group->place.shard_index,
										   LOCK_SQL, lock_params(state, flight, group, name));
		group->fragment->prepare = true;
		fragment_set_shard(group->fragment, list_make1_oid(table->relid), shard->shard_id, true);
		state->nrequests++;
	}
}

/* Lock the rows of a shard of this server. */
static void
lock_here(DistLockState * state, const LockFlight * flight, const LockGroup * group)
{
	DistTable  *table = flight->mark->table;
	const Shard *shard = &table->group->shards[group->place.shard_index];
	char	   *name = shard_table_qualified_name(table, shard->shard_id);
	RemoteRename *rename = shard_rename_create(list_make1_oid(table->relid), shard->shard_id, true);
	ListCell   *lc;

	PG_TRY();
	{
		foreach(lc, group->rows)
		{
			LockRow    *row = &state->rows[lfirst_int(lc)];

			row->newest = row->tid;
			row->locked = row_lock(name, group->place.leaf, &row->newest, flight->mark->strength,
								   flight->policy, state->css.ss.ps.state->es_snapshot);
		}
	}
	PG_CATCH();
	{
		shard_error_rethrow(rename);
	}
	PG_END_TRY();
}

/* Take a node's answer. */
static void
take_answer(DistLockState * state, const LockGroup * group, TupleTableSlot *slot)
{
	Datum	   *tids;
	bool	   *nulls;
	int			count;
	bool		isnull;
	ListCell   *lc;

	if (!fragment_next(group->fragment, slot))
		elog(ERROR, "a node did not say which rows it has locked");
	deconstruct_array(DatumGetArrayTypeP(slot_getattr(slot, 1, &isnull)), TIDOID,
					  sizeof(ItemPointerData), false, TYPALIGN_SHORT, &tids, &nulls, &count);
	if (count != list_length(group->rows))
		elog(ERROR, "a node locked %d rows instead of %d", count, list_length(group->rows));
	foreach(lc, group->rows)
	{
		LockRow    *row = &state->rows[lfirst_int(lc)];
		int			i = foreach_current_index(lc);

		row->locked = !nulls[i];
		if (row->locked)
			row->newest = *(ItemPointer) DatumGetPointer(tids[i]);
	}
	while (fragment_next(group->fragment, slot))
		;
}

/* Ask for the locks of some groups at once. */
static void
fly(DistLockState * state, const LockFlight * flight, List *groups)
{
	TupleDesc	desc = CreateTemplateTupleDesc(1);
	TupleTableSlot *slot;
	FragmentRun *run;
	ListCell   *lc;

	TupleDescInitEntry(desc, 1, NULL, TIDARRAYOID, -1, 0);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	run = fragment_run_create(state->batch_cxt, state->css.ss.ps.state,
							  row_map_create(desc, NIL, InvalidOid, NIL, false, false),
							  DIST_ACCESS_WRITE);
	add_fragments(state, run, flight, groups);
	fragment_run_flush(run);
	foreach(lc, groups)
	{
		if (((LockGroup *) lfirst(lc))->fragment == NULL)
			lock_here(state, flight, lfirst(lc));
	}
	foreach(lc, groups)
	{
		if (((LockGroup *) lfirst(lc))->fragment != NULL)
			take_answer(state, lfirst(lc), slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	fragment_run_end(run);
}

static bool
all_locked(const DistLockState * state)
{
	for (int i = 0; i < state->nrows; i++)
	{
		if (state->rows[i].has_tid && !state->rows[i].locked)
			return false;
	}
	return true;
}

/* Take the locks if all are free; else none. */
static bool
lock_if_free(DistLockState * state, const LockMark * mark, List *groups)
{
	LockFlight	flight = {mark, LockWaitSkip};
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool		free;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(old);
	fly(state, &flight, groups);
	free = all_locked(state);
	if (free)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return free;
}

/* Lock the batch's rows of one table. */
static void
lock_rows(DistLockState * state, const LockMark * mark)
{
	LockFlight	flight = {mark, mark->policy};
	int			first = 0;
	List	   *groups;

	find_rows(state, mark);
	groups = make_groups(state, &first, true);
	if (list_length(groups) == 1 || mark->policy != LockWaitBlock)
		fly(state, &flight, groups);
	else if (groups != NIL && !lock_if_free(state, mark, groups))
	{
		first = 0;
		while ((groups = make_groups(state, &first, false)) != NIL)
			fly(state, &flight, groups);
	}
}

/* ---- rows that have changed ---- */

/* The scan of the only table, which can read a row again; NULL below joins. */
static DistScanState *
refetching_scan(PlanState *node)
{
	while (node != NULL && !IsA(node, CustomScanState))
		node = outerPlanState(node);
	if (node == NULL || !is_dist_scan((CustomScan *) node->plan))
		return NULL;
	return ((DistScanState *) node)->plan->refetch.pieces != NIL ? (DistScanState *) node : NULL;
}

/* The child's row for the one that scan has read again; NULL: none. */
static TupleTableSlot *
run_for_one_row(DistScanState * scan, EPQState *epq)
{
	TupleTableSlot *volatile slot = NULL;

	EvalPlanQualBegin(epq);
	dist_scan_substitute(scan, epq);
	PG_TRY();
	{
		slot = EvalPlanQualNext(epq);
	}
	PG_FINALLY();
	{
		dist_scan_substitute(scan, NULL);
	}
	PG_END_TRY();
	return slot;
}

/* Replace a row by what its newest version makes of it. */
static void
take_new_version(DistLockState * state, LockRow * row)
{
	DistScanState *scan = refetching_scan(state->child);
	TupleTableSlot *slot;
	EPQState	epq;
	MemoryContext old;

	if (scan == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errdetail("A row that this statement locks below a join was changed meanwhile."),
				 errhint("Retry the transaction.")));
	row->tuple = NULL;
	if (!dist_scan_refetch(scan, row->place, &row->newest))
		return;
	compat_eval_plan_qual_init(&epq, state->css.ss.ps.state, state->child->plan,
							   state->plan->epq_param);
	slot = run_for_one_row(scan, &epq);
	old = MemoryContextSwitchTo(state->batch_cxt);
	if (!TupIsNull(slot))
		row->tuple = ExecCopySlotMinimalTuple(slot);
	MemoryContextSwitchTo(old);
	EvalPlanQualEnd(&epq);
}

/* ---- rows on their way out ---- */

static void
lock_batch(DistLockState * state)
{
	for (int i = 0; i < state->nmarks; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(state->batch_cxt);

		lock_rows(state, &state->marks[i]);
		MemoryContextSwitchTo(old);
		for (int j = 0; j < state->nrows; j++)
		{
			LockRow    *row = &state->rows[j];

			if (row->has_tid && !row->locked)
				row->tuple = NULL;
			else if (row->has_tid && !ItemPointerEquals(&row->tid, &row->newest))
				take_new_version(state, row);
		}
	}
}

/* ExecScan's access method. */
static TupleTableSlot *
next_row(ScanState *node)
{
	DistLockState *state = (DistLockState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	int			natts = slot->tts_tupleDescriptor->natts;

	ExecClearTuple(slot);
	if (!state->started)
		start(state);
	for (;;)
	{
		while (state->at < state->nrows)
		{
			LockRow    *row = &state->rows[state->at++];

			if (row->tuple == NULL)
				continue;
			if (state->wanted > 0)
				state->wanted--;
			ExecStoreMinimalTuple(row->tuple, state->slot, false);
			slot_getallattrs(state->slot);
			memcpy(slot->tts_values, state->slot->tts_values, sizeof(Datum) * natts);
			memcpy(slot->tts_isnull, state->slot->tts_isnull, sizeof(bool) * natts);
			return ExecStoreVirtualTuple(slot);
		}
		if (!read_batch(state))
			return slot;
		lock_batch(state);
	}
}

/* Other tables' rows may be checked again above; what was locked is still there. */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	dist_scan_cannot_recheck();
	return false;
}

static TupleTableSlot *
exec_lock(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static void
rescan_lock(CustomScanState *node)
{
	DistLockState *state = (DistLockState *) node;

	state->started = false;
	state->child_over = false;
	state->nrows = state->at = 0;
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(state->child, node->ss.ps.chgParam);
	if (state->child->chgParam == NULL)
		ExecReScan(state->child);
	ExecScanReScan(&node->ss);
}

static void
end_lock(CustomScanState *node)
{
	DistLockState *state = (DistLockState *) node;

	ExecEndNode(state->child);
	if (state->slot != NULL)
		ExecDropSingleTupleTableSlot(state->slot);
}

static void
explain_lock(CustomScanState *node, List *ancestors, ExplainState *es)
{
	DistLockState *state = (DistLockState *) node;

	if (es->analyze)
		ExplainPropertyInteger("Lock Requests", NULL, state->nrequests, es);
}
