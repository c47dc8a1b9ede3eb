/*
 * exchange_write.c
 *		On a node: rows of this node's shards on their way to other nodes.
 *
 * exchange_begin() makes a file for each of them, exchange_rows(), an
 * aggregate, takes the rows of a fragment and exchange_end() completes the
 * files.  Rows for this node's own shards go into its stores at once.
 *
 * The files are temporary ones in the sense of temp_tablespaces and
 * temp_file_limit.  They go with exchange_drop(), with the (sub)transaction
 * that made them, and thus with the session; after a crash with PostgreSQL's own
 * cleaning of its temporary directories.  In memory there is one pack per file.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/fault_point.h"
#include "common/shard_hash.h"
#include "executor/exchange_file.h"
#include "executor/exchange_write.h"
#include "executor/row_encode.h"
#include "executor/row_store.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/peer_readers.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* Bytes after which a pack is written. */
#define PACK_SIZE 32768

typedef struct ExchangeFile
{
	int32		node_id;		/* that will fetch it */
	BufFile    *file;
	StringInfoData pack;
}			ExchangeFile;

typedef struct Exchange
{
	int64		id;				/* of the store of the first shard */
	uint64		serial;			/* unlike id, never used again */
	SubTransactionId subid;		/* in which it began */
	MemoryContext cxt;			/* of all this */
	FileSet		set;
	List	   *files;			/* of ExchangeFile */
	bool		ended;
	ShardGroup *group;			/* as the coordinator has told */
	int			key;			/* index of the key's column */
	ExchangeFile **file_of;		/* per shard; NULL: it is ours */

	/* known from the first row on */
	int			ncolumns;
	Oid		   *types;
	ShardHashInfo hash;			/* of the key */
	RowEncoder *encoder;
	RowStoreSet stores;			/* of our shards */
	Datum	   *values;
	bool	   *nulls;
}			Exchange;

/* In TopTransactionContext. */
static List *exchanges = NIL;

PG_FUNCTION_INFO_V1(shardlite_exchange_begin);
PG_FUNCTION_INFO_V1(shardlite_exchange_row);
PG_FUNCTION_INFO_V1(shardlite_exchange_count);
PG_FUNCTION_INFO_V1(shardlite_exchange_end);
PG_FUNCTION_INFO_V1(shardlite_exchange_drop);

/* ---- the end ---- */

/*
 * One that was not completed has something to write yet, which may fail: its
 * files are left to the resource owner, which only closes them.
 */
static void
forget_exchange(Exchange * exchange, bool close)
{
	ListCell   *lc;

	/* a cancel in between would leave files that nobody knows any more */
	HOLD_INTERRUPTS();
	exchanges = list_delete_ptr(exchanges, exchange);
	foreach(lc, exchange->files)
	{
		if (close && exchange->ended)
			BufFileClose(((ExchangeFile *) lfirst(lc))->file);
	}
	FAULT_POINT(exchange_before_delete);
	if (exchange->files != NIL)
		FileSetDeleteAll(&exchange->set);
	MemoryContextDelete(exchange->cxt);
	RESUME_INTERRUPTS();
}

/* When the transaction aborts, open files are the resource owner's. */
static void
end_of_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	while (exchanges != NIL)
		forget_exchange(linitial(exchanges), event != XACT_EVENT_ABORT);
}

/* Numbers of subtransactions grow, so a later one's is not smaller. */
static void
end_of_subtransaction(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(lc, list_copy(exchanges))
	{
		if (((Exchange *) lfirst(lc))->subid >= subid)
			forget_exchange(lfirst(lc), true);
	}
}

static void
register_callbacks(void)
{
	static bool registered = false;

	if (registered)
		return;
	RegisterXactCallback(end_of_transaction, NULL);
	RegisterSubXactCallback(end_of_subtransaction, NULL);
	registered = true;
}

static Exchange *
find_exchange(int64 id)
{
	ListCell   *lc;

	foreach(lc, exchanges)
	{
		Exchange   *exchange = lfirst(lc);

		if (exchange->id == id)
			return exchange;
	}
	return NULL;
}

static Exchange *
get_exchange(int64 id)
{
	Exchange   *exchange = find_exchange(id);

	if (exchange == NULL || exchange->ended)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no exchange of rows with number " INT64_FORMAT, id)));
	return exchange;
}

void
exchange_forget(int64 id)
{
	Exchange   *exchange = find_exchange(id);

	if (exchange == NULL)
		return;
	for (int i = 0; i < exchange->group->nshards; i++)
		row_store_drop(id + i);
	forget_exchange(exchange, true);
}

/* ---- the beginning ---- */

