/*
 * counters.h
 *		What statements cost: differences of remote_counters.
 */
#ifndef SHARDLITE_COUNTERS_H
#define SHARDLITE_COUNTERS_H

#include "remote/connection.h"

/* Add to total what happened since *before was copied from remote_counters. */
extern void remote_counters_add(RemoteCounters *total, const RemoteCounters *before);

#endif							/* SHARDLITE_COUNTERS_H */
