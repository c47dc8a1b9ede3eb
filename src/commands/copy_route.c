/*
 * copy_route.c
 *		Rows of a COPY to the shards, through chunks.
 *
 * Rows gather per shard; a full chunk is sent and forgotten until the end.
 * Only when many chunks are on their way to a node do we wait for the oldest:
 * that is the back-pressure, and it makes an early error known.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "commands/copy_chunk.h"
#include "commands/copy_route.h"
#include "executor/shard_error.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"

#define CHUNK_BYTES_MAX (256 * 1024)
#define CHUNK_BYTES_MIN (16 * 1024)
#define ALL_CHUNKS_BYTES (16 * 1024 * 1024)
#define WHOLE_CHUNK_BYTES (512 * 1024 * 1024)
#define CHUNKS_UNDERWAY 16		/* per node */

/* Chunks sent to a node, not yet confirmed, oldest first. */
typedef struct NodeQueue
{
	int32		node_id;
	List	   *requests;		/* of RemoteRequest * */
}			NodeQueue;

struct CopyRoute
{
	DistTable  *table;
	const char *statement;
	MemoryContext cxt;			/* of all this */
	int			chunk_bytes;
	int			nchunks;		/* one per shard; one for a reference table */
	CopyChunk  *chunks;
	RemoteRename **renames;		/* per shard, made when first needed */
	List	   *queues;			/* of NodeQueue * */
};

CopyRoute *
copy_route_begin(DistTable *table, const char *statement, bool whole)
{
	CopyRoute  *route = palloc0(sizeof(CopyRoute));

	route->table = table;
	route->statement = statement;
	route->cxt = CurrentMemoryContext;
	route->nchunks = table->group ? table->group->nshards : 1;
	route->chunks = palloc(sizeof(CopyChunk) * route->nchunks);
	route->renames = palloc0(sizeof(RemoteRename *) * route->nchunks);
	route->chunk_bytes = whole ? WHOLE_CHUNK_BYTES :
		Max(CHUNK_BYTES_MIN, Min(CHUNK_BYTES_MAX, ALL_CHUNKS_BYTES / route->nchunks));
	for (int i = 0; i < route->nchunks; i++)
		route->chunks[i].data.data = NULL;
	return route;
}

static NodeQueue *
find_queue(CopyRoute *route, int32 node_id)
{
	NodeQueue  *queue;
	ListCell   *lc;

	foreach(lc, route->queues)
	{
		queue = lfirst(lc);
		if (queue->node_id == node_id)
			return queue;
	}
	queue = palloc0(sizeof(NodeQueue));
	queue->node_id = node_id;
	route->queues = lappend(route->queues, queue);
	return queue;
}

static void
finish_oldest(NodeQueue *queue)
{
	RemoteRequest *request = linitial(queue->requests);

	remote_finish(request);
	queue->requests = list_delete_first(queue->requests);
	remote_release(request);
}

/* Queue a chunk for a node; the connection pushes it when it can. */
static void
send_chunk(CopyRoute *route, int32 node_id, int shard)
{
	static const Oid types[] = {TEXTOID, INT8OID, BYTEAOID, BYTEAOID};
	static const int formats[] = {0, 1, 1, 1};
	const ShardGroup *group = route->table->group;
	CopyChunk  *chunk = &route->chunks[shard];
	int64		shard_id = group ? group->shards[shard].shard_id : 0;
	int64		wire_id = pg_hton64(shard_id);
	const char *values[] = {route->statement, (char *) &wire_id, chunk->data.data, chunk->rows.data};
	int			lengths[] = {0, sizeof(wire_id), chunk->data.len, chunk->rows.len};
	RemoteParams params = {4, types, values, lengths, formats};
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_WRITE);
	NodeQueue  *queue = find_queue(route, node_id);
	RemoteRequest *request;

	request = remote_send(conn, "SELECT shardlite_internal.copy_chunk($1, $2, $3, $4)",
						  &params, REMOTE_PREPARE, NULL, NULL);
	if (group)
	{
		if (route->renames[shard] == NULL)
			route->renames[shard] = shard_rename_create(list_make1_oid(route->table->relid), shard_id, true);
		remote_set_rename(request, route->renames[shard]);
	}
	remote_sync(conn);
	queue->requests = lappend(queue->requests, request);
	if (list_length(queue->requests) > CHUNKS_UNDERWAY)
		finish_oldest(queue);
}

static void
load_here(CopyRoute *route, int shard)
{
	const ShardGroup *group = route->table->group;

	dist_xact_touch_local();
	copy_chunk_load(route->statement, group ? group->shards[shard].shard_id : 0,
					&route->chunks[shard]);
}

static void
flush_chunk(CopyRoute *route, int shard)
{
	const ShardGroup *group = route->table->group;
	MemoryContext old = MemoryContextSwitchTo(route->cxt);
	MemoryContext work = AllocSetContextCreate(route->cxt, "copy chunk",
											   ALLOCSET_DEFAULT_SIZES);
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);

		if (group && group->shards[shard].node_id != node->address.node_id)
			continue;
		if (!node->is_local)
			send_chunk(route, node->address.node_id, shard);
	}
	if (!group || group->shards[shard].node_id == local_node_id())
	{
		MemoryContextSwitchTo(work);
		load_here(route, shard);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	copy_chunk_reset(&route->chunks[shard]);
}

void
copy_route_add(CopyRoute *route, int shard, const char *row, int length, uint32 line)
{
	CopyChunk  *chunk = &route->chunks[route->table->group ? shard : 0];

	if (chunk->data.data == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(route->cxt);

		copy_chunk_init(chunk);
		MemoryContextSwitchTo(old);
	}
	copy_chunk_add(chunk, row, length, line);
	if (chunk->data.len >= route->chunk_bytes)
		flush_chunk(route, route->table->group ? shard : 0);
}

void
copy_route_finish(CopyRoute *route)
{
	ListCell   *lc;

	for (int i = 0; i < route->nchunks; i++)
	{
		if (route->chunks[i].data.data != NULL && route->chunks[i].data.len > 0)
			flush_chunk(route, i);
	}
	foreach(lc, route->queues)
	{
		NodeQueue  *queue = lfirst(lc);

		while (queue->requests != NIL)
			finish_oldest(queue);
	}
}
