/*
 * batch_plan.c
 *		Reading rows ahead where shards are asked once per row.
 *
 * A scan below a correlated SubPlan, or below the inner side of a nested loop, waits for
 * its nodes once per outer row.  In the finished plan the outer rows come through a
 * ShardliteBatch, which reads some of them ahead and sends the keys of all.
 * For a nested loop it is put above the outer side, for SubPlans in arguments
 * of aggregates above their input.  Another plan node with SubPlans is split: it keeps what it does without them and delivers plain columns, and a
 * ShardliteBatch above it takes over its target list and the filters from the first
 * with such a SubPlan on (the order of filters is one of security).
 *
 * Only what has no effects is read ahead, and a scan's parameters must be
 * columns of the row, so that computing them cannot fail.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "plan/dist_plan.h"
#include "planner/batch_plan.h"
#include "planner/finished_plan.h"

static bool enable_batched_keys = true;

typedef struct BatchContext
{
	PlannedStmt *stmt;
	int			cursor_options;
	bool		secret;			/* filters may be those of policies */
	int			last_id;		/* of plan nodes */
	Bitmapset  *init_params;	/* set by InitPlans */
}			BatchContext;

/* What a ShardliteBatch has to know; the lists grow as reasons are found. */
typedef struct BatchReason
{
	int			side;			/* of a join, whose columns alone count; 0: all columns do */
	Bitmapset  *given;			/* parameters that the current row sets */
	Bitmapset  *outside;		/* all that are set outside the repeated plan */
	List	   *params;			/* IntList */
	List	   *exprs;			/* their values, in terms of the row */
	List	   *scans;			/* IntList of plan_node_ids */
}			BatchReason;

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

/* ---- scans that profit ---- */

/* now() and the like: the same for all rows, and never an error. */
static bool
is_time_like(Node *node)
{
	FuncExpr   *call = (FuncExpr *) node;

	return IsA(node, FuncExpr) && call->args == NIL && call->funcid < FirstNormalObjectId &&
		func_volatile(call->funcid) != PROVOLATILE_VOLATILE;
}

/* Collect execution parameters; true if there is anything but values. */
static bool
complicated_walker(Node *node, void *context)
{
	Bitmapset **params = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = bms_add_member(*params, ((Param *) node)->paramid);
	if (IsA(node, SQLValueFunction) || is_time_like(node))
		return false;
	if (!IsA(node, List) && !IsA(node, Param) && !IsA(node, Const) && !IsA(node, RelabelType))
		return true;
	return expression_tree_walker(node, complicated_walker, context);
}

/* Can many values travel as an array, of their texts at least, and come apart again? */
static bool
has_values(Oid type)
{
	return get_typtype(type) != TYPTYPE_PSEUDO;
}

static bool
takes_many_keys(CustomScan *scan)
{
	const DistPlan *plan = dist_plan_decode(scan->custom_private);

	if (plan->operation != CMD_SELECT || plan->writes || plan->before_writes ||
		plan->whole_statement || plan->source_keys != NIL || plan->row_id_rti != 0 ||
		plan->nparams == 0 ||
		(plan->target != TARGET_ALL_SHARDS && plan->target != TARGET_KEYS) ||
		strncmp(strVal(linitial(plan->text.pieces)), "SELECT", 6) != 0)
		return false;
	for (int i = 0; i < plan->nparams; i++)
		if (!has_values(exprType(list_nth(scan->custom_exprs, i))))
			return false;
	return true;
}

/* Find scans in a plan that is repeated for each row. */
static void
find_scans(const BatchContext * context, Plan *plan, BatchReason * reason)
{
	ListCell   *lc;

	if (IsA(plan, CustomScan) && is_dist_scan((CustomScan *) plan))
	{
		CustomScan *scan = (CustomScan *) plan;
		Bitmapset  *params = NULL;

		if (!complicated_walker((Node *) scan->custom_exprs, &params) &&
			bms_overlap(params, reason->given) && bms_is_subset(params, reason->outside) &&
			!bms_overlap(params, context->init_params) && takes_many_keys(scan))
			reason->scans = list_append_unique_int(reason->scans, plan->plan_node_id);
	}
	foreach(lc, plan->initPlan)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);

		if (subplan->subLinkType != CTE_SUBLINK)
			find_scans(context, plan_of_subplan(context->stmt, subplan->plan_id), reason);
	}
	foreach(lc, plan_children(plan))
		find_scans(context, lfirst(lc), reason);
}

/* Is it a column of the row, or as good as one? */
static bool
is_column(const BatchReason * reason, Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return reason->side == 0 || ((Var *) node)->varno == reason->side;
	return IsA(node, Param) || IsA(node, Const) || plan_is_aggregate(node);
}

/* Does a SubPlan give a reason?  Its parameters and scans are added. */
static bool
is_reason(const BatchContext * context, const SubPlan *subplan, BatchReason * reason)
{
	Plan	   *plan = plan_of_subplan(context->stmt, subplan->plan_id);
	int			before = list_length(reason->scans);
	ListCell   *lc,
			   *lc2;

	if (subplan->parParam == NIL || subplan->useHashTable || subplan->subLinkType == CTE_SUBLINK)
		return false;
	reason->given = NULL;
	forboth(lc, subplan->parParam, lc2, subplan->args)
	{
		if (!is_column(reason, lfirst(lc2)))
			return false;
		reason->given = bms_add_member(reason->given, lfirst_int(lc));
	}
	reason->outside = plan->extParam;
	find_scans(context, plan, reason);
	if (list_length(reason->scans) == before)
		return false;
	reason->params = list_concat_copy(reason->params, subplan->parParam);
	reason->exprs = list_concat_copy(reason->exprs, subplan->args);
	return true;
}

/* The same for all SubPlans of an expression. */
static bool
has_reason(const BatchContext * context, Node *expr, BatchReason * reason)
{
	ListCell   *lc;
	bool		found = false;

	foreach(lc, plan_subplans(expr))
		found |= is_reason(context, lfirst(lc), reason);
	return found;
}

/* ---- making nodes ---- */

/* A ShardliteBatch above a plan; target list and filter refer to its columns. */
static Plan *
make_batch(BatchContext * context, Plan *child, BatchReason * reason, bool harmless)
{
	CustomScan *scan = makeNode(CustomScan);
	BatchPlan	plan = {reason->params, reason->scans, harmless};
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

	if (reason->scans == NIL || !plan_has_no_effects(context->stmt, *child, &harmless))
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
	reason.outside = innerPlan(join)->extParam;
	if (reason.given != NULL)
		find_scans(context, innerPlan(join), &reason);
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
	if (has_reason(context, (Node *) join->joinqual, &outer))
		batch_child(context, &outerPlan(join), &outer);
	if (IsA(join, HashJoin) && has_reason(context, (Node *) join->joinqual, &inner))
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
	if (outerPlan(plan) != NULL && has_reason(context, exprs, &reason))
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
		if (has_reason(context, lfirst(lc), &reason) && moved == NIL)
		{
			moved = list_copy_tail(*filter, foreach_current_index(lc));
			kept = list_truncate(list_copy(*filter), foreach_current_index(lc));
		}
	}
	if ((moved == NIL || !context->secret) &&
		!has_reason(context, (Node *) tlist, &reason) && moved == NIL)
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
	stmt->planTree = improve(&context, stmt->planTree);
	improve_list(&context, stmt->subplans);
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
