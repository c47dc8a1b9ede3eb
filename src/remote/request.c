/*
 * request.c
 *		Requests: their life, queueing them and waiting for them.
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

dlist_head	remote_all_requests = DLIST_STATIC_INIT(remote_all_requests);

static RequestState *
request_create(RemoteConnection *conn, int flags, RemoteResultCallback on_result, void *arg)
{
	RequestState *request = MemoryContextAllocZero(TopMemoryContext, sizeof(RequestState));

	request->base.conn = conn;
	request->base.on_result = on_result;
	request->base.arg = arg;
	request->flags = flags | (conn->commits ? REMOTE_COMMITS : 0);
	request->batch = conn->batch;
	request->implicit = conn->implicit;
	request->ends_at_sync = (request->flags & (REMOTE_COMMITS | REMOTE_AT_SYNC)) != 0 &&
		conn->implicit;

	/* What a portal asked for lives as long as the portal. */
	request->owner = CurrentResourceOwner;
	if (ActivePortal != NULL && ActivePortal->resowner == CurrentResourceOwner)
		request->subid = ActivePortal->createSubid;
	else
		request->subid = GetCurrentSubTransactionId();
	dlist_push_tail(&remote_all_requests, &request->all_link);
	return request;
}

void
request_free(RequestState *request)
{
	dlist_delete(&request->all_link);
	if (request->cxt != NULL)
		MemoryContextDelete(request->cxt);
	pfree(request);
}

MemoryContext
request_memory(RequestState *request)
{
	if (request->cxt == NULL)
		request->cxt = AllocSetContextCreate(TopMemoryContext, "shardlite request",
											 ALLOCSET_SMALL_SIZES);
	return request->cxt;
}

/* The format code of its results. */
int
request_format(const RequestState *request)
{
	if ((request->flags & REMOTE_PACKED) != 0)
		return REMOTE_FORMAT_PACKED;
	return (request->flags & REMOTE_BINARY) != 0 ? 1 : 0;
}

void
request_fail(RequestState *request, const RemoteError *error, bool aborted)
{
	if (request->base.failed)
		return;
	request->base.failed = true;
	request->base.aborted = aborted;
	request->error = remote_error_copy(error, request_memory(request));
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
	MemoryContext old;
	int			count = params != NULL ? params->count : 0;

	if ((request->flags & REMOTE_STABLE) != 0)
	{
		request->sql = sql;
		if (params != NULL)
			request->params = *params;
		return;
	}
	old = MemoryContextSwitchTo(request_memory(request));
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
	const char *name = statement_name(statement);
	RemoteOp   *op;

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
							 request_format(request)))
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
						   request_format(request)))
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

uint64
remote_answer_early(RemoteConnection *conn)
{
	if (!conn->lost && !PQsendFlushRequest(conn->pg))
		connection_lose(conn, PQerrorMessage(conn->pg));
	return conn->last_op;
}

void
remote_spare(RemoteConnection *conn)
{
	conn->spared = conn->last_op;
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

/* Wait for connections, with what interrupts mean for them; timeout in ms. */
static void
wait_interruptible(RemoteConnection **conns, int count, long timeout)
{
	RemoteConnection *committing = NULL;
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
	remote_wait_opening(requests, count, NULL, 0, -1);
}

void
remote_wait_opening(RemoteRequest **requests, int count, RemoteConnection **opening,
					int nopening, long timeout_ms)
{
	RemoteConnection *conns_static[16];
	RemoteConnection **conns = conns_static;
	int			n = 0;

	if (count + nopening > lengthof(conns_static))
		conns = palloc(sizeof(RemoteConnection *) * (count + nopening));
	for (int i = 0; i < count; i++)
	{
		RequestState *request = (RequestState *) requests[i];
		RemoteConnection *conn = request->base.conn;

		if (request->base.done || conn == NULL || conn->lost || !PQisBusy(conn->pg))
			goto ready;
		count_round_trip(conn, request->batch);
		conns[n++] = conn;
	}
	for (int i = 0; i < nopening; i++)
		conns[n++] = opening[i];
	if (n > 0)
		wait_interruptible(conns, n, timeout_ms);
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

const char *
remote_sqlstate(RemoteRequest *base)
{
	return base->failed ? ((RequestState *) base)->error->sqlstate : NULL;
}

void
remote_set_rename(RemoteRequest *request, const RemoteRename *rename)
{
	((RequestState *) request)->rename = rename;
}

/* The connection goes away; its requests, all done, stay until released. */
void
request_detach(RemoteConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &remote_all_requests)
	{
		RequestState *request = dlist_container(RequestState, all_link, iter.cur);

		if (request->base.conn == conn)
			request->base.conn = NULL;
	}
}

void
remote_forget(RemoteRequest *base)
{
	RequestState *request = (RequestState *) base;

	base->on_result = NULL;
	request->rename = NULL;
	request->sql = NULL;
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

void
remote_share_owner(RemoteRequest *request, const RemoteRequest *with)
{
	((RequestState *) request)->owner = ((const RequestState *) with)->owner;
	((RequestState *) request)->subid = ((const RequestState *) with)->subid;
}

bool
remote_is_wanted(RemoteConnection *conn)
{
	dlist_iter	iter;

	dlist_foreach(iter, &remote_all_requests)
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

	dlist_foreach(iter, &remote_all_requests)
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

	dlist_foreach(iter, &remote_all_requests)
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

	dlist_foreach(iter, &remote_all_requests)
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
	dlist_foreach_modify(iter, &remote_all_requests)
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
