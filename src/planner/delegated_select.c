/*
 * delegated_select.c
 *		SELECT f(...) and SELECT ... FROM f(...) of a distributed function.
 *
 * The plan is a ShardliteCall above the plan that PostgreSQL makes: which of
 * them runs is decided in each execution, by the key.  Since the arguments may
 * be evaluated twice then, none of them is volatile.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/delegated_call.h"
#include "common/node_session.h"
#include "deparse/call_text.h"
#include "deparse/shippable.h"
#include "metadata/dist_function.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/scansup.h"
#include "plan/dist_plan.h"
#include "planner/delegated_select.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

struct DelegatedSelect
{
	DistPlan	plan;
	List	   *exprs;			/* arguments, then the key */
};

/* Nothing but a target list and at most one FROM item. */
static bool
is_bare(const Query *query)
{
	return query->commandType == CMD_SELECT && query->cteList == NIL &&
		query->setOperations == NULL && query->rowMarks == NIL &&
		query->groupClause == NIL && query->groupingSets == NIL &&
		query->havingQual == NULL && query->distinctClause == NIL &&
		query->sortClause == NIL && query->limitCount == NULL &&
		query->limitOffset == NULL && !query->hasAggs && !query->hasWindowFuncs &&
		!query->hasSubLinks && query->jointree->quals == NULL &&
		list_length(query->rtable) <= 1 && query->targetList != NIL;
}

/*
 * Is this the client's own statement, or one that was prepared?  For PL/pgSQL
 * a SELECT without FROM is an expression, whose plan has no node of ours.  Its
 * texts are copies; PREPARE's are whole statements.
 */
static bool
is_whole_statement(const char *query_string)
{
	const char *at = query_string;

	if (query_string == NULL || query_string == debug_query_string)
		return query_string != NULL;
	while (scanner_isspace(*at))
		at++;
	if (pg_strncasecmp(at, "prepare", 7) != 0 || !scanner_isspace(at[7]))
		return false;
	for (at += 7; scanner_isspace(*at); at++)
		 /* next word */ ;
	return isalpha((unsigned char) *at) || *at == '_' || *at == '"' || IS_HIGHBIT_SET(*at);
}

/* The call that the statement consists of, in its tree; NULL if none. */
static FuncExpr *
find_call(Query *query, const char *query_string)
{
	TargetEntry *first = linitial_node(TargetEntry, query->targetList);
	RangeTblEntry *rte;
	Node	   *call;
	ListCell   *lc;

	if (query->rtable == NIL)
		return list_length(query->targetList) == 1 && IsA(first->expr, FuncExpr) &&
			is_whole_statement(query_string) ? (FuncExpr *) first->expr : NULL;
	rte = linitial_node(RangeTblEntry, query->rtable);
	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality ||
		list_length(rte->functions) != 1 || list_length(query->jointree->fromlist) != 1 ||
		!IsA(linitial(query->jointree->fromlist), RangeTblRef))
		return NULL;
	foreach(lc, query->targetList)
	{
		Var		   *var = (Var *) lfirst_node(TargetEntry, lc)->expr;

		if (!IsA(var, Var) || var->varattno <= 0)
			return NULL;
	}
	call = linitial_node(RangeTblFunction, rte->functions)->funcexpr;
	return IsA(call, FuncExpr) ? (FuncExpr *) call : NULL;
}

static bool
can_return(const Query *query)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		Oid			type = exprType((Node *) lfirst_node(TargetEntry, lc)->expr);

		if (type == REFCURSOROID || !is_returnable_type(type))
			return false;
	}
	return true;
}

/*
 * Arguments by position, with those that the caller left to their defaults.
 * False when they are not to be evaluated twice or cannot travel.
 */
static bool
complete_arguments(FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", call->funcid);
	call->args = expand_function_arguments(call->args, false, call->funcresulttype, tuple);
	ReleaseSysCache(tuple);
	return !contain_volatile_functions((Node *) call->args) &&
		!expression_returns_set((Node *) call->args) &&
		call_arguments_can_travel(call->args);
}

