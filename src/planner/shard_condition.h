/*
 * shard_condition.h
 *		Path tier: conditions with sublinks that shards evaluate for rows of one
 *		table.
 */
#ifndef SHARDLITE_SHARD_CONDITION_H
#define SHARDLITE_SHARD_CONDITION_H

#include "nodes/parsenodes.h"

/*
 * Replace such conditions in a level's WHERE clause by calls that only fragments
 * understand.  Returns the Queries of their sublinks, whose relations the finished
 * plan has to know.
 */
extern List *shard_conditions_hide(Query *query);

/*
 * The condition behind such a call, NULL if node is none; *args: what it asks of
 * its row.
 */
extern Node *shard_condition_get(Node *node, List **args);

/* Put expressions of the row, as they are in a fragment, into a condition. */
extern Node *shard_condition_fill(Node *condition, List *args);

/* What conditions among these clauses cost, evaluated for so many rows. */
extern Cost shard_conditions_cost(List *clauses, double rows);

#endif							/* SHARDLITE_SHARD_CONDITION_H */
