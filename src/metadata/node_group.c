/*
 * node_group.c
 *		Groups of shards that no table belongs to.
 *
 * Plans refer to a group by its id, as to those of tables, and find out at
 * execution which nodes there are.
 */
#include "postgres.h"

#include "metadata/metadata_cache.h"
#include "metadata/node.h"
#include "metadata/node_group.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Key types, in TopMemoryContext: that of group -1, of group -2, ... */
static List *key_types = NIL;

const ShardGroup *
node_group_get(Oid key_type)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	ListCell   *lc;

	key_types = list_append_unique_oid(key_types, key_type);
	MemoryContextSwitchTo(old);
	foreach(lc, key_types)
	{
		if (lfirst_oid(lc) == key_type)
			return shard_group_get(-1 - foreach_current_index(lc));
	}
	pg_unreachable();
}

/* Ranges of the same size, but for rounding. */
static void
divide_hashes(ShardGroup * group)
{
	for (int i = 0; i < group->nshards; i++)
	{
		int64		min = PG_INT32_MIN + ((int64) i << 32) / group->nshards;
		int64		end = PG_INT32_MIN + ((int64) (i + 1) << 32) / group->nshards;

		group->shards[i].hash_min = (int32) min;
		group->shards[i].hash_max = (int32) (end - 1);
	}
}

ShardGroup *
node_group_load(MetadataCache * cache, int32 colocation_id)
{
	List	   *nodes = node_list();
	ShardGroup *group = MemoryContextAllocZero(cache->cxt, offsetof(ShardGroup, shards) +
											   list_length(nodes) * sizeof(Shard));
	ListCell   *lc;

	group->colocation_id = colocation_id;
	group->key_type = list_nth_oid(key_types, -1 - colocation_id);
	group->key_collation = get_typcollation(group->key_type);
	foreach(lc, nodes)
	{
		const ClusterNode *node = lfirst(lc);

		if (node->holds_shards)
			group->shards[group->nshards++].node_id = node->address.node_id;
	}

	/* no node is to get any more tables: rows meet here */
	if (group->nshards == 0)
		group->shards[group->nshards++].node_id = local_node_id();
	group->nnodes = group->nshards;
	divide_hashes(group);
	return group;
}
