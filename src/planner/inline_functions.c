/*
 * inline_functions.c
 *		Table functions written in SQL, opened before a statement is classified.
 */
#include "postgres.h"

#include "access/transam.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/prep.h"

#include "planner/inline_functions.h"

typedef struct InlineContext
{
	ParamListInfo params;
	List	   *dependencies;	/* of PlanInvalItem */
}			InlineContext;

/* Is there a function call in FROM that is not built in? */
static bool
calls_user_function(const Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		RangeTblFunction *function;

		if (rte->rtekind != RTE_FUNCTION || list_length(rte->functions) != 1)
			continue;
		function = linitial_node(RangeTblFunction, rte->functions);
		if (IsA(function->funcexpr, FuncExpr) &&
			((FuncExpr *) function->funcexpr)->funcid >= FirstNormalObjectId)
			return true;
	}
	return false;
}

/* Let PostgreSQL inline the functions of one level. */
static void
inline_level(Query *query, InlineContext * context)
{
	PlannerInfo *root = makeNode(PlannerInfo);

	root->parse = query;
	root->glob = makeNode(PlannerGlobal);
	root->glob->boundParams = context->params;
	root->query_level = 1;
	root->planner_cxt = CurrentMemoryContext;
	preprocess_function_rtes(root);
	context->dependencies = list_concat(context->dependencies, root->glob->invalItems);
}

static bool
inline_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;

		if (calls_user_function(query))
			inline_level(query, arg);
		return query_tree_walker(query, inline_walker, arg, 0);
	}
	return expression_tree_walker(node, inline_walker, arg);
}

List *
inline_table_functions(Query *parse, ParamListInfo params)
{
	InlineContext context = {params, NIL};

	inline_walker((Node *) parse, &context);
	return context.dependencies;
}

void
inline_functions_note(PlannedStmt *stmt, List *dependencies)
{
	stmt->invalItems = list_concat(stmt->invalItems, dependencies);
}
