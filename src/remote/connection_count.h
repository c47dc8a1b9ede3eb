/*
 * connection_count.h
 *		Shared memory: how many connections this server has to each address.
 */
#ifndef SHARDLITE_CONNECTION_COUNT_H
#define SHARDLITE_CONNECTION_COUNT_H

#include "common/node_address.h"

/* Not counted; see below. */
#define COUNT_NOWHERE	(-1)

/*
 * Count one more connection there, unless as many as limit are counted already.
 * Returns where it is counted, for connection_count_drop(), or COUNT_NOWHERE.
 */
extern int	connection_count_add(const NodeAddress *address, int limit);

/* A connection is closed.  Backends that exit need not call it. */
extern void connection_count_drop(int place);

/* Connections counted where this one is. */
extern int	connection_count_read(int place);

extern void connection_count_init(void);

#endif							/* SHARDLITE_CONNECTION_COUNT_H */
