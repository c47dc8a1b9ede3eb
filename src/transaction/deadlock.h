/*
 * deadlock.h
 *		Deadlocks over several nodes; private to transaction/.
 */
#ifndef SHARDLITE_DEADLOCK_H
#define SHARDLITE_DEADLOCK_H

#include "datatype/timestamp.h"

/*
 * For the launcher: start and feed detectors where they are needed.  Returns
 * milliseconds after which it wants to be called again, -1 for: when the
 * launcher's latch is set.
 */
extern long deadlock_watch(TimestampTz now);

#endif							/* SHARDLITE_DEADLOCK_H */
