/*
 * node_join.h
 *		Bring a server into the cluster, or let it go.
 */
#ifndef SHARDLITE_NODE_JOIN_H
#define SHARDLITE_NODE_JOIN_H

#include "metadata/node.h"

/*
 * Make the server of a node whose row stands in the local shardlite.node a
 * member: extension, checks, metadata, objects, shell tables, reference data.
 * Everything in the distributed transaction, as the present role, which must
 * be the extension's owner.
 */
extern void node_join(const ClusterNode *node);

/* Throws unless the server at the node's address is that node. */
extern void node_verify_identity(const ClusterNode *node);

/* Make a node a cluster of its own again, without our tables. */
extern void node_leave(const ClusterNode *node);

/* Rows (List of char **) of a query on this server, through SPI. */
extern List *local_fetch(const char *sql);

#endif							/* SHARDLITE_NODE_JOIN_H */
