/*
 * request.c
 *		Requests: queueing them, and handing out their results as they arrive.
 *
 * libpq delivers, for every command in its queue, results and then a NULL;
 * for a Sync one result and no NULL.  The list conn->ops mirrors that queue:
 * its head is the command whose results come next.  Whether rows come one by
 * one must be said when a command becomes the head, not earlier.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "remote/connection_state.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/timestamp.h"

RemoteCounters remote_counters;
void		(*remote_committed_hook) (void);

static dlist_head all_requests = DLIST_STATIC_INIT(all_requests);

static RequestState *
request_create(RemoteConnection *conn, int flags, RemoteResultCallback on_result, void *arg)
{
	MemoryContext cxt = AllocSetContextCreate(TopMemoryContext, "shardlite request",
											  ALLOCSET_SMALL_SIZES);
	RequestState *request = MemoryContextAllocZero(cxt, sizeof(RequestState));

	request->cxt = cxt;
	request->base.conn = conn;
	request->base.on_result = on_result;
	request->base.arg = arg;
	request->flags = flags | (conn->commits ? REMOTE_COMMITS : 0);
	request->batch = conn->batch;
	request->implicit = conn->implicit;
	request->ends_at_sync = (request->flags & REMOTE_COMMITS) != 0 && conn->implicit;

	/* What a portal asked for lives as long as the portal. */
	request->owner = CurrentResourceOwner;
	if (ActivePortal != NULL && ActivePortal->resowner == CurrentResourceOwner)
		request->subid = ActivePortal->createSubid;
	else
		request->subid = GetCurrentSubTransactionId();
	dlist_push_tail(&all_requests, &request->all_link);
	return request;
}

static void
request_free(RequestState *request)
{
	dlist_delete(&request->all_link);
	MemoryContextDelete(request->cxt);
}

static void
request_fail(RequestState *request, const RemoteError *error, bool aborted)
{
	if (request->base.failed)
		return;
	request->base.failed = true;
	request->base.aborted = aborted;
	request->error = remote_error_copy(error, request->cxt);
}

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
							  "It is not known whether the changes were committed.", request->cxt);
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

static RemoteOp *
op_add(RemoteConnection *conn, RemoteOpKind kind, RequestState *request)
{
	RemoteOp   *op = MemoryContextAllocZero(conn->cxt, sizeof(RemoteOp));

	op->kind = kind;
	op->request = request;
	op->batch = conn->batch;
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
static void
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
	dlist_foreach_modify(iter, &all_requests)
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

/* The connection goes away; its requests, all done, stay until released. */
void
request_detach(RemoteConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->base.conn == conn)
			request->base.conn = NULL;
	}
}

/* May this failure be cured by preparing the statement again? */
static bool
is_stale_statement(const RemoteError *error)
{
	return strcmp(error->sqlstate, "26000") == 0 ||
		(strcmp(error->sqlstate, "0A000") == 0 && error->message != NULL &&
		 strstr(error->message, "cached plan") != NULL);
}

