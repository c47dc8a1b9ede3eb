/*
 * strategy.h
 *		Path tier: what the shards do for a scan, for EXPLAIN.
 */
#ifndef SHARDLITE_STRATEGY_H
#define SHARDLITE_STRATEGY_H

#include "planner/dist_rel.h"

/* What fragments of this record do, as DOES_... of plan/dist_plan.h. */
extern int	strategy_of(PlannerInfo *root, const DistRel * dist, const Path *path);

#endif							/* SHARDLITE_STRATEGY_H */
