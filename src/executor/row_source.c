/*
 * row_source.c
 *		Rows computed here travel to the nodes before the fragments that join
 *		them with shards.
 *
 * A child of the scan is read to its end first, into tuplestores that spill:
 * one, if every shard needs all rows, else one per shard.  Its rows travel in
 * the batch of the fragments, as arrays, into stores of the node session
 * (row_store.h); each node gets each row once.  They are waited for only as far
 * as the socket does not take them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/fragment_text.h"
#include "executor/row_source.h"
#include "executor/row_store.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Rows of one chunk, and the bytes after which it is sent. */
#define CHUNK_ROWS	8192
#define CHUNK_BYTES	(256 * 1024)

/* The first 15 bits say which node counts. */
static int64
next_store_id(int count)
{
	static int64 counter = 0;
	int64		id = ((int64) (local_node_id() & 0x7fff) << 48) | counter;

	counter = (counter + count) & INT64CONST(0xffffffffffff);
	return id;
}

/* The child's columns; a row without any gets one that nobody reads. */
static TupleDesc
source_desc(PlanState *child)
{
	TupleDesc	desc = ExecGetResultType(child);

	if (desc->natts > 0)
		return desc;
	desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(desc, 1, NULL, INT4OID, -1, 0);
	return desc;
}

/* Rows are hashed by the type that they have, maybe another one than the group's. */
static void
init_hash(RowSource * source)
{
	Oid			type = source->types[source->key_resno - 1];

	if (!shard_hash_init(&source->hash, type, get_typcollation(getBaseType(type)),
						 CurrentMemoryContext))
		elog(ERROR, "rows cannot be sent by a column of type %u", type);
}

List *
row_sources_begin(CustomScanState *css, const DistPlan * plan, int eflags)
{
	CustomScan *cscan = (CustomScan *) css->ss.ps.plan;
	List	   *sources = NIL;
	ListCell   *lc,
			   *lc2,
			   *lc3;

	eflags &= ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
	forthree(lc, cscan->custom_plans, lc2, plan->source_keys, lc3, plan->source_exchanges)
	{
		RowSource  *source = palloc0(sizeof(RowSource));

		source->child = ExecInitNode(lfirst(lc), css->ss.ps.state, eflags);
		css->custom_ps = lappend(css->custom_ps, source->child);
		source->desc = source_desc(source->child);
		source->types = palloc(sizeof(Oid) * source->desc->natts);
		for (int i = 0; i < source->desc->natts; i++)
			source->types[i] = TupleDescAttr(source->desc, i)->atttypid;
		source->key_resno = lfirst_int(lc2);
		source->nparts = 1;
		if (source->key_resno > 0)
		{
			init_hash(source);
			source->nparts = shard_group_get(plan->colocation_id)->nshards;
		}
		source->by_exchange = lfirst_int(lc3) && plan->target == TARGET_ALL_SHARDS &&
			exchange_is_possible(source->child);
		if (source->by_exchange)
			((DistScanState *) source->child)->exchange_key = source->key_resno;
		sources = lappend(sources, source);
	}
	return sources;
}

/* ---- reading ---- */

/* The part that a row belongs to; rows without a key match nothing anyway. */
static int
part_of_row(RowSource * source, const ShardGroup * group, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		key;

	if (source->key_resno == 0)
		return 0;
	key = slot_getattr(slot, source->key_resno, &isnull);
	return isnull ? 0 : shard_group_index(group, shard_hash_datum(&source->hash, key));
}

static void
keep_row(RowSource * source, const ShardGroup * group, TupleTableSlot *slot)
{
	Tuplestorestate *part = source->parts[part_of_row(source, group, slot)];
	Datum		nothing = 0;
	bool		isnull = true;

	if (slot->tts_tupleDescriptor->natts > 0)
		tuplestore_puttupleslot(part, slot);
	else
		tuplestore_putvalues(part, source->desc, &nothing, &isnull);
}

static void
read_child(RowSource * source, const ShardGroup * group)
{
	TupleTableSlot *slot;

	source->parts = palloc(sizeof(Tuplestorestate *) * source->nparts);
	for (int i = 0; i < source->nparts; i++)
		source->parts[i] = tuplestore_begin_heap(false, false,
												 Max(work_mem / source->nparts, 64));
	for (;;)
	{
		slot = ExecProcNode(source->child);
		if (TupIsNull(slot))
			break;
		keep_row(source, group, slot);
	}
}

