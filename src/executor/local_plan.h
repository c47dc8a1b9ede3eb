/*
 * local_plan.h
 *		Cached plans of fragments that run in this backend.
 */
#ifndef SHARDLITE_LOCAL_PLAN_H
#define SHARDLITE_LOCAL_PLAN_H

#include "nodes/params.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

/*
 * Plan for a fragment's text, from the cache if it has been here before.
 * Give it back with ReleaseCachedPlan(plan, *owner).  A text without
 * parameters enters the cache when it comes for the second time: until then
 * its plan lives in the current context.  Names in the text resolve in pg_catalog unless qualified.  params may be
 * NULL although there are nparams: then the plan is a generic one.
 */
extern CachedPlan *local_plan_get(const char *sql, int nparams, const Oid *types,
								  ParamListInfo params, ResourceOwner *owner);

/*
 * A plan of its own for these parameter values, not cached; for EXPLAIN.  Give
 * it back with ReleaseCachedPlan(plan, NULL).
 */
extern CachedPlan *local_plan_once(const char *sql, int nparams, const Oid *types,
								   ParamListInfo params);

#endif							/* SHARDLITE_LOCAL_PLAN_H */
