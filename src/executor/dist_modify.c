/*
 * dist_modify.c
 *		The ShardliteModify plan node: writes its child's rows to shards.
 *
 *	first call: read the child, write, wait, count;
 *	then: one RETURNING row per call.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/counters.h"
#include "executor/dist_modify.h"
#include "executor/dist_scan.h"
#include "executor/executor.h"
#include "executor/table_growth.h"
#include "transaction/dist_xact.h"
#include "utils/memutils.h"

static Node *create_state(CustomScan *cscan);
static void begin_modify(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_modify(CustomScanState *node);
static void end_modify(CustomScanState *node);
static void rescan_modify(CustomScanState *node);

static const CustomScanMethods modify_methods = {
	.CustomName = DIST_MODIFY_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = DIST_MODIFY_NAME,
	.BeginCustomScan = begin_modify,
	.ExecCustomScan = exec_modify,
	.EndCustomScan = end_modify,
	.ReScanCustomScan = rescan_modify,
	.ExplainCustomScan = dist_modify_explain,
};

void
dist_modify_init(void)
{
	RegisterCustomScanMethods(&modify_methods);
}

static Node *
create_state(CustomScan *cscan)
{
	DistModifyState *state = palloc0(sizeof(DistModifyState));

	NodeSetTag(state, T_CustomScanState);
	state->css.flags = cscan->flags;
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin_modify(CustomScanState *node, EState *estate, int eflags)
{
	DistModifyState *state = (DistModifyState *) node;
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;
	const ModifyPlan *plan = modify_plan_decode(cscan->custom_private);
	PlanState  *child;

	state->plan = plan;
	state->cxt = estate->es_query_cxt;
	state->exprs = ExecInitExprList(cscan->custom_exprs, &node->ss.ps);
	child = ExecInitNode(linitial(cscan->custom_plans), estate, eflags & ~EXEC_FLAG_REWIND);
	node->custom_ps = list_make1(child);
	if (plan->returns_rows || plan->checks != NIL)
		state->map = row_map_create(node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
									plan->fill, plan->fill_tableoid, plan->child_fill,
									plan->operation != CMD_INSERT, false);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	statement_hold_tables(estate);
	if (plan->colocation_id != 0)
		state->table = dist_table_get(plan->relid);
	state->statement = statement_state_get(estate);
	state->statement->nmodifies++;
	if (!plan->can_set_tag)
		estate->es_auxmodifytables = lcons(state, estate->es_auxmodifytables);
}

static void
write_all(DistModifyState * state)
{
	RemoteCounters before = remote_counters;
	ListCell   *lc;

	foreach(lc, state->statement->early_scans)
		dist_scan_read_early(lfirst(lc));
	state->written = true;
	modify_write(state);
	if (state->plan->operation == CMD_INSERT && state->table != NULL)
		table_grown(state->table, fragment_run_affected(state->run));
	if (state->plan->can_set_tag &&
		state->css.ss.ps.state->es_plannedstmt->commandType == state->plan->operation)
		state->css.ss.ps.state->es_processed += fragment_run_affected(state->run);
	foreach(lc, state->run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		state->nfragments++;
		state->remote_fragments += !fragment->local;
		state->slowest_ms = Max(state->slowest_ms, fragment->elapsed_ms);
	}
	remote_counters_add(&state->counters, &before);
	if (state->map != NULL)
		modify_returning_start(state);
}

/* ExecScan's access method: the next RETURNING row. */
static TupleTableSlot *
next_row(ScanState *node)
{
	DistModifyState *state = (DistModifyState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	if (!state->written)
		write_all(state);
	while (state->map != NULL && modify_returning_next(state, slot))
	{
		modify_check_views(state, slot);
		if (state->plan->returns_rows)
			return slot;
	}
	return ExecClearTuple(slot);
}

/* ExecScan's recheck method; a modified row is never joined with others. */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	elog(ERROR, "unexpected recheck of a modified row");
	return false;
}

static TupleTableSlot *
exec_modify(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static void
rescan_modify(CustomScanState *node)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a data-modifying plan node cannot be started again")));
}

static void
end_modify(CustomScanState *node)
{
	DistModifyState *state = (DistModifyState *) node;

	if (state->run != NULL)
		fragment_run_end(state->run);
	if (state->sorted != NULL)
		tuplesort_end(state->sorted);
	if (state->rows != NULL)
		tuplestore_end(state->rows);
	if (state->row_slot != NULL)
		ExecDropSingleTupleTableSlot(state->row_slot);
	if (state->sorted_slot != NULL)
		ExecDropSingleTupleTableSlot(state->sorted_slot);
	ExecEndNode(linitial(node->custom_ps));
}
