/*
 * flight.c
 *		Scans that will all be read start together: members of a UNION, both
 *		sides of a join, CTEs, InitPlans.
 *
 * The first scan that is asked for a row takes along the others, so that the
 * statement waits once and not once per scan.  Which ones is read from the plan
 * tree, by how many rows each node of it will be asked for.  What starts with
 * no effect is a plain SELECT whose parameters have values; the rows of a
 * fragment that comes too early wait in its queue, and its error is thrown when its
 * rows are asked for, so never if they are not.
 *
 * Inside a transaction block an error on a node ends the transaction there,
 * whether or not somebody asks for it.  So what starts ahead there must be
 * certain to be read whatever the data are; outside, where such a fragment is a
 * transaction of its own, it is enough that the plan is likely to come to it.
 *
 * Fragments of one connection are answered one after the other.  Scans
 * therefore start in the order in which their rows are needed: first the side of
 * a join that is read to its end before the other one.  A scan that may use
 * several connections waits for its turn: its rows would be in the way of those that
 * the one before it holds back, and a round trip is nothing to it.
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "executor/dist_batch.h"
#include "executor/executor.h"
#include "executor/flight.h"
#include "executor/nodeSubplan.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "transaction/dist_xact.h"
#include "transaction/statement_depth.h"

/* What a node of the plan will be asked for. */
typedef struct Demand
{
	double		rows;			/* likely at most; INFINITY: all */
	bool		certain;		/* one at least, unless there is an error before */
	bool		to_end;			/* if certain: until there is none */
	bool		again;			/* for the same rows, perhaps */
}			Demand;

/* A scan that has not been started, in StatementState.waiting. */
typedef struct WaitingScan
{
	DistScanState *scan;
	bool		certain;
}			WaitingScan;

/* State of add_init_params. */
typedef struct InitParams
{
	Bitmapset  *known;
	Bitmapset  *found;
}			InitParams;

static void visit(StatementState * statement, PlanState *node, Demand demand);

static void
add_scan(StatementState * statement, DistScanState * scan, bool certain)
{
	ListCell   *lc;
	WaitingScan *waiting;

	foreach(lc, statement->waiting)
	{
		waiting = lfirst(lc);
		if (waiting->scan == scan)
		{
			waiting->certain |= certain;
			return;
		}
	}
	waiting = palloc(sizeof(WaitingScan));
	waiting->scan = scan;
	waiting->certain = certain;
	statement->waiting = lappend(statement->waiting, waiting);
}

/* Those that do not depend on the rows of this node; CTEs are where they are read. */
static void
visit_subplans(StatementState * statement, List *subplans)
{
	ListCell   *lc;

	foreach(lc, subplans)
	{
		SubPlanState *state = lfirst(lc);
		SubPlan    *subplan = state->subplan;
		Demand		demand = {INFINITY, false, false};
		ListCell   *lc2;

		if (subplan->subLinkType == CTE_SUBLINK || subplan->subLinkType == MULTIEXPR_SUBLINK ||
			subplan->parParam != NIL)
			continue;
		if (subplan->subLinkType == EXISTS_SUBLINK)
			demand.rows = 1;
		if (subplan->paramIds == NIL)
			foreach(lc2, subplan->setParam)
				statement->init_params = bms_add_member(statement->init_params, lfirst_int(lc2));
		visit(statement, state->planstate, demand);
	}
}

/* One after the other, until there are enough rows. */
static void
visit_append(StatementState * statement, AppendState *append, Demand demand)
{
	double		before = 0;

	for (int i = 0; i < append->as_nplans && before < demand.rows; i++)
	{
		PlanState  *child = append->appendplans[i];
		bool		certain = demand.certain && append->as_prune_state == NULL &&
		(i == 0 || demand.to_end);

		visit(statement, child, (Demand) {demand.rows - before, certain, demand.to_end, demand.again});
		before += child->plan->plan_rows;
	}
}

static double
const_or(Node *expr, double otherwise)
{
	if (expr == NULL || !IsA(expr, Const) || ((Const *) expr)->constisnull)
		return otherwise;
	return DatumGetInt64(((Const *) expr)->constvalue);
}

static void
visit_limit(StatementState * statement, PlanState *node, Demand demand)
{
	Limit	   *limit = (Limit *) node->plan;
	double		count = limit->limitCount == NULL ? INFINITY : const_or(limit->limitCount, 0);
	double		offset = limit->limitOffset == NULL ? 0 : const_or(limit->limitOffset, 0);

	demand.certain &= count > 0;
	demand.to_end &= limit->limitCount == NULL;
	demand.rows = Min(demand.rows, Max(count, 1) + offset);
	if (limit->limitCount == NULL || !IsA(limit->limitCount, Const) || count > 0)
		visit(statement, outerPlanState(node), demand);
}

/*
 * The inner side is read to its end, or again and again, before the outer one
 * has given its second row.  Which one is asked first, and whether the other is
 * asked at all if that has no row, depends on the kind of join.
 */
