/*
 * receive.c
 *		Results as they arrive: whose they are, and what errors mean.
 *
 * libpq delivers, for every command in its queue, results and then a NULL;
 * for a Sync one result and no NULL.  The list conn->ops mirrors that queue:
 * its head is the command whose results come next.  Whether rows come one by
 * one must be said when a command becomes the head, not earlier.
 */
#include "postgres.h"

#include "remote/connection_state.h"
#include "utils/memutils.h"

/* The connection broke: what is known of this request's fate? */
static void
request_fail_lost(RequestState *request, const RemoteConnection *conn)
{
	RemoteError *error;

	if ((request->flags & REMOTE_COMMITS) == 0 || request->base.failed)
	{
		request_fail(request, conn->error, false);
		return;
	}
	error = remote_error_make(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN, conn->name,
							  psprintf("connection to node \"%s\" was lost before it confirmed the commit",
									   conn->name),
							  "It is not known whether the changes were committed.", request_memory(request));
	request_fail(request, error, false);
}

/* An operation of the request is over; frees what nobody waits for. */
static void
request_op_over(RequestState *request)
{
	if (--request->pending_ops > 0)
		return;
	request->base.done = true;
	if ((request->flags & REMOTE_COMMITS) != 0 && !request->base.failed)
		remote_committed_hook();
	if (request->forgotten)
		request_free(request);
}

RemoteOp *
op_add(RemoteConnection *conn, RemoteOpKind kind, RequestState *request)
{
	RemoteOp   *op = MemoryContextAllocZero(conn->cxt, sizeof(RemoteOp));

	op->kind = kind;
	op->request = request;
	op->batch = conn->batch;
	op->number = ++conn->last_op;
	if (request != NULL)
		request->pending_ops++;
	dlist_push_tail(&conn->ops, &op->link);
	return op;
}

static RemoteOp *
op_head(RemoteConnection *conn)
{
	if (dlist_is_empty(&conn->ops))
		return NULL;
	return dlist_head_element(RemoteOp, link, &conn->ops);
}

/* The head of the queue has changed: choose how its rows come. */
void
op_arm(RemoteConnection *conn)
{
	RemoteOp   *op = op_head(conn);

	if (op != NULL && op->kind == REMOTE_OP_EXECUTE &&
		(op->request->flags & REMOTE_SINGLE_ROW) != 0)
		(void) PQsetSingleRowMode(conn->pg);
}

static void
op_pop(RemoteConnection *conn)
{
	RemoteOp   *op = op_head(conn);

	dlist_delete(&op->link);
	pfree(op);
}

/* Lost: whatever was outstanding has failed. */
void
connection_fail_ops(RemoteConnection *conn)
{
	dlist_mutable_iter iter;
	RemoteOp   *op;

	while ((op = op_head(conn)) != NULL)
	{
		RequestState *request = op->request;

		op_pop(conn);
		if (request != NULL)
		{
			request_fail_lost(request, conn);
			request_op_over(request);
		}
	}

	/* Some have only their Sync to wait for. */
	dlist_foreach_modify(iter, &remote_all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->base.conn != conn || request->base.done)
			continue;
		request_fail_lost(request, conn);
		request->pending_ops = 1;
		request_op_over(request);
	}
	conn->batch_open = false;
	conn->unsent = false;
}

/* May this failure be cured by preparing the statement again? */
static bool
is_stale_statement(const RemoteError *error)
{
	return strcmp(error->sqlstate, "26000") == 0 ||
		(strcmp(error->sqlstate, "0A000") == 0 && error->message != NULL &&
		 strstr(error->message, "cached plan") != NULL);
}

/*
 * Who is refused because the transaction has failed wants to know why it did:
 * perhaps nobody has looked at the request yet that it failed in.  Returns
 * that error then, and keeps any other.
 */
