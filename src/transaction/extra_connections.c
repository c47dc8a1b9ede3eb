/*
 * extra_connections.c
 *		More connections to a node, for long reading beside the first one.
 *
 * The first connection to a node (participants.c) alone carries the transaction:
 * BEGIN, savepoints, locks, writes, commit.  The others only ever read, one
 * statement per batch, outside of any transaction block.  They are allowed where
 * that cannot be told from reading through the first one: at READ COMMITTED,
 * where every fragment has a snapshot of its own anyway, and on a node where the
 * transaction has not written or locked anything.  Before it does, whoever still
 * reads there is asked to finish (the hook): a lock must not wait for a reader of
 * its own session.  So there is no order of statements in which a shard would
 * need two connections.
 *
 * They come and go without being noticed: what cannot be opened is not needed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "common/delegated_call.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/context.h"
#include "transaction/dist_xact.h"
#include "transaction/extra_connections.h"
#include "transaction/participants.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

struct ExtraConnection
{
	dlist_node	link;
	int32		node_id;
	RemoteConnection *conn;		/* NULL: closed while it had a user */
	void	   *user;			/* NULL: free, or being opened */
	bool		ready;			/* was connected when last looked at */
	TimestampTz last_used;		/* or when it began to open */
};

void		(*extra_connections_settle_hook) (int32 node_id);

static dlist_head extras = DLIST_STATIC_INIT(extras);
static int	nextras = 0;

/*
 * Nodes that refused one in this transaction (IntList, TopMemoryContext), until
 * somebody asks.
 */
static List *refusals = NIL;

static int	max_per_session;
static int	max_per_server;

/* Close it; a user that there is may still hold it. */
static void
extra_close(ExtraConnection * extra)
{
	if (extra->conn != NULL)
		remote_close(extra->conn);
	extra->conn = NULL;
	if (extra->user != NULL)
		return;
	dlist_delete(&extra->link);
	pfree(extra);
	nextras--;
}

static ExtraConnection *
extra_of(const RemoteConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (extra->conn == conn)
			return extra;
	}
	return NULL;
}

/* ---- who may use them, and under what ---- */

ReaderContext *
reader_context_get(void)
{
	ReaderContext *context = palloc(sizeof(ReaderContext));

	context->command = pstrdup(context_current(&context->generation));
	return context;
}

int
reader_connections_allowed(int32 node_id)
{
	const RemoteXact *xact;

	if (max_per_session <= 1 || XactIsoLevel > XACT_READ_COMMITTED || in_delegated_call())
		return 1;
	xact = participant_get(node_id);
	if (xact->wrote || xact->failed || xact->prepare != PREPARE_NOT_SENT)
		return 1;
	return max_per_session;
}

RemoteConnection *
reader_first_connection(int32 node_id, const ReaderContext * context)
{
	RemoteConnection *volatile conn = NULL;

	context_use(context->generation, context->command);
	PG_TRY();
	{
		conn = dist_xact_connection(node_id, DIST_ACCESS_READ);
	}
	PG_FINALLY();
	{
		context_use(0, NULL);
	}
	PG_END_TRY();
	return conn;
}

/*
 * The context goes with every fragment: nothing has to be known of what the
 * session there has kept.
 */
RemoteConnection *
extra_connection_enter(ExtraConnection * extra, const ReaderContext * context)
{
	RemoteConnection *conn = extra->conn;

	if (conn == NULL || remote_is_lost(conn))
		return NULL;
	remote_set_quiet(conn, false);
	remote_set_autocommit(conn, true, false);
	remote_statements_generation(conn, metadata_generation());
	remote_release(remote_send(conn, context->command, NULL, 0, NULL, NULL));
	return conn;
}

/* ---- opening ---- */

/* Look how it gets on with connecting; false when it is gone. */
static bool
check_opening(ExtraConnection * extra)
{
	if (extra->ready)
		return true;
	if (remote_is_open(extra->conn))
	{
		extra->ready = true;
		return true;
	}
	if (!remote_is_lost(extra->conn) &&
		!TimestampDifferenceExceeds(extra->last_used, GetCurrentTimestamp(),
									remote_connection_timeout))
		return true;
	if (!list_member_int(refusals, extra->node_id))
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		refusals = lappend_int(refusals, extra->node_id);
		MemoryContextSwitchTo(old);
	}
	extra_close(extra);
	return false;
}

/* Connections of this session to the node, the first one included. */
static int
session_connections(int32 node_id)
{
	int			count = 1;
	dlist_iter	iter;

	dlist_foreach(iter, &extras)
		if (dlist_container(ExtraConnection, link, iter.cur)->node_id == node_id)
			count++;
	return count;
}

bool
extra_connection_open(int32 node_id)
{
	RemoteIdentity identity;
	RemoteConnection *conn;
	ExtraConnection *extra;
	dlist_iter	iter;

	dlist_foreach(iter, &extras)
	{
		extra = dlist_container(ExtraConnection, link, iter.cur);
		if (extra->node_id == node_id && !extra->ready)
			return true;
	}
	if (session_connections(node_id) >= max_per_session)
		return false;
	identity.user = GetUserNameFromId(extension_owner(), false);
	identity.dbname = get_database_name(MyDatabaseId);
	identity.origin_node_id = local_node_id();
	conn = remote_open_within(&node_get(node_id)->address, &identity, max_per_server);
	if (conn == NULL)
		return false;
	extra = MemoryContextAllocZero(TopMemoryContext, sizeof(ExtraConnection));
	extra->node_id = node_id;
	extra->conn = conn;
	extra->last_used = GetCurrentTimestamp();
	dlist_push_tail(&extras, &extra->link);
	nextras++;
	return true;
}