static void
visit_join(StatementState * statement, PlanState *node, Demand demand)
{
	JoinType	type = ((Join *) node->plan)->jointype;
	bool		fills_outer = type == JOIN_LEFT || type == JOIN_ANTI || type == JOIN_FULL;
	bool		fills_inner = type == JOIN_RIGHT || type == JOIN_FULL;
	Demand		inner = {INFINITY, demand.certain && fills_inner, true, demand.again};
	Demand		outer = demand;

	if (IsA(node, HashJoinState))
		outer.certain &= fills_outer;
	else if (IsA(node, MergeJoinState))
	{
		inner.to_end = demand.to_end;
		outer.to_end &= fills_outer;
	}
	visit(statement, innerPlanState(node), inner);
	visit(statement, outerPlanState(node), outer);
}

/* Is it a scan that may start before its rows are asked for, at some time? */
static bool
is_plain_read(const DistScanState * scan)
{
	return scan->plan->operation == CMD_SELECT && !scan->plan->writes &&
		scan->sources == NIL && scan->exchange_key == 0 && scan->plan->target != TARGET_ANY_NODE;
}

/* Our own nodes read their children to the end, but those that give out rows in batches. */
static void
visit_custom(StatementState * statement, CustomScanState *node, Demand demand)
{
	DistScanState *scan = (DistScanState *) node;
	ListCell   *lc;

	if (is_dist_batch((CustomScan *) node->ss.ps.plan))
	{
		((DistBatchState *) node)->to_end = demand.certain && demand.to_end;
		visit(statement, outerPlanState(node), demand);
		return;
	}
	if (!is_dist_lock((CustomScan *) node->ss.ps.plan))
		demand = (Demand) {INFINITY, demand.certain, true, demand.again};
	foreach(lc, node->custom_ps)
		visit(statement, lfirst(lc), demand);
	if (!is_dist_scan((CustomScan *) node->ss.ps.plan))
		return;
	add_scan(statement, scan, demand.certain);
	if (demand.again && scan->run == NULL && !scan->over && flight_params_known(scan))
		scan->keep |= is_plain_read(scan);
}

/* Does it read all that there is before it gives a row? */
static bool
reads_ahead(PlanState *node)
{
	switch (nodeTag(node))
	{
		case T_SortState:
		case T_HashState:
		case T_ModifyTableState:
			return true;
		case T_AggState:
			return ((Agg *) node->plan)->aggstrategy == AGG_PLAIN ||
				((Agg *) node->plan)->aggstrategy == AGG_HASHED;
		case T_SetOpState:
			return ((SetOp *) node->plan)->strategy == SETOP_HASHED;
		default:
			return false;
	}
}

/* Note the scans below a node in the order in which they will be read. */
static void
visit(StatementState * statement, PlanState *node, Demand demand)
{
	if (node == NULL)
		return;
	check_stack_depth();
	visit_subplans(statement, node->initPlan);
	visit_subplans(statement, node->subPlan);
	if (reads_ahead(node))
		demand = (Demand) {INFINITY, demand.certain, true};
	switch (nodeTag(node))
	{
		case T_CustomScanState:
			visit_custom(statement, (CustomScanState *) node, demand);
			break;
		case T_AppendState:
			visit_append(statement, (AppendState *) node, demand);
			break;
		case T_MaterialState:
			demand.again = false;
			visit(statement, outerPlanState(node), demand);
			break;
		case T_MergeAppendState:
			for (int i = 0; i < ((MergeAppendState *) node)->ms_nplans; i++)
				visit(statement, ((MergeAppendState *) node)->mergeplans[i], demand);
			break;
		case T_LimitState:
			visit_limit(statement, node, demand);
			break;
		case T_HashJoinState:
		case T_MergeJoinState:
		case T_NestLoopState:
			visit_join(statement, node, demand);
			break;
		case T_RecursiveUnionState:
			visit(statement, outerPlanState(node), demand);
			visit(statement, innerPlanState(node), (Demand) {INFINITY, false, false, true});
			break;
		case T_CteScanState:
			visit(statement, ((CteScanState *) node)->cteplanstate, demand);
			break;
		case T_SubqueryScanState:
			visit(statement, ((SubqueryScanState *) node)->subplan, demand);
			break;
		case T_ResultState:
			demand.certain &= ((Result *) node->plan)->resconstantqual == NULL;
			visit(statement, outerPlanState(node), demand);
			break;
		case T_SortState:
		case T_IncrementalSortState:
		case T_HashState:
		case T_ModifyTableState:
		case T_AggState:
		case T_GroupState:
		case T_SetOpState:
		case T_UniqueState:
		case T_ProjectSetState:
		case T_LockRowsState:
		case T_WindowAggState:
			visit(statement, outerPlanState(node), demand);
			break;
		default:
			break;
	}
}