static bool
contains(const int32 *ids, int count, int32 id)
{
	for (int i = 0; i < count; i++)
	{
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* Connect to the nodes that this one will fetch from; false if one cannot be reached. */
static bool
reach_peers(const int32 *ids, int count)
{
	int32	   *peers = palloc(sizeof(int32) * Max(count, 1));
	RemoteConnection **conns = palloc(sizeof(RemoteConnection *) * Max(count, 1));
	bool		reached = true;
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (ids[i] != local_node_id())
			peers[n++] = ids[i];
	}
	peer_readers_connect(peers, n, conns);
	for (int i = 0; i < n; i++)
		reached &= !remote_is_lost(conns[i]);
	if (!reached)
		peer_readers_abandon();
	return reached;
}

static Exchange *
create_exchange(int64 id, const int32 *ranges, int key, int nshards)
{
	static uint64 last_serial = 0;
	MemoryContext cxt;
	MemoryContext old;
	Exchange   *exchange;

	register_callbacks();
	cxt = AllocSetContextCreate(TopTransactionContext, "shardlite exchange",
								ALLOCSET_DEFAULT_SIZES);
	exchange = MemoryContextAllocZero(cxt, sizeof(Exchange));
	exchange->cxt = cxt;
	exchange->id = id;
	exchange->serial = ++last_serial;
	exchange->subid = GetCurrentSubTransactionId();
	exchange->key = key - 1;
	exchange->group = MemoryContextAllocZero(cxt, offsetof(ShardGroup, shards) +
											 nshards * sizeof(Shard));
	exchange->group->nshards = nshards;
	for (int i = 0; i < nshards; i++)
		exchange->group->shards[i].hash_min = ranges[i];
	exchange->file_of = MemoryContextAllocZero(cxt, sizeof(ExchangeFile *) * nshards);
	exchange->stores.id = id;
	exchange->stores.stores = MemoryContextAllocZero(cxt, sizeof(RowStore *) * nshards);
	exchange->stores.nstores = nshards;
	old = MemoryContextSwitchTo(TopTransactionContext);
	exchanges = lappend(exchanges, exchange);
	MemoryContextSwitchTo(old);
	return exchange;
}

/* The file for a node, made at its first shard. */
static ExchangeFile *
file_for_node(Exchange * exchange, int32 node_id, const char *token)
{
	ExchangeFile *file;
	ListCell   *lc;

	foreach(lc, exchange->files)
	{
		file = lfirst(lc);
		if (file->node_id == node_id)
			return file;
	}
	file = palloc0(sizeof(ExchangeFile));
	file->node_id = node_id;
	initStringInfo(&file->pack);
	if (exchange->files == NIL)
		FileSetInit(&exchange->set);
	exchange->files = lappend(exchange->files, file);
	file->file = BufFileCreateFileSet(&exchange->set, exchange_file_name(token, node_id));
	return file;
}

/* The files outlive the statement, and hence its resource owner. */
static void
make_files(Exchange * exchange, const int32 *nodes, const char *token)
{
	MemoryContext old = MemoryContextSwitchTo(exchange->cxt);
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = TopTransactionResourceOwner;
	for (int i = 0; i < exchange->group->nshards; i++)
	{
		if (nodes[i] != local_node_id())
			exchange->file_of[i] = file_for_node(exchange, nodes[i], token);
	}
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
}

/*
 * exchange_begin(id bigint, token text, ranges int[], key int, nodes int[], sources int[])
 *
 * Rows of the nodes sources go to nodes by the hash of column key; ranges has the
 * least hash of each.
 * Returns where this node's files are; NULL if it cannot reach the others.
 */
Datum
shardlite_exchange_begin(PG_FUNCTION_ARGS)
{
	int64		id = PG_GETARG_INT64(0);
	char	   *token = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int			nranges;
	int			nshards;
	int			nsources;
	const int32 *ranges = exchange_numbers(PG_GETARG_ARRAYTYPE_P(2), &nranges);
	const int32 *nodes = exchange_numbers(PG_GETARG_ARRAYTYPE_P(4), &nshards);
	const int32 *sources = exchange_numbers(PG_GETARG_ARRAYTYPE_P(5), &nsources);
	Exchange   *exchange = NULL;

	if (nranges != nshards || nshards == 0 || PG_GETARG_INT32(3) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an exchange of rows needs a range of hashes per node")));
	exchange_forget(id);
	if (contains(sources, nsources, local_node_id()))
	{
		exchange = create_exchange(id, ranges, PG_GETARG_INT32(3), nshards);
		make_files(exchange, nodes, token);
		FAULT_POINT(exchange_after_begin);
	}

	/* if not, rows that are under way already go into the files for nothing */
	if (contains(nodes, nshards, local_node_id()) && !reach_peers(sources, nsources))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(exchange == NULL || exchange->files == NIL ? "" :
									 exchange_location(&exchange->set)));
}

/* ---- rows ---- */

static void
write_pack(ExchangeFile * file)
{
	int32		length = file->pack.len;

	BufFileWrite(file->file, &length, sizeof(length));
	BufFileWrite(file->file, file->pack.data, length);
	resetStringInfo(&file->pack);
}

/* What a fragment's rows look like: the same for all of the exchange. */
static void
set_columns(Exchange * exchange, FunctionCallInfo fcinfo)
{
	int			ncolumns = PG_NARGS() - 2;
	Oid		   *types = MemoryContextAlloc(exchange->cxt, sizeof(Oid) * ncolumns);
	MemoryContext old;

	for (int i = 0; i < ncolumns; i++)
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, i + 2);
	if (exchange->types != NULL)
	{
		if (ncolumns != exchange->ncolumns ||
			memcmp(types, exchange->types, sizeof(Oid) * ncolumns) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("an exchange of rows got other columns than before")));
		return;
	}
	if (exchange->key >= ncolumns ||
		!shard_hash_init(&exchange->hash, types[exchange->key],
						 get_typcollation(getBaseType(types[exchange->key])), exchange->cxt))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("an exchange of rows has no column at position %d that can be hashed",
						exchange->key + 1)));
	old = MemoryContextSwitchTo(exchange->cxt);
	exchange->encoder = row_encoder_create(ncolumns, types);
	exchange->values = palloc(sizeof(Datum) * ncolumns);
	exchange->nulls = palloc(sizeof(bool) * ncolumns);
	exchange->stores.ncolumns = exchange->ncolumns = ncolumns;
	exchange->stores.types = exchange->types = types;
	MemoryContextSwitchTo(old);
}

