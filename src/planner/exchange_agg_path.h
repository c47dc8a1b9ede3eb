/*
 * exchange_agg_path.h
 *		Path tier: rows are sent to the node of their group.
 */
#ifndef SHARDLITE_EXCHANGE_AGG_PATH_H
#define SHARDLITE_EXCHANGE_AGG_PATH_H

#include "planner/agg_path.h"

/*
 * Offer a path in which the nodes send each other the rows of a grouping by one
 * of its columns, and then group and filter as if every group lay on one shard.
 * Its record, for what comes above, counts only if that path is the best.
 */
extern void exchange_agg_path_add(const Grouping * grouping);

#endif							/* SHARDLITE_EXCHANGE_AGG_PATH_H */
