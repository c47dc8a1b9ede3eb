/*
 * modify_merge.c
 *		MERGE: one of several actions for each row of a ShardliteModify's child.
 *
 * Every action that writes has a plan of its own and makes rows of its own,
 * which are written like those of a plain INSERT, UPDATE or DELETE, all within
 * one run.
 */
#include "postgres.h"

#include "executor/dist_modify.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"

typedef struct DistMergeAction
{
	DistModifyState writer;		/* as if the action's rows came from a child */
	ExprState  *condition;
	List	   *values;			/* of ExprState */
	TupleTableSlot *row;
}			DistMergeAction;

/* Row type of an action: the types of its expressions. */
static TupleDesc
action_desc(List *exprs, int first, int count)
{
	TupleDesc	desc = CreateTemplateTupleDesc(count);

	for (int i = 0; i < count; i++)
	{
		Node	   *expr = list_nth(exprs, first + i);

		TupleDescInitEntry(desc, i + 1, NULL, exprType(expr), exprTypmod(expr), 0);
		TupleDescInitEntryCollation(desc, i + 1, exprCollation(expr));
	}
	return desc;
}

/* Prepare one action whose condition is custom_exprs[at]. */
static void
start_action(DistModifyState * state, DistMergeAction * action,
			 const ModifyPlan * plan, int at)
{
	List	   *exprs = ((CustomScan *) state->css.ss.ps.plan)->custom_exprs;
	TupleDesc	desc = action_desc(exprs, at + 1, plan->ncolumns);

	action->writer = *state;
	action->writer.plan = plan;
	action->writer.hit_once = true;
	action->condition = list_nth(state->exprs, at);
	for (int i = 1; i <= plan->ncolumns; i++)
		action->values = lappend(action->values, list_nth(state->exprs, at + i));
	action->row = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	if (plan->operation != CMD_NOTHING)
		action->writer.writer = batch_writer_create(plan, state->table, state->run,
													NULL, desc);
}

void
modify_merge_start(DistModifyState * state)
{
	DistMergeAction *actions;
	int			at = 0;
	ListCell   *lc;

	actions = palloc0(sizeof(DistMergeAction) * list_length(state->plan->actions));
	foreach(lc, state->plan->actions)
	{
		const ModifyPlan *plan = modify_plan_decode(lfirst(lc));

		start_action(state, &actions[state->nactions++], plan, at);
		at += 1 + plan->ncolumns;
	}
	state->actions = actions;
}

/* Make the child's row the tuple that conditions and values refer to. */
static ExprContext *
set_scan_tuple(DistModifyState * state, TupleTableSlot *slot)
{
	TupleTableSlot *scan = state->css.ss.ss_ScanTupleSlot;
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	int			natts = scan->tts_tupleDescriptor->natts;

	slot_getallattrs(slot);
	ExecClearTuple(scan);
	memcpy(scan->tts_values, slot->tts_values, sizeof(Datum) * natts);
	memcpy(scan->tts_isnull, slot->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(scan);
	ResetExprContext(econtext);
	econtext->ecxt_scantuple = scan;
	return econtext;
}

static void
make_row(DistMergeAction * action, ExprContext *econtext)
{
	TupleTableSlot *row = action->row;
	ListCell   *lc;

	ExecClearTuple(row);
	foreach(lc, action->values)
	{
		int			i = foreach_current_index(lc);

		row->tts_values[i] = ExecEvalExprSwitchContext(lfirst(lc), econtext,
													   &row->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(row);
}

void
modify_merge_row(DistModifyState * state, TupleTableSlot *slot)
{
	ExprContext *econtext = set_scan_tuple(state, slot);
	bool		matched = !slot->tts_isnull[state->plan->row_id_resno - 1];

	for (int i = 0; i < state->nactions; i++)
	{
		DistMergeAction *action = &state->actions[i];
		bool		isnull;
		Datum		result;

		if (action->writer.plan->matched != matched)
			continue;
		result = ExecEvalExprSwitchContext(action->condition, econtext, &isnull);
		if (isnull || !DatumGetBool(result))
			continue;
		if (action->writer.plan->operation == CMD_NOTHING)
			return;
		make_row(action, econtext);
		action->writer.seen = state->seen;
		action->writer.nread = state->nread++;
		modify_write_row(&action->writer, action->row);
		state->seen = action->writer.seen;
		return;
	}
}

void
modify_merge_close(DistModifyState * state)
{
	for (int i = 0; i < state->nactions; i++)
	{
		DistMergeAction *action = &state->actions[i];

		if (action->writer.plan->operation != CMD_NOTHING)
			batch_close(action->writer.writer);
		ExecDropSingleTupleTableSlot(action->row);
	}
}
