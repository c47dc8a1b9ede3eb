/*
 * whole_statement.c
 *		Builds, without PostgreSQL's planner, the PlannedStmt of a statement
 *		that runs as a whole on nodes.
 *
 * The plan is one CustomScan.  The range table is flat as set_plan_references()
 * would leave it: the top level's entries first, then every relation named
 * further below, so that the executor locks all tables and checks all
 * privileges, and EXPLAIN finds the Vars of the output.
 */
#include "postgres.h"

#include "compat/query_compat.h"
#include "deparse/literals.h"
#include "deparse/query_text.h"
#include "deparse/shippable.h"
#include "jit/jit.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "planner/whole_statement.h"
#include "utils/lsyscache.h"

/* What the statement returns: junk-free output columns, or none. */
static List *
output_columns(Query *query)
{
	List	   *list = query->commandType == CMD_SELECT ? query->targetList : query->returningList;
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, list)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk)
			result = lappend(result, tle);
	}
	return result;
}

static bool
can_return(List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (!is_returnable_type(exprType((Node *) lfirst_node(TargetEntry, lc)->expr)))
			return false;
	}
	return true;
}

static bool
forget_security_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		ListCell   *lc;

		query->withCheckOptions = NIL;
		foreach(lc, query->rtable)
			lfirst_node(RangeTblEntry, lc)->securityQuals = NIL;
		return query_tree_walker(query, forget_security_walker, context, 0);
	}
	return expression_tree_walker(node, forget_security_walker, context);
}

void
whole_statement_forget_security(Query *query)
{
	(void) forget_security_walker((Node *) query, NULL);
}

static bool
contains_sublink(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		return true;
	return expression_tree_walker(node, contains_sublink, context);
}

/*
 * The scan's tuple: expressions that EXPLAIN can print.  Only their types
 * matter to the executor.
 */
static List *
scan_columns(Query *query, List *columns)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, columns)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = flatten_join_alias_vars(query, copyObject((Node *) tle->expr));

		if (contains_sublink(expr, NULL))
			expr = (Node *) makeNullConst(exprType(expr), exprTypmod(expr), exprCollation(expr));
		tle->expr = (Expr *) expr;
		tle->resno = list_length(result) + 1;
		result = lappend(result, tle);
	}
	return result;
}

/* Vars over the scan's tuple, under the statement's column names. */
static List *
plan_columns(List *columns)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, columns)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = (Node *) tle->expr;

		tle->resno = list_length(result) + 1;
		tle->ressortgroupref = 0;
		tle->expr = (Expr *) makeVar(INDEX_VAR, tle->resno, exprType(expr),
									 exprTypmod(expr), exprCollation(expr), 0);
		result = lappend(result, tle);
	}
	return result;
}

/* Copy of an entry without what only the planner needs. */
static RangeTblEntry *
flat_copy(RangeTblEntry *rte)
{
	RangeTblEntry *result = makeNode(RangeTblEntry);

	memcpy(result, rte, sizeof(RangeTblEntry));
	result->tablesample = NULL;
	result->subquery = NULL;
	result->joinaliasvars = NIL;
	result->joinleftcols = NIL;
	result->joinrightcols = NIL;
	result->join_using_alias = NULL;
	result->functions = NIL;
	result->tablefunc = NULL;
	result->values_lists = NIL;
	result->coltypes = NIL;
	result->coltypmods = NIL;
	result->colcollations = NIL;
	result->securityQuals = NIL;
	return result;
}

typedef struct FlattenContext
{
	PlannedStmt *stmt;
	Query	   *query;			/* the level that we are in */
	bool		below;			/* below the top level */
}			FlattenContext;

/* Add the entries of all levels to the statement's range table. */
static bool
flatten_walker(Node *node, void *arg)
{
	FlattenContext *context = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		FlattenContext inner = {context->stmt, (Query *) node, true};
		ListCell   *lc;

		foreach(lc, inner.query->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

			if (rte->rtekind == RTE_RELATION || !context->below)
				compat_append_flat_rte(context->stmt, inner.query, flat_copy(rte));
		}
		return query_tree_walker(inner.query, flatten_walker, &inner, 0);
	}
	return expression_tree_walker(node, flatten_walker, context);
}

