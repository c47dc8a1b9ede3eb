/*
 * modify_path.h
 *		DistModify: the path that writes rows to a distributed or reference
 *		table (select-then-write).
 */
#ifndef SHARDLITE_MODIFY_PATH_H
#define SHARDLITE_MODIFY_PATH_H

#include "nodes/pathnodes.h"

/*
 * Replace the ModifyTable paths of a query level whose target is ours by
 * DistModify paths over the same source (create_upper_paths_hook, at FINAL).
 */
extern void modify_paths_replace(PlannerInfo *root, RelOptInfo *final_rel);

#endif							/* SHARDLITE_MODIFY_PATH_H */
