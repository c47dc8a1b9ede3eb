/*
 * connection.c
 *		Opening, watching and closing connections to nodes.
 *
 * Everything is non-blocking: libpq is never asked to wait.  Assumes that a
 * node's extension owner may log in from here, as pg_hba.conf, a password
 * file or shardlite.node_conninfo of this server provide for.
 */
#include "postgres.h"

#include <limits.h>
#include <sys/socket.h>

#include "compat/pg_compat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "remote/connection_count.h"
#include "remote/connection_state.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

dlist_head	remote_all_connections = DLIST_STATIC_INIT(remote_all_connections);
int			remote_cancel_timeout;

int			remote_connection_timeout;
static char *node_conninfo;
static char *library_version;

/* Reported to whoever connects, so that a node needs no query to be checked. */
#define VERSION_SETTING "shardlite.library_version"

/*
 * Settings of the node itself that must not disturb a session of ours: time
 * limits are the coordinator's business, and a statement without BEGIN must
 * run as the coordinator would have run it.  A backslash in a string of ours
 * means itself, whatever it means in what the client sends.
 */
#define NODE_OPTIONS \
	"-c shardlite.node_session=on" \
	" -c statement_timeout=0" \
	" -c idle_in_transaction_session_timeout=0" \
	" -c idle_session_timeout=0" \
	" -c default_transaction_isolation=read\\ committed" \
	" -c default_transaction_read_only=off" \
	" -c default_transaction_deferrable=off" \
	" -c standard_conforming_strings=on"

/* Room for our own keywords beside those of shardlite.node_conninfo. */
#define MAX_OWN_KEYWORDS 16

typedef struct ConnectKeywords
{
	int			count;
	const char **keywords;
	const char **values;
}			ConnectKeywords;

static void
add_keyword(ConnectKeywords *list, const char *keyword, const char *value)
{
	list->keywords[list->count] = keyword;
	list->values[list->count] = value;
	list->count++;
	list->keywords[list->count] = NULL;
	list->values[list->count] = NULL;
}

/*
 * The parameters of a connection; the user's extra ones come first, so ours
 * win.  Memory in the current context, except what *parsed owns.
 */
static ConnectKeywords
connect_keywords(const NodeAddress *address, const RemoteIdentity *identity,
				 PQconninfoOption **parsed)
{
	ConnectKeywords list = {0};
	int			nextra = 0;

	*parsed = NULL;
	if (node_conninfo != NULL && node_conninfo[0] != '\0')
		*parsed = PQconninfoParse(node_conninfo, NULL);
	for (PQconninfoOption *o = *parsed; o != NULL && o->keyword != NULL; o++)
		nextra++;
	list.keywords = palloc0(sizeof(char *) * (nextra + MAX_OWN_KEYWORDS));
	list.values = palloc0(sizeof(char *) * (nextra + MAX_OWN_KEYWORDS));

	/* A dead host must be noticed while a statement waits for it. */
	add_keyword(&list, "keepalives_idle", "10");
	add_keyword(&list, "keepalives_interval", "5");
	add_keyword(&list, "keepalives_count", "3");
	add_keyword(&list, "tcp_user_timeout", "30000");
	for (PQconninfoOption *o = *parsed; o != NULL && o->keyword != NULL; o++)
	{
		if (o->val != NULL)
			add_keyword(&list, o->keyword, o->val);
	}
	add_keyword(&list, "host", address->host);
	add_keyword(&list, "port", psprintf("%d", address->port));
	add_keyword(&list, "user", identity->user);
	add_keyword(&list, "dbname", identity->dbname);
	add_keyword(&list, "client_encoding", GetDatabaseEncodingName());
	add_keyword(&list, "application_name",
				psprintf("shardlite node %d pid %d", identity->origin_node_id, MyProcPid));
	add_keyword(&list, "options",
				psprintf(NODE_OPTIONS " -c shardlite.node_session_of=%d/%d",
						 identity->origin_node_id, MyProcPid));
	return list;
}