/* Nodes that could not go on may have rows in the stores already, which get other ones. */
static void
complete_exchange(RowSource * source)
{
	if (exchange_complete(source->exchange))
		return;
	source->exchange = NULL;
	source->id = next_store_id(source->nparts);
}

void
row_sources_read(List *sources, const ShardGroup * group)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);

		if (source->key_resno > 0 && source->nparts != group->nshards)
			elog(ERROR, "shards of a group changed during a statement");
		source->id = next_store_id(source->nparts);
		if (source->by_exchange)
			source->exchange = exchange_create(source->child, source->key_resno, group,
											   source->id);
	}
	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);

		if (source->exchange != NULL)
			complete_exchange(source);
		if (source->parts == NULL && source->exchange == NULL)
			read_child(source, group);
	}
}

int64
row_source_store(const RowSource * source, int shard_index)
{
	return source->id + (source->key_resno > 0 ? shard_index : 0);
}

/* ---- sending ---- */

/* A chunk of rows under construction: one array of values per column. */
typedef struct RowChunk
{
	MemoryContext cxt;			/* of the values; reset when sent */
	RowSource  *source;
	int64		id;
	RemoteConnection *conn;
	int			nrows;
	Size		bytes;
	Datum	  **values;
	bool	  **nulls;
	const char *sql;			/* made for the first chunk */
}			RowChunk;

static const char *
put_statement(int count, const Oid *types)
{
	StringInfoData buf;
	FragmentText text = {0};

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT " ROW_STORE_PUT "(");
	for (int i = 1; i <= count; i++)
		appendStringInfo(&buf, "%s$%d", i > 1 ? ", " : "", i);
	appendStringInfoChar(&buf, ')');
	text.pieces = list_make1(makeString(buf.data));
	return fragment_text_sql(fragment_text_with_casts(&text, count, types), 0);
}

static Datum
column_array(RowChunk * chunk, int column)
{
	Oid			type = chunk->source->types[column];
	int			lower = 1;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_md_array(chunk->values[column], chunk->nulls[column],
											  1, &chunk->nrows, &lower,
											  type, typlen, typbyval, typalign));
}

/* Send what the chunk holds, even if that is nothing: it makes the store. */
static void
send_chunk(RowChunk * chunk)
{
	int			ncolumns = chunk->source->desc->natts;
	MemoryContext old = MemoryContextSwitchTo(chunk->cxt);
	FragmentParams *params = fragment_params_create(ncolumns + 1);
	RemoteRequest *request;

	params->types[0] = INT8OID;
	params->values[0] = Int64GetDatum(chunk->id);
	for (int i = 0; i < ncolumns; i++)
	{
		params->types[i + 1] = get_array_type(chunk->source->types[i]);
		params->values[i + 1] = chunk->nrows > 0 ? column_array(chunk, i) :
			PointerGetDatum(construct_empty_array(chunk->source->types[i]));
	}
	MemoryContextSwitchTo(old);
	if (chunk->sql == NULL)
		chunk->sql = put_statement(params->count, params->types);
	request = remote_send(chunk->conn, chunk->sql, fragment_params_wire(params),
						  REMOTE_PREPARE, NULL, NULL);
	remote_release(request);
	remote_push(chunk->conn);
	MemoryContextReset(chunk->cxt);
	chunk->nrows = 0;
	chunk->bytes = 0;
}

static void
add_to_chunk(RowChunk * chunk, TupleTableSlot *slot)
{
	int			row = chunk->nrows++;
	MemoryContext old = MemoryContextSwitchTo(chunk->cxt);

	slot_getallattrs(slot);
	for (int i = 0; i < chunk->source->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(chunk->source->desc, i);
		Datum		value = slot->tts_values[i];

		chunk->nulls[i][row] = slot->tts_isnull[i];
		if (slot->tts_isnull[i])
			continue;
		if (att->attlen == -1)
			value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		else
			value = datumCopy(value, att->attbyval, att->attlen);
		chunk->values[i][row] = value;
		chunk->bytes += att->attbyval ? sizeof(Datum) :
			datumGetSize(value, false, att->attlen);
	}
	MemoryContextSwitchTo(old);
	if (chunk->nrows == CHUNK_ROWS || chunk->bytes >= CHUNK_BYTES)
		send_chunk(chunk);
}

