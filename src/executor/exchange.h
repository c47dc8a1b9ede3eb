/*
 * exchange.h
 *		Rows of a side of a join go straight from node to node.
 *
 * The join is computed where shards of the other side are, or on all nodes, and
 * this side is not there, but on shards, too: a ShardliteScan.  Its rows go
 * through the coordinator (row_source.h) or, with an exchange, in two steps:
 *
 * 1.	Each node that has shards of the scan runs its fragments and leaves the
 *		rows in one file per node that needs some, chosen by the hash of the
 *		key (exchange_write.h).  This is done by the session of the statement,
 *		so it sees what that sees.
 * 2.	In the batch of the fragments that join, each node fetches its file from
 *		every other one into the stores that the fragments read
 *		(exchange_read.h).
 *
 * The coordinator waits between the two, as it would for the rows.  Each node
 * talks to each other node over one connection.  A transaction block holds a
 * node's session together, also where the statement has none.
 */
#ifndef SHARDLITE_EXCHANGE_H
#define SHARDLITE_EXCHANGE_H

#include "executor/dist_scan.h"

typedef struct Exchange Exchange;

/* May the rows of this scan go from node to node? */
extern bool exchange_is_possible(PlanState *child);

/*
 * Send the first step, for the scan child, which must be at its start, whose
 * column key_resno goes to the group's shards; the first one's store will have
 * number id.  Lives as long as the scan.
 */
extern Exchange * exchange_create(PlanState *child, int key_resno, const ShardGroup * group,
								  int64 id);

/*
 * Wait for its end.  False when a node cannot reach another: then nothing has
 * happened, and the exchange is gone.
 */
extern bool exchange_complete(Exchange * exchange);

/* The second step, on a node; conn has an open batch, NULL: on this server. */
extern void exchange_send_fetch(Exchange * exchange, RemoteConnection *conn);

/* The files are not needed any more. */
extern void exchange_release(Exchange * exchange);

#endif							/* SHARDLITE_EXCHANGE_H */