static void
connection_free_pg(RemoteConnection *conn)
{
	if (conn->set != NULL)
	{
		FreeWaitEventSet(conn->set);
		conn->set = NULL;
	}
	if (conn->pg != NULL)
	{
		PQfinish(conn->pg);
		conn->pg = NULL;
		ReleaseExternalFD();
	}
	connection_count_drop(conn->counted_at);
	conn->counted_at = COUNT_NOWHERE;
}

/* Mark it unusable and let everything outstanding fail. */
void
connection_lose(RemoteConnection *conn, const char *detail)
{
	char	   *trimmed;
	char	   *message;
	int			len;

	if (conn->lost)
		return;
	conn->lost = true;
	trimmed = MemoryContextStrdup(conn->cxt, detail != NULL ? detail : "");
	len = strlen(trimmed);
	while (len > 0 && trimmed[len - 1] == '\n')
		trimmed[--len] = '\0';
	message = psprintf("connection to node \"%s\" was lost", conn->name);
	conn->error = remote_error_make(ERRCODE_CONNECTION_FAILURE, conn->name, message,
									len > 0 ? trimmed : NULL, conn->cxt);
	pfree(message);
	connection_fail_ops(conn);
}

/* It never became usable; code and message say why. */
static void
connection_refuse(RemoteConnection *conn, int sqlcode, const char *message, const char *detail)
{
	connection_lose(conn, NULL);
	conn->error = remote_error_make(sqlcode, conn->name, message, detail, conn->cxt);
}

static void
connection_refuse_pq(RemoteConnection *conn)
{
	char	   *detail = pstrdup(PQerrorMessage(conn->pg));
	int			len = strlen(detail);

	while (len > 0 && detail[len - 1] == '\n')
		detail[--len] = '\0';
	connection_refuse(conn, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
					  psprintf("could not connect to node \"%s\"", conn->name), detail);
}

/* Say goodbye, so that the nodes need not log a lost client. */
static void
close_all(int code, Datum arg)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &remote_all_connections)
		connection_free_pg(dlist_container(RemoteConnection, link, iter.cur));
	dlist_init(&remote_all_connections);
}

static void
register_exit(void)
{
	static bool registered = false;

	if (!registered)
		on_proc_exit(close_all, (Datum) 0);
	registered = true;
}

/* Begin to connect; it is counted already. */
static RemoteConnection *
open_counted(const NodeAddress *address, const RemoteIdentity *identity, int counted_at)
{
	MemoryContext cxt = AllocSetContextCreate(TopMemoryContext, "shardlite connection",
											  ALLOCSET_SMALL_SIZES);
	RemoteConnection *conn = MemoryContextAllocZero(cxt, sizeof(RemoteConnection));
	PQconninfoOption *parsed;
	ConnectKeywords list;

	register_exit();
	conn->cxt = cxt;
	conn->batch_cxt = AllocSetContextCreate(cxt, "shardlite batch", ALLOCSET_SMALL_SIZES);
	conn->xact_cxt = AllocSetContextCreate(cxt, "shardlite failed transaction", ALLOCSET_SMALL_SIZES);
	conn->address = *address;
	conn->name = MemoryContextStrdup(cxt, psprintf("%s:%d", address->host, address->port));
	conn->counted_at = counted_at;
	conn->batch = 1;
	dlist_init(&conn->ops);
	dlist_init(&conn->statements);
	for (int i = 0; i < STATEMENT_BUCKETS; i++)
		dlist_init(&conn->statement_buckets[i]);
	dlist_push_tail(&remote_all_connections, &conn->link);

	if (!AcquireExternalFD())
	{
		connection_refuse(conn, ERRCODE_INSUFFICIENT_RESOURCES,
						  psprintf("could not connect to node \"%s\"", conn->name),
						  "There are too many open files on this server.");
		return conn;
	}
	list = connect_keywords(address, identity, &parsed);
	conn->pg = PQconnectStartParams(list.keywords, list.values, false);
	PQconninfoFree(parsed);
	if (conn->pg == NULL)
	{
		ReleaseExternalFD();
		connection_refuse(conn, ERRCODE_OUT_OF_MEMORY, "out of memory", NULL);
		return conn;
	}
	remote_counters.connections++;
	PQsetNoticeReceiver(conn->pg, remote_notice_receiver, conn);
	conn->connecting = PGRES_POLLING_WRITING;
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		connection_refuse_pq(conn);
	return conn;
}

