/*
 * path_tier.h
 *		Tier 3: PostgreSQL's own planner, with scans of distributed tables and
 *		writes to them replaced.
 */
#ifndef SHARDLITE_PATH_TIER_H
#define SHARDLITE_PATH_TIER_H

#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/*
 * Plan any statement over distributed tables.  Scribbles on parse.  Refuses
 * (0A000) the few writes that unsupported.c lists.
 */
extern PlannedStmt *plan_path_tier(Query *parse, const char *query_string,
								   int cursor_options, ParamListInfo params);

/* Install the planner hooks that the tier works through. */
extern void path_tier_init(void);

#endif							/* SHARDLITE_PATH_TIER_H */
