/*
 * delegate.c
 *		Sends calls of distributed functions to the node that owns their key.
 *
 * The node runs the function as long as it needs nothing but that node's rows
 * (transaction/delegation_guard.c) and refuses otherwise; then the function
 * runs here, as if nothing had been sent.  So a call is sent such that it can
 * be taken back: outside a transaction block it is a transaction of its own on
 * the node, which fails as a whole; within one it has a subtransaction.
 *
 * Not only a refusal may come from being elsewhere: a missing table may be one
 * that only this server has.  Errors of such classes are not believed either;
 * what the user did wrong shows again when the function runs here.
 *
 * The node must not be asked in vain again and again, so after a refusal the
 * function runs here for some calls, and twice as many after each further one.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/delegated_call.h"
#include "common/node_session.h"
#include "executor/delegate.h"
#include "metadata/dist_function.h"
#include "metadata/node.h"
#include "transaction/delegation_guard.h"
#include "transaction/dist_xact.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define MAX_PAUSE 63

/* How a function has fared in this session. */
typedef struct CallRecord
{
	Oid			funcid;			/* hash key, first */
	int			pause;			/* calls to run here after a refusal */
	int			left;			/* of them still to come */
}			CallRecord;

static HTAB *call_records = NULL;

static CallRecord *
call_record(Oid funcid, HASHACTION action)
{
	CallRecord *record;
	bool		found;

	if (call_records == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(CallRecord)};

		call_records = hash_create("shardlite calls", 32, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	record = hash_search(call_records, &funcid, action, &found);
	if (record != NULL && !found)
		record->pause = record->left = 0;
	return record;
}

static void
note_refusal(Oid funcid)
{
	CallRecord *record = call_record(funcid, HASH_ENTER);

	record->pause = Min(record->pause * 2 + 1, MAX_PAUSE);
	record->left = record->pause;
}

static bool
is_paused(Oid funcid)
{
	CallRecord *record = call_record(funcid, HASH_FIND);

	if (record == NULL || record->left == 0)
		return false;
	record->left--;
	return true;
}

int32
delegate_node(Oid funcid, Datum key, bool isnull)
{
	DistFunction *function = isnull || node_session ? NULL : dist_function_find(funcid);
	int32		node_id;

	/* a serializable transaction cannot use several nodes: here it need not */
	if (function == NULL || IsolationIsSerializable())
		return 0;
	node_id = dist_function_node(function, key);
	return node_id == local_node_id() || is_paused(funcid) ? 0 : node_id;
}

static bool
is_refused(RemoteRequest *request)
{
	const char *s = remote_sqlstate(request);

	return s != NULL && delegated_call_is_refusal(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]));
}

/* Rows go to the tuplestore; the result is ours to free. */
static void
receive_rows(RemoteRequest *request, PGresult *result)
{
	DelegatedCall *call = request->arg;
	int			count = call->map != NULL ? PQntuples(result) : 0;

	PG_TRY();
	{
		MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite call row",
												  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(cxt);
		int			natts = call->map ? call->map->desc->natts : 0;
		Datum	   *values = palloc(sizeof(Datum) * (natts + 1));
		bool	   *nulls = palloc(sizeof(bool) * (natts + 1));
		RowExtras	extras;

		for (int row = 0; row < count; row++)
		{
			row_map_decode(call->map, result, row, values, nulls, &extras);
			tuplestore_putvalues(call->rows, call->map->desc, values, nulls);
		}
		MemoryContextSwitchTo(old);
		MemoryContextDelete(cxt);
	}
	PG_FINALLY();
	{
		PQclear(result);
	}
	PG_END_TRY();
}

static RemoteRequest *
send_call(DelegatedCall * call, RemoteConnection *conn)
{
	int			flags = REMOTE_SINGLE_ROW | REMOTE_PREPARE;
	RemoteRequest *request;

	if (call->map != NULL && call->map->binary)
		flags |= REMOTE_BINARY;
	remote_release(remote_send(conn, transaction_time_command(), NULL, 0, NULL, NULL));
	request = remote_send(conn, call->sql, fragment_params_wire(call->params), flags,
						  receive_rows, call);
	remote_counters.remote_fragments++;
	remote_sync(conn);
	return request;
}

/* Notices of a call that is refused have not happened. */
static bool
run_call(DelegatedCall * call, int access)
{
	RemoteConnection *conn = dist_xact_connection(call->node_id, access);
	bool		refused = false;

	remote_keep_notices(conn);
	PG_TRY();
	{
		RemoteRequest *request = send_call(call, conn);

		while (!request->done)
			(void) remote_pump(request, true);
		refused = is_refused(request);
		if (!refused)
		{
			remote_end_notices(conn, true);
			remote_finish(request);
		}
		remote_release(request);
	}
	PG_FINALLY();
	{
		remote_end_notices(conn, !refused);
	}
	PG_END_TRY();
	return !refused;
}

static bool
run_in_subtransaction(DelegatedCall * call, int access)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		done = run_call(call, access);
		if (done)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(cxt);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(cxt);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(cxt);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	return done;
}

bool
delegate_call(DelegatedCall * call)
{
	int			access = call->writes ? DIST_ACCESS_WRITE | DIST_ACCESS_AUTOCOMMIT : DIST_ACCESS_READ;
	bool		done;

	if (dist_xact_may_autocommit(call->node_id, access))
		done = run_call(call, access);
	else
		done = run_in_subtransaction(call, access);
	if (!done)
	{
		note_refusal(call->funcid);
		if (call->rows != NULL)
			tuplestore_clear(call->rows);
	}
	else if (call_record(call->funcid, HASH_FIND) != NULL)
		hash_search(call_records, &call->funcid, HASH_REMOVE, NULL);
	return done;
}
