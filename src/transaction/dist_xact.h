/*
 * dist_xact.h
 *		Distributed transactions as the executor and the commands see them.
 */
#ifndef SHARDLITE_DIST_XACT_H
#define SHARDLITE_DIST_XACT_H

#include "remote/connection.h"

#define DIST_ACCESS_READ		0x00
#define DIST_ACCESS_WRITE		0x01	/* may change or lock rows there */

/*
 * The caller promises that this one fragment is the whole statement and that
 * nothing can fail here after it succeeded: it may run in autocommit mode on
 * the node when this transaction allows it (no block, no outer statement).
 */
#define DIST_ACCESS_AUTOCOMMIT	0x02

/*
 * Connection to use for the next fragment on this node, connected, and with
 * whatever must precede the fragment (context, BEGIN, SAVEPOINTs) queued in
 * its current batch.  node_id must not be the local node.  Throws when the
 * node cannot be reached (08006, names the node).
 */
extern RemoteConnection *dist_xact_connection(int32 node_id, int access);

/*
 * Connect to these nodes (not the local one) at the same time, so that the
 * calls for each of them find a connection.  Throws as above.
 */
extern void dist_xact_connect(const int32 *node_ids, int count);

/* A fragment is about to run on a shard of this server. */
extern void dist_xact_touch_local(void);

/* Run one command on a node inside the distributed transaction; waits. */
extern void dist_xact_execute(int32 node_id, const char *sql);

/* The same on every node but this one, in one flight per node. */
extern void dist_xact_execute_on_others(const char *sql);

/* Is this backend serving another node (a node session)? */
extern bool in_node_session(void);

extern void dist_xact_init(void);

#endif							/* SHARDLITE_DIST_XACT_H */
