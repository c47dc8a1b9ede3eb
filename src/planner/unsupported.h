/*
 * unsupported.h
 *		Every statement shape that the planner refuses, in one place.
 */
#ifndef SHARDLITE_UNSUPPORTED_H
#define SHARDLITE_UNSUPPORTED_H

#include "nodes/parsenodes.h"

/*
 * Error (0A000) when this Query level, which changes a distributed or
 * reference table by select-then-write, has a shape that cannot work so.
 */
extern void unsupported_write_check(const Query *query);

/* WHERE CURRENT OF a cursor over a distributed table. */
extern void unsupported_current_of(const char *cursor_name);

#endif							/* SHARDLITE_UNSUPPORTED_H */
