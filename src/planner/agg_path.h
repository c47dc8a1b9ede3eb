/*
 * agg_path.h
 *		Grouping and aggregates on the shards.
 */
#ifndef SHARDLITE_AGG_PATH_H
#define SHARDLITE_AGG_PATH_H

#include "nodes/pathnodes.h"

/* Define the settings. */
extern void agg_path_init(void);

/*
 * Add paths that leave the grouping of a relation with a record to its shards
 * (create_upper_paths_hook, at GROUP_AGG).  Where the shards do all of it, that
 * path is the only one and grouped_rel gets a record.
 */
extern void agg_paths_add(PlannerInfo *root, RelOptInfo *input_rel,
						  RelOptInfo *grouped_rel, GroupPathExtraData *extra);

#endif							/* SHARDLITE_AGG_PATH_H */
