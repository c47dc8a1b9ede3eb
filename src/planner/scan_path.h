/*
 * scan_path.h
 *		DistScan: the path that reads a relation, or a join, from its shards.
 */
#ifndef SHARDLITE_SCAN_PATH_H
#define SHARDLITE_SCAN_PATH_H

#include "nodes/pathnodes.h"

#include "planner/dist_rel.h"

/* Replace the paths of a marked shell by DistScans (set_rel_pathlist_hook). */
extern void scan_paths_replace(PlannerInfo *root, RelOptInfo *rel, Index rti,
							   RangeTblEntry *rte);

/*
 * A DistScan without costs: rel's rows from the record, projected to target.
 * shipped are the RestrictInfos that the shards evaluate.
 */
extern Path *scan_path_make(RelOptInfo *rel, DistRel * dist, PathTarget *target,
							List *shipped);

/*
 * A DistScan that delivers rows rows of an upper record's target.  Its cost
 * has the reading, filtering and transfer; what else shards do is added by the
 * caller.
 */
extern Path *scan_path_make_upper(RelOptInfo *rel, DistRel * dist, double rows);

/*
 * Replace the paths of a join that the shards can compute on their own by one
 * DistScan, and offer to send rows of one side or both to where they can be
 * joined (set_join_pathlist_hook).
 */
extern void join_paths_push(const JoinSides * sides);

#endif							/* SHARDLITE_SCAN_PATH_H */