RemoteConnection *
remote_open(const NodeAddress *address, const RemoteIdentity *identity)
{
	return open_counted(address, identity, connection_count_add(address, INT_MAX));
}

RemoteConnection *
remote_open_within(const NodeAddress *address, const RemoteIdentity *identity, int limit)
{
	int			counted_at = connection_count_add(address, limit);

	if (counted_at == COUNT_NOWHERE)
		return NULL;
	remote_counters.extra_connections++;
	return open_counted(address, identity, counted_at);
}

int
remote_server_connections(RemoteConnection *conn)
{
	return connection_count_read(conn->counted_at);
}

/*
 * How far a node may run ahead of who reads its rows: what is under way when a
 * LIMIT or a closed cursor stops it was made and sent in vain.  Enough for a
 * local network at full speed.
 */
#define RECEIVE_BUFFER (512 * 1024)

/* Connected: check that it is a node that we can work with. */
static void
connection_check_peer(RemoteConnection *conn)
{
	const char *version = PQparameterStatus(conn->pg, VERSION_SETTING);
	int			major = PQserverVersion(conn->pg) / 10000;
	int			receive_buffer = RECEIVE_BUFFER;

	if (major != SERVER_MAJOR_VERSION)
		connection_refuse(conn, ERRCODE_FEATURE_NOT_SUPPORTED,
						  psprintf("node \"%s\" runs another PostgreSQL version", conn->name),
						  psprintf("It is version %d, this server is version %d.",
								   major, SERVER_MAJOR_VERSION));
	else if (version == NULL)
		connection_refuse(conn, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
						  psprintf("node \"%s\" has not loaded shardlite", conn->name),
						  "Its shared_preload_libraries does not contain shardlite.");
	else if (strcmp(version, library_version) != 0)
		connection_refuse(conn, ERRCODE_FEATURE_NOT_SUPPORTED,
						  psprintf("node \"%s\" runs another version of shardlite", conn->name),
						  psprintf("It is version %s, this server is version %s.",
								   version, library_version));
	else if (PQsetnonblocking(conn->pg, 1) != 0 || !PQenterPipelineMode(conn->pg))
		connection_refuse_pq(conn);
	else
		(void) setsockopt(PQsocket(conn->pg), SOL_SOCKET, SO_RCVBUF, &receive_buffer,
						  sizeof(receive_buffer));
}

/*
 * Advance one connection; true while it is still being opened.  Counts the
 * round trips that it has begun.
 */
static bool
connection_poll(RemoteConnection *conn, int *trips)
{
	if (conn->lost || conn->connecting == PGRES_POLLING_OK)
		return false;
	conn->connecting = PQconnectPoll(conn->pg);
	if (conn->connecting == PGRES_POLLING_FAILED)
	{
		connection_refuse_pq(conn);
		return false;
	}
	if (conn->connecting == PGRES_POLLING_OK)
	{
		connection_check_peer(conn);
		return false;
	}
	/* What follows the word that we are let in comes with it. */
	if (conn->connecting == PGRES_POLLING_READING && PQstatus(conn->pg) != CONNECTION_AUTH_OK)
		(*trips)++;
	return true;
}

void
connection_advance(RemoteConnection *conn)
{
	int			trips = 0;

	(void) connection_poll(conn, &trips);
}

bool
remote_is_open(RemoteConnection *conn)
{
	return !conn->lost && conn->connecting == PGRES_POLLING_OK;
}

