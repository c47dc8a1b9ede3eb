/*
 * batch_plan.c
 *		Reading rows ahead where shards are asked once per row.
 *
 * A scan below a correlated SubPlan, or below the inner side of a nested loop, waits for
 * its nodes once per outer row.  In the finished plan the outer rows come through a
 * ShardliteBatch, which reads some of them ahead and sends the keys of all
 * (batch_reason.c says of which scans).  For a nested loop it is put above the
 * outer side, for SubPlans in arguments of aggregates or functions that return sets
 * above their input, for those in the condition of an outer join above the side whose
 * columns they need.  Another plan node with SubPlans is split: it keeps what
 * it does without them and delivers plain columns, and a ShardliteBatch above it takes
 * over its target list and the filters from the first with such a SubPlan on
 * (the order of filters is one of security).
 *
 * Only what has no effects is read ahead; that rows are locked is none where all
 * are read.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/guc.h"

#include "plan/dist_plan.h"
#include "planner/batch_plan.h"
#include "planner/batch_reason.h"
#include "planner/finished_plan.h"

static bool enable_batched_keys = true;

/* Note plan node ids and what InitPlans set. */
static void
survey_plan(BatchContext * context, Plan *plan)
{
	ListCell   *lc,
			   *lc2;

	context->last_id = Max(context->last_id, plan->plan_node_id);
	foreach(lc, plan->initPlan)
		foreach(lc2, lfirst_node(SubPlan, lc)->setParam)
			context->init_params = bms_add_member(context->init_params, lfirst_int(lc2));
	foreach(lc, plan_children(plan))
		survey_plan(context, lfirst(lc));
}

/* ---- making nodes ---- */

/* A ShardliteBatch above a plan; target list and filter refer to its columns. */
static Plan *
make_batch(BatchContext * context, Plan *child, BatchReason * reason, bool harmless)
{
	CustomScan *scan = makeNode(CustomScan);
	BatchPlan	plan = {
		.params = reason->params,.scans = reason->scans,.harmless = harmless,
		.rehearsed = reason->rehearsed,.rehearsals = reason->rehearsals,.subplans = reason->subplans,.fixed = reason->fixed
	};
	ListCell   *lc;

	scan->methods = GetCustomScanMethods(DIST_BATCH_NAME, false);
	scan->custom_private = batch_plan_encode(&plan);
	scan->custom_exprs = reason->exprs;
	foreach(lc, child->targetlist)
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist,
										  makeTargetEntry((Expr *) makeVarFromTargetEntry(OUTER_VAR, lfirst(lc)),
														  foreach_current_index(lc) + 1, NULL, false));
	scan->scan.plan.lefttree = child;
	scan->scan.plan.startup_cost = child->startup_cost;
	scan->scan.plan.total_cost = child->total_cost;
	scan->scan.plan.plan_rows = child->plan_rows;
	scan->scan.plan.plan_width = child->plan_width;
	scan->scan.plan.extParam = bms_copy(child->extParam);
	scan->scan.plan.allParam = bms_copy(child->allParam);
	scan->scan.plan.plan_node_id = ++context->last_id;
	return (Plan *) scan;
}

/* A column of a child, as a ShardliteBatch above that child sees it. */
static Node *
to_child_columns(Node *node, void *context)
{
	if (node != NULL && IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		var->varno = INDEX_VAR;
		return (Node *) var;
	}
	return expression_tree_mutator(node, to_child_columns, context);
}

/* The columns of a plan, as a node above it delivers them. */
static List *
all_columns(Plan *plan, int varno)
{
	List	   *tlist = NIL;
	ListCell   *lc;

	foreach(lc, plan->targetlist)
	{
		TargetEntry *entry = flatCopyTargetEntry(lfirst(lc));

		entry->expr = (Expr *) makeVarFromTargetEntry(varno, entry);
		tlist = lappend(tlist, entry);
	}
	return tlist;
}

/* Put one above a child of a plan, unless that has effects. */
static void
batch_child(BatchContext * context, Plan **child, BatchReason * reason)
{
	bool		harmless = true;
	Plan	   *batch;

	if ((reason->scans == NIL && reason->rehearsed == NIL) || !plan_has_no_effects(context->stmt, *child, &harmless))
		return;
	reason->exprs = (List *) to_child_columns((Node *) reason->exprs, NULL);
	batch = make_batch(context, *child, reason, harmless);
	batch->targetlist = all_columns(*child, INDEX_VAR);
	*child = batch;
}

