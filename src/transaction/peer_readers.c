/*
 * peer_readers.c
 *		Connections of a node session to other nodes, to read there.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/peer_readers.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

typedef struct PeerReader
{
	dlist_node	link;
	int32		node_id;
	RemoteConnection *conn;
	TimestampTz last_used;
}			PeerReader;

static dlist_head readers = DLIST_STATIC_INIT(readers);

static void
close_reader(PeerReader * reader)
{
	dlist_delete(&reader->link);
	remote_close(reader->conn);
	pfree(reader);
}

static PeerReader *
find_reader(int32 node_id)
{
	dlist_iter	iter;

	dlist_foreach(iter, &readers)
	{
		PeerReader *reader = dlist_container(PeerReader, link, iter.cur);

		if (reader->node_id == node_id)
			return reader;
	}
	return NULL;
}

/* A connection to the node that can be used, or one that begins to open. */
static PeerReader *
open_reader(int32 node_id, bool *is_new)
{
	const NodeAddress *address = &node_get(node_id)->address;
	PeerReader *reader = find_reader(node_id);
	RemoteIdentity identity;

	if (reader != NULL)
	{
		const NodeAddress *have = remote_address(reader->conn);

		remote_check_alive(reader->conn);
		if (remote_is_lost(reader->conn) || !remote_is_idle(reader->conn) ||
			have->port != address->port || strcmp(have->host, address->host) != 0)
		{
			close_reader(reader);
			reader = NULL;
		}
	}
	*is_new = reader == NULL;
	if (reader == NULL)
	{
		identity.user = GetUserNameFromId(extension_owner(), false);
		identity.dbname = get_database_name(MyDatabaseId);
		identity.origin_node_id = local_node_id();
		reader = MemoryContextAllocZero(TopMemoryContext, sizeof(PeerReader));
		reader->node_id = node_id;
		reader->conn = remote_open(address, &identity);
		dlist_push_tail(&readers, &reader->link);
	}
	reader->last_used = GetCurrentTransactionStartTimestamp();
	return reader;
}

void
peer_readers_connect(const int32 *node_ids, int count, RemoteConnection **conns)
{
	RemoteConnection **opening = palloc(sizeof(RemoteConnection *) * Max(count, 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		bool		is_new;

		conns[i] = open_reader(node_ids[i], &is_new)->conn;
		if (is_new)
			opening[n++] = conns[i];
	}
	if (n > 0)
		remote_connect(opening, n);
	for (int i = 0; i < count; i++)
		remote_set_autocommit(conns[i], true, false);
	pfree(opening);
}

void
peer_readers_abandon(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &readers)
	{
		PeerReader *reader = dlist_container(PeerReader, link, iter.cur);

		if (remote_is_lost(reader->conn) || !remote_is_idle(reader->conn))
			close_reader(reader);
	}
}

long
peer_readers_close_idle(TimestampTz now, int timeout_ms)
{
	long		next = 0;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &readers)
	{
		PeerReader *reader = dlist_container(PeerReader, link, iter.cur);
		TimestampTz due = TimestampTzPlusMilliseconds(reader->last_used, timeout_ms);
		long		left = TimestampDifferenceMilliseconds(now, due);

		if (left == 0)
			close_reader(reader);
		else
			next = next == 0 ? left : Min(next, left);
	}
	return next;
}

bool
peer_readers_exist(void)
{
	return !dlist_is_empty(&readers);
}
