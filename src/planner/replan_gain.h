/*
 * replan_gain.h
 *		May a statement that was planned decorrelated have a much cheaper plan?
 */
#ifndef SHARDLITE_REPLAN_GAIN_H
#define SHARDLITE_REPLAN_GAIN_H

#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

/* Mark the entry of a subquery that was put in the place of a sublink. */
extern void replan_gain_mark(RangeTblEntry *rte);

/* Note what the paths of such an entry cost; other entries are left alone. */
extern void replan_gain_note(const RelOptInfo *rel, RangeTblEntry *rte);

/*
 * Could the statement of this plan save more than it takes to plan it again, if the
 * sublinks stayed, or if not all groups were computed?
 */
extern bool replan_gain_pays(const PlannedStmt *stmt);

#endif							/* SHARDLITE_REPLAN_GAIN_H */