static RemoteError *
first_error(RemoteConnection *conn, RemoteError *error)
{
	/* nor has it the savepoint that was set in vain */
	if (strcmp(error->sqlstate, "25P02") == 0 || strcmp(error->sqlstate, "3B001") == 0)
		return conn->xact_error != NULL ? conn->xact_error : error;
	MemoryContextReset(conn->xact_cxt);
	conn->xact_error = remote_error_copy(error, conn->xact_cxt);
	return error;
}

static void
handle_error(RemoteConnection *conn, RemoteOp *op, const PGresult *result)
{
	RequestState *request = op->request;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	RemoteError *said;
	RemoteError *error;

	if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
	{
		connection_lose(conn, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		return;
	}

	said = remote_error_capture(result, conn->name, conn->batch_cxt);
	error = first_error(conn, said);
	if (conn->batch_error == NULL)
		conn->batch_error = error;

	/* An error at the Sync is one of the commit that it implies. */
	if (op->kind == REMOTE_OP_SYNC)
		return;

	if (op->statement != 0 &&
		(op->kind == REMOTE_OP_PREPARE || is_stale_statement(error)))
		statement_forget(conn, op->statement);
	if (op->kind == REMOTE_OP_EXECUTE && op->statement != 0 && is_stale_statement(error) &&
		request->sql != NULL && request->base.delivered == 0)
	{
		request->retry = true;
		if (!request->ends_at_sync)
		{
			/* From now on its batch is to be waited for. */
			request->ends_at_sync = true;
			request->pending_ops++;
		}
	}
	else
		request_fail(request, error, error != said);
}

static int64
result_bytes(const PGresult *result)
{
	int64		bytes = 0;
	int			nfields = PQnfields(result);

	for (int row = 0; row < PQntuples(result); row++)
	{
		for (int i = 0; i < nfields; i++)
			bytes += PQgetlength(result, row, i);
	}
	return bytes;
}

static void
deliver(RemoteConnection *conn, RemoteOp *op, PGresult *result)
{
	RemoteRequest *request = &op->request->base;
	const char *affected = PQcmdTuples(result);

	if (conn->xact_error != NULL)
	{
		conn->xact_error = NULL;
		MemoryContextReset(conn->xact_cxt);
	}

	remote_counters.bytes_received += result_bytes(result);
	if (affected[0] != '\0')
		request->affected = strtoll(affected, NULL, 10);
	if (op->kind == REMOTE_OP_PREPARE || op->request->forgotten || request->on_result == NULL)
	{
		PQclear(result);
		return;
	}
	request->delivered++;
	request->on_result(request, result);
}

/* The answer to a flight is being used: that is one round trip, for all. */
void
count_round_trip(RemoteConnection *conn, uint64 batch)
{
	dlist_iter	iter;

	if (batch <= conn->counted_batch)
		return;
	remote_counters.round_trips++;
	dlist_foreach(iter, &remote_all_connections)
	{
		RemoteConnection *other = dlist_container(RemoteConnection, link, iter.cur);

		/* conn->batch is the one being filled. */
		other->counted_batch = other->batch - 1;
	}
}

/* Send once more what failed only because the node had forgotten it. */
static void
request_resend(RequestState *request)
{
	RemoteConnection *conn = request->base.conn;
	RemoteOp   *op = op_add(conn, REMOTE_OP_EXECUTE, request);

	/* It waits for the end of another batch now. */
	request->retry = false;
	request->batch = conn->batch;
	if (!PQsendQueryParams(conn->pg, request->sql, request->params.count,
						   request->params.types, request->params.values,
						   request->params.lengths, request->params.formats,
						   request_format(request)))
	{
		connection_lose(conn, PQerrorMessage(conn->pg));
		return;
	}
	conn->batch_open = true;
	if (op_head(conn) == op)
		op_arm(conn);
	remote_sync(conn);
}

/* Is this request the only one of its batch? */
static bool
alone_in_batch(RequestState *request)
{
	dlist_iter	iter;

	dlist_foreach(iter, &remote_all_requests)
	{
		RequestState *other = dlist_container(RequestState, all_link, iter.cur);

		if (other != request && other->base.conn == request->base.conn &&
			other->batch == request->batch)
			return false;
	}
	return true;
}

/*
 * A batch is over.  Requests whose fate hung on the Sync are settled, those
 * that can be tried again are sent again.
 */
static void
batch_over(RemoteConnection *conn, uint64 batch)
{
	RemoteError *error = conn->batch_error;
	RequestState *resend = NULL;
	dlist_mutable_iter iter;

	conn->batch_error = NULL;
	dlist_foreach_modify(iter, &remote_all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->base.conn != conn || request->batch != batch || request->base.done)
			continue;
		if (request->retry && request->sql != NULL &&
			alone_in_batch(request))
		{
			resend = request;
			continue;
		}
		if (request->retry)
			request_fail(request, error, false);
		else if (error != NULL)
			request_fail(request, error, true);
		request_op_over(request);
	}
	if (resend != NULL)
		request_resend(resend);
	if (error != NULL)
		MemoryContextReset(conn->batch_cxt);
}

