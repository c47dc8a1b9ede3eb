/*
 * union_stats.h
 *		On a node: what its planner knows of the rows of several shards together.
 */
#ifndef SHARDLITE_UNION_STATS_H
#define SHARDLITE_UNION_STATS_H

/* Install the hook. */
extern void union_stats_init(void);

#endif							/* SHARDLITE_UNION_STATS_H */
