/*
 * planner_hook.h
 *		Where statements over distributed tables leave PostgreSQL's way.
 */
#ifndef SHARDLITE_PLANNER_HOOK_H
#define SHARDLITE_PLANNER_HOOK_H

extern void planner_init(void);

#endif							/* SHARDLITE_PLANNER_HOOK_H */