/* Wait for the sockets of connections being opened; marks who is ready. */
static int
connecting_wait(RemoteConnection **conns, int count, bool *ready, long timeout)
{
	WaitEventSet *set = compat_create_wait_event_set(count + 2);
	WaitEvent  *events = palloc(sizeof(WaitEvent) * (count + 2));
	int			outcome = WAIT_EXPIRED;
	int			n;

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < count; i++)
	{
		if (!conns[i]->lost && conns[i]->connecting != PGRES_POLLING_OK)
			AddWaitEventToSet(set, conns[i]->connecting == PGRES_POLLING_READING
							  ? WL_SOCKET_READABLE : WL_SOCKET_WRITEABLE,
							  PQsocket(conns[i]->pg), NULL, &ready[i]);
	}
	n = WaitEventSetWait(set, timeout, events, count + 2, PG_WAIT_EXTENSION);
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			outcome = WAIT_LATCH;
		}
		else if (events[i].user_data != NULL)
		{
			*(bool *) events[i].user_data = true;
			outcome = WAIT_READY;
		}
	}
	FreeWaitEventSet(set);
	pfree(events);
	return outcome;
}

/* Interrupts while connecting: what is not ready then is of no use any more. */
static void
interrupt_connecting(RemoteConnection **conns, int count)
{
	PG_TRY();
	{
		CHECK_FOR_INTERRUPTS();
	}
	PG_CATCH();
	{
		for (int i = 0; i < count; i++)
			if (!conns[i]->lost && conns[i]->connecting != PGRES_POLLING_OK)
				connection_lose(conns[i], "connecting was interrupted");
		PG_RE_THROW();
	}
	PG_END_TRY();
}

void
connections_open(RemoteConnection **conns, int count, int timeout_ms)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	bool	   *ready = palloc0(sizeof(bool) * count);
	int		   *trips = palloc0(sizeof(int) * count);
	int			most_trips = 0;

	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
		bool		busy = false;

		for (int i = 0; i < count; i++)
		{
			if (conns[i]->lost || conns[i]->connecting == PGRES_POLLING_OK)
				continue;
			trips[i] = Max(trips[i], 1);	/* the handshake of TCP */
			if (!ready[i] || connection_poll(conns[i], &trips[i]))
				busy = true;
			most_trips = Max(most_trips, trips[i]);
			ready[i] = false;
		}
		if (!busy)
			break;
		if (left <= 0)
		{
			for (int i = 0; i < count; i++)
			{
				if (!conns[i]->lost && conns[i]->connecting != PGRES_POLLING_OK)
					connection_refuse(conns[i], ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
									  psprintf("could not connect to node \"%s\"", conns[i]->name),
									  psprintf("It did not answer within %d ms.", timeout_ms));
			}
			break;
		}
		if (connecting_wait(conns, count, ready, left) == WAIT_LATCH)
			interrupt_connecting(conns, count);
	}
	pfree(ready);
	pfree(trips);
	remote_counters.round_trips += most_trips;
}

void
remote_connect(RemoteConnection **conns, int count)
{
	connections_open(conns, count, remote_connection_timeout);
}

void
remote_close(RemoteConnection *conn)
{
	connection_lose(conn, "closed");
	request_detach(conn);
	connection_free_pg(conn);
	dlist_delete(&conn->link);
	MemoryContextDelete(conn->cxt);
}

bool
remote_is_lost(RemoteConnection *conn)
{
	return conn->lost;
}

void
remote_raise_lost(RemoteConnection *conn)
{
	remote_error_throw(conn->error, NULL);
}

void
remote_check_alive(RemoteConnection *conn)
{
	if (conn->lost || conn->connecting != PGRES_POLLING_OK || !connection_consume(conn))
		return;
	while (connection_step(conn))
		 /* answers that nobody waited for */ ;

	/* Parting words come as a notice when nothing is outstanding. */
	if (!conn->lost)
		(void) PQisBusy(conn->pg);
	if (conn->dying)
		connection_lose(conn, "The node has closed the connection.");
}