static RowChunk *
make_chunk(RowSource * source, int64 id, RemoteConnection *conn)
{
	RowChunk   *chunk = palloc0(sizeof(RowChunk));
	int			ncolumns = source->desc->natts;

	chunk->cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite row chunk",
									   ALLOCSET_DEFAULT_SIZES);
	chunk->source = source;
	chunk->id = id;
	chunk->conn = conn;
	chunk->values = palloc(sizeof(Datum *) * ncolumns);
	chunk->nulls = palloc(sizeof(bool *) * ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		chunk->values[i] = palloc(sizeof(Datum) * CHUNK_ROWS);
		chunk->nulls[i] = palloc(sizeof(bool) * CHUNK_ROWS);
	}
	return chunk;
}

/* One part, to a node or into a store of this server. */
static void
send_part(RowSource * source, int part, RemoteConnection *conn)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite rows sent",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(source->desc, &TTSOpsMinimalTuple);
	RowChunk   *chunk = conn ? make_chunk(source, source->id + part, conn) : NULL;
	RowStore   *store = NULL;

	if (conn == NULL)
		store = row_store_create(source->id + part, source->desc->natts, source->types);
	tuplestore_rescan(source->parts[part]);
	while (tuplestore_gettupleslot(source->parts[part], true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (chunk != NULL)
		{
			add_to_chunk(chunk, slot);
			continue;
		}
		slot_getallattrs(slot);
		row_store_put(store, slot->tts_values, slot->tts_isnull);
	}
	if (chunk != NULL)
		send_chunk(chunk);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
}

/* Parts of a source that the run's fragments on a node read. */
static Bitmapset *
parts_of_node(const RowSource * source, FragmentRun * run, int32 node_id)
{
	Bitmapset  *parts = NULL;
	ListCell   *lc;

	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->node_id == node_id && fragment->shard_index >= 0)
			parts = bms_add_member(parts, source->key_resno > 0 ? fragment->shard_index : 0);
	}
	return parts;
}

void
row_sources_send(List *sources, FragmentRun * run, int32 node_id, RemoteConnection *conn)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);
		Bitmapset  *parts = parts_of_node(source, run, node_id);
		int			part = -1;

		if (source->exchange != NULL)
		{
			if (parts != NULL)
				exchange_send_fetch(source->exchange, conn);
			continue;
		}
		while ((part = bms_next_member(parts, part)) >= 0)
			send_part(source, part, conn);
	}
}

static void
drop_part(int64 id, RemoteConnection *conn)
{
	FragmentParams *params;

	if (conn == NULL)
	{
		row_store_drop(id);
		return;
	}
	params = fragment_params_create(1);
	params->types[0] = INT8OID;
	params->values[0] = Int64GetDatum(id);
	remote_release(remote_send(conn, "SELECT " ROW_STORE_DROP "($1)",
							  fragment_params_wire(params), REMOTE_PREPARE, NULL, NULL));
}

void
row_sources_drop(List *sources, FragmentRun * run, int32 node_id, RemoteConnection *conn)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);
		Bitmapset  *parts = parts_of_node(source, run, node_id);
		int			part = -1;

		while ((part = bms_next_member(parts, part)) >= 0)
			drop_part(source->id + part, conn);
	}
}

/* ---- the end ---- */

static void
forget_rows(RowSource * source)
{
	if (source->parts == NULL)
		return;
	for (int i = 0; i < source->nparts; i++)
		tuplestore_end(source->parts[i]);
	pfree(source->parts);
	source->parts = NULL;
}

/* A scan that is run again has its rows sent from here: they are read once then. */
void
row_sources_release(List *sources)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);

		if (source->exchange != NULL)
			exchange_release(source->exchange);
		source->exchange = NULL;
		source->by_exchange = false;
	}
}

/* Rows stay if nothing that the child depends on has changed. */
void
row_sources_rescan(List *sources, Bitmapset *changed)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);

		if (changed != NULL)
			UpdateChangedParamSet(source->child, changed);
		if (source->child->chgParam == NULL)
			continue;
		forget_rows(source);
		ExecReScan(source->child);
	}
}

void
row_sources_end(List *sources)
{
	ListCell   *lc;

	foreach(lc, sources)
	{
		RowSource  *source = lfirst(lc);

		forget_rows(source);
		ExecEndNode(source->child);
	}
}
