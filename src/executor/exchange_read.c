/*
 * exchange_read.c
 *		On a node: fetching the rows of an exchange that belong to this node's
 *		shards, and sending those that belong to others'.
 *
 * The session that joins the rows asks all other nodes at the same time, over a
 * connection of its own to each (peer_readers.h), and puts what arrives into
 * its stores.  The other end of such a connection reads a file that somebody
 * else's session has written: it takes no lock and waits for nobody but its
 * reader, so nodes that fetch from each other always get on.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/fault_point.h"
#include "executor/exchange_file.h"
#include "executor/exchange_read.h"
#include "executor/row_map.h"
#include "executor/row_store.h"
#include "fmgr.h"
#include "funcapi.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/peer_readers.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(shardlite_exchange_fetch);
PG_FUNCTION_INFO_V1(shardlite_exchange_read);

/* ---- this node's side ---- */

typedef struct Fetcher
{
	const ExchangeFetch *fetch;
	RowStoreSet stores;
	RowMap	   *map;
	Datum	   *values;
	bool	   *nulls;
	MemoryContext row_cxt;
}			Fetcher;

static Fetcher *
create_fetcher(const ExchangeFetch * fetch)
{
	Fetcher    *fetcher = palloc0(sizeof(Fetcher));
	TupleDesc	desc = CreateTemplateTupleDesc(fetch->ncolumns);

	for (int i = 0; i < fetch->ncolumns; i++)
		TupleDescInitEntry(desc, i + 1, NULL, fetch->types[i], -1, 0);
	fetcher->fetch = fetch;
	fetcher->map = row_map_create(desc, NIL, InvalidOid, NIL, true, false);
	fetcher->values = palloc(sizeof(Datum) * fetch->ncolumns);
	fetcher->nulls = palloc(sizeof(bool) * fetch->ncolumns);
	fetcher->row_cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite fetched row",
											 ALLOCSET_DEFAULT_SIZES);
	fetcher->stores.id = fetch->id;
	fetcher->stores.ncolumns = fetch->ncolumns;
	fetcher->stores.types = fetch->types;
	fetcher->stores.stores = palloc0(sizeof(RowStore *) * fetch->nshards);
	fetcher->stores.nstores = fetch->nshards;
	for (int i = 0; i < fetch->nshards; i++)
	{
		if (fetch->nodes[i] == local_node_id())
			(void) row_store_of_set(&fetcher->stores, i);
	}
	return fetcher;
}

/* The rows of one pack into their stores. */
static void
store_pack(Fetcher * fetcher, char *bytes, int length)
{
	const ExchangeFetch *fetch = fetcher->fetch;
	RowPack		pack = {bytes, bytes + length};
	MemoryContext old = MemoryContextSwitchTo(fetcher->row_cxt);

	while (!row_pack_is_empty(&pack))
	{
		RowExtras	extras;

		row_map_unpack(fetcher->map, &pack, fetcher->values, fetcher->nulls, &extras);
		if (extras.position < 0 || extras.position >= fetch->nshards ||
			fetch->nodes[extras.position] != local_node_id())
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("a node sent rows that belong to another one")));
		row_store_put(row_store_of_set(&fetcher->stores, extras.position),
					  fetcher->values, fetcher->nulls);
		MemoryContextReset(fetcher->row_cxt);
	}
	MemoryContextSwitchTo(old);
}

/* The callback of requests: the result is ours to free. */
static void
on_result(RemoteRequest *request, PGresult *result)
{
	PG_TRY();
	{
		for (int row = 0; row < PQntuples(result); row++)
			store_pack(request->arg, PQgetvalue(result, row, 0), PQgetlength(result, row, 0));
	}
	PG_CATCH();
	{
		PQclear(result);
		PG_RE_THROW();
	}
	PG_END_TRY();
	PQclear(result);
}

static RemoteRequest *
ask(Fetcher * fetcher, RemoteConnection *conn, const char *location)
{
	static const Oid types[] = {TEXTOID, TEXTOID, INT4OID};
	char		node_id[12];
	const char *values[] = {location, fetcher->fetch->token, node_id};
	RemoteParams params = {.count = 3, .types = types, .values = values};
	RemoteRequest *request;

	pg_ltoa(local_node_id(), node_id);
	request = remote_send(conn, "SELECT shardlite_internal.exchange_read($1, $2, $3)",
						  &params, REMOTE_SINGLE_ROW | REMOTE_BINARY | REMOTE_PREPARE,
						  on_result, fetcher);
	remote_sync(conn);
	return request;
}

