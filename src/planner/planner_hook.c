/*
 * planner_hook.c
 *		Chooses the tier that plans a statement.
 *
 *		0	no distributed table in it, or only reads of reference tables:
 *			PostgreSQL's planner
 *		1	one shard: router.c
 *		2	every shard by itself: pushdown_modify.c
 *		3	everything else: path_tier.c
 */
#include "postgres.h"

#include "access/transam.h"
#include "common/delegated_call.h"
#include "common/node_session.h"
#include "compat/query_compat.h"
#include "metadata/dist_table.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "planner/delegated_select.h"
#include "planner/inline_functions.h"
#include "planner/path_tier.h"
#include "planner/planner_hook.h"
#include "planner/pushdown_modify.h"
#include "planner/route_cache.h"
#include "planner/router.h"
#include "planner/table_survey.h"
#include "planner/union_stats.h"
#include "planner/unsupported.h"
#include "tcop/tcopprot.h"

static planner_hook_type next_planner_hook = NULL;

/* What the range tables of a statement hold. */
typedef struct TableKinds
{
	bool		distributed;	/* hash or single-shard tables */
	bool		reference_target;	/* writes to a reference table */
}			TableKinds;

static bool
table_kinds_walker(Node *node, void *arg)
{
	TableKinds *kinds = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		ListCell   *lc;
		int			rti = 0;

		foreach(lc, query->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
			DistTable  *table = NULL;

			rti++;
			if (rte->rtekind == RTE_RELATION && rte->relid >= FirstNormalObjectId)
				table = dist_table_find(rte->relid);
			if (table == NULL)
				continue;
			unsupported_sample_check(rte, table);
			if (table->kind != DIST_REFERENCE)
			{
				kinds->distributed = true;
				if (rti == query->resultRelation)
				{
					unsupported_row_security_check(query, rte);
					unsupported_referenced_check(query, rte->relid);
				}
			}
			else if (rti == query->resultRelation)
				kinds->reference_target = true;
		}
		return query_tree_walker(query, table_kinds_walker, arg, 0);
	}
	return expression_tree_walker(node, table_kinds_walker, arg);
}

/*
 * A fragment that another node sent, or that the executor plans for itself:
 * what it names are shard tables and this node's copies of reference tables.
 * A function called by a fragment plans statements of its own, with texts of
 * their own: those are not fragments.  Neither is a delegated call.
 */
static bool
is_fragment(const char *query_string)
{
	return planning_local_fragment ||
		(node_session && query_string != NULL && debug_query_string != NULL &&
		 strcmp(query_string, debug_query_string) == 0 && !in_delegated_call());
}

static bool
clear_perms_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		compat_clear_required_perms((Query *) node);
		return query_tree_walker((Query *) node, clear_perms_walker, context, 0);
	}
	return expression_tree_walker(node, clear_perms_walker, context);
}

/* What the rewriter added for the policies of shard tables. */
static bool
clear_policies_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		ListCell   *lc;

		foreach(lc, ((Query *) node)->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

			if (rte->rtekind == RTE_RELATION && is_shard_table(rte->relid))
				rte->securityQuals = NIL;
		}
		return query_tree_walker((Query *) node, clear_policies_walker, context, 0);
	}
	return expression_tree_walker(node, clear_policies_walker, context);
}

static PlannedStmt *
plan_next(Query *parse, const char *query_string, int cursor_options, ParamListInfo params)
{
	if (next_planner_hook)
		return next_planner_hook(parse, query_string, cursor_options, params);
	return standard_planner(parse, query_string, cursor_options, params);
}

/* Privileges were checked where the statement was planned. */
static PlannedStmt *
plan_fragment(Query *parse, const char *query_string, int cursor_options, ParamListInfo params)
{
	bool		local = planning_local_fragment;
	PlannedStmt *stmt;

	planning_local_fragment = false;
	(void) clear_perms_walker((Node *) parse, NULL);
	if (strncmp(query_string, FRAGMENT_WITHOUT_POLICIES, strlen(FRAGMENT_WITHOUT_POLICIES)) == 0)
		(void) clear_policies_walker((Node *) parse, NULL);
	stmt = plan_next(parse, query_string, cursor_options, params);
	planning_local_fragment = local;
	return stmt;
}

