/*
 * finished_plan.c
 *		What plan nodes consist of, after planning: children, expressions, SubPlans,
 *		effects.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "plan/dist_plan.h"
#include "planner/finished_plan.h"

Plan *
plan_of_subplan(const PlannedStmt *stmt, int plan_id)
{
	return list_nth(stmt->subplans, plan_id - 1);
}

List *
plan_children(Plan *plan)
{
	List	   *children = NIL;

	if (outerPlan(plan) != NULL)
		children = lappend(children, outerPlan(plan));
	if (innerPlan(plan) != NULL)
		children = lappend(children, innerPlan(plan));
	switch (nodeTag(plan))
	{
		case T_Append:
			return list_concat(children, ((Append *) plan)->appendplans);
		case T_MergeAppend:
			return list_concat(children, ((MergeAppend *) plan)->mergeplans);
		case T_SubqueryScan:
			return lappend(children, ((SubqueryScan *) plan)->subplan);
		case T_CustomScan:
			return list_concat(children, ((CustomScan *) plan)->custom_plans);
		default:
			return children;
	}
}

/*
 * Expressions of a node that computes without effects of its own; false for
 * other nodes.
 */
static bool
node_exprs(Plan *plan, List **exprs)
{
	CustomScan *custom = (CustomScan *) plan;

	*exprs = list_make2(plan->targetlist, plan->qual);
	switch (nodeTag(plan))
	{
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			*exprs = lappend(*exprs, ((Join *) plan)->joinqual);
			if (IsA(plan, HashJoin))
				*exprs = lappend(*exprs, ((HashJoin *) plan)->hashclauses);
			if (IsA(plan, MergeJoin))
				*exprs = lappend(*exprs, ((MergeJoin *) plan)->mergeclauses);
			return true;
		case T_IndexScan:
			*exprs = lappend(*exprs, ((IndexScan *) plan)->indexqualorig);
			return true;
		case T_IndexOnlyScan:
			*exprs = lappend(*exprs, ((IndexOnlyScan *) plan)->indexqual);
			return true;
		case T_BitmapHeapScan:
			*exprs = lappend(*exprs, ((BitmapHeapScan *) plan)->bitmapqualorig);
			return true;
		case T_TidScan:
			*exprs = lappend(*exprs, ((TidScan *) plan)->tidquals);
			return true;
		case T_TidRangeScan:
			*exprs = lappend(*exprs, ((TidRangeScan *) plan)->tidrangequals);
			return true;
		case T_SampleScan:
			*exprs = lappend(*exprs, ((SampleScan *) plan)->tablesample);
			return true;
		case T_TableFuncScan:
			*exprs = lappend(*exprs, ((TableFuncScan *) plan)->tablefunc);
			return true;
		case T_ValuesScan:
			*exprs = lappend(*exprs, ((ValuesScan *) plan)->values_lists);
			return true;
		case T_Limit:
			*exprs = lappend(*exprs, ((Limit *) plan)->limitCount);
			*exprs = lappend(*exprs, ((Limit *) plan)->limitOffset);
			return true;
		case T_Result:
			*exprs = lappend(*exprs, ((Result *) plan)->resconstantqual);
			return true;
		case T_WindowAgg:
			*exprs = lappend(*exprs, ((WindowAgg *) plan)->startOffset);
			*exprs = lappend(*exprs, ((WindowAgg *) plan)->endOffset);
			return true;
		case T_CustomScan:
			*exprs = lappend(*exprs, custom->custom_exprs);
			return is_dist_batch(custom) ||
				(is_dist_scan(custom) &&
				 dist_plan_decode(custom->custom_private)->operation == CMD_SELECT);
		case T_SeqScan:
		case T_FunctionScan:	/* runs to its end for the first row */
		case T_BitmapIndexScan:
		case T_BitmapAnd:
		case T_BitmapOr:
		case T_SubqueryScan:
		case T_CteScan:
		case T_WorkTableScan:
		case T_Append:
		case T_MergeAppend:
		case T_RecursiveUnion:
		case T_Material:
		case T_Memoize:
		case T_Sort:
		case T_IncrementalSort:
		case T_Group:
		case T_Agg:
		case T_Unique:
		case T_SetOp:
		case T_ProjectSet:
		case T_Hash:
			return true;
		default:
			return false;
	}
}