static void
handle_error(RemoteConnection *conn, RemoteOp *op, const PGresult *result)
{
	RequestState *request = op->request;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	RemoteError *error;

	if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
	{
		connection_lose(conn, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		return;
	}

	error = remote_error_capture(result, conn->name, conn->cxt);
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
		request_fail(request, error, false);
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
static void
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
						   (request->flags & REMOTE_BINARY) != 0))
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

	dlist_foreach(iter, &all_requests)
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
	dlist_foreach_modify(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->base.conn != conn || request->batch != batch || request->base.done)
			continue;
		if (request->retry && !request->forgotten &&
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
		pfree(error);
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

static size_t
params_size(const RemoteParams *params)
{
	size_t		size = 0;

	for (int i = 0; params != NULL && i < params->count; i++)
	{
		if (params->values[i] == NULL)
			continue;
		size += params->formats != NULL && params->formats[i] != 0
			? params->lengths[i] : strlen(params->values[i]);
	}
	return size;
}

/* Keep what is needed to send the request again. */
static void
request_keep(RequestState *request, const char *sql, const RemoteParams *params)
{
	MemoryContext old = MemoryContextSwitchTo(request->cxt);
	int			count = params != NULL ? params->count : 0;

	request->sql = pstrdup(sql);
	request->params.count = count;
	if (count > 0)
	{
		const char **values = palloc(sizeof(char *) * count);
		int		   *lengths = palloc(sizeof(int) * count);
		int		   *formats = palloc(sizeof(int) * count);
		Oid		   *types = palloc0(sizeof(Oid) * count);

		for (int i = 0; i < count; i++)
		{
			char	   *copy = NULL;

			formats[i] = params->formats ? params->formats[i] : 0;
			lengths[i] = 0;
			if (params->types != NULL)
				types[i] = params->types[i];
			if (params->values[i] != NULL)
			{
				lengths[i] = formats[i] ? params->lengths[i] : strlen(params->values[i]);
				copy = palloc(lengths[i] + 1);
				memcpy(copy, params->values[i], lengths[i]);
				copy[lengths[i]] = '\0';
			}
			values[i] = copy;
		}
		request->params.values = values;
		request->params.lengths = lengths;
		request->params.formats = formats;
		request->params.types = types;
	}
	MemoryContextSwitchTo(old);
}

/* Larger parameters are not kept for a second attempt. */
#define RETRY_MAX_SIZE 65536

/* Put the request into libpq's queue through a prepared statement. */
static bool
send_prepared(RequestState *request, RemoteStatement *statement, bool is_new,
			  const char *sql, const RemoteParams *params)
{
	RemoteConnection *conn = request->base.conn;
	int			count = params != NULL ? params->count : 0;
	char		name[NAMEDATALEN];
	RemoteOp   *op;

	statement_name(statement_number(statement), name, sizeof(name));
	if (is_new)
	{
		if (!PQsendPrepare(conn->pg, name, sql, count, count ? params->types : NULL))
			return false;
		op = op_add(conn, REMOTE_OP_PREPARE, request);
		op->statement = statement_number(statement);
		remote_counters.bytes_sent += strlen(sql);
	}
	else if (request->implicit && params_size(params) < RETRY_MAX_SIZE)
		request_keep(request, sql, params);

	if (!PQsendQueryPrepared(conn->pg, name, count,
							 count ? params->values : NULL,
							 count ? params->lengths : NULL,
							 count ? params->formats : NULL,
							 (request->flags & REMOTE_BINARY) != 0))
		return false;
	op = op_add(conn, REMOTE_OP_EXECUTE, request);
	op->statement = statement_number(statement);
	return true;
}

static bool
send_unprepared(RequestState *request, const char *sql, const RemoteParams *params)
{
	RemoteConnection *conn = request->base.conn;
	int			count = params != NULL ? params->count : 0;

	if (!PQsendQueryParams(conn->pg, sql, count,
						   count ? params->types : NULL,
						   count ? params->values : NULL,
						   count ? params->lengths : NULL,
						   count ? params->formats : NULL,
						   (request->flags & REMOTE_BINARY) != 0))
		return false;
	(void) op_add(conn, REMOTE_OP_EXECUTE, request);
	remote_counters.bytes_sent += strlen(sql);
	return true;
}

RemoteRequest *
remote_send(RemoteConnection *conn, const char *sql, const RemoteParams *params,
			int flags, RemoteResultCallback on_result, void *arg)
{
	RequestState *request;
	RemoteStatement *statement = NULL;
	bool		is_new = false;
	bool		was_idle;
	bool		sent;

	/* May queue a DEALLOCATE of another one, hence before the request. */
	if ((flags & REMOTE_PREPARE) != 0 && statements_enabled && !conn->lost)
		statement = statement_find(conn, sql, params, &is_new);

	request = request_create(conn, flags, on_result, arg);
	if (request->ends_at_sync)
		request->pending_ops++;
	was_idle = dlist_is_empty(&conn->ops);
	if (conn->lost)
	{
		request_fail(request, conn->error, false);
		request->base.done = true;
		return &request->base;
	}

	if (statement != NULL)
		sent = send_prepared(request, statement, is_new, sql, params);
	else
		sent = send_unprepared(request, sql, params);
	if (!sent)
	{
		connection_lose(conn, PQerrorMessage(conn->pg));
		request_fail(request, conn->error, false);
		request->base.done = true;
		return &request->base;
	}
	remote_counters.bytes_sent += params_size(params);
	conn->batch_open = true;
	if (was_idle)
		op_arm(conn);
	return &request->base;
}

void
remote_sync(RemoteConnection *conn)
{
	if (conn->lost || !conn->batch_open)
		return;
	if (!PQpipelineSync(conn->pg))
	{
		connection_lose(conn, PQerrorMessage(conn->pg));
		return;
	}
	(void) op_add(conn, REMOTE_OP_SYNC, NULL);
	conn->batch_open = false;
	conn->batch++;
	remote_counters.batches++;
	connection_flush(conn);
}

bool
remote_pump(RemoteRequest *request, bool wait)
{
	RemoteConnection *conn = request->conn;
	int64		before = request->delivered;

	if (request->done)
		return true;
	for (;;)
	{
		bool		progress = false;

		while (!request->done && request->delivered == before && connection_step(conn))
			progress = true;
		if (request->done || request->delivered != before)
			return true;
		if (!wait)
		{
			if (progress || !connection_consume(conn) || PQisBusy(conn->pg))
				return request->done;
			continue;
		}
		remote_wait(&request, 1);
	}
}

bool
remote_in_open_batch(RemoteRequest *request)
{
	return request->conn != NULL && ((RequestState *) request)->batch == request->conn->batch;
}

/* Is a request outstanding with which the node commits? */
static bool
commit_outstanding(RemoteConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &conn->ops)
	{
		RemoteOp   *op = dlist_container(RemoteOp, link, iter.cur);

		if (op->request != NULL && (op->request->flags & REMOTE_COMMITS) != 0)
			return true;
	}
	return false;
}

