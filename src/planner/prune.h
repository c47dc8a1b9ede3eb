/*
 * prune.h
 *		Which shards can hold rows that a statement's target loop looks at?
 */
#ifndef SHARDLITE_PRUNE_H
#define SHARDLITE_PRUNE_H

#include "plan/dist_plan.h"
#include "planner/table_survey.h"

/*
 * TARGET_KEYS with key expressions of the group's key type, or arrays of it;
 * TARGET_NOTHING when the conditions contradict themselves; otherwise
 * TARGET_ALL_SHARDS.  table must stand at the top level of query.
 */
extern FragmentTarget prune_shards(Query *query, const SurveyedTable * table, List **keys);

/*
 * Key values, or arrays of them, of which one must match in every row that
 * satisfies the conditions of query; NIL when they say nothing.  columns (of
 * KeyColumn, not empty) are those of its top level that carry the key.
 */
extern List *prune_by_columns(Query *query, List *columns, const ShardGroup * group);

#endif							/* SHARDLITE_PRUNE_H */
