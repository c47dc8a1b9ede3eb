/*
 * pushdown_modify.c
 *		Tier 2: one fragment per shard, or per copy of a reference table.
 *
 * A shard can carry out its part of an UPDATE, DELETE or MERGE when every other
 * distributed table in it is joined, row by row, on the key, or read by sub-SELECTs
 * and CTEs that stay on the row's shard.  The copies of a reference table stay
 * equal when each node must come to the same result: no volatile function, and
 * nothing that depends on the order of rows.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "compat/query_compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "planner/colocated_query.h"
#include "planner/prune.h"
#include "planner/pushdown_modify.h"
#include "planner/whole_statement.h"

static bool
is_update_or_delete(Query *query)
{
	return (query->commandType == CMD_UPDATE || query->commandType == CMD_DELETE) &&
		!query->hasModifyingCTE;
}

static bool
is_merge(Query *query)
{
	return query->commandType == CMD_MERGE && !query->hasModifyingCTE;
}

/* Is there a subquery whose result may depend on the order of its rows? */
static bool
depends_on_order_walker(Node *node, void *top)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;

		if (query->limitCount != NULL || query->limitOffset != NULL || query->hasAggs ||
			query->hasWindowFuncs || query->hasDistinctOn)
			return true;
		return query_tree_walker(query, depends_on_order_walker, top, 0);
	}
	if (IsA(node, RangeTblEntry))
		return ((RangeTblEntry *) node)->tablesample != NULL;
	return expression_tree_walker(node, depends_on_order_walker, top);
}

static bool
depends_on_order(Query *query)
{
	return query_tree_walker(query, depends_on_order_walker, NULL, QTW_EXAMINE_RTES_BEFORE);
}

/*
 * The table whose rows make the statement's work units, each on one shard: the
 * target, or a table that every source row of a MERGE comes from.
 */
static bool
is_anchor(Query *query, const SurveyedTable * table)
{
	if (table->key.level != 1 || table->key.varno <= 0)
		return false;
	if (!is_merge(query) || !compat_merge_keeps_source(query))
		return table->key.varno == query->resultRelation;
	return table->key.varno != query->resultRelation && table->scope->parent == NULL;
}

/* The anchor, moved to the front of the survey's tables. */
static SurveyedTable *
find_anchor(Query *query, TableSurvey * survey)
{
	ListCell   *lc;

	foreach(lc, survey->tables)
	{
		SurveyedTable *table = lfirst(lc);

		if (is_anchor(query, table))
		{
			survey->tables = lcons(table, list_delete_ptr(list_copy(survey->tables), table));
			return table;
		}
	}
	return NULL;
}

PlannedStmt *
plan_pushdown_modify(Query *query, const TableSurvey * survey, int cursor_options)
{
	WholeStatement statement = {0};
	TableSurvey sorted = *survey;
	const ShardGroup *group = survey_group(survey);
	SurveyedTable *anchor;

	if (!(is_update_or_delete(query) || is_merge(query)) || group == NULL ||
		contain_volatile_functions((Node *) query))
		return NULL;
	anchor = find_anchor(query, &sorted);
	if ((anchor == NULL || !survey_is_colocated(&sorted) ||
		 (survey->has_reference && depends_on_order(query))) &&
		!colocated_modify(query))
		return NULL;

	statement.query = query;
	statement.cursor_options = cursor_options;
	statement.rows = query->returningList != NIL ? 1000 : 1;
	statement.plan.tier = 2;
	statement.plan.colocation_id = group->colocation_id;
	statement.plan.writes = true;
	statement.plan.target = TARGET_ALL_SHARDS;
	if (!is_merge(query))
		statement.plan.target = prune_shards(query, anchor, &statement.keys);
	return plan_whole_statement(&statement);
}

/* Are all tables of the statement, at every level, reference tables? */
static bool
has_other_table_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;
		DistTable  *table;

		if (rte->rtekind == RTE_NAMEDTUPLESTORE)
			return true;
		if (rte->rtekind != RTE_RELATION || rte->relkind == RELKIND_VIEW)
			return false;
		table = dist_table_find(rte->relid);
		return table == NULL || table->kind != DIST_REFERENCE;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, has_other_table_walker, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, has_other_table_walker, context);
}

PlannedStmt *
plan_reference_modify(Query *query, int cursor_options)
{
	WholeStatement statement = {0};
	ListCell   *lc;

	if (!is_update_or_delete(query) || query->withCheckOptions != NIL ||
		rt_fetch(query->resultRelation, query->rtable)->securityQuals != NIL ||
		contain_volatile_functions((Node *) query) || depends_on_order(query) ||
		has_other_table_walker((Node *) query, NULL))
		return NULL;

	/* which row of several an UPDATE takes its values from is up to each node */
	if (query->commandType == CMD_UPDATE)
	{
		if (list_length(query->jointree->fromlist) != 1 ||
			!IsA(linitial(query->jointree->fromlist), RangeTblRef))
			return NULL;
		foreach(lc, query->targetList)
		{
			if (contain_subplans((Node *) lfirst_node(TargetEntry, lc)->expr))
				return NULL;
		}
	}
	statement.query = query;
	statement.cursor_options = cursor_options;
	statement.rows = 1;
	statement.plan.tier = 2;
	statement.plan.writes = true;
	statement.plan.target = TARGET_ALL_NODES;
	return plan_whole_statement(&statement);
}