/*
 * The queries of foreign key triggers, and only they, run like this.  A foreign
 * key of a distributed table is a constraint of its shards, enforced there;
 * the shell has it, too, but holds no rows, so what the trigger asks of a
 * shell must find nothing.  Only the foreign key of a table that is still
 * local needs the rows of the distributed table that it references.
 */
static bool
is_referential_check(const Query *query)
{
	const RangeTblEntry *rte;

	if (!InNoForceRLSOperation())
		return false;
	if (query->rowMarks == NIL || list_length(query->rtable) != 1)
		return true;
	rte = linitial_node(RangeTblEntry, query->rtable);
	return rte->rtekind != RTE_RELATION || !local_table_refers_to(rte->relid);
}

/* INSERT ... VALUES: the path tier evaluates and routes the rows. */
static bool
is_insert_of_values(Query *query)
{
	ListCell   *lc;

	if (query->commandType != CMD_INSERT)
		return false;
	foreach(lc, query->rtable)
	{
		if (lfirst_node(RangeTblEntry, lc)->rtekind == RTE_SUBQUERY)
			return false;
	}
	return true;
}

/*
 * SEARCH BREADTH FIRST has been rewritten to a record whose fields a fragment
 * cannot name: the text of such a statement would not be accepted.
 */
static bool
breadth_first_walker(Node *node, void *context)
{
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, breadth_first_walker, context);
	foreach(lc, ((Query *) node)->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (cte->search_clause != NULL && cte->search_clause->search_breadth_first)
			return true;
	}
	return query_tree_walker((Query *) node, breadth_first_walker, context, 0);
}

static PlannedStmt *
plan_for_one_shard(Query *parse, int cursor_options)
{
	TableSurvey survey;

	if (breadth_first_walker((Node *) parse, NULL) || !survey_tables(parse, &survey))
		return NULL;
	return plan_router(parse, &survey, cursor_options);
}

static PlannedStmt *
plan_distributed(Query *parse, const char *query_string, int cursor_options,
				 ParamListInfo params)
{
	TableSurvey survey;
	PlannedStmt *stmt = NULL;

	if (!is_insert_of_values(parse))
		stmt = route_cache_plan(parse, cursor_options, plan_for_one_shard);
	if (stmt != NULL)
		return stmt;
	if (!is_insert_of_values(parse) && !breadth_first_walker((Node *) parse, NULL) &&
		survey_tables(parse, &survey))
	{
		stmt = plan_router(parse, &survey, cursor_options);
		if (stmt == NULL)
			stmt = plan_pushdown_modify(parse, &survey, cursor_options);
	}
	if (stmt == NULL)
		stmt = plan_path_tier(parse, query_string, cursor_options, params);
	return stmt;
}

static PlannedStmt *
plan_by_tier(Query *parse, const char *query_string, int cursor_options, ParamListInfo params)
{
	TableKinds	kinds = {false, false};
	PlannedStmt *stmt = NULL;

	(void) table_kinds_walker((Node *) parse, &kinds);
	if (kinds.distributed)
		return plan_distributed(parse, query_string, cursor_options, params);
	if (!kinds.reference_target)
		return plan_next(parse, query_string, cursor_options, params);
	if (!breadth_first_walker((Node *) parse, NULL))
		stmt = plan_reference_modify(parse, cursor_options);
	if (stmt == NULL)
		stmt = plan_path_tier(parse, query_string, cursor_options, params);
	return stmt;
}

static PlannedStmt *
distributed_planner(Query *parse, const char *query_string, int cursor_options,
					ParamListInfo params)
{
	List	   *inlined;
	DelegatedSelect *delegated;
	PlannedStmt *stmt;

	if (is_fragment(query_string))
		return plan_fragment(parse, query_string, cursor_options, params);
	if (in_delegated_call())
		delegated_statement_check(parse);
	if (!dist_tables_exist() || is_referential_check(parse))
		return plan_next(parse, query_string, cursor_options, params);

	inlined = inline_table_functions(parse, params);
	delegated = delegated_select_find(parse, query_string, cursor_options);
	stmt = plan_by_tier(parse, query_string, cursor_options, params);
	if (delegated != NULL)
		delegated_select_plan(delegated, stmt);
	inline_functions_note(stmt, inlined);
	return stmt;
}

void
planner_init(void)
{
	next_planner_hook = planner_hook;
	planner_hook = distributed_planner;
	path_tier_init();
	route_cache_init();
	union_stats_init();
}
