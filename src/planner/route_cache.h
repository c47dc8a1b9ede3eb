/*
 * route_cache.h
 *		Plans of statements for one shard, kept by the statement's shape.
 */
#ifndef SHARDLITE_ROUTE_CACHE_H
#define SHARDLITE_ROUTE_CACHE_H

#include "nodes/plannodes.h"

/* Plans a statement for one shard, or returns NULL.  Does not modify it. */
typedef PlannedStmt *(*RoutePlanner) (Query *query, int cursor_options);

/*
 * The plan that planner would make of the statement, if statements which differ
 * from it in literals only came before and may all be planned alike; else NULL.
 * It lives as long as the current context and shares parts with others.
 */
extern PlannedStmt *route_cache_plan(Query *query, int cursor_options, RoutePlanner planner);

extern void route_cache_init(void);

#endif							/* SHARDLITE_ROUTE_CACHE_H */
