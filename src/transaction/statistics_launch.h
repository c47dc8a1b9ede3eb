/*
 * statistics_launch.h
 *		Starts the workers that keep statistics up to date.
 */
#ifndef SHARDLITE_STATISTICS_LAUNCH_H
#define SHARDLITE_STATISTICS_LAUNCH_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/*
 * For the launcher's loop: start a worker if it is time for one.  databases
 * yields a list of OIDs in the current context, which lives as long as the
 * launcher.  Returns in how many milliseconds to call again, -1 for never;
 * the launcher's latch is set when a worker ends.
 */
extern long statistics_watch(TimestampTz now, List *(*databases) (void));

extern void statistics_launch_init(void);

#endif							/* SHARDLITE_STATISTICS_LAUNCH_H */