static bool
may_raise(Oid function, void *context)
{
	return !get_func_leakproof(function);
}

/* Could computing it raise an error? */
static bool
may_fail_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_Var:
		case T_Const:
		case T_Param:
		case T_RelabelType:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_ScalarArrayOpExpr:
		case T_FuncExpr:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CoalesceExpr:
			break;
		default:
			return true;
	}
	return check_functions_in_node(node, may_raise, NULL) ||
		expression_tree_walker(node, may_fail_walker, context);
}

bool
plan_is_aggregate(Node *node)
{
	return IsA(node, Aggref) || IsA(node, WindowFunc);
}

/* State of find_walker: nodes found, of these two kinds as wanted. */
typedef struct NodeSearch
{
	bool		subplans;		/* not those within an aggregate */
	bool		aggregates;
	List	   *found;
}			NodeSearch;

static bool
find_walker(Node *node, void *context)
{
	NodeSearch *search = context;

	if (node == NULL)
		return false;
	if ((search->subplans && IsA(node, SubPlan)) || (search->aggregates && plan_is_aggregate(node)))
		search->found = lappend(search->found, node);
	if (plan_is_aggregate(node))
		return false;
	return expression_tree_walker(node, find_walker, context);
}

List *
plan_subplans(Node *expr)
{
	NodeSearch	search = {.subplans = true};

	(void) find_walker(expr, &search);
	return search.found;
}

Node *
plan_aggregate_inputs(Node *expr)
{
	NodeSearch	search = {.aggregates = true};
	List	   *inputs = NIL;
	ListCell   *lc;

	(void) find_walker(expr, &search);
	foreach(lc, search.found)
	{
		if (IsA(lfirst(lc), WindowFunc))
		{
			WindowFunc *function = lfirst(lc);

			inputs = lappend(lappend(inputs, function->args), function->aggfilter);
		}
		else
		{
			Aggref	   *aggregate = lfirst(lc);

			inputs = lappend(lappend(inputs, aggregate->args), aggregate->aggfilter);
		}
	}
	return (Node *) inputs;
}

List *
plan_own_subplans(Plan *plan)
{
	List	   *exprs;

	(void) node_exprs(plan, &exprs);
	return list_concat(list_concat(plan_subplans((Node *) exprs),
								   plan_subplans(plan_aggregate_inputs((Node *) exprs))),
					   plan->initPlan);
}

/* Does a node lock rows, of which there may be fewer than it could read? */
static bool
locks_rows(Plan *plan)
{
	CustomScan *custom = (CustomScan *) plan;

	return IsA(plan, CustomScan) && is_dist_scan(custom) &&
		dist_plan_decode(custom->custom_private)->locks;
}

/* Does it read all that is below it for its first row? */
static bool
reads_all_first(Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Sort:
		case T_Hash:
			return true;
		case T_Agg:
			return ((Agg *) plan)->aggstrategy == AGG_PLAIN ||
				((Agg *) plan)->aggstrategy == AGG_HASHED;
		default:
			return false;
	}
}

bool
plan_has_no_effects(const PlannedStmt *stmt, Plan *plan, bool *harmless)
{
	List	   *exprs;
	ListCell   *lc;

	if (!node_exprs(plan, &exprs) || contain_volatile_functions((Node *) exprs))
		return false;
	*harmless &= !may_fail_walker((Node *) exprs, NULL) && !locks_rows(plan);
	foreach(lc, plan_own_subplans(plan))
	{
		SubPlan    *subplan = lfirst_node(SubPlan, lc);

		*harmless &= subplan->subLinkType == CTE_SUBLINK;
		if (!plan_has_no_effects(stmt, plan_of_subplan(stmt, subplan->plan_id), harmless))
			return false;
	}
	if (IsA(plan, CteScan) &&
		!plan_has_no_effects(stmt, plan_of_subplan(stmt, ((CteScan *) plan)->ctePlanId), harmless))
		return false;
	if (reads_all_first(plan))
		return true;
	foreach(lc, plan_children(plan))
	{
		if (!plan_has_no_effects(stmt, lfirst(lc), harmless))
			return false;
	}
	return true;
}