/*
 * The user wants to stop, but a node may be committing: ask it to stop, and
 * let its answer decide what has happened.
 */
static void
interrupt_commit(RemoteConnection *conn)
{
	if (!conn->cancel_sent && (QueryCancelPending || ProcDiePending))
	{
		conn->cancel_sent = true;
		conn->verdict_deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
															 remote_cancel_timeout);
		remote_cancel(&conn, 1, remote_cancel_timeout);
	}
}

/* Wait for connections, with what interrupts mean for them. */
static void
wait_interruptible(RemoteConnection **conns, int count)
{
	RemoteConnection *committing = NULL;
	long		timeout = -1;
	int			outcome;

	for (int i = 0; i < count && committing == NULL; i++)
	{
		if (commit_outstanding(conns[i]))
			committing = conns[i];
	}
	if (committing != NULL && committing->cancel_sent)
		timeout = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
												  committing->verdict_deadline);
	outcome = timeout == 0 ? WAIT_EXPIRED : connections_wait(conns, count, timeout);
	if (committing == NULL)
	{
		if (outcome == WAIT_LATCH)
			CHECK_FOR_INTERRUPTS();
	}
	else if (outcome == WAIT_LATCH)
		interrupt_commit(committing);
	else if (outcome == WAIT_EXPIRED)
		connection_lose(committing, "The node did not answer in time.");
}

void
remote_wait(RemoteRequest **requests, int count)
{
	RemoteConnection *conns_static[16];
	RemoteConnection **conns = conns_static;
	int			n = 0;

	if (count > lengthof(conns_static))
		conns = palloc(sizeof(RemoteConnection *) * count);
	for (int i = 0; i < count; i++)
	{
		RequestState *request = (RequestState *) requests[i];
		RemoteConnection *conn = request->base.conn;

		if (request->base.done || conn == NULL || conn->lost || !PQisBusy(conn->pg))
			goto ready;
		count_round_trip(conn, request->batch);
		conns[n++] = conn;
	}
	if (n > 0)
		wait_interruptible(conns, n);
ready:
	if (conns != conns_static)
		pfree(conns);
}

void
remote_finish(RemoteRequest *request)
{
	while (!request->done)
		(void) remote_pump(request, true);
	if (request->failed)
		remote_raise(request);
}

void
remote_raise(RemoteRequest *base)
{
	RequestState *request = (RequestState *) base;

	if (base->failed)
	{
		/* Our own cancel came back: say it in this server's words. */
		if (strcmp(request->error->sqlstate, "57014") == 0)
			CHECK_FOR_INTERRUPTS();
		remote_error_throw(request->error, request->rename);
	}
}

void
remote_set_rename(RemoteRequest *request, const RemoteRename *rename)
{
	((RequestState *) request)->rename = rename;
}

void
remote_forget(RemoteRequest *base)
{
	RequestState *request = (RequestState *) base;

	base->on_result = NULL;
	request->rename = NULL;
}

void
remote_disown(RemoteRequest *request)
{
	((RequestState *) request)->owner = NULL;
}

void
remote_release(RemoteRequest *base)
{
	RequestState *request = (RequestState *) base;

	remote_forget(base);
	request->forgotten = true;
	if (base->done)
		request_free(request);
}

bool
remote_is_wanted(RemoteConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->base.conn == conn && !request->base.done && request->base.on_result != NULL)
			return true;
	}
	return false;
}

void
remote_forget_subxact(SubTransactionId subid)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->subid == subid && request->owner != NULL)
			remote_forget(&request->base);
	}
}

void
remote_reassign_subxact(SubTransactionId subid, SubTransactionId parent)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->subid == subid)
			request->subid = parent;
	}
}

void
remote_forget_all(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->owner != NULL)
			remote_forget(&request->base);
	}
}

/* Whatever its owner did not release itself goes with the resource owner. */
static void
release_owned(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	dlist_foreach_modify(iter, &all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->owner == CurrentResourceOwner && !request->forgotten)
			remote_release(&request->base);
	}
}

void
request_init(void)
{
	RegisterResourceReleaseCallback(release_owned, NULL);
}
