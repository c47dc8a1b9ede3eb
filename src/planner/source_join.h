/*
 * source_join.h
 *		Joins with rows that are sent to where they can be joined.
 */
#ifndef SHARDLITE_SOURCE_JOIN_H
#define SHARDLITE_SOURCE_JOIN_H

#include "planner/dist_rel.h"

/* Are rows that are computed here sent for joins at all? */
extern bool source_join_sends(void);

/*
 * Records in which one side of the join is a source for the other's shards:
 * sent by key, if the join is on the key, else to all of them.  Or both sides
 * are sources for a group of nodes, by columns that the join makes equal.  None
 * is made where this cannot give the right rows; sides->obstacle is told why.
 */
extern List *source_join_records(const JoinSides * sides);

/*
 * The record in which a reference table's side is read here and sent, instead
 * of being read by the fragment of every shard; NULL if that cannot be.
 */
extern DistRel * source_join_reference(const JoinSides * sides);

/* May nodes send rows to each other? */
extern bool source_join_exchanges(void);

extern void source_join_init(void);

#endif							/* SHARDLITE_SOURCE_JOIN_H */