/* Rows without a key match nothing, but an outer join may keep them: anywhere. */
static void
add_row(Exchange * exchange)
{
	int			key = exchange->key;
	int			shard = 0;
	ExchangeFile *file;

	if (!exchange->nulls[key])
		shard = shard_group_index(exchange->group,
								  shard_hash_datum(&exchange->hash, exchange->values[key]));
	file = exchange->file_of[shard];
	if (file == NULL)
	{
		row_store_put(row_store_of_set(&exchange->stores, shard),
					  exchange->values, exchange->nulls);
		return;
	}
	pq_sendint32(&file->pack, sizeof(int32));
	pq_sendint32(&file->pack, shard);
	row_encode(exchange->encoder, &file->pack, exchange->values, exchange->nulls);
	if (file->pack.len >= PACK_SIZE)
		write_pack(file);
}

/* State of the aggregate exchange_rows(id bigint, VARIADIC "any"). */
typedef struct RowsState
{
	uint64		serial;			/* of the exchange whose columns were checked */
	int64		nrows;
}			RowsState;

static RowsState *
create_state(FunctionCallInfo fcinfo)
{
	MemoryContext cxt;

	if (!AggCheckCallContext(fcinfo, &cxt))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows of an exchange come from its aggregate only")));
	return MemoryContextAllocZero(cxt, sizeof(RowsState));
}

/* What computes a row may be code of the user's, and drop the exchange meanwhile. */
Datum
shardlite_exchange_row(PG_FUNCTION_ARGS)
{
	RowsState  *state = PG_ARGISNULL(0) ? create_state(fcinfo) :
		(RowsState *) PG_GETARG_POINTER(0);
	Exchange   *exchange = get_exchange(PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1));

	if (state->serial != exchange->serial)
		set_columns(exchange, fcinfo);
	state->serial = exchange->serial;
	for (int i = 0; i < exchange->ncolumns; i++)
	{
		exchange->values[i] = PG_GETARG_DATUM(i + 2);
		exchange->nulls[i] = PG_ARGISNULL(i + 2);
	}
	add_row(exchange);
	state->nrows++;
	PG_RETURN_POINTER(state);
}

Datum
shardlite_exchange_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_ARGISNULL(0) ? 0 : ((RowsState *) PG_GETARG_POINTER(0))->nrows);
}

/* ---- completing ---- */

Datum
shardlite_exchange_end(PG_FUNCTION_ARGS)
{
	Exchange   *exchange = get_exchange(PG_GETARG_INT64(0));
	ListCell   *lc;

	foreach(lc, exchange->files)
	{
		ExchangeFile *file = lfirst(lc);

		if (file->pack.len > 0)
			write_pack(file);
		write_pack(file);
		BufFileExportFileSet(file->file);
		pfree(file->pack.data);
	}
	exchange->ended = true;
	PG_RETURN_VOID();
}

Datum
shardlite_exchange_drop(PG_FUNCTION_ARGS)
{
	exchange_forget(PG_GETARG_INT64(0));
	PG_RETURN_VOID();
}
