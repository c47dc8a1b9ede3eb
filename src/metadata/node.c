/*
 * node.c
 *		Nodes of the cluster, through the metadata cache.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "metadata/metadata_cache.h"
#include "metadata/node.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

int32
local_node_id(void)
{
	MetadataCache *cache = metadata_cache();
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tup;
	bool		isnull;

	if (cache->local_node_id != 0 || !cache->installed)
		return cache->local_node_id;
	rel = table_open(cache->oids.local_node, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	tup = systable_getnext(scan);
	if (!HeapTupleIsValid(tup))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("table \"shardlite.local_node\" is empty")));
	cache->local_node_id = DatumGetInt32(heap_getattr(tup, Anum_local_node_node_id,
													  RelationGetDescr(rel), &isnull));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return cache->local_node_id;
}

static ClusterNode *
node_from_tuple(MetadataCache * cache, TupleDesc desc, HeapTuple tup, int32 local_id)
{
	ClusterNode *node = MemoryContextAllocZero(cache->cxt, sizeof(ClusterNode));
	Datum		values[Natts_node];
	bool		nulls[Natts_node];
	char	   *host;

	heap_deform_tuple(tup, desc, values, nulls);
	host = TextDatumGetCString(values[Anum_node_host - 1]);
	node->address.node_id = DatumGetInt32(values[Anum_node_node_id - 1]);
	strlcpy(node->address.host, host, sizeof(node->address.host));
	node->address.port = DatumGetInt32(values[Anum_node_port - 1]);
	node->holds_shards = DatumGetBool(values[Anum_node_holds_shards - 1]);
	node->is_local = node->address.node_id == local_id;
	pfree(host);
	return node;
}

static int
compare_nodes(const ListCell *a, const ListCell *b)
{
	const ClusterNode *x = lfirst(a);
	const ClusterNode *y = lfirst(b);

	return (x->address.node_id > y->address.node_id) -
		(x->address.node_id < y->address.node_id);
}

List *
node_list(void)
{
	int32		local_id = local_node_id();
	MetadataCache *cache = metadata_cache();
	List	   *nodes = NIL;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tup;
	MemoryContext old;

	if (cache->nodes != NIL || !cache->installed)
		return cache->nodes;
	old = MemoryContextSwitchTo(cache->cxt);
	rel = table_open(cache->oids.node, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tup = systable_getnext(scan)))
		nodes = lappend(nodes, node_from_tuple(cache, RelationGetDescr(rel), tup, local_id));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(nodes, compare_nodes);
	MemoryContextSwitchTo(old);
	cache->nodes = nodes;
	return nodes;
}

const ClusterNode *
node_get(int32 node_id)
{
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);

		if (node->address.node_id == node_id)
			return node;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("node %d does not exist", node_id)));
}

void
ensure_coordinator(void)
{
	const ClusterNode *coordinator;

	if (local_node_id() == COORDINATOR_NODE_ID)
		return;
	coordinator = node_get(COORDINATOR_NODE_ID);
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("metadata of the cluster can only be changed on its coordinator"),
			 errhint("Connect to %s:%d and run the command there.",
					 coordinator->address.host, coordinator->address.port)));
}

Oid
extension_owner(void)
{
	MetadataCache *cache = metadata_cache();
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tup;

	if (OidIsValid(cache->owner))
		return cache->owner;
	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("shardlite"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tup = systable_getnext(scan);
	if (HeapTupleIsValid(tup))
		cache->owner = ((Form_pg_extension) GETSTRUCT(tup))->extowner;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (!OidIsValid(cache->owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" does not exist", "shardlite")));
	return cache->owner;
}
