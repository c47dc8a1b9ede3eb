/*
 * batch_reason.c
 *		Which scans of a repeated plan can be sent the keys of many rows at once.
 *
 * Where a scan's parameters are columns of the outer row, their values are there
 * as soon as the row is.  Those of other scans come out of the repeated plan itself:
 * from an inner sublink, another scan, a function.  They become known when the
 * plan runs, so it is rehearsed for the rows ahead (executor/key_rehearsal.c),
 * unless running it could be noticed.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "plan/dist_plan.h"
#include "planner/batch_reason.h"
#include "planner/finished_plan.h"

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

/* ---- scans whose parameters come out of the repeated plan ---- */

/* What is found in such a plan. */
typedef struct Repeated
{
	const BatchContext *context;
	Bitmapset  *ctes;			/* plan_ids of those that begin within it */
	List	   *scans;			/* IntList */
	List	   *subplans;		/* IntList of plan_ids */
	List	   *fixed;			/* IntList of parameters */
	bool		apart;			/* it can run apart from the rest of the statement */
}			Repeated;

static bool
reads_param(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		return true;
	return expression_tree_walker(node, reads_param, context);
}

static void
survey_init_plans(Repeated * repeated, Plan *plan)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, plan->initPlan)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);
		Plan	   *inner = plan_of_subplan(repeated->context->stmt, subplan->plan_id);

		if (subplan->subLinkType == CTE_SUBLINK)
			repeated->ctes = bms_add_member(repeated->ctes, subplan->plan_id);
		else if (bms_is_empty(inner->extParam))
			foreach(lc2, subplan->setParam)
				repeated->fixed = list_append_unique_int(repeated->fixed, lfirst_int(lc2));
	}
}

/* Note the scans of a plan that is run for each row, in all that belongs to it. */
static void
survey_repeated(Repeated * repeated, Plan *plan)
{
	CustomScan *scan = (CustomScan *) plan;
	ListCell   *lc;

	survey_init_plans(repeated, plan);
	if (IsA(plan, CustomScan) && is_dist_scan(scan) && takes_many_keys(scan) &&
		reads_param((Node *) scan->custom_exprs, NULL))
		repeated->scans = lappend_int(repeated->scans, plan->plan_node_id);
	if (IsA(plan, RecursiveUnion) || IsA(plan, WorkTableScan) ||
		(IsA(plan, CteScan) && !bms_is_member(((CteScan *) plan)->ctePlanId, repeated->ctes)))
		repeated->apart = false;
	foreach(lc, plan_own_subplans(plan))
	{
		int			id = lfirst_node(SubPlan, lc)->plan_id;

		if (list_member_int(repeated->subplans, id))
			continue;
		repeated->subplans = lappend_int(repeated->subplans, id);
		survey_repeated(repeated, plan_of_subplan(repeated->context->stmt, id));
	}
	foreach(lc, plan_children(plan))
		survey_repeated(repeated, lfirst(lc));
}

/*
 * Have the plan rehearsed if that finds scans besides those already known.  A
 * recursion does not come to its end as long as rows are missing.
 */
static void
add_rehearsal(const BatchContext * context, Plan *plan, int rows, BatchReason * reason)
{
	Repeated	repeated = {.context = context, .apart = true};
	bool		harmless = true;

	survey_repeated(&repeated, plan);
	if (!repeated.apart || list_difference_int(repeated.scans, reason->scans) == NIL ||
		!plan_has_no_effects(context->stmt, plan, &harmless))
		return;
	reason->rehearsed = list_concat_unique_int(reason->rehearsed,
											   list_difference_int(repeated.scans, reason->scans));
	reason->rehearsals = lappend_int(lappend_int(reason->rehearsals, plan->plan_node_id), rows);
	reason->subplans = list_concat_unique_int(reason->subplans, repeated.subplans);
	reason->fixed = list_concat_unique_int(reason->fixed, repeated.fixed);
}

bool
batch_reason_add(const BatchContext * context, Plan *plan, int rows, BatchReason * reason)
{
	int			before = list_length(reason->scans) + list_length(reason->rehearsed);

	reason->outside = plan->extParam;
	find_scans(context, plan, reason);
	add_rehearsal(context, plan, rows, reason);
	return list_length(reason->scans) + list_length(reason->rehearsed) > before;
}

/* How many rows of a SubPlan are looked at?  0: all. */
static int
rows_wanted(const SubPlan *subplan)
{
	switch (subplan->subLinkType)
	{
		case EXISTS_SUBLINK:
			return 1;
		case EXPR_SUBLINK:
		case MULTIEXPR_SUBLINK:
		case ROWCOMPARE_SUBLINK:
			return 2;
		default:
			return 0;
	}
}

/* Does a SubPlan give a reason?  Its parameters and scans are added. */
static bool
add_subplan(const BatchContext * context, const SubPlan *subplan, BatchReason * reason)
{
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
	if (!batch_reason_add(context, plan_of_subplan(context->stmt, subplan->plan_id),
						  rows_wanted(subplan), reason))
		return false;
	reason->params = list_concat_copy(reason->params, subplan->parParam);
	reason->exprs = list_concat_copy(reason->exprs, subplan->args);
	return true;
}

bool
batch_reason_find(const BatchContext * context, Node *expr, BatchReason * reason)
{
	ListCell   *lc;
	bool		found = false;

	foreach(lc, plan_subplans(expr))
		found |= add_subplan(context, lfirst(lc), reason);
	return found;
}