void
whole_statement_note(PlannedStmt *stmt, Query *query)
{
	FlattenContext context = {stmt, query, true};
	bool		has_row_security = false;

	List	   *relations;
	List	   *items;

	(void) flatten_walker((Node *) query, &context);
	extract_query_dependencies((Node *) query, &relations, &items, &has_row_security);
	stmt->relationOids = list_concat_unique_oid(stmt->relationOids, relations);
	stmt->invalItems = list_concat(stmt->invalItems, items);
	stmt->dependsOnRole |= has_row_security;
}

static CustomScan *
make_scan(WholeStatement * statement, List *params)
{
	CustomScan *scan = makeNode(CustomScan);
	List	   *columns = output_columns(statement->query);
	List	   *exprs = list_concat_copy(params, statement->keys);
	ListCell   *lc;

	scan->methods = GetCustomScanMethods(DIST_SCAN_NAME, false);
	scan->custom_private = dist_plan_encode(&statement->plan);
	scan->custom_scan_tlist = scan_columns(statement->query, columns);
	scan->scan.plan.targetlist = plan_columns(columns);
	scan->scan.plan.plan_rows = statement->rows;
	scan->scan.plan.plan_width = 32;
	scan->scan.plan.total_cost = 1 + statement->rows * cpu_tuple_cost;
	for (int rti = 1; rti <= list_length(statement->query->rtable); rti++)
		scan->custom_relids = bms_add_member(scan->custom_relids, rti);
	foreach(lc, exprs)
		scan->custom_exprs = lappend(scan->custom_exprs,
									 expression_planner(copyObject(lfirst(lc))));
	return scan;
}

/*
 * Row marks, so that the statement is known to lock rows (read-only
 * transactions, command tags, cursors).  Of the kind that opens nothing here.
 */
static List *
plan_row_marks(Query *query)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, query->rowMarks)
	{
		RowMarkClause *clause = lfirst_node(RowMarkClause, lc);
		PlanRowMark *mark = makeNode(PlanRowMark);

		mark->rti = mark->prti = clause->rti;
		mark->rowmarkId = list_length(result) + 1;
		mark->markType = ROW_MARK_COPY;
		mark->allMarkTypes = 1 << ROW_MARK_COPY;
		mark->strength = clause->strength;
		mark->waitPolicy = clause->waitPolicy;
		result = lappend(result, mark);
	}
	return result;
}

static PlannedStmt *
make_statement(WholeStatement * statement, CustomScan *scan)
{
	Query	   *query = statement->query;
	PlannedStmt *stmt = makeNode(PlannedStmt);
	FlattenContext context = {stmt, query, false};
	bool		has_row_security = false;

	stmt->commandType = query->commandType;
	stmt->queryId = query->queryId;
	stmt->hasReturning = query->returningList != NIL;
	stmt->hasModifyingCTE = query->hasModifyingCTE;
	stmt->canSetTag = query->canSetTag;
	stmt->planTree = (Plan *) scan;
	if (query->commandType == CMD_SELECT && (statement->cursor_options & CURSOR_OPT_SCROLL))
		stmt->planTree = materialize_finished_plan(stmt->planTree);
	stmt->rowMarks = plan_row_marks(query);
	stmt->jitFlags = PGJIT_NONE;
	stmt->stmt_location = query->stmt_location;
	stmt->stmt_len = query->stmt_len;
	(void) flatten_walker((Node *) query, &context);
	if (query->resultRelation != 0)
		stmt->resultRelations = list_make1_int(query->resultRelation);
	extract_query_dependencies((Node *) query, &stmt->relationOids, &stmt->invalItems,
							   &has_row_security);
	stmt->dependsOnRole = has_row_security;
	return stmt;
}

PlannedStmt *
plan_whole_statement(WholeStatement * statement)
{
	Query	   *query = copyObject(statement->query);
	List	   *params = NIL;

	if (!can_return(output_columns(query)))
		return NULL;
	whole_statement_forget_security(query);
	query = (Query *) extract_params((Node *) query, &params);
	if (!is_shippable((Node *) query))
		return NULL;
	extract_literals(query, &params);
	statement->plan.operation = query->commandType;
	statement->plan.nparams = list_length(params);
	statement->plan.nkeys = list_length(statement->keys);
	statement->plan.returns_rows = output_columns(statement->query) != NIL ||
		query->commandType == CMD_SELECT;
	statement->plan.whole_statement = true;
	statement->plan.text = query_text(query);
	return make_statement(statement, make_scan(statement, params));
}
