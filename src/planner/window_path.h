/*
 * window_path.h
 *		Path tier: window functions on the shards.
 */
#ifndef SHARDLITE_WINDOW_PATH_H
#define SHARDLITE_WINDOW_PATH_H

#include "nodes/pathnodes.h"

/* Define the settings. */
extern void window_path_init(void);

/*
 * Let the shards compute the window functions, if every window's partitions
 * lie within shards (UPPERREL_WINDOW).
 */
extern void window_paths_push(PlannerInfo *root, RelOptInfo *input_rel,
							  RelOptInfo *window_rel);

#endif							/* SHARDLITE_WINDOW_PATH_H */