RemoteConnection **
extra_connections_opening(int *count)
{
	RemoteConnection **conns = palloc(sizeof(RemoteConnection *) * Max(nextras, 1));
	dlist_mutable_iter iter;

	*count = 0;
	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (check_opening(extra) && !extra->ready)
			conns[(*count)++] = extra->conn;
	}
	return conns;
}

bool
extra_connection_refused(int32 node_id)
{
	bool		refused = list_member_int(refusals, node_id);

	refusals = list_delete_int(refusals, node_id);
	return refused;
}

/* ---- taking and giving back ---- */

static bool
same_address(const NodeAddress *a, const NodeAddress *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static bool
is_usable(ExtraConnection * extra)
{
	remote_check_alive(extra->conn);
	return !remote_is_lost(extra->conn) && remote_is_idle(extra->conn) &&
		same_address(remote_address(extra->conn), &node_get(extra->node_id)->address);
}

ExtraConnection *
extra_connection_take(int32 node_id, void *user)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (extra->node_id != node_id || extra->user != NULL ||
			!check_opening(extra) || !extra->ready)
			continue;
		if (!is_usable(extra))
		{
			extra_close(extra);
			continue;
		}
		extra->user = user;
		return extra;
	}
	return NULL;
}

void
extra_connection_give_back(ExtraConnection * extra)
{
	extra->user = NULL;
	extra->last_used = GetCurrentTimestamp();
	if (extra->conn == NULL || remote_is_lost(extra->conn))
		extra_close(extra);
}

void
extra_connections_forget_user(void *user)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (extra->user == user)
			extra_connection_give_back(extra);
	}
}

/* ---- following the transaction ---- */

int
extra_connections_count(void)
{
	return nextras;
}

static bool
is_busy(const ExtraConnection * extra)
{
	return extra->ready && extra->conn != NULL && !remote_is_lost(extra->conn) && !remote_is_idle(extra->conn);
}

void
extra_connections_busy(RemoteConnection **conns, int *n)
{
	dlist_iter	iter;

	if (nextras == 0)
		return;
	dlist_foreach(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (!is_busy(extra))
			continue;
		remote_sync(extra->conn);
		remote_catch_up(extra->conn);
		if (is_busy(extra))
			conns[(*n)++] = extra->conn;
	}
}

void
extra_connections_unwanted(RemoteConnection **given, int ngiven,
						   RemoteConnection **conns, int *n)
{
	for (int i = 0; i < ngiven; i++)
	{
		ExtraConnection *extra = extra_of(given[i]);

		if (extra != NULL && is_busy(extra) && !remote_is_wanted(extra->conn))
			conns[(*n)++] = extra->conn;
	}
}

void
extra_connections_subabort(void)
{
	RemoteConnection **busy;
	int			n = 0;
	dlist_mutable_iter iter;

	if (nextras == 0)
		return;
	busy = palloc(sizeof(RemoteConnection *) * nextras);
	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (is_busy(extra) && !remote_is_wanted(extra->conn))
			busy[n++] = extra->conn;
	}
	(void) remote_stop(busy, n, remote_cancel_timeout);
	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (is_busy(extra) && !remote_is_wanted(extra->conn))
			extra_close(extra);
	}
	pfree(busy);
}

/*
 * Those that work still could not be stopped in time.  Many connections to a node
 * are more use to sessions that are waiting for one.
 */
void
extra_connections_reset(void)
{
	dlist_mutable_iter iter;

	if (nextras == 0 && refusals == NIL)
		return;
	list_free(refusals);
	refusals = NIL;
	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);

		if (extra->user != NULL)
			extra->last_used = GetCurrentTimestamp();
		extra->user = NULL;
		if (extra->conn == NULL || !extra->ready || is_busy(extra) || remote_is_lost(extra->conn) ||
			remote_server_connections(extra->conn) > max_per_server / 2)
			extra_close(extra);
	}
}

long
extra_connections_close_idle(TimestampTz now, int idle_ms)
{
	long		next = 0;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &extras)
	{
		ExtraConnection *extra = dlist_container(ExtraConnection, link, iter.cur);
		long		left;

		left = TimestampDifferenceMilliseconds(now, TimestampTzPlusMilliseconds(extra->last_used,
																				idle_ms));
		if (left == 0)
			extra_close(extra);
		else
			next = next == 0 ? left : Min(next, left);
	}
	return next;
}

void
extra_connections_init(void)
{
	DefineCustomIntVariable("shardlite.max_connections_per_node_per_session",
							"Connections to one node that a session may use for a long statement.",
							"1 means that it never uses more than the first.",
							&max_per_session,
							4, 1, 1000, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("shardlite.max_connections_per_node",
							"Connections of this server to one node up to which long statements open more.",
							"The first connection of a session to a node is never refused.",
							&max_per_server,
							32, 0, 100000, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
}