void
remote_catch_up(RemoteConnection *conn)
{
	while (connection_step(conn))
		 /* what has been received already */ ;
	if (!remote_is_idle(conn))
		remote_check_alive(conn);
}

bool
remote_is_idle(RemoteConnection *conn)
{
	return dlist_is_empty(&conn->ops) && !conn->copying;
}

void
remote_set_autocommit(RemoteConnection *conn, bool autocommit, bool commits)
{
	conn->implicit = autocommit;
	conn->commits = commits;
}

bool
remote_in_transaction(RemoteConnection *conn)
{
	PGTransactionStatusType status = PQtransactionStatus(conn->pg);

	return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool
remote_is_healthy(RemoteConnection *conn)
{
	return PQtransactionStatus(conn->pg) == PQTRANS_INTRANS;
}

void
remote_set_quiet(RemoteConnection *conn, bool quiet)
{
	conn->quiet = quiet;
}

const NodeAddress *
remote_address(RemoteConnection *conn)
{
	return &conn->address;
}

const char *
remote_name(RemoteConnection *conn)
{
	return conn->name;
}

/* Receive the answers to all operations up to this one. */
static bool
drain(RemoteConnection *conn, uint64 last, int timeout_ms)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	remote_sync(conn);
	for (;;)
	{
		long		left;

		while (connection_step(conn))
			 /* discards */ ;
		if (conn->lost || dlist_is_empty(&conn->ops) ||
			dlist_head_element(RemoteOp, link, &conn->ops)->number > last)
			return !conn->lost;
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
		if (left <= 0)
			return false;
		(void) connections_wait(&conn, 1, left);
	}
}

bool
remote_drain(RemoteConnection *conn, int timeout_ms)
{
	return drain(conn, PG_UINT64_MAX, timeout_ms);
}

bool
remote_answered(RemoteConnection *conn, uint64 mark, int timeout_ms)
{
	return drain(conn, mark, timeout_ms);
}

bool
remote_drain_batch(RemoteConnection *conn, int timeout_ms)
{
	dlist_iter	iter;

	remote_sync(conn);
	dlist_foreach(iter, &conn->ops)
	{
		RemoteOp   *op = dlist_container(RemoteOp, link, iter.cur);

		if (op->kind == REMOTE_OP_SYNC)
			return drain(conn, op->number, timeout_ms);
	}
	return true;
}

static bool
check_node_conninfo(char **newval, void **extra, GucSource source)
{
	char	   *problem = NULL;
	PQconninfoOption *parsed;

	if (*newval == NULL || (*newval)[0] == '\0')
		return true;
	parsed = PQconninfoParse(*newval, &problem);
	if (parsed == NULL)
	{
		GUC_check_errdetail("%s", problem ? problem : "out of memory");
		PQfreemem(problem);
		return false;
	}
	PQconninfoFree(parsed);
	return true;
}

void
remote_init(void)
{
	DefineCustomIntVariable("shardlite.cancel_timeout",
							"Time that cancelling work on the nodes may take.",
							"Connections that are still busy then are closed.",
							&remote_cancel_timeout,
							5000, 1, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomStringVariable(VERSION_SETTING,
							   "Version of the loaded library.",
							   NULL,
							   &library_version,
							   SHARDLITE_VERSION,
							   PGC_INTERNAL,
							   GUC_REPORT | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("shardlite.node_connection_timeout",
							"Time that connecting to a node may take.",
							NULL,
							&remote_connection_timeout,
							5000, 1, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomStringVariable("shardlite.node_conninfo",
							   "Additional libpq parameters of connections between nodes.",
							   NULL,
							   &node_conninfo,
							   "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY,
							   check_node_conninfo, NULL, NULL);
	DefineCustomBoolVariable("shardlite.prepared_statements",
							 "Use prepared statements on the nodes.",
							 "Turn it off when a statement pooler stands between the nodes.",
							 &statements_enabled,
							 true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	connection_count_init();
	request_init();
	cancel_init();
}