void
flight_prepare(StatementState * statement)
{
	bool		to_end;
	QueryDesc  *query = statement_running(&to_end);
	MemoryContext old;

	if (statement->visited)
		return;
	statement->visited = true;
	if (query == NULL || query->estate != statement->estate)
		return;
	old = MemoryContextSwitchTo(statement->cxt);
	visit(statement, query->planstate, (Demand) {to_end ? INFINITY : 1, true, to_end});
	MemoryContextSwitchTo(old);
}

/* ---- who can start ---- */

/* Does an expression read what is not there yet?  context: the scan. */
static bool
reads_unknown(Node *node, void *context)
{
	const DistScanState *scan = context;
	EState	   *estate = scan->css.ss.ps.state;

	if (node == NULL)
		return false;
	if (IsA(node, Param))
	{
		Param	   *param = (Param *) node;

		if (param->paramkind == PARAM_EXTERN)
			return estate->es_param_list_info == NULL;
		return param->paramkind != PARAM_EXEC || scan->statement == NULL ||
			!bms_is_member(param->paramid, scan->statement->init_params) ||
			estate->es_param_exec_vals[param->paramid].execPlan != NULL;
	}
	if (IsA(node, SubPlan) || IsA(node, Var))
		return true;
	return expression_tree_walker(node, reads_unknown, context);
}

static List *
scan_exprs(const DistScanState * scan)
{
	return ((CustomScan *) scan->css.ss.ps.plan)->custom_exprs;
}

bool
flight_params_known(const DistScanState * scan)
{
	return !reads_unknown((Node *) scan_exprs(scan), (void *) scan) &&
		!contain_volatile_functions((Node *) scan_exprs(scan));
}

/* InitPlans that one of our scans takes parameters from. */
static bool
add_init_params(Node *node, void *context)
{
	InitParams *inits = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC &&
		bms_is_member(((Param *) node)->paramid, inits->known))
		inits->found = bms_add_member(inits->found, ((Param *) node)->paramid);
	return expression_tree_walker(node, add_init_params, context);
}

/* Could computing it fail? */
static bool
may_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SQLValueFunction) ||
		(IsA(node, FuncExpr) && ((FuncExpr *) node)->args == NIL &&
		 ((FuncExpr *) node)->funcid < FirstNormalObjectId))
		return false;
	if (!IsA(node, List) && !IsA(node, Param) && !IsA(node, Const) && !IsA(node, RelabelType))
		return true;
	return expression_tree_walker(node, may_fail, context);
}

/* Run the InitPlans that a scan needs; false if there was none to run. */
static bool
run_init_plans(DistScanState * scan)
{
	InitParams	inits = {scan->statement->init_params, NULL};
	bool		waited = false;
	int			id = -1;

	if (may_fail((Node *) scan_exprs(scan), NULL))
		return false;
	(void) add_init_params((Node *) scan_exprs(scan), &inits);
	while ((id = bms_next_member(inits.found, id)) >= 0)
		waited |= scan->css.ss.ps.state->es_param_exec_vals[id].execPlan != NULL;
	ExecSetParamPlanMulti(inits.found, scan->css.ss.ps.ps_ExprContext);
	bms_free(inits.found);
	return waited;
}

/*
 * The first scan needs InitPlans.  Those of others have started with them, so
 * their values are here, too, and all these scans can start together.
 */
static void
run_all_init_plans(DistScanState * first)
{
	ListCell   *lc;

	if (!run_init_plans(first))
		return;
	foreach(lc, list_copy(first->statement->waiting))
	{
		WaitingScan *waiting = lfirst(lc);

		if (waiting->certain && is_plain_read(waiting->scan))
			(void) run_init_plans(waiting->scan);
	}
}

static bool
can_start(const WaitingScan * waiting)
{
	const DistScanState *scan = waiting->scan;

	return flight_params_known(scan) &&
		(waiting->certain ||
		 (!may_fail((Node *) scan_exprs(scan), NULL) && dist_xact_autocommits_reads()));
}

/* Start those that wait, the first one's rows are read now. */
static void
start_waiting(DistScanState * first)
{
	StatementState *statement = first->statement;
	ListCell   *lc;

	foreach(lc, statement->waiting)
	{
		WaitingScan *waiting = lfirst(lc);
		DistScanState *scan = waiting->scan;
		bool		fresh = scan->run == NULL && !scan->over && scan->kept == NULL;

		if (scan != first && fresh && is_plain_read(scan))
		{
			if (!can_start(waiting) || dist_scan_is_long(scan))
				continue;
			scan->ahead = true;
			dist_scan_start(scan);
		}
		else if (scan == first && scan->sources == NIL)
			dist_scan_start(scan);
		statement->waiting = foreach_delete_current(statement->waiting, lc);
	}
}

void
flight_depart(DistScanState * first)
{
	flight_prepare(first->statement);
	if (first->statement->waiting != NIL)
	{
		run_all_init_plans(first);
		if (flight_params_known(first))
			start_waiting(first);
	}

	/* One that reads rows for its parameters, or its children, starts only now. */
	if (first->run == NULL)
		dist_scan_start(first);
}
