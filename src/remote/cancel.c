/*
 * cancel.c
 *		Stopping what nodes do for us.
 *
 * The protocol's cancel request is a connection of its own, which the node
 * answers by closing it once its process has been told.  libpq's PQcancel()
 * can block for minutes and keeps the key to itself; so a node's session
 * reports its key, and the request is made here, without blocking.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/node_session.h"
#include "compat/cancel_key.h"
#include "compat/pg_compat.h"
#include "libpq/pqcomm.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_bswap.h"
#include "remote/connection_state.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Process and key of the session, as its node reports them. */
#define SESSION_SETTING "shardlite.session_key"

/* What ends within this time is not worth a request. */
#define PATIENCE_MS 1

/* A statement that ends just then swallows a request; ask again after this. */
#define REPEAT_MS 100

static char *session_setting;

typedef struct CancelRequest
{
	pgsocket	sock;			/* PGINVALID_SOCKET: over */
	bool		sent;
	int			length;
	char		packet[sizeof(uint32) * 3 + CANCEL_KEY_MAX];
}			CancelRequest;

static const char *
show_session_key(void)
{
	static char text[16 + CANCEL_KEY_MAX * 2];
	char		key[CANCEL_KEY_MAX];
	int			length = compat_cancel_key(key);

	if (!node_session)
		return "";
	snprintf(text, sizeof(text), "%08x", (unsigned int) MyProcPid);
	text[8 + hex_encode(key, length, text + 8)] = '\0';
	return text;
}

static void
request_end(CancelRequest * request)
{
	if (request->sock == PGINVALID_SOCKET)
		return;
	closesocket(request->sock);
	ReleaseExternalFD();
	request->sock = PGINVALID_SOCKET;
}

/* The words of the packet: its length, what it is, process, then the key. */
static bool
fill_packet(CancelRequest * request, RemoteConnection *conn)
{
	const char *session = PQparameterStatus(conn->pg, SESSION_SETTING);
	int			digits = session != NULL ? strlen(session) : 0;
	uint32		words[2];

	if (digits <= 8 || digits % 2 != 0 || digits / 2 > sizeof(uint32) + CANCEL_KEY_MAX ||
		strspn(session, "0123456789abcdef") != digits)
		return false;
	request->length = sizeof(words) + digits / 2;
	words[0] = pg_hton32(request->length);
	words[1] = pg_hton32(CANCEL_REQUEST_CODE);
	memcpy(request->packet, words, sizeof(words));
	(void) hex_decode(session, digits, request->packet + sizeof(words));
	return true;
}

/* Begin to connect to where the connection itself goes. */
static void
request_start(CancelRequest * request, RemoteConnection *conn)
{
	struct sockaddr_storage address;
	socklen_t	length = sizeof(address);

	request->sock = PGINVALID_SOCKET;
	request->sent = false;
	if (!fill_packet(request, conn) ||
		getpeername(PQsocket(conn->pg), (struct sockaddr *) &address, &length) != 0 ||
		!AcquireExternalFD())
		return;
	request->sock = socket(address.ss_family, SOCK_STREAM, 0);
	if (request->sock == PGINVALID_SOCKET)
	{
		ReleaseExternalFD();
		return;
	}
	if (!pg_set_noblock(request->sock) ||
		(connect(request->sock, (struct sockaddr *) &address, length) != 0 &&
		 errno != EINPROGRESS && errno != EINTR))
		request_end(request);
}

