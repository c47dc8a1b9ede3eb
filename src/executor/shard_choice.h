/*
 * shard_choice.h
 *		Which shards does this execution of a plan concern?
 */
#ifndef SHARDLITE_SHARD_CHOICE_H
#define SHARDLITE_SHARD_CHOICE_H

#include "executor/fragment_params.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

/*
 * Sorted list (IntList) of indexes into group->shards.  keys are the evaluated
 * key expressions of the plan.  A statement that runs whole on one shard gets
 * one even if no key matches: the shard then finds that out by itself, and an
 * aggregate still returns its row.
 */
extern List *shard_choice(const DistPlan * plan, const ShardGroup * group,
						  FragmentParams * keys);

/*
 * Throw PostgreSQL's own error for a NULL in the distribution column (23502).
 * detail may be NULL.
 */
extern void null_key_error(const DistTable * table, char *detail) pg_attribute_noreturn();

#endif							/* SHARDLITE_SHARD_CHOICE_H */
