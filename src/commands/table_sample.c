/*
 * table_sample.c
 *		A random sample of the rows of distributed tables, from all nodes.
 *
 * Two flights: how large is each shard, then from each as many rows as its
 * share of all pages.  Rows are put into an order that stands for the physical
 * one: tables one after the other, and within a table by how far from its
 * shard's beginning a row lies, because shards fill side by side.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "commands/row_sample.h"
#include "commands/table_sample.h"
#include "executor/value_codec.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"

/* One shard of one of the tables. */
typedef struct SampledShard
{
	int			table;			/* index in the list */
	char	   *name;			/* qualified */
	TableSize	size;
	int			quota;
} SampledShard;

/* The shards of one node, and what it is asked. */
typedef struct NodeSample
{
	const ClusterNode *node;
	List	   *shards;
	struct SampleState *state;
	int			received;		/* sizes so far */
	RemoteRequest *request;
} NodeSample;

/* A row of the sample before they are sorted. */
typedef struct SampledRow
{
	int			table;
	double		position;
	Datum	   *values;
	bool	   *nulls;
} SampledRow;

/* How an item's values come in. */
typedef struct ItemReader
{
	ValueDecoder decoder;
	bool		packs;			/* short values have a short header in tuples */
} ItemReader;

typedef struct SampleState
{
	MemoryContext cxt;			/* of the sample */
	List	   *items;
	ItemReader *readers;
	TableSample *sample;
	SampledRow *rows;
	int			allocated;
	NodeSample *source;			/* of the rows that are arriving */
} SampleState;

/* -------------------------------------------------------------------- nodes */

/* Shards of the tables by node; nodes without any are left out. */
static List *
shards_by_node(List *relids)
{
	List	   *sources = NIL;
	ListCell   *lc,
			   *lc2;

	foreach(lc, node_list())
	{
		NodeSample *source = palloc0(sizeof(NodeSample));

		source->node = lfirst(lc);
		foreach(lc2, relids)
		{
			DistTable  *table = dist_table_get(lfirst_oid(lc2));

			for (int i = 0; i < table->group->nshards; i++)
			{
				SampledShard *shard;

				if (table->group->shards[i].node_id != source->node->address.node_id)
					continue;
				shard = palloc0(sizeof(SampledShard));
				shard->table = foreach_current_index(lc2);
				shard->name = shard_table_qualified_name(table, table->group->shards[i].shard_id);
				source->shards = lappend(source->shards, shard);
			}
		}
		if (source->shards != NIL)
			sources = lappend(sources, source);
	}
	return sources;
}

/* Names of a node's shards as an array constant. */
static char *
shard_names(const NodeSample *source)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, source->shards)
		appendStringInfo(&names, "%s%s", foreach_current_index(lc) > 0 ? ", " : "ARRAY[",
						 quote_literal_cstr(((SampledShard *) lfirst(lc))->name));
	appendStringInfoString(&names, "]");
	return names.data;
}

static Oid *
local_shards(const NodeSample *source)
{
	Oid		   *relids = palloc(sizeof(Oid) * list_length(source->shards));
	ListCell   *lc;

	foreach(lc, source->shards)
		relids[foreach_current_index(lc)] =
			DatumGetObjectId(DirectFunctionCall1(regclassin,
												 CStringGetDatum(((SampledShard *) lfirst(lc))->name)));
	return relids;
}

/*
 * Ask every other node its own query, made by `query`; then do this node's
 * part while they work, and wait.  The functions asked for are for the
 * extension's owner only.
 */
