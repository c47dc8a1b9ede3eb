/*
 * router.c
 *		Tier 1: statements that concern one shard.
 *
 * The whole statement goes to the shard's node, so any SQL in it works.  Which
 * shard that is may depend on parameters: the key is an expression that the
 * executor evaluates, so the plan stays good for every execution.
 */
#include "postgres.h"

#include "planner/one_row.h"
#include "planner/router.h"
#include "planner/whole_statement.h"

PlannedStmt *
plan_router(Query *query, const TableSurvey * survey, int cursor_options)
{
	WholeStatement statement = {0};
	const ShardGroup *group = survey_group(survey);

	if (group == NULL)
		return NULL;
	statement.query = query;
	statement.cursor_options = cursor_options;
	statement.plan.one_row = returns_one_row(query, survey);

	/* enough for cursors and EXPLAIN; nothing is chosen by it */
	statement.rows = statement.plan.one_row || query->commandType != CMD_SELECT ? 1 : 10;
	statement.plan.tier = 1;
	statement.plan.colocation_id = group->colocation_id;
	statement.plan.writes = survey->writes;
	statement.plan.target = TARGET_ALL_SHARDS;
	if (group->nshards > 1)
	{
		Node	   *key = survey_single_key(survey, group);

		if (key == NULL)
			return NULL;
		statement.plan.target = TARGET_KEYS;
		statement.keys = list_make1(key);
	}
	return plan_whole_statement(&statement);
}
