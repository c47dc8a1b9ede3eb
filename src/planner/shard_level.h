/*
 * shard_level.h
 *		Path tier: Query levels that become "SELECT ... FROM (sub-SELECT)", with a
 *		sub-SELECT that shards run as it is.
 */
#ifndef SHARDLITE_SHARD_LEVEL_H
#define SHARDLITE_SHARD_LEVEL_H

#include "nodes/parsenodes.h"

#include "planner/colocated_query.h"

/* Is there no more to the Query than FROM and WHERE? */
extern bool shard_level_is_plain(const Query *query);

/* A condition that becomes a semi-join or anti-join, or has no sublink. */
extern bool shard_level_becomes_join(Node *qual);

/*
 * Walker: is there a sublink that is computed once?  That of IN may become a
 * join.
 */
extern bool shard_level_computes_once(Node *node, void *context);

/* UNION ALL: one arm's rows after the other's, which shards would not keep. */
extern bool shard_level_appends(const Query *query);

/* Is there something that PostgreSQL's planner does not take apart into joins? */
extern bool shard_level_is_hard(Query *query);

/*
 * Let shards do a hard level of a SELECT, or the part of it that they can; false
 * if there is none, or if it is not hard.  *why: why not the whole.
 */
extern bool shard_level_wrap(Query *query, ColocatedObstacle *why);

/* The tables of what makes a level hard remember why it is not done by shards. */
extern void shard_level_refused(Query *query, ColocatedObstacle why);

#endif							/* SHARDLITE_SHARD_LEVEL_H */