static void
ask_nodes(List *sources, char *(*query) (const NodeSample *source, const SampleState *state),
		  SampleState *state, RemoteResultCallback on_result,
		  void (*local_part) (NodeSample *source))
{
	Oid			user;
	int			context;
	ListCell   *lc;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	foreach(lc, sources)
	{
		NodeSample *source = lfirst(lc);
		RemoteConnection *conn;

		source->state = state;
		if (source->node->is_local)
			continue;
		conn = dist_xact_connection(source->node->address.node_id, DIST_ACCESS_WRITE);
		source->request = remote_send(conn, query(source, state), NULL,
									  REMOTE_SINGLE_ROW | REMOTE_BINARY, on_result, source);
		remote_sync(conn);
	}
	SetUserIdAndSecContext(user, context);
	foreach(lc, sources)
	{
		if (((NodeSample *) lfirst(lc))->node->is_local)
			local_part(lfirst(lc));
	}
	foreach(lc, sources)
	{
		NodeSample *source = lfirst(lc);

		if (source->request == NULL)
			continue;
		remote_finish(source->request);
		remote_release(source->request);
		source->request = NULL;
	}
}

/* -------------------------------------------------------------------- sizes */

static char *
sizes_query(const NodeSample *source, const SampleState *state)
{
	return psprintf("SELECT * FROM shardlite_internal.table_sizes(%s)", shard_names(source));
}

static double
float8_field(PGresult *result, int row, int column)
{
	StringInfoData field;

	field.data = PQgetvalue(result, row, column);
	field.len = field.maxlen = PQgetlength(result, row, column);
	field.cursor = 0;
	return pq_getmsgfloat8(&field);
}

static void
receive_sizes(RemoteRequest *request, PGresult *result)
{
	NodeSample *source = request->arg;

	for (int row = 0; row < PQntuples(result); row++)
	{
		SampledShard *shard = list_nth(source->shards, source->received++);

		shard->size.pages = float8_field(result, row, 0);
		shard->size.rows = float8_field(result, row, 1);
		shard->size.auto_analyzed = float8_field(result, row, 2);
	}
	PQclear(result);
}

static void
local_sizes(NodeSample *source)
{
	Oid		   *relids = local_shards(source);
	ListCell   *lc;

	foreach(lc, source->shards)
		row_sample_size(relids[foreach_current_index(lc)], &((SampledShard *) lfirst(lc))->size);
}

void
table_sizes_fetch(List *relids, TableExtent *extents)
{
	List	   *sources = shards_by_node(relids);
	ListCell   *lc,
			   *lc2;

	for (int i = 0; i < list_length(relids); i++)
		extents[i].pages = extents[i].rows = extents[i].newer_rows = 0;
	ask_nodes(sources, sizes_query, NULL, receive_sizes, local_sizes);
	foreach(lc, sources)
	{
		foreach(lc2, ((NodeSample *) lfirst(lc))->shards)
		{
			const SampledShard *shard = lfirst(lc2);
			TableExtent *extent = &extents[shard->table];

			extent->pages += shard->size.pages;
			extent->rows += shard->size.rows;
			if (shard->size.auto_analyzed > extent->since)
				extent->newer_rows += shard->size.rows;
		}
	}
}

/* --------------------------------------------------------------------- rows */

/* To each shard its share of the rows wanted, by its pages. */
static void
set_quotas(List *sources, TableSample *sample, int wanted)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, sources)
	{
		foreach(lc2, ((NodeSample *) lfirst(lc))->shards)
		{
			sample->pages += ((SampledShard *) lfirst(lc2))->size.pages;
			sample->rows += ((SampledShard *) lfirst(lc2))->size.rows;
		}
	}
	foreach(lc, sources)
	{
		foreach(lc2, ((NodeSample *) lfirst(lc))->shards)
		{
			SampledShard *shard = lfirst(lc2);

			if (shard->size.pages > 0)
				shard->quota = (int) ceil(wanted * (shard->size.pages / sample->pages));
		}
	}
}

