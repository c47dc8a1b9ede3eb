/*
 * fault_point.h
 *		Named places at which a test makes this process fail or wait.
 *
 * FAULT_POINT(name) names an entry of fault_points.txt; a name that is not
 * there does not compile.  In a normal build it costs nothing.  In a test
 * build (make FAULT_POINTS=1) the setting shardlite.fault_point, a comma
 * separated list of
 *
 *		name:action[=argument][@n]
 *
 * says what happens there, at every hit or only at the n-th since the setting
 * was made:
 *
 *		error, fatal, panic		ereport of that level
 *		kill					SIGKILL this process, as the kernel would
 *		sleep[=milliseconds]	do nothing for a while (default 1000)
 *		pause[=milliseconds]	the same, but a cancel ends it with its error
 *		wait[=key]				wait while another session holds
 *								pg_advisory_lock(key) (default 0)
 *
 * Where an error cannot be handled any more (after commit) a test uses kill,
 * panic, sleep or wait; these need no transaction and throw nothing.  Sleep
 * and wait write a LOG line first, for tests that wait for it.  Superusers
 * can SET it; for background processes use ALTER SYSTEM and a reload.
 */
#ifndef SHARDLITE_FAULT_POINT_H
#define SHARDLITE_FAULT_POINT_H

#include "common/fault_points_gen.h"

#ifdef SHARDLITE_FAULT_POINTS

#define FAULT_POINT(name) fault_point_hit(FAULT_POINT_ID_##name)

extern void fault_point_init(void);
extern void fault_point_hit(FaultPointId id);

#else

#define FAULT_POINT(name) ((void) FAULT_POINT_ID_##name)
#define fault_point_init() ((void) 0)

#endif							/* SHARDLITE_FAULT_POINTS */

#endif							/* SHARDLITE_FAULT_POINT_H */
