/*
 * lock_path.h
 *		DistLock: rows of distributed tables are locked after they were chosen.
 */
#ifndef SHARDLITE_LOCK_PATH_H
#define SHARDLITE_LOCK_PATH_H

#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

#include "planner/dist_rel.h"

/* Does a level of the statement ask for locks on rows of shards? */
extern bool lock_paths_asked(Query *parse);

/*
 * Do fragments of this plan lock rows that do not come out of their query
 * level, because of a filter, a join or a LIMIT here?
 */
extern bool lock_paths_excessive(const PlannedStmt *stmt);

/* In statements marked so, put DistLocks in the place of LockRows. */
extern void lock_paths_replace(PlannerInfo *root, RelOptInfo *final_rel);

/*
 * The rows that a write changes, locked before, where their scan has not done
 * it: in a statement that locks others above, which may be the same rows.
 */
extern Path *lock_path_for_target(PlannerInfo *root, Path *source);

/*
 * Make the finished plan such that DistLocks can run their children for one
 * row, as PostgreSQL does for its LockRows.
 */
extern void lock_paths_finish(PlannedStmt *stmt);

/*
 * Complete the scan of a record whose rows are locked above: its text is that
 * of query, and plan->refetch the one that reads one row again.
 */
extern void lock_path_set_text(PlannerInfo *root, const DistRel * dist, Query *query,
							   DistPlan * plan, List **params);

#endif							/* SHARDLITE_LOCK_PATH_H */
