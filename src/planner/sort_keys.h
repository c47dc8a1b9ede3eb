/*
 * sort_keys.h
 *		From the planner's pathkeys to what nodes can sort by.
 */
#ifndef SHARDLITE_SORT_KEYS_H
#define SHARDLITE_SORT_KEYS_H

#include "planner/dist_rel.h"

/*
 * Keys that give the order of pathkeys, in *keys; false if the nodes cannot
 * produce it.  They come from the sort columns of target or, if that is NULL,
 * from what rel has.
 */
extern bool sort_keys_find(RelOptInfo *rel, const PathTarget *target,
						   const DistRel * dist, List *pathkeys, List **keys);

/* ORDER BY of keys (of SortGroupClause); puts them into the target. */
extern List *sort_keys_clauses(PathTarget *target, List *keys);

/*
 * What a record without upper part must deliver so that wanted can be computed
 * from it: keys, as they stand there, and columns for the rest.
 */
extern PathTarget *sort_keys_target(PlannerInfo *root, const DistRel * dist,
									const PathTarget *wanted, List *keys);

#endif							/* SHARDLITE_SORT_KEYS_H */