/* The inner side runs for each row of the outer one. */
static void
batch_nestloop(BatchContext * context, NestLoop *join)
{
	BatchReason reason = {0};
	ListCell   *lc;

	foreach(lc, join->nestParams)
	{
		NestLoopParam *param = lfirst_node(NestLoopParam, lc);

		reason.given = bms_add_member(reason.given, param->paramno);
		reason.params = lappend_int(reason.params, param->paramno);
		reason.exprs = lappend(reason.exprs, param->paramval);
	}
	if (reason.given != NULL)
		(void) batch_reason_add(context, innerPlan(join), 0, &reason);
	batch_child(context, &outerPlan(join), &reason);
}

/*
 * SubPlans in the condition of a join that fills up with NULLs: those that need
 * the columns of one side only, whose rows are all kept.  With policies
 * they must not see rows that other parts of the condition have yet to reject.
 */
static void
batch_join_filter(BatchContext * context, Join *join)
{
	BatchReason outer = {.side = OUTER_VAR};
	BatchReason inner = {.side = INNER_VAR};

	if (context->secret || join->jointype == JOIN_INNER)
		return;
	if (batch_reason_find(context, (Node *) join->joinqual, &outer))
		batch_child(context, &outerPlan(join), &outer);
	if (IsA(join, HashJoin) && batch_reason_find(context, (Node *) join->joinqual, &inner))
		batch_child(context, &outerPlan(innerPlan(join)), &inner);
}

/* SubPlans in arguments and filters of aggregates, or of functions that return sets. */
static void
batch_input(BatchContext * context, Plan *plan)
{
	BatchReason reason = {0};
	Node	   *exprs = (Node *) plan->targetlist;

	if (!IsA(plan, ProjectSet))
		exprs = plan_aggregate_inputs((Node *) list_make2(plan->targetlist, plan->qual));
	if (outerPlan(plan) != NULL && batch_reason_find(context, exprs, &reason))
		batch_child(context, &outerPlan(plan), &reason);
}

/* Can the node deliver other columns than it does? */
static bool
is_splittable(const BatchContext * context, Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_SampleScan:
		case T_TidScan:
		case T_TidRangeScan:

			/* WHERE CURRENT OF looks for the scan, and for its current row. */
			return (context->cursor_options & CURSOR_OPT_FAST_PLAN) == 0;
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_ValuesScan:
		case T_CteScan:
		case T_WorkTableScan:
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
		case T_Group:
		case T_WindowAgg:
		case T_Agg:
		case T_TableFuncScan:
			return true;
		case T_CustomScan:
			return is_dist_scan((CustomScan *) plan);
		case T_Result:
			return outerPlan(plan) != NULL;
		default:
			return false;
	}
}

/* The filter of a node to which every row of it is subject, NULL if there are two. */
static List **
last_filter(Plan *plan)
{
	bool		joins = IsA(plan, NestLoop) || IsA(plan, MergeJoin) || IsA(plan, HashJoin);

	if (joins && ((Join *) plan)->jointype == JOIN_INNER && plan->qual == NIL)
		return &((Join *) plan)->joinqual;
	return &plan->qual;
}

/* Replace what the split node delivers by its columns; context: their list. */
static Node *
to_columns(Node *node, void *context)
{
	TargetEntry *entry;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) || plan_is_aggregate(node) || IsA(node, GroupingFunc))
	{
		entry = tlist_member((Expr *) node, (List *) context);
		if (entry == NULL)
			elog(ERROR, "column of a split plan node not found");
		return (Node *) makeVarFromTargetEntry(INDEX_VAR, entry);
	}
	return expression_tree_mutator(node, to_columns, context);
}

/* Plain columns and aggregates that expressions are made of. */
static List *
columns_of(Node *exprs)
{
	return add_to_flat_tlist(NIL, pull_var_clause(exprs, PVC_INCLUDE_AGGREGATES |
												  PVC_INCLUDE_WINDOWFUNCS));
}

/*
 * Split a node with SubPlans that ask shards for each of its rows.  Where filters may
 * be those of policies, other SubPlans must not see keys of rows that the first
 * of these filters has yet to reject.
 */
