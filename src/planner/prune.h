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

#endif							/* SHARDLITE_PRUNE_H */
