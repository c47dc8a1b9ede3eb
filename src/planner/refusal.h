/*
 * refusal.h
 *		Why the shards do not do more, for EXPLAIN: a record keeps the most telling
 *		refusal of something that would have stood above it.  A scan that is in
 *		the plan shows the one of its record.  Reasons are constants: text is
 *		made only for scans that have one.
 */
#ifndef SHARDLITE_REFUSAL_H
#define SHARDLITE_REFUSAL_H

#include "planner/colocated_query.h"
#include "planner/dist_rel.h"
#include "planner/shell_mark.h"

/* The shards do not do this step; why has static lifetime, NULL: they do. */
extern void refusal_note(DistRel * dist, const char *step, const char *why);

/* The same, whatever has been noted before. */
extern void refusal_set(DistRel * dist, const char *step, const char *why);

/* The table is read for part of a Query level that shards do not run as it is. */
extern void refusal_note_level(DistRel * dist, RefusedLevel level, ColocatedObstacle why);

/* A record that does more than the one it was copied from; what it is part of stays. */
extern void refusal_forget(DistRel * dist);

/*
 * They do not compute this join; why may be NULL (the sides will be tried the
 * other way round).  with_sources: rows may be sent to them for it.
 */
extern void refusal_note_join(const JoinSides * sides, const char *why, bool with_sources);

/* Nor can rows be sent to them for it; why may be NULL. */
extern void refusal_note_sending(const JoinSides * sides, const char *why);

/* Tell the plan of a scan of rel by this record, and with these filters here. */
extern void refusal_describe(PlannerInfo *root, RelOptInfo *rel, const DistRel * dist,
							 List *filters, DistPlan * plan);

#endif							/* SHARDLITE_REFUSAL_H */
