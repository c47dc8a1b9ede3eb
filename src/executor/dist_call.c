/*
 * dist_call.c
 *		The ShardliteCall plan node: a statement that is one call of a
 *		distributed function.
 *
 * When the first row is asked for, the arguments are evaluated, and the call
 * goes to the node that owns the key.  If that is this one, or the node
 * refuses, the child runs: PostgreSQL's own plan of the statement.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/delegate.h"
#include "executor/dist_call.h"
#include "executor/executor.h"
#include "executor/fragment_text.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "plan/dist_plan.h"
#include "utils/lsyscache.h"

typedef struct DistCallState
{
	CustomScanState css;		/* must be first */
	const DistPlan *plan;		/* decoded; read-only */
	List	   *exprs;			/* ExprState of custom_exprs */
	PlanState  *child;
	bool		started;
	Tuplestorestate *rows;		/* the node's answer; NULL: the child runs */
	TupleTableSlot *slot;		/* minimal; reads rows */
}			DistCallState;

static Node *create_state(CustomScan *cscan);
static void begin_call(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_call(CustomScanState *node);
static void end_call(CustomScanState *node);
static void rescan_call(CustomScanState *node);
static void explain_call(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomScanMethods scan_methods = {
	.CustomName = DIST_CALL_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = DIST_CALL_NAME,
	.BeginCustomScan = begin_call,
	.ExecCustomScan = exec_call,
	.EndCustomScan = end_call,
	.ReScanCustomScan = rescan_call,
	.ExplainCustomScan = explain_call,
};

void
dist_call_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}

static Node *
create_state(CustomScan *cscan)
{
	DistCallState *state = palloc0(sizeof(DistCallState));

	NodeSetTag(state, T_CustomScanState);
	state->css.flags = cscan->flags;
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin_call(CustomScanState *node, EState *estate, int eflags)
{
	DistCallState *state = (DistCallState *) node;
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;

	state->plan = dist_plan_decode(cscan->custom_private);
	state->exprs = ExecInitExprList(cscan->custom_exprs, &node->ss.ps);
	state->child = ExecInitNode(linitial(cscan->custom_plans), estate, eflags);
	node->custom_ps = list_make1(state->child);
}

/* Send the call; false when it has to run here. */
static bool
call_elsewhere(DistCallState * state, int32 node_id)
{
	CustomScan *cscan = (CustomScan *) state->css.ss.ps.plan;
	TupleDesc	desc = state->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	DelegatedCall call = {
		.funcid = state->plan->function,
		.node_id = node_id,
		.sql = fragment_text_sql(&state->plan->text, 0),
		.writes = state->plan->writes,
		.map = row_map_create(desc, NIL, InvalidOid, NIL, false, false),
		.rows = tuplestore_begin_heap(false, false, work_mem),
	};

	call.params = fragment_params_eval(state->exprs, param_spec_create(cscan->custom_exprs), 0,
									   state->plan->nparams, state->css.ss.ps.ps_ExprContext);
	if (!delegate_call(&call))
	{
		tuplestore_end(call.rows);
		return false;
	}
	state->rows = call.rows;
	state->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	return true;
}

static void
start_call(DistCallState * state)
{
	MemoryContext old = MemoryContextSwitchTo(state->css.ss.ps.state->es_query_cxt);
	bool		isnull;
	Datum		key = ExecEvalExprSwitchContext(llast(state->exprs),
												state->css.ss.ps.ps_ExprContext, &isnull);
	int32		node_id = delegate_node(state->plan->function, key, isnull);

	if (node_id != 0)
		(void) call_elsewhere(state, node_id);
	state->started = true;
	MemoryContextSwitchTo(old);
}

/* ExecScan's access method. */
static TupleTableSlot *
next_row(ScanState *node)
{
	DistCallState *state = (DistCallState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	TupleTableSlot *source = state->slot;
	int			natts = slot->tts_tupleDescriptor->natts;

	if (!state->started)
		start_call(state);
	ExecClearTuple(slot);
	if (state->rows == NULL)
		source = ExecProcNode(state->child);
	else if (!tuplestore_gettupleslot(state->rows, true, false, state->slot))
		return slot;
	else
		source = state->slot;
	if (TupIsNull(source))
		return slot;
	slot_getallattrs(source);
	memcpy(slot->tts_values, source->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, source->tts_isnull, sizeof(bool) * natts);
	return ExecStoreVirtualTuple(slot);
}

static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

static TupleTableSlot *
exec_call(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static void
rescan_call(CustomScanState *node)
{
	DistCallState *state = (DistCallState *) node;

	if (state->rows != NULL)
		tuplestore_rescan(state->rows);
	else if (state->child->chgParam == NULL)
		ExecReScan(state->child);
	ExecScanReScan(&node->ss);
}

static void
end_call(CustomScanState *node)
{
	DistCallState *state = (DistCallState *) node;

	ExecEndNode(state->child);
	if (state->rows != NULL)
		tuplestore_end(state->rows);
	if (state->slot != NULL)
		ExecDropSingleTupleTableSlot(state->slot);
}

/* The child says how the function runs here; it has not, if it was not asked. */
static void
explain_call(CustomScanState *node, List *ancestors, ExplainState *es)
{
	DistCallState *state = (DistCallState *) node;

	ExplainPropertyText("Function", get_func_name(state->plan->function), es);
	if (es->analyze)
		ExplainPropertyText("Ran", !state->started ? "nowhere" :
							state->rows != NULL ? "on the node of its key" : "here", es);
	if (es->verbose)
		ExplainPropertyText("SQL", fragment_text_logical(&state->plan->text), es);
}