static Plan *
split_node(BatchContext * context, Plan *plan)
{
	List	  **filter = last_filter(plan);
	List	   *moved = NIL;
	List	   *kept = *filter;
	List	   *tlist = plan->targetlist;
	List	   *kept_tlist;
	BatchReason reason = {0};
	bool		harmless = true;
	Plan	   *batch;
	ListCell   *lc;

	foreach(lc, *filter)
	{
		if (moved != NIL && context->secret)
			break;
		if (batch_reason_find(context, lfirst(lc), &reason) && moved == NIL)
		{
			moved = list_copy_tail(*filter, foreach_current_index(lc));
			kept = list_truncate(list_copy(*filter), foreach_current_index(lc));
		}
	}
	if ((moved == NIL || !context->secret) &&
		!batch_reason_find(context, (Node *) tlist, &reason) && moved == NIL)
		return plan;
	kept_tlist = columns_of((Node *) list_make3(tlist, moved, reason.exprs));
	plan->targetlist = kept_tlist;
	filter = last_filter(plan);
	*filter = kept;
	if (!plan_has_no_effects(context->stmt, plan, &harmless))
	{
		plan->targetlist = tlist;
		*filter = list_concat_copy(kept, moved);
		return plan;
	}
	reason.exprs = (List *) to_columns((Node *) reason.exprs, kept_tlist);
	batch = make_batch(context, plan, &reason, harmless);
	batch->targetlist = (List *) to_columns((Node *) tlist, kept_tlist);
	batch->qual = (List *) to_columns((Node *) moved, kept_tlist);
	batch->initPlan = plan->initPlan;
	plan->initPlan = NIL;
	return batch;
}

static void
improve_list(BatchContext * context, List *plans);

/* Improve the plans below a node. */
static void
improve_children(BatchContext * context, Plan *plan);

static Plan *
improve(BatchContext * context, Plan *plan)
{
	if (plan == NULL)
		return NULL;
	improve_children(context, plan);
	if (IsA(plan, NestLoop))
		batch_nestloop(context, (NestLoop *) plan);
	if (IsA(plan, NestLoop) || IsA(plan, MergeJoin) || IsA(plan, HashJoin))
		batch_join_filter(context, (Join *) plan);
	if (IsA(plan, Agg) || IsA(plan, WindowAgg) || IsA(plan, ProjectSet))
		batch_input(context, plan);
	return is_splittable(context, plan) ? split_node(context, plan) : plan;
}

static void
improve_list(BatchContext * context, List *plans)
{
	ListCell   *lc;

	foreach(lc, plans)
		lfirst(lc) = improve(context, lfirst(lc));
}

static void
improve_children(BatchContext * context, Plan *plan)
{
	outerPlan(plan) = improve(context, outerPlan(plan));

	/* A merge join goes back in its inner side. */
	if (!IsA(plan, MergeJoin))
		innerPlan(plan) = improve(context, innerPlan(plan));
	else
		improve_children(context, innerPlan(plan));
	if (IsA(plan, Append))
		improve_list(context, ((Append *) plan)->appendplans);
	else if (IsA(plan, MergeAppend))
		improve_list(context, ((MergeAppend *) plan)->mergeplans);
	else if (IsA(plan, CustomScan))
		improve_list(context, ((CustomScan *) plan)->custom_plans);
	else if (IsA(plan, SubqueryScan))
		((SubqueryScan *) plan)->subplan = improve(context, ((SubqueryScan *) plan)->subplan);
}

bool
batch_policies_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
		return ((RangeTblEntry *) node)->securityQuals != NIL;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, batch_policies_walker, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, batch_policies_walker, context);
}

/* What a cursor has read, so that it can go back. */
static Plan *
make_rewindable(BatchContext * context, Plan *plan)
{
	Plan	   *material = (Plan *) makeNode(Material);

	material->startup_cost = plan->startup_cost;
	material->total_cost = plan->total_cost;
	material->plan_rows = plan->plan_rows;
	material->plan_width = plan->plan_width;
	material->extParam = bms_copy(plan->extParam);
	material->allParam = bms_copy(plan->allParam);
	material->plan_node_id = ++context->last_id;
	material->targetlist = all_columns(plan, OUTER_VAR);
	material->lefttree = plan;
	return material;
}

void
batch_nodes_add(PlannedStmt *stmt, int cursor_options, bool secret)
{
	BatchContext context = {stmt, cursor_options, secret};
	bool		goes_back = (cursor_options & (CURSOR_OPT_SCROLL | CURSOR_OPT_FAST_PLAN)) != 0 &&
	(cursor_options & CURSOR_OPT_NO_SCROLL) == 0 &&
	ExecSupportsBackwardScan(stmt->planTree);
	ListCell   *lc;

	if (!enable_batched_keys)
		return;
	survey_plan(&context, stmt->planTree);
	foreach(lc, stmt->subplans)
		if (lfirst(lc) != NULL)
			survey_plan(&context, lfirst(lc));
	improve_list(&context, stmt->subplans);
	stmt->planTree = improve(&context, stmt->planTree);
	if (goes_back && !ExecSupportsBackwardScan(stmt->planTree))
		stmt->planTree = make_rewindable(&context, stmt->planTree);
}

void
batch_plan_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_batched_keys",
							 "Lets scans that run once per row of another be sent the keys of many rows at once.",
							 NULL, &enable_batched_keys, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}