/* Receive the answers as they come. */
static void
receive_all(RemoteRequest **requests, int count)
{
	while (count > 0)
	{
		for (int i = count - 1; i >= 0; i--)
		{
			(void) remote_pump(requests[i], false);
			if (!requests[i]->done)
				continue;
			remote_raise(requests[i]);
			remote_release(requests[i]);
			requests[i] = requests[--count];
		}
		if (count > 0)
			remote_wait(requests, count);
	}
}

static void
fetch_from(Fetcher * fetcher, const int32 *peers, char **locations, int count)
{
	RemoteConnection **conns = palloc(sizeof(RemoteConnection *) * Max(count, 1));
	RemoteRequest **requests = palloc(sizeof(RemoteRequest *) * Max(count, 1));

	peer_readers_connect(peers, count, conns);
	for (int i = 0; i < count; i++)
	{
		if (remote_is_lost(conns[i]))
			remote_raise_lost(conns[i]);
		requests[i] = ask(fetcher, conns[i], locations[i]);
	}
	receive_all(requests, count);
}

void
exchange_fetch(const ExchangeFetch * fetch)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite fetch",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	int32	   *peers = palloc(sizeof(int32) * Max(fetch->nsources, 1));
	char	  **locations = palloc(sizeof(char *) * Max(fetch->nsources, 1));
	Fetcher    *fetcher = create_fetcher(fetch);
	int			n = 0;

	for (int i = 0; i < fetch->nsources; i++)
	{
		if (fetch->sources[i] == local_node_id())
			continue;
		peers[n] = fetch->sources[i];
		locations[n++] = fetch->locations[i];
	}
	FAULT_POINT(exchange_before_fetch);
	PG_TRY();
	{
		fetch_from(fetcher, peers, locations, n);
	}
	PG_CATCH();
	{
		peer_readers_abandon();
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
}

/*
 * exchange_fetch(id bigint, token text, nodes int[], sources int[], locations text[], VARIADIC "any")
 *
 * Of the last arguments only the types count.
 */
Datum
shardlite_exchange_fetch(PG_FUNCTION_ARGS)
{
	ExchangeFetch fetch;
	Datum	   *locations;
	Oid		   *types;
	int			nlocations;

	for (int i = 0; i < 5; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_VOID();
	}
	fetch.id = PG_GETARG_INT64(0);
	fetch.token = text_to_cstring(PG_GETARG_TEXT_PP(1));
	fetch.nodes = exchange_numbers(PG_GETARG_ARRAYTYPE_P(2), &fetch.nshards);
	fetch.sources = exchange_numbers(PG_GETARG_ARRAYTYPE_P(3), &fetch.nsources);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), TEXTOID, -1, false, TYPALIGN_INT,
					  &locations, NULL, &nlocations);
	if (nlocations != fetch.nsources)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an exchange of rows needs plain lists of nodes")));
	fetch.locations = palloc(sizeof(char *) * Max(nlocations, 1));
	for (int i = 0; i < nlocations; i++)
		fetch.locations[i] = TextDatumGetCString(locations[i]);
	fetch.ncolumns = PG_NARGS() - 5;
	types = palloc(sizeof(Oid) * fetch.ncolumns);
	for (int i = 0; i < fetch.ncolumns; i++)
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, i + 5);
	fetch.types = types;
	exchange_fetch(&fetch);
	PG_RETURN_VOID();
}

/* ---- the other node's side ---- */

static BufFile *
open_file(const char *location, const char *token, int32 node_id)
{
	BufFile    *file;
	FileSet    *set = palloc(sizeof(FileSet));

	exchange_location_parse(location, set);
	file = BufFileOpenFileSet(set, exchange_file_name(token, node_id), O_RDONLY, true);
	if (file == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_EXCHANGE_GONE),
				 errmsg("rows of an exchange between nodes are gone"),
				 errdetail("The session that has computed them has ended or rolled back.")));
	return file;
}

static void
read_exactly(BufFile *file, void *buffer, size_t size)
{
	if (BufFileRead(file, buffer, size) != size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("rows of an exchange between nodes are not complete")));
}

/*
 * exchange_read(location text, token text, node int) returns setof bytea: the
 * packs for a node.
 */
Datum
shardlite_exchange_read(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	bytea	   *pack;
	int32		length;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		FAULT_POINT(exchange_in_read);
		context->user_fctx = open_file(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   text_to_cstring(PG_GETARG_TEXT_PP(1)),
									   PG_GETARG_INT32(2));
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	read_exactly(context->user_fctx, &length, sizeof(length));
	if (length == 0)
	{
		BufFileClose(context->user_fctx);
		SRF_RETURN_DONE(context);
	}
	pack = palloc(VARHDRSZ + length);
	SET_VARSIZE(pack, VARHDRSZ + length);
	read_exactly(context->user_fctx, VARDATA(pack), length);
	SRF_RETURN_NEXT(context, PointerGetDatum(pack));
}
