/*
 * distinct_path.h
 *		Path tier: DISTINCT and DISTINCT ON on the shards.
 */
#ifndef SHARDLITE_DISTINCT_PATH_H
#define SHARDLITE_DISTINCT_PATH_H

#include "nodes/pathnodes.h"

/* Define the settings. */
extern void distinct_path_init(void);

/* Let the nodes remove duplicates among their rows (UPPERREL_DISTINCT). */
extern void distinct_paths_add(PlannerInfo *root, RelOptInfo *input_rel,
							   RelOptInfo *distinct_rel);

#endif							/* SHARDLITE_DISTINCT_PATH_H */
