/*
 * partial_aggregate.h
 *		Aggregates in two phases: transition states from the shards, combined
 *		and finished here.
 */
#ifndef SHARDLITE_PARTIAL_AGGREGATE_H
#define SHARDLITE_PARTIAL_AGGREGATE_H

#include "nodes/primnodes.h"

/* Why this server cannot take up the states of this aggregate from other nodes; NULL if it can. */
extern const char *partial_aggregate_obstacle(Aggref *aggref);

/* The first phase of an aggregate, as a Finalize Agg above wants it. */
extern Aggref *partial_aggregate_make(const Aggref *aggref);

/* Replace such first phases by what a shard must compute for them. */
extern Node *partial_aggregates_for_shard(Node *node);

#endif							/* SHARDLITE_PARTIAL_AGGREGATE_H */
