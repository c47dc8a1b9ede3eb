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

/*
 * A row with a NULL key is on its way.  Where the column is NOT NULL any shard
 * will refuse it, with the whole row in the error's detail, so this returns;
 * otherwise it throws null_key_error.
 */
extern void check_null_key(const DistTable * table);

#endif							/* SHARDLITE_SHARD_CHOICE_H */
