/*
 * refusal.h
 *		Why the shards do not do more, for EXPLAIN: a record keeps the first
 *		refusal of something that would have stood above it.  A scan that is in
 *		the plan shows the one of its record.
 */
#ifndef SHARDLITE_REFUSAL_H
#define SHARDLITE_REFUSAL_H

#include "planner/dist_rel.h"

/* The shards do not do what would come next; why has static lifetime. */
extern void refusal_note(DistRel * dist, const char *why);

/*
 * They do not compute this join; why may be NULL (the sides will be tried the
 * other way round).  with_sources: rows may be sent to them for it.
 */
extern void refusal_note_join(const JoinSides * sides, const char *why, bool with_sources);

/* Tell the plan of a scan of rel by this record. */
extern void refusal_describe(PlannerInfo *root, RelOptInfo *rel, const DistRel * dist,
							 DistPlan * plan);

#endif							/* SHARDLITE_REFUSAL_H */