/* The results of the head are complete. */
static void
head_over(RemoteConnection *conn)
{
	RemoteOp   *op = op_head(conn);
	RequestState *request = op->request;

	op_pop(conn);
	op_arm(conn);
	request_op_over(request);
}

/*
 * Take one result from what has already been received.  Returns false when
 * nothing is complete yet or nothing is outstanding.  May throw what a
 * callback throws; the connection is consistent then.
 */
bool
connection_step(RemoteConnection *conn)
{
	RemoteOp   *op = op_head(conn);
	PGresult   *result;

	if (op == NULL || conn->lost || PQisBusy(conn->pg))
		return false;
	result = PQgetResult(conn->pg);
	if (PQstatus(conn->pg) == CONNECTION_BAD)
	{
		const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

		connection_lose(conn, said ? said : PQerrorMessage(conn->pg));
		PQclear(result);
		return true;
	}
	if (result == NULL)
	{
		if (op->kind != REMOTE_OP_SYNC)
			head_over(conn);
		return true;
	}
	if (op->request != NULL && !op->request->forgotten)
		count_round_trip(conn, op->batch);

	switch (PQresultStatus(result))
	{
		case PGRES_SINGLE_TUPLE:
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
		case PGRES_EMPTY_QUERY:
			deliver(conn, op, result);
			return true;
		case PGRES_PIPELINE_SYNC:
			{
				uint64		batch = op->batch;

				PQclear(result);
				op_pop(conn);
				op_arm(conn);
				conn->cancel_sent = false;
				batch_over(conn, batch);
				return true;
			}
		case PGRES_PIPELINE_ABORTED:
			if (op->kind == REMOTE_OP_PREPARE)
				statement_forget(conn, op->statement);
			if (conn->batch_error != NULL)
			{
				if (!op->request->retry)
					request_fail(op->request, conn->batch_error, true);
				PQclear(result);
				return true;
			}
			break;
		case PGRES_FATAL_ERROR:
		case PGRES_BAD_RESPONSE:
			handle_error(conn, op, result);
			PQclear(result);
			return true;
		default:
			break;
	}
	PQclear(result);
	connection_lose(conn, "unexpected answer from the node");
	return true;
}

/* Push what the socket takes. */
void
connection_flush(RemoteConnection *conn)
{
	int			rc;

	if (conn->lost)
		return;
	rc = PQflush(conn->pg);
	if (rc < 0)
		connection_lose(conn, PQerrorMessage(conn->pg));
	else
	{
		conn->unsent = (rc > 0);
		if (rc == 0)
			conn->copy_unsent = 0;
	}
}

/* Receive what has arrived (and push what waits).  False when lost. */
bool
connection_consume(RemoteConnection *conn)
{
	if (conn->lost)
		return false;
	if (conn->unsent)
		connection_flush(conn);
	if (!conn->lost && !PQconsumeInput(conn->pg))
	{
		/* What the node said before it went is still to be read. */
		while (!conn->lost && connection_step(conn))
			 /* delivers */ ;
		if (!conn->lost)
			connection_lose(conn, PQerrorMessage(conn->pg));
	}
	return !conn->lost;
}
