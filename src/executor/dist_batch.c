/*
 * dist_batch.c
 *		The ShardliteBatch plan node: rows read ahead for the sake of their keys.
 *
 * Scans below a SubPlan, or below the inner side of a nested loop, run once per row
 * of ours, with parameters computed from it.  Rows are read in batches, the parameters
 * of all of them are sent at once (key_cache.c), and then the rows are handed
 * out as if nothing had happened.  The first batch is one row and each is twice
 * the one before, so that a LIMIT costs no more than twice what it needs.
 *
 * Rows that are read ahead may never be asked for.  That makes a difference only
 * if an error or an effect comes with them: plans with effects have no such
 * node, and where errors are possible it reads ahead only if it is certain
 * that all rows will be read.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/dist_batch.h"
#include "executor/executor.h"
#include "executor/flight.h"
#include "executor/key_cache.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Most rows of a batch. */
#define MAX_ROWS	256

static Node *create_state(CustomScan *cscan);
static void begin_batch(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_batch(CustomScanState *node);
static void end_batch(CustomScanState *node);
static void rescan_batch(CustomScanState *node);
static void explain_batch(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomScanMethods scan_methods = {
	.CustomName = DIST_BATCH_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = DIST_BATCH_NAME,
	.BeginCustomScan = begin_batch,
	.ExecCustomScan = exec_batch,
	.EndCustomScan = end_batch,
	.ReScanCustomScan = rescan_batch,
	.ExplainCustomScan = explain_batch,
};

void
dist_batch_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}

static Node *
create_state(CustomScan *cscan)
{
	DistBatchState *state = palloc0(sizeof(DistBatchState));

	NodeSetTag(state, T_CustomScanState);
	state->css.flags = cscan->flags;
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin_batch(CustomScanState *node, EState *estate, int eflags)
{
	DistBatchState *state = (DistBatchState *) node;
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;

	eflags &= ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
	state->plan = batch_plan_decode(cscan->custom_private);
	state->exprs = ExecInitExprList(cscan->custom_exprs, &node->ss.ps);
	outerPlanState(node) = ExecInitNode(outerPlan(cscan), estate, eflags);
	state->cxt = AllocSetContextCreate(estate->es_query_cxt, "shardlite rows ahead",
									   ALLOCSET_DEFAULT_SIZES);
	state->rows = palloc(sizeof(MinimalTuple) * MAX_ROWS);
	state->slot = MakeSingleTupleTableSlot(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
										   &TTSOpsMinimalTuple);
	state->size = 1;
}

/* ---- keys ---- */

/* Those of the statement's scans that are named and worth a batch. */
static List *
useful_scans(StatementState * statement, List *ids)
{
	List	   *scans = NIL;
	ListCell   *lc;

	foreach(lc, statement->scans)
	{
		DistScanState *scan = lfirst(lc);

		if (list_member_int(ids, scan->css.ss.ps.plan->plan_node_id) && key_cache_useful(scan))
			scans = lappend(scans, scan);
	}
	return scans;
}

/* The scans that the plan names, as far as batches are worth it. */
static void
find_scans(DistBatchState * state)
{
	EState	   *estate = state->css.ss.ps.state;
	StatementState *statement = statement_state_get(estate);
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);

	state->begun = true;
	flight_prepare(statement);
	if (estate->es_epq_active == NULL && !statement->rehearsal &&
		(state->plan->harmless || state->to_end))
	{
		state->scans = useful_scans(statement, state->plan->scans);
		state->rehearsed = useful_scans(statement, state->plan->rehearsed);
		if (state->rehearsed != NIL)
			state->rehearsal = key_rehearsal_create(estate, state->plan,
													list_concat_copy(state->scans, state->rehearsed));
	}
	MemoryContextSwitchTo(old);
}

/* The row in the scan slot is current: its values become the parameters. */
static void
set_params(DistBatchState * state)
{
	EState	   *estate = state->css.ss.ps.state;
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	ListCell   *lc,
			   *lc2;

	econtext->ecxt_scantuple = state->css.ss.ss_ScanTupleSlot;
	forboth(lc, state->plan->params, lc2, state->exprs)
	{
		ParamExecData *param = &estate->es_param_exec_vals[lfirst_int(lc)];

		param->value = ExecEvalExprSwitchContext(lfirst(lc2), econtext, &param->isnull);
	}
}

/* Put row number n into the scan slot. */
static TupleTableSlot *
show_row(DistBatchState * state, int n)
{
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	int			natts = slot->tts_tupleDescriptor->natts;

	ExecClearTuple(slot);
	ExecStoreMinimalTuple(state->rows[n], state->slot, false);
	slot_getallattrs(state->slot);
	memcpy(slot->tts_values, state->slot->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, state->slot->tts_isnull, sizeof(bool) * natts);
	return ExecStoreVirtualTuple(slot);
}

/* Make a row that was read current; arg: the state. */
static void
show_params(void *arg, int n)
{
	DistBatchState *state = arg;

	ResetExprContext(state->css.ss.ps.ps_ExprContext);
	(void) show_row(state, n);
	set_params(state);
}

/* Keys that are columns of the rows. */
static void
collect_keys(DistBatchState * state)
{
	ListCell   *lc;

	for (int i = 0; i < state->nrows; i++)
	{
		show_params(state, i);
		foreach(lc, state->scans)
			key_cache_want(lfirst(lc));
	}
}

/* Fetch what was collected for some scans; those that gave up leave the list. */
static List *
fetch_wanted(List *scans)
{
	ListCell   *lc;

	foreach(lc, scans)
		key_cache_send(lfirst(lc));
	foreach(lc, scans)
	{
		key_cache_receive(lfirst(lc));
		if (!key_cache_useful(lfirst(lc)))
			scans = foreach_delete_current(scans, lc);
	}
	return scans;
}

/*
 * Keys that the plans themselves say.  One scan's rows may be needed for the
 * keys of another, so there are at most as many rounds as scans.
 */
static void
rehearse(DistBatchState * state)
{
	int			rounds = list_length(state->rehearsed);

	while (rounds-- > 0 && state->rehearsed != NIL && !key_rehearsal_is_off(state->rehearsal))
	{
		RemoteCounters before;

		key_rehearsal_run(state->rehearsal, state->nrows, show_params, state);
		before = remote_counters;
		state->rehearsed = fetch_wanted(state->rehearsed);
		if (remote_counters.round_trips == before.round_trips)
			break;
	}
}

/* Fetch what the scans will need for the rows that were read. */
static void
fetch_keys(DistBatchState * state)
{
	EState	   *estate = state->css.ss.ps.state;
	int			count = list_length(state->plan->params);
	ParamExecData *saved = palloc(sizeof(ParamExecData) * Max(count, 1));
	ListCell   *lc;

	for (int i = 0; i < count; i++)
		saved[i] = estate->es_param_exec_vals[list_nth_int(state->plan->params, i)];
	foreach(lc, state->scans)
		key_cache_begin(lfirst(lc));
	foreach(lc, state->rehearsed)
		key_cache_begin(lfirst(lc));
	collect_keys(state);
	state->scans = fetch_wanted(state->scans);
	if (state->rehearsal != NULL)
		rehearse(state);
	for (int i = 0; i < count; i++)
		estate->es_param_exec_vals[list_nth_int(state->plan->params, i)] = saved[i];
	pfree(saved);
	state->batches++;
}

/* ---- rows ---- */

static void
read_rows(DistBatchState * state)
{
	Size		bytes = 0;
	bool		asks = state->scans != NIL ||
	(state->rehearsal != NULL && state->rehearsed != NIL &&
	 !key_rehearsal_is_off(state->rehearsal));
	int			size = asks ? state->size : 1;

	MemoryContextReset(state->cxt);
	state->nrows = state->next = 0;
	while (!state->over && state->nrows < size && bytes < work_mem * (Size) 1024)
	{
		TupleTableSlot *slot = ExecProcNode(outerPlanState(state));
		MemoryContext old;

		if (TupIsNull(slot))
		{
			state->over = true;
			break;
		}
		old = MemoryContextSwitchTo(state->cxt);
		state->rows[state->nrows] = ExecCopySlotMinimalTuple(slot);
		MemoryContextSwitchTo(old);
		bytes += state->rows[state->nrows++]->t_len;
	}
	state->size = Min(size * 2, MAX_ROWS);
	if (state->nrows > 1)
		fetch_keys(state);
}

static TupleTableSlot *
next_row(DistBatchState * state)
{
	if (!state->begun)
		find_scans(state);
	if (state->next == state->nrows)
		read_rows(state);
	if (state->next == state->nrows)
		return NULL;
	return show_row(state, state->next++);
}

static TupleTableSlot *
exec_batch(CustomScanState *node)
{
	DistBatchState *state = (DistBatchState *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	ProjectionInfo *projection = node->ss.ps.ps_ProjInfo;

	for (;;)
	{
		TupleTableSlot *slot;

		CHECK_FOR_INTERRUPTS();
		ResetExprContext(econtext);
		slot = next_row(state);
		if (slot == NULL)
			return projection != NULL ? ExecClearTuple(projection->pi_state.resultslot) :
				ExecClearTuple(node->ss.ss_ScanTupleSlot);
		econtext->ecxt_scantuple = slot;
		if (node->ss.ps.qual == NULL || ExecQual(node->ss.ps.qual, econtext))
			return projection != NULL ? ExecProject(projection) : slot;
		InstrCountFiltered1(node, 1);
	}
}

/* ---- the end ---- */

static void
rescan_batch(CustomScanState *node)
{
	DistBatchState *state = (DistBatchState *) node;

	state->nrows = state->next = 0;
	state->over = false;
	if (outerPlanState(node)->chgParam == NULL)
		ExecReScan(outerPlanState(node));
	ExecScanReScan(&node->ss);
}

static void
end_batch(CustomScanState *node)
{
	DistBatchState *state = (DistBatchState *) node;

	ExecEndNode(outerPlanState(node));
	ExecDropSingleTupleTableSlot(state->slot);
	MemoryContextDelete(state->cxt);
}

static void
explain_batch(CustomScanState *node, List *ancestors, ExplainState *es)
{
	if (es->analyze)
		ExplainPropertyInteger("Batches", NULL, ((DistBatchState *) node)->batches, es);
}
