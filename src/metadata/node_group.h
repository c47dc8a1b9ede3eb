/*
 * node_group.h
 *		Groups of shards that no table belongs to: each node that holds shards
 *		has one range of hashes.  For rows that are on their way, so that those
 *		with one key meet on one node.
 */
#ifndef SHARDLITE_NODE_GROUP_H
#define SHARDLITE_NODE_GROUP_H

#include "metadata/dist_table.h"

struct MetadataCache;

/*
 * The group for keys of a type, which shard_hash_common_type() has returned.
 * Its colocation id, below 0, is good in this backend only, for as long as it
 * lives.
 */
extern const ShardGroup *node_group_get(Oid key_type);

/* For shard_group_get(): the group of an id below 0. */
extern ShardGroup * node_group_load(struct MetadataCache *cache, int32 colocation_id);

#endif							/* SHARDLITE_NODE_GROUP_H */
