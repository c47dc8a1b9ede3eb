/*
 * node_address.h
 *		Where a node listens, by value, so that remote/ need not know metadata/.
 */
#ifndef SHARDLITE_NODE_ADDRESS_H
#define SHARDLITE_NODE_ADDRESS_H

#define NODE_HOST_MAX 256

typedef struct NodeAddress
{
	int32		node_id;
	char		host[NODE_HOST_MAX];
	int			port;
} NodeAddress;

#endif							/* SHARDLITE_NODE_ADDRESS_H */
