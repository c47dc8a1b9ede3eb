/*
 * connection.h
 *		Connections to nodes, in libpq pipeline mode, and requests on them.
 *
 * A connection executes requests in order.  Requests are queued with
 * remote_send() and travel when remote_sync() closes the batch.  Results are
 * handed to each request's callback as they arrive, so whoever wants the
 * result of a later request makes the earlier ones receive theirs: a callback
 * must therefore store what it is given (spilling if need be).
 *
 * Low-level failures (connection lost, error result) are stored in the request;
 * remote_raise() turns them into an ereport(ERROR) that keeps the node's
 * SQLSTATE, message, detail, hint and position and adds node and SQL as context.
 */
#ifndef SHARDLITE_CONNECTION_H
#define SHARDLITE_CONNECTION_H

#include "common/node_address.h"
#include "lib/ilist.h"
#include "libpq-fe.h"

typedef struct RemoteConnection RemoteConnection;
typedef struct RemoteRequest RemoteRequest;

/*
 * Called for every PGresult of a request: PGRES_SINGLE_TUPLE or PGRES_TUPLES_OK
 * with rows, PGRES_COMMAND_OK, or the terminating PGRES_TUPLES_OK without rows.
 * Error results are not delivered.  The result belongs to the caller.  The
 * callback may throw.
 */
typedef void (*RemoteResultCallback) (RemoteRequest *request, PGresult *result);

struct RemoteRequest
{
	dlist_node	link;			/* in the connection's queue */
	RemoteConnection *conn;
	RemoteResultCallback on_result; /* NULL: discard */
	void	   *arg;			/* for the callback */
	bool		done;			/* no result will follow */
	bool		failed;			/* remote_raise() will throw */
	bool		aborted;		/* skipped because an earlier one in its batch failed */
	int64		delivered;		/* callbacks made so far */
	int64		affected;		/* rows, from the command tag */
	/* private to remote/ follows in request.h */
};

/* Parameters of one statement; values in the given format, lengths for binary. */
typedef struct RemoteParams
{
	int			count;
	const Oid  *types;			/* 0 where the node shall infer (user-defined types) */
	const char *const *values;
	const int  *lengths;
	const int  *formats;
}			RemoteParams;

#define REMOTE_SINGLE_ROW	0x01	/* stream rows one by one */
#define REMOTE_BINARY		0x02	/* results in binary */
#define REMOTE_PREPARE		0x04	/* worth a prepared statement on the node */

/* Queue a statement.  Copies sql and params.  Does not block. */
extern RemoteRequest *remote_send(RemoteConnection *conn, const char *sql,
								  const RemoteParams * params, int flags,
								  RemoteResultCallback on_result, void *arg);

/* Close the batch: Sync, and push as much as the socket takes. */
extern void remote_sync(RemoteConnection *conn);

/*
 * Make progress on a request: read until it has received at least one more
 * result or is done.  With wait = false, only what has already arrived.
 * Returns whether something was delivered or it is done.  Interruptible.
 */
extern bool remote_pump(RemoteRequest *request, bool wait);

/* Wait until any of the requests' connections has something to read. */
extern void remote_wait(RemoteRequest **requests, int count);

/* Pump until done, then throw if it failed. */
extern void remote_finish(RemoteRequest *request);

/* Throw the stored error, if any, at ERROR. context_sql may be NULL. */
extern void remote_raise(RemoteRequest *request);

/* The owner loses interest: pending results are discarded as they arrive. */
extern void remote_forget(RemoteRequest *request);

/* Forget and free; the request must not be used afterwards. */
extern void remote_release(RemoteRequest *request);

extern const NodeAddress *remote_address(RemoteConnection *conn);

/* What this backend has done so far; executor subtracts two readings. */
typedef struct RemoteCounters
{
	int64		round_trips;	/* waits for an answer, at most one per batch and flight */
	int64		batches;
	int64		connections;
	int64		bytes_sent;
	int64		bytes_received;
	int64		remote_fragments;
	int64		local_fragments;
}			RemoteCounters;

extern RemoteCounters remote_counters;

#endif							/* SHARDLITE_CONNECTION_H */
