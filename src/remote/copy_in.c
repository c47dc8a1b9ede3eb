/*
 * copy_in.c
 *		COPY ... FROM STDIN on several connections at once.
 *
 * libpq has no COPY in pipeline mode: a connection leaves it for the time of
 * the COPY.  Data goes out as the sockets take it; a node that is slower than
 * the others holds the caller back only once COPY_UNSENT_MAX bytes wait.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "remote/connection_state.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define COPY_UNSENT_MAX (1024 * 1024)

/* Wait once for the connection; interruptible. */
static void
copy_wait(RemoteConnection *conn)
{
	if (connections_wait(&conn, 1, -1) == WAIT_LATCH)
		CHECK_FOR_INTERRUPTS();
}

/* Next result of the plain protocol; waits.  NULL at the end or when lost. */
static PGresult *
copy_result(RemoteConnection *conn)
{
	while (!conn->lost && PQisBusy(conn->pg))
		copy_wait(conn);
	if (conn->lost)
		return NULL;
	return PQgetResult(conn->pg);
}

/* Back to pipeline mode, with what is left of results discarded. */
static void
copy_leave(RemoteConnection *conn)
{
	PGresult   *result;

	while ((result = copy_result(conn)) != NULL)
		PQclear(result);
	conn->copying = false;
	if (!conn->lost && !PQenterPipelineMode(conn->pg))
		connection_lose(conn, PQerrorMessage(conn->pg));
}

/* Throw the error result, after leaving COPY; clears it. */
static void
copy_throw(RemoteConnection *conn, PGresult *result, const RemoteRename *rename)
{
	RemoteError *error;

	if (result == NULL)
	{
		connection_lose(conn, PQerrorMessage(conn->pg));
		remote_raise_lost(conn);
	}
	error = remote_error_capture(result, conn->name, CurrentMemoryContext);
	PQclear(result);
	copy_leave(conn);
	remote_error_throw(error, rename);
}

/* Let everything sent before be answered; throws if any of it failed. */
static void
copy_settle(RemoteConnection *conn)
{
	remote_sync(conn);
	while (!conn->lost && !dlist_is_empty(&conn->ops))
	{
		while (connection_step(conn))
			 /* callbacks and errors go to their requests */ ;
		if (!conn->lost && !dlist_is_empty(&conn->ops))
			copy_wait(conn);
	}
	if (conn->lost)
		remote_raise_lost(conn);
}

void
remote_copy_begin(RemoteConnection *conn, const char *sql)
{
	PGresult   *result;

	copy_settle(conn);
	if (!PQexitPipelineMode(conn->pg) || !PQsendQuery(conn->pg, sql))
	{
		connection_lose(conn, PQerrorMessage(conn->pg));
		remote_raise_lost(conn);
	}
	conn->copying = true;
	connection_flush(conn);
	remote_counters.round_trips++;
	remote_counters.batches++;
	remote_counters.bytes_sent += strlen(sql);
	result = copy_result(conn);
	if (result == NULL || PQresultStatus(result) != PGRES_COPY_IN)
		copy_throw(conn, result, NULL);
	PQclear(result);
}

void
remote_copy_put(RemoteConnection *conn, const char *data, size_t len)
{
	CHECK_FOR_INTERRUPTS();
	/* One message holds at most what fits an int, and what a node reads. */
	while (len > 0)
	{
		int			part = Min(len, COPY_UNSENT_MAX);

		if (!conn->lost && PQputCopyData(conn->pg, data, part) <= 0)
			connection_lose(conn, PQerrorMessage(conn->pg));
		if (conn->lost)
			remote_raise_lost(conn);
		data += part;
		len -= part;
		conn->copy_unsent += part;
		remote_counters.bytes_sent += part;
		connection_flush(conn);
		while (!conn->lost && conn->unsent && conn->copy_unsent >= COPY_UNSENT_MAX)
			copy_wait(conn);
	}
}

void
remote_copy_done(RemoteConnection *conn)
{
	if (!conn->lost && PQputCopyEnd(conn->pg, NULL) < 0)
		connection_lose(conn, PQerrorMessage(conn->pg));
	connection_flush(conn);
}

int64
remote_copy_end(RemoteConnection *conn, const RemoteRename *rename)
{
	PGresult   *result;
	int64		rows;

	if (conn->lost)
		remote_raise_lost(conn);
	remote_counters.round_trips++;
	result = copy_result(conn);
	if (result == NULL || PQresultStatus(result) != PGRES_COMMAND_OK)
		copy_throw(conn, result, rename);
	rows = strtoll(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	copy_leave(conn);
	return rows;
}

void
remote_copy_cancel(RemoteConnection *conn)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   remote_cancel_timeout);

	if (!conn->copying)
		return;
	/* Fails when the data had already been ended: then there is an answer. */
	if (!conn->lost)
		(void) PQputCopyEnd(conn->pg, "canceled by the coordinator");
	connection_flush(conn);
	while (!conn->lost)
	{
		PGresult   *result;
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (PQisBusy(conn->pg) && left > 0)
		{
			(void) connections_wait(&conn, 1, left);
			continue;
		}
		if (PQisBusy(conn->pg))
			connection_lose(conn, "canceling COPY took too long");
		else if ((result = PQgetResult(conn->pg)) == NULL)
			break;
		else if (PQresultStatus(result) == PGRES_COPY_IN)
		{
			/* The COPY had not even begun to read: end it now. */
			PQclear(result);
			(void) PQputCopyEnd(conn->pg, "canceled by the coordinator");
			connection_flush(conn);
		}
		else
			PQclear(result);
	}
	conn->copying = false;
	if (!conn->lost && !PQenterPipelineMode(conn->pg))
		connection_lose(conn, PQerrorMessage(conn->pg));
}