static char *
rows_query(const NodeSample *source, const SampleState *state)
{
	StringInfoData sql;
	StringInfoData items;
	ListCell   *lc;

	initStringInfo(&sql);
	initStringInfo(&items);
	foreach(lc, state->items)
		appendStringInfo(&items, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 ((SampleItem *) lfirst(lc))->text);
	appendStringInfo(&sql, "SELECT * FROM shardlite_internal.sample_rows(%s, '{", shard_names(source));
	foreach(lc, source->shards)
		appendStringInfo(&sql, "%s%d", foreach_current_index(lc) > 0 ? ", " : "",
						 ((SampledShard *) lfirst(lc))->quota);
	appendStringInfo(&sql, "}', %s)", quote_literal_cstr(items.data));
	return sql.data;
}

bool
is_stand_in(Datum value, Oid type)
{
	return get_typlen(type) == -1 && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value));
}

static Datum
make_stand_in(int size)
{
	varattrib_1b_e *value = palloc0(VARHDRSZ_EXTERNAL + sizeof(varatt_external));
	varatt_external pointer = {0};

	SET_VARTAG_EXTERNAL(value, VARTAG_ONDISK);
	pointer.va_rawsize = Max(size, SAMPLE_TYPE_WIDTH_LIMIT + 1);
	memcpy(VARDATA_EXTERNAL(value), &pointer, sizeof(pointer));
	return PointerGetDatum(value);
}

/* As it would be in a tuple, where its width counts. */
static Datum
pack_value(const ItemReader *reader, Datum value)
{
	struct varlena *whole = (struct varlena *) DatumGetPointer(value);
	struct varlena *packed;

	if (!reader->packs || !VARATT_CAN_MAKE_SHORT(whole))
		return value;
	packed = palloc(VARATT_CONVERTED_SHORT_SIZE(whole));
	SET_VARSIZE_SHORT(packed, VARATT_CONVERTED_SHORT_SIZE(whole));
	memcpy(VARDATA_SHORT(packed), VARDATA(whole), VARSIZE(whole) - VARHDRSZ);
	pfree(whole);
	return PointerGetDatum(packed);
}

static void
read_item(SampleState *state, int i, StringInfo row, SampledRow *result)
{
	SampleItemFacts *facts = &state->sample->facts[i];
	int			length = (int) pq_getmsgint(row, 4);
	char		after;

	result->nulls[i] = (length == SAMPLE_NULL);
	if (length == SAMPLE_NULL)
		facts->nulls++;
	else if (length == SAMPLE_WIDE)
	{
		int			size = (int) pq_getmsgint(row, 4);

		facts->wide++;
		facts->wide_bytes += size;
		result->nulls[i] = facts->wide_is_null;
		if (!facts->wide_is_null)
			result->values[i] = make_stand_in(size);
	}
	else
	{
		char	   *text = unconstify(char *, pq_getmsgbytes(row, length));

		after = text[length];
		text[length] = '\0';
		result->values[i] = pack_value(&state->readers[i],
									   value_decode(&state->readers[i].decoder, false, text, length));
		text[length] = after;
	}
}

/* Keep a row that has arrived. */
static void
read_row(StringInfo row, void *arg)
{
	SampleState *state = arg;
	TableSample *sample = state->sample;
	MemoryContext old = MemoryContextSwitchTo(state->cxt);
	SampledRow *result;
	SampledShard *shard;

	if (sample->nrows == state->allocated)
	{
		state->allocated = Max(1024, state->allocated * 2);
		state->rows = state->rows == NULL ?
			palloc_extended(sizeof(SampledRow) * state->allocated, MCXT_ALLOC_HUGE) :
			repalloc_huge(state->rows, sizeof(SampledRow) * state->allocated);
	}
	result = &state->rows[sample->nrows++];
	shard = list_nth(state->source->shards, (int) pq_getmsgint(row, 4));
	result->table = shard->table;
	result->position = pq_getmsgfloat8(row);
	result->values = palloc0(sizeof(Datum) * sample->nitems);
	result->nulls = palloc(sizeof(bool) * sample->nitems);
	for (int i = 0; i < sample->nitems; i++)
		read_item(state, i, row, result);
	MemoryContextSwitchTo(old);
}