/* Its socket is ready. */
static void
request_advance(CancelRequest * request)
{
	char		byte;

	if (request->sent)
	{
		/* Nothing is ever said; the end is the answer. */
		if (recv(request->sock, &byte, 1, 0) >= 0 ||
			(errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
			request_end(request);
		return;
	}
	request->sent = send(request->sock, request->packet, request->length, 0) == request->length;
	if (!request->sent)
		request_end(request);
}

/* Wait for any of them; false when there is none or the time is over. */
static bool
requests_wait(CancelRequest * requests, int count, long timeout_ms)
{
	WaitEventSet *set = compat_create_wait_event_set(count + 1);
	WaitEvent  *events = palloc(sizeof(WaitEvent) * (count + 1));
	int			open = 0;
	int			ready = 0;

	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < count; i++)
	{
		if (requests[i].sock == PGINVALID_SOCKET)
			continue;
		open++;
		AddWaitEventToSet(set, requests[i].sent ? WL_SOCKET_READABLE : WL_SOCKET_WRITEABLE,
						  requests[i].sock, NULL, &requests[i]);
	}
	if (open > 0)
		ready = WaitEventSetWait(set, timeout_ms, events, count + 1, PG_WAIT_EXTENSION);
	for (int i = 0; i < ready; i++)
		request_advance(events[i].user_data);
	FreeWaitEventSet(set);
	pfree(events);
	return ready > 0;
}

void
remote_cancel(RemoteConnection **conns, int count, int timeout_ms)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	CancelRequest *requests = palloc(sizeof(CancelRequest) * count);

	HOLD_INTERRUPTS();
	for (int i = 0; i < count; i++)
		request_start(&requests[i], conns[i]);
	while (requests_wait(requests, count,
						 TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline)))
		 /* goes on */ ;
	for (int i = 0; i < count; i++)
		request_end(&requests[i]);
	RESUME_INTERRUPTS();
	pfree(requests);
}

static int
busy_connections(RemoteConnection **conns, int count, RemoteConnection **busy)
{
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (!remote_is_lost(conns[i]) && !remote_is_idle(conns[i]))
			busy[n++] = conns[i];
	}
	return n;
}

/* Put those last that have not answered yet what is spared; returns how many have. */
static int
sort_spared(RemoteConnection **conns, int count)
{
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		RemoteConnection *conn = conns[i];

		if (!remote_answered(conn, conn->spared, 0))
			continue;
		conns[i] = conns[n];
		conns[n++] = conn;
	}
	return n;
}

bool
remote_stop(RemoteConnection **conns, int count, int timeout_ms)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	RemoteConnection **busy = palloc(sizeof(RemoteConnection *) * count);
	int			nbusy;
	long		left;

	for (int i = 0; i < count; i++)
		(void) remote_drain(conns[i], PATIENCE_MS);
	for (;;)
	{
		nbusy = busy_connections(conns, count, busy);
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
		if (nbusy == 0 || left <= 0)
			break;
		remote_cancel(busy, sort_spared(busy, nbusy), left);
		for (int i = 0; i < nbusy; i++)
			(void) remote_drain_batch(busy[i], Min(left, REPEAT_MS));
	}
	pfree(busy);
	return nbusy == 0;
}

void
remote_terminate(RemoteConnection **conns, int count, int timeout_ms)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	RemoteConnection **helpers = palloc(sizeof(RemoteConnection *) * count);

	HOLD_INTERRUPTS();
	for (int i = 0; i < count; i++)
	{
		RemoteIdentity identity = {PQuser(conns[i]->pg), PQdb(conns[i]->pg), 0};

		helpers[i] = remote_open(&conns[i]->address, &identity);
	}
	connections_open(helpers, count, timeout_ms);
	for (int i = 0; i < count; i++)
	{
		char		sql[64];

		snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_terminate_backend(%d)",
				 PQbackendPID(conns[i]->pg));
		remote_release(remote_send(helpers[i], sql, NULL, 0, NULL, NULL));
		remote_sync(helpers[i]);
	}
	for (int i = 0; i < count; i++)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		(void) remote_drain(helpers[i], left);
		remote_close(helpers[i]);
	}
	RESUME_INTERRUPTS();
	pfree(helpers);
}

void
cancel_init(void)
{
	DefineCustomStringVariable(SESSION_SETTING,
							   "What it takes to cancel a statement of this node session.",
							   NULL,
							   &session_setting,
							   "",
							   PGC_INTERNAL,
							   GUC_REPORT | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, show_session_key);
}
