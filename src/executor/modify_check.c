/*
 * modify_check.c
 *		Check options of views that a ShardliteModify writes through.
 */
#include "postgres.h"

#include "access/table.h"
#include "compat/pg_compat.h"
#include "executor/dist_modify.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "utils/rel.h"

/* The table's row, of which the scan tuple has all columns somewhere. */
static TupleTableSlot *
table_row(const ModifyPlan * plan, Relation relation, TupleTableSlot *slot)
{
	TupleTableSlot *row = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	ListCell   *lc;

	slot_getallattrs(slot);
	foreach(lc, plan->check_row)
	{
		int			i = foreach_current_index(lc);
		int			column = lfirst_int(lc) - 1;

		row->tts_isnull[i] = column < 0 || slot->tts_isnull[column];
		if (!row->tts_isnull[i])
			row->tts_values[i] = slot->tts_values[column];
	}
	return ExecStoreVirtualTuple(row);
}

/*
 * PostgreSQL itself says it: its message shows of the row what the user may see.
 * To it this is a statement that gives values to these columns of the table and
 * writes through a view that takes nothing.
 */
static void
raise_violation(const ModifyPlan * plan, char *view, TupleTableSlot *slot)
{
	Relation	relation = table_open(plan->relid, NoLock);
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *target = makeNode(ResultRelInfo);
	WithCheckOption *option = makeNode(WithCheckOption);
	Bitmapset  *given = NULL;
	ListCell   *lc;

	foreach(lc, plan->check_given)
		given = bms_add_member(given, lfirst_int(lc));
	compat_init_written_table(estate, plan->relid, given);
	InitResultRelInfo(target, relation, 1, NULL, 0);
	option->kind = WCO_VIEW_CHECK;
	option->relname = view;
	target->ri_WithCheckOptions = list_make1(option);
	target->ri_WithCheckOptionExprs =
		list_make1(ExecInitQual(list_make1(makeBoolConst(false, false)), NULL));
	ExecWithCheckOptions(WCO_VIEW_CHECK, target, table_row(plan, relation, slot), estate);
	elog(ERROR, "row was taken by view \"%s\" after all", view);
}

void
modify_check_views(DistModifyState * state, TupleTableSlot *slot)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	int			first = state->plan->ntailparams;
	ListCell   *lc;

	if (state->plan->checks == NIL)
		return;
	ResetExprContext(econtext);
	econtext->ecxt_scantuple = slot;
	foreach(lc, state->plan->checks)
	{
		bool		isnull;
		Datum		result;

		result = ExecEvalExprSwitchContext(list_nth(state->exprs, first + foreach_current_index(lc)),
										   econtext, &isnull);
		if (isnull || !DatumGetBool(result))
			raise_violation(state->plan, strVal(lfirst(lc)), slot);
	}
}
