/*
 * peer_readers.h
 *		Connections of a node session to other nodes, to read what sessions of
 *		the same statement have left there (executor/exchange_read.c).
 *
 * They are no participants of any transaction: each request is a transaction
 * of its own that takes no lock and writes nothing, so it waits for nobody.
 * There is one per node at most, kept for the next exchange.
 */
#ifndef SHARDLITE_PEER_READERS_H
#define SHARDLITE_PEER_READERS_H

#include "remote/connection.h"

/*
 * Connect to these nodes (not the local one), all at the same time.  A
 * connection that cannot be had is lost; look.
 */
extern void peer_readers_connect(const int32 *node_ids, int count, RemoteConnection **conns);

/* Close those that still have something under way: nobody wants it any more. */
extern void peer_readers_abandon(void);

/* Close those not used for timeout_ms; milliseconds until the next is due, or 0. */
extern long peer_readers_close_idle(TimestampTz now, int timeout_ms);

extern bool peer_readers_exist(void);

#endif							/* SHARDLITE_PEER_READERS_H */
