/*
 * query_travel.h
 *		May nodes run a Query, before it is asked whose rows they have?
 */
#ifndef SHARDLITE_QUERY_TRAVEL_H
#define SHARDLITE_QUERY_TRAVEL_H

#include "planner/colocated_query.h"

/* Does it read shards at all? */
extern bool query_reads_shards(Query *query);

/* Can nodes run all of it, and does all of it come back? */
extern ColocatedObstacle query_travel_obstacle(Query *query);

/*
 * Copies of reference tables hold the same rows, but not in the same order: does
 * that show?
 */
extern bool query_depends_on_order(Query *query);

#endif							/* SHARDLITE_QUERY_TRAVEL_H */