/* The function's part of the plan; false when the call must run here. */
static bool
describe_call(DelegatedSelect * select, FuncExpr *call)
{
	DistFunction *function = dist_function_find(call->funcid);
	char		volatility;
	Node	   *key;

	if (function == NULL)
		return false;
	volatility = func_volatile(call->funcid);
	if (volatility == PROVOLATILE_IMMUTABLE || !complete_arguments(call) ||
		function->argument >= list_length(call->args))
		return false;
	key = call_key(list_nth(call->args, function->argument), function->group);
	if (key == NULL)
		return false;
	select->exprs = lappend(list_copy(call->args), key);
	select->plan.operation = CMD_SELECT;
	select->plan.tier = 1;
	select->plan.target = TARGET_KEYS;
	select->plan.function = call->funcid;
	select->plan.colocation_id = function->group->colocation_id;
	select->plan.nparams = list_length(call->args);
	select->plan.nkeys = 1;
	select->plan.returns_rows = true;
	select->plan.writes = volatility == PROVOLATILE_VOLATILE;
	return true;
}

DelegatedSelect *
delegated_select_find(Query *query, const char *query_string, int cursor_options)
{
	DelegatedSelect *select;
	FuncExpr   *call;

	/* a cursor may go back and forth, or outlive the transaction */
	if (node_session || !is_bare(query) ||
		(cursor_options & (CURSOR_OPT_SCROLL | CURSOR_OPT_HOLD | CURSOR_OPT_FAST_PLAN)) != 0)
		return NULL;
	call = find_call(query, query_string);
	if (call == NULL || call->funcid < FirstNormalObjectId ||
		dist_function_find(call->funcid) == NULL || !can_return(query))
		return NULL;
	query = copyObject(query);
	call = find_call(query, query_string);
	select = palloc0(sizeof(DelegatedSelect));
	if (!describe_call(select, call))
		return NULL;
	select->plan.text = call_query_text(query, call);
	return select;
}

void
delegated_select_plan(DelegatedSelect * select, PlannedStmt *stmt)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *child = stmt->planTree;
	ListCell   *lc;

	scan->methods = GetCustomScanMethods(DIST_CALL_NAME, false);
	scan->custom_private = dist_plan_encode(&select->plan);
	scan->custom_plans = list_make1(child);
	scan->custom_scan_tlist = copyObject(child->targetlist);
	foreach(lc, child->targetlist)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = (Node *) tle->expr;

		tle->expr = (Expr *) makeVar(INDEX_VAR, tle->resno, exprType(expr),
									 exprTypmod(expr), exprCollation(expr), 0);
		scan->scan.plan.targetlist = lappend(scan->scan.plan.targetlist, tle);
	}
	foreach(lc, select->exprs)
		scan->custom_exprs = lappend(scan->custom_exprs,
									 expression_planner(copyObject(lfirst(lc))));
	scan->scan.plan.startup_cost = child->startup_cost;
	scan->scan.plan.total_cost = child->total_cost;
	scan->scan.plan.plan_rows = child->plan_rows;
	scan->scan.plan.plan_width = child->plan_width;
	stmt->planTree = (Plan *) scan;
}

/* ------------------------------------------------------------------ node */

static bool
uses_server_walker(Node *node, void *context)
{
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, uses_server_walker, context);
	foreach(lc, ((Query *) node)->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && rte->relid >= FirstNormalObjectId &&
			rte->relkind != RELKIND_VIEW && dist_table_find(rte->relid) == NULL)
			delegated_call_refuse(psprintf("table \"%s\"", get_rel_name(rte->relid)));
	}
	return query_tree_walker((Query *) node, uses_server_walker, context, 0);
}

void
delegated_statement_check(Query *query)
{
	(void) uses_server_walker((Node *) query, NULL);
}
