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
 * The same promise for fragments on several nodes, made before their batches
 * are closed: see dist_xact_last_batch().
 */
#define DIST_ACCESS_LAST		0x04

/*
 * What this leaves in the node's session is wanted by later requests of this
 * transaction: there must be a transaction there, which ends with this one.
 */
#define DIST_ACCESS_KEEP		0x08

/* The statement that writes is one of own_writes_readers. */
#define DIST_ACCESS_COUNTED		0x10

/*
 * Connection to use for the next fragment on this node, connected, and with
 * whatever must precede the fragment (context, BEGIN, SAVEPOINTs) queued in
 * its current batch.  node_id must not be the local node.  Throws when the
 * node cannot be reached (08006, names the node).
 */
extern RemoteConnection *dist_xact_connection(int32 node_id, int access);

/*
 * Until dist_xact_show_writes(), what is queued on the connection that was just given
 * does not see what this command of the transaction or a later one has written
 * there (own_writes.h).  False: it has written nothing, and nothing was queued.
 */
extern bool dist_xact_hide_writes(int32 node_id, CommandId command);
extern void dist_xact_show_writes(int32 node_id);

/*
 * Would a fragment with this access run in autocommit mode on the node?  If
 * not, it is part of a transaction block there.
 */
extern bool dist_xact_may_autocommit(int32 node_id, int access);

/* Is a transaction block of ours open on this node? */
extern bool dist_xact_in_block(int32 node_id);

/*
 * Are fragments that only read transactions of their own on every node, so that an
 * error of one is nobody else's?
 */
extern bool dist_xact_autocommits_reads(void);

/*
 * Inside a transaction block there: an error between the first two leaves the
 * transaction as it was, once the third has followed, which is sent after the
 * batch has failed.  Nothing else may be sent before that is known.
 */
extern void dist_xact_guard(RemoteConnection *conn);
extern void dist_xact_guard_end(RemoteConnection *conn);
extern void dist_xact_guard_undo(RemoteConnection *conn);

/*
 * What has been queued on this connection (for DIST_ACCESS_LAST) is the last
 * that the whole statement does on its node, and nothing can fail here after
 * it: phase one of the commit may join the batch, which saves a round trip.
 * Call it before remote_sync().  Does nothing where that is not possible.
 */
extern void dist_xact_last_batch(RemoteConnection *conn);

/*
 * Connect to these nodes (not the local one) at the same time, so that the
 * calls for each of them find a connection.  Throws as above.
 */
extern void dist_xact_connect(const int32 *node_ids, int count);

/*
 * Requests that only read were released on these connections before they were
 * done: stop the nodes, where nobody else reads from them and nothing is lost by
 * it.  Waits, limited by shardlite.cancel_timeout.
 */
extern void dist_xact_stop_reading(RemoteConnection **conns, int count);

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
