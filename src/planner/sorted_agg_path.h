/*
 * sorted_agg_path.h
 *		Path tier: aggregates that take their input in order, or only once.
 */
#ifndef SHARDLITE_SORTED_AGG_PATH_H
#define SHARDLITE_SORTED_AGG_PATH_H

#include "planner/agg_path.h"

/*
 * If a grouping has aggregates with DISTINCT, ORDER BY or WITHIN GROUP, let the
 * nodes sort their input and, where that changes nothing, drop duplicates.  The
 * path replaces the others.
 */
extern void sorted_agg_path_add(const Grouping * grouping);

#endif							/* SHARDLITE_SORTED_AGG_PATH_H */
