/*
 * node_flight.c
 *		Statements to nodes inside the distributed transaction.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "commands/node_flight.h"
#include "transaction/dist_xact.h"

/* Rows as they arrive, kept in the asker's memory. */
typedef struct FetchedRows
{
	MemoryContext cxt;
	List	   *rows;			/* of char ** */
}			FetchedRows;

List *
flight_start(List *flights, int32 node_id, const char *sql)
{
	return flight_start_all(flights, node_id, list_make1((void *) sql));
}

List *
flight_start_all(List *flights, int32 node_id, List *statements)
{
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_WRITE);
	ListCell   *lc;

	foreach(lc, statements)
		flights = lappend(flights, remote_send(conn, lfirst(lc), NULL, 0, NULL, NULL));
	remote_sync(conn);
	return flights;
}

List *
flight_start_alone(List *flights, int32 node_id, const char *sql)
{
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_READ);

	/* the session's context, if it had to be sent, is a batch of its own */
	remote_sync(conn);
	flights = lappend(flights, remote_send(conn, sql, NULL, 0, NULL, NULL));
	remote_sync(conn);
	return flights;
}

void
flight_finish(List *flights)
{
	ListCell   *lc;

	foreach(lc, flights)
		remote_finish(lfirst(lc));
	foreach(lc, flights)
		remote_release(lfirst(lc));
}

static void
keep_rows(RemoteRequest *request, PGresult *result)
{
	FetchedRows *fetched = request->arg;
	MemoryContext old = MemoryContextSwitchTo(fetched->cxt);
	int			ncolumns = PQnfields(result);

	for (int row = 0; row < PQntuples(result); row++)
	{
		char	  **values = palloc(sizeof(char *) * Max(ncolumns, 1));

		for (int i = 0; i < ncolumns; i++)
			values[i] = PQgetisnull(result, row, i) ? NULL :
				pstrdup(PQgetvalue(result, row, i));
		fetched->rows = lappend(fetched->rows, values);
	}
	MemoryContextSwitchTo(old);
	PQclear(result);
}

List *
node_fetch(int32 node_id, const char *sql)
{
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_WRITE);
	FetchedRows fetched = {CurrentMemoryContext, NIL};
	RemoteRequest *request = remote_send(conn, sql, NULL, 0, keep_rows, &fetched);

	remote_sync(conn);
	remote_finish(request);
	remote_release(request);
	return fetched.rows;
}
