/*
 * scan_path.h
 *		DistScan: the path that reads a relation from its shards.
 */
#ifndef SHARDLITE_SCAN_PATH_H
#define SHARDLITE_SCAN_PATH_H

#include "nodes/pathnodes.h"

/* Replace the paths of a marked shell by DistScans (set_rel_pathlist_hook). */
extern void scan_paths_replace(PlannerInfo *root, RelOptInfo *rel, Index rti,
							   RangeTblEntry *rte);

#endif							/* SHARDLITE_SCAN_PATH_H */