static void
receive_rows(RemoteRequest *request, PGresult *result)
{
	NodeSample *source = request->arg;

	source->state->source = source;
	for (int i = 0; i < PQntuples(result); i++)
	{
		StringInfoData row;

		row.data = PQgetvalue(result, i, 0);
		row.len = row.maxlen = PQgetlength(result, i, 0);
		row.cursor = 0;
		read_row(&row, source->state);
	}
	PQclear(result);
}

static void
local_rows(NodeSample *source)
{
	SampleRequest request;
	StringInfoData items;
	ListCell   *lc;

	initStringInfo(&items);
	foreach(lc, source->state->items)
		appendStringInfo(&items, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 ((SampleItem *) lfirst(lc))->text);
	request.items = items.data;
	request.ntables = list_length(source->shards);
	request.tables = local_shards(source);
	request.quotas = palloc(sizeof(int) * request.ntables);
	foreach(lc, source->shards)
		request.quotas[foreach_current_index(lc)] = ((SampledShard *) lfirst(lc))->quota;
	source->state->source = source;
	row_sample_take(&request, read_row, source->state);
}

/* Input functions of base types: domains have been checked. */
static void
prepare_items(SampleState *state)
{
	TableSample *sample = state->sample;
	ListCell   *lc;

	sample->nitems = list_length(state->items);
	sample->facts = palloc0(sizeof(SampleItemFacts) * sample->nitems);
	state->readers = palloc0(sizeof(ItemReader) * sample->nitems);
	foreach(lc, state->items)
	{
		int			i = foreach_current_index(lc);
		Oid			type = getBaseType(((SampleItem *) lfirst(lc))->type);
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		Oid			typanalyze;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for type %u", type);
		typanalyze = ((Form_pg_type) GETSTRUCT(tuple))->typanalyze;
		state->readers[i].packs = ((Form_pg_type) GETSTRUCT(tuple))->typlen == -1 &&
			((Form_pg_type) GETSTRUCT(tuple))->typstorage != TYPSTORAGE_PLAIN;
		ReleaseSysCache(tuple);
		sample->facts[i].wide_is_null = OidIsValid(typanalyze) && typanalyze != F_ARRAY_TYPANALYZE;
		value_decoder_init(&state->readers[i].decoder, type, -1, false);
	}
}

static int
compare_rows(const void *a, const void *b)
{
	const SampledRow *left = a;
	const SampledRow *right = b;

	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	return 0;
}

/* Rows in their order, as arrays of values. */
static void
lay_out(SampleState *state)
{
	TableSample *sample = state->sample;
	Size		count = (Size) sample->nrows * sample->nitems;

	if (sample->nrows == 0)
		return;
	qsort(state->rows, sample->nrows, sizeof(SampledRow), compare_rows);
	sample->values = palloc_extended(sizeof(Datum) * count, MCXT_ALLOC_HUGE);
	sample->nulls = palloc_extended(sizeof(bool) * count, MCXT_ALLOC_HUGE);
	for (int row = 0; row < sample->nrows; row++)
	{
		memcpy(&sample->values[(Size) row * sample->nitems], state->rows[row].values,
			   sizeof(Datum) * sample->nitems);
		memcpy(&sample->nulls[(Size) row * sample->nitems], state->rows[row].nulls,
			   sizeof(bool) * sample->nitems);
		pfree(state->rows[row].values);
		pfree(state->rows[row].nulls);
	}
	pfree(state->rows);
}

TableSample *
table_sample_fetch(List *relids, List *items, int wanted)
{
	List	   *sources = shards_by_node(relids);
	SampleState state = {0};

	state.cxt = CurrentMemoryContext;
	state.items = items;
	state.sample = palloc0(sizeof(TableSample));
	prepare_items(&state);
	ask_nodes(sources, sizes_query, &state, receive_sizes, local_sizes);
	set_quotas(sources, state.sample, wanted);
	if (items != NIL)
		ask_nodes(sources, rows_query, &state, receive_rows, local_rows);
	lay_out(&state);
	return state.sample;
}
