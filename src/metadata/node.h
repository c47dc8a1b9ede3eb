/*
 * node.h
 *		The nodes of the cluster, as stored in shardlite.node.
 */
#ifndef SHARDLITE_NODE_H
#define SHARDLITE_NODE_H

#include "common/node_address.h"
#include "nodes/pg_list.h"

typedef struct ClusterNode
{
	NodeAddress address;		/* node_id, host, port */
	bool		holds_shards;
	bool		is_local;		/* this server */
}			ClusterNode;

/* Id of this server; 1 is the coordinator, the only one to change metadata. */
#define COORDINATOR_NODE_ID 1
extern int32 local_node_id(void);

/* Error (42704) when there is no such node.  Valid until end of transaction. */
extern const ClusterNode *node_get(int32 node_id);

/* All nodes (const ClusterNode *), ordered by id; one entry on a single server. */
extern List *node_list(void);

/* Error (0A000) with hint unless this server is the coordinator. */
extern void ensure_coordinator(void);

/* Owner of the extension: the role that nodes use among themselves. */
extern Oid	extension_owner(void);

#endif							/* SHARDLITE_NODE_H */
