/*
 * order_path.h
 *		Path tier: ORDER BY and LIMIT on the shards, merged here.
 */
#ifndef SHARDLITE_ORDER_PATH_H
#define SHARDLITE_ORDER_PATH_H

#include "planner/dist_rel.h"

/* Define the settings. */
extern void order_path_init(void);

/* May nodes sort the rows of this record? */
extern bool order_can_sort(const DistRel * dist);

/*
 * Beside a DistScan of a base or join relation, add one whose rows come in the
 * order that the query wants, if the shards can sort them.
 */
extern void order_paths_add_sorted(PlannerInfo *root, RelOptInfo *rel,
								   const DistRel * dist, const Path *unsorted);

/* Sort and limit an upper relation on the shards (create_upper_paths_hook). */
extern void order_paths_push(PlannerInfo *root, UpperRelationKind stage,
							 RelOptInfo *input_rel, RelOptInfo *output_rel);

#endif							/* SHARDLITE_ORDER_PATH_H */
