/*
 * modify_batch.c
 *		Rows in, multi-row INSERT, UPDATE and DELETE fragments out.
 *
 * Order within a shard is kept: batches of one shard travel on one connection.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/fragment_text.h"
#include "executor/modify_batch.h"
#include "metadata/node.h"
#include "nodes/value.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Limits of one fragment: parameters by the protocol, the rest by measure. */
#define MAX_PARAMS			65535
#define MAX_BATCH_ROWS		500
#define MAX_BATCH_BYTES		(1024 * 1024)

/* Batches of so few rows come often enough to be prepared. */
#define MAX_PREPARED_ROWS	4

/* Wait for answers when so much is under way, to bound memory here. */
#define MAX_IN_FLIGHT		(16 * 1024 * 1024)

/* Types of the values of one VALUES row: sent columns, leaf table behind the tid. */
static void
set_types(BatchWriter * writer, TupleDesc desc)
{
	const ModifyPlan *plan = writer->plan;
	int			room = list_length(plan->sent) + 1;
	ListCell   *lc;

	writer->types = palloc(sizeof(Oid) * room);
	writer->typlen = palloc(sizeof(int16) * room);
	writer->typbyval = palloc(sizeof(bool) * room);
	foreach(lc, plan->sent)
	{
		writer->types[writer->ncols++] = TupleDescAttr(desc, lfirst_int(lc) - 1)->atttypid;
		if (plan->row_id_leaf && writer->ncols == 1)
			writer->types[writer->ncols++] = OIDOID;
	}
	for (int i = 0; i < writer->ncols; i++)
		get_typlenbyval(writer->types[i], &writer->typlen[i], &writer->typbyval[i]);
}

/* The parameters of a batch: those of the tail, then rows one after the other. */
static void
set_spec(BatchWriter * writer)
{
	int			ntail = writer->tail ? writer->tail->count : 0;
	Oid		   *types = palloc(sizeof(Oid) * (ntail + writer->ncols + 1));

	if (ntail > 0)
		memcpy(types, writer->tail->types, sizeof(Oid) * ntail);
	memcpy(types + ntail, writer->types, sizeof(Oid) * writer->ncols);
	writer->spec = param_spec_of_types(ntail + writer->ncols, types);
	writer->spec->cycle = writer->ncols;
}

BatchWriter *
batch_writer_create(const ModifyPlan * plan, DistTable * table, FragmentRun * run,
					FragmentParams * tail, TupleDesc desc)
{
	BatchWriter *writer = palloc0(sizeof(BatchWriter));

	writer->cxt = CurrentMemoryContext;
	writer->plan = plan;
	writer->table = table;
	writer->run = run;
	writer->tail = tail;
	set_types(writer, desc);
	set_spec(writer);
	writer->max_rows = writer->ncols == 0 ? 1 :
		Min(MAX_BATCH_ROWS, (MAX_PARAMS - plan->ntailparams) / writer->ncols);
	writer->nbatches = table ? table->group->nshards : 1;
	writer->batches = palloc0(sizeof(RowBatch) * writer->nbatches);
	return writer;
}

/* ---- text ---- */

/* "(1,$3::tid,$4::int4),(2,...)" for so many rows. */
static const char *
row_groups(BatchWriter * writer, int nrows)
{
	const ModifyPlan *plan = writer->plan;
	int			param = plan->ntailparams;
	StringInfoData buf;
	MemoryContext old;

	if (writer->group_text != NULL && writer->group_rows == nrows)
		return writer->group_text;
	if (writer->group_text != NULL)
		pfree(writer->group_text);
	old = MemoryContextSwitchTo(writer->cxt);
	initStringInfo(&buf);
	for (int row = 0; row < nrows && writer->ncols > 0; row++)
	{
		const char *separator = "";

		appendStringInfoString(&buf, row > 0 ? ",(" : "(");
		if (plan->operation != CMD_INSERT)
		{
			appendStringInfo(&buf, "%d", row + 1);
			separator = ",";
		}
		for (int i = 0; i < writer->ncols; i++)
		{
			appendStringInfo(&buf, "%s$%d::%s", separator, ++param,
							 strVal(list_nth(plan->row_types, i)));
			separator = ",";
		}
		appendStringInfoChar(&buf, ')');
	}
	MemoryContextSwitchTo(old);
	writer->group_text = buf.data;
	writer->group_rows = nrows;
	return writer->group_text;
}

static char *
batch_sql(BatchWriter * writer, int nrows, int64 shard_id)
{
	StringInfoData buf;

	initStringInfo(&buf);
	fragment_text_append(&buf, &writer->plan->head, shard_id);
	appendStringInfoString(&buf, row_groups(writer, nrows));
	fragment_text_append(&buf, &writer->plan->tail, shard_id);
	return buf.data;
}

/* ---- fragments ---- */

/* Tail parameters, then the batch's values. */
static FragmentParams *
batch_params(BatchWriter * writer, RowBatch * batch)
{
	int			ntail = writer->tail ? writer->tail->count : 0;
	FragmentParams *params = fragment_params_create(ntail + batch->nvalues);

	params->spec = writer->spec;
	for (int i = 0; i < ntail; i++)
	{
		params->types[i] = writer->tail->types[i];
		params->values[i] = writer->tail->values[i];
		params->isnull[i] = writer->tail->isnull[i];
	}
	for (int i = 0; i < batch->nvalues; i++)
		params->types[ntail + i] = writer->types[i % writer->ncols];
	if (batch->nvalues > 0)
	{
		memcpy(params->values + ntail, batch->values, sizeof(Datum) * batch->nvalues);
		memcpy(params->isnull + ntail, batch->nulls, sizeof(bool) * batch->nvalues);
	}
	return params;
}

static BatchTag *
make_tag(FragmentRun * run, int nrows, int64 *row_numbers, bool must_match)
{
	BatchTag   *tag = MemoryContextAllocZero(run->cxt, sizeof(BatchTag));

	tag->nrows = nrows;
	tag->row_numbers = row_numbers;
	tag->must_match = must_match;
	return tag;
}

static void
set_tag(Fragment * fragment, BatchTag * tag)
{
	fragment->tag = tag;
	fragment->writes_locked = tag->must_match;
}

/* One fragment on a shard of the table. */
static Fragment *
add_shard_fragment(BatchWriter * writer, int index, const char *sql,
				   FragmentParams * params, List *markers)
{
	const Shard *shard = &writer->table->group->shards[index];
	Fragment   *fragment = fragment_run_add(writer->run, shard->node_id, index, sql, params);

	fragment_set_shard(fragment, markers, shard->shard_id, true);
	return fragment;
}

/* The same rows for every copy; only the local one counts. */
static void
add_copy_fragments(BatchWriter * writer, const char *sql, FragmentParams * params,
				   BatchTag * tag, bool prepare)
{
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		Fragment   *fragment = fragment_run_add(writer->run, node->address.node_id, 0,
												sql, params);

		set_tag(fragment, tag);
		fragment->prepare = prepare;
		fragment->counted = node->is_local;
	}
}

/* Turn a batch into fragments and empty it. */
static void
batch_to_fragments(BatchWriter * writer, int shard_index)
{
	RowBatch   *batch = &writer->batches[shard_index];
	MemoryContext old = MemoryContextSwitchTo(batch->cxt);
	FragmentParams *params = batch_params(writer, batch);
	bool		must_match = writer->plan->operation != CMD_INSERT;
	bool		prepare = batch->nrows <= MAX_PREPARED_ROWS || batch->nrows == writer->max_rows;
	BatchTag   *tag = make_tag(writer->run, batch->nrows, batch->row_numbers, must_match);

	if (writer->table == NULL)
		add_copy_fragments(writer, batch_sql(writer, batch->nrows, 0), params, tag, prepare);
	else
	{
		const Shard *shard = &writer->table->group->shards[shard_index];
		Fragment   *fragment;

		fragment = add_shard_fragment(writer, shard_index,
									  batch_sql(writer, batch->nrows, shard->shard_id),
									  params, writer->plan->head.markers);
		set_tag(fragment, tag);
		fragment->prepare = prepare;
	}
	MemoryContextSwitchTo(old);
}

/* Forget what was sent; the memory of its rows is free again. */
static void
batch_reset(BatchWriter * writer, RowBatch * batch)
{
	MemoryContext cxt = batch->cxt;

	writer->in_flight += batch->bytes;
	MemoryContextReset(cxt);
	memset(batch, 0, sizeof(RowBatch));
	batch->cxt = cxt;
}

static void
send_full_batch(BatchWriter * writer, int shard_index)
{
	batch_to_fragments(writer, shard_index);
	fragment_run_flush(writer->run);
	batch_reset(writer, &writer->batches[shard_index]);
	if (writer->in_flight > MAX_IN_FLIGHT)
	{
		fragment_run_finish(writer->run);
		writer->in_flight = 0;
	}
}

/* Make room for one more row. */
static void
batch_enlarge(BatchWriter * writer, RowBatch * batch)
{
	if (batch->cxt == NULL)
		batch->cxt = AllocSetContextCreate(writer->cxt, "shardlite row batch",
										   ALLOCSET_SMALL_SIZES);
	if (batch->nrows == batch->max_rows)
	{
		int			size = batch->max_rows ? batch->max_rows * 4 : 1;

		size = Min(size, writer->max_rows);
		if (writer->run->map != NULL)
			batch->row_numbers = batch->row_numbers ?
				repalloc(batch->row_numbers, sizeof(int64) * size) :
				MemoryContextAlloc(writer->run->cxt, sizeof(int64) * size);
		batch->max_rows = size;
	}
	if (batch->nvalues + writer->ncols > batch->max_values)
	{
		int			size = Max(batch->max_rows * writer->ncols, 1);

		batch->values = batch->values ?
			repalloc(batch->values, sizeof(Datum) * size) :
			MemoryContextAlloc(batch->cxt, sizeof(Datum) * size);
		batch->nulls = batch->nulls ?
			repalloc(batch->nulls, sizeof(bool) * size) :
			MemoryContextAlloc(batch->cxt, sizeof(bool) * size);
		batch->max_values = size;
	}
}

void
batch_add(BatchWriter * writer, int shard_index, Datum *values, bool *nulls,
		  int64 row_number)
{
	RowBatch   *batch = &writer->batches[shard_index];
	MemoryContext old;

	batch_enlarge(writer, batch);
	old = MemoryContextSwitchTo(batch->cxt);
	for (int i = 0; i < writer->ncols; i++)
	{
		Datum		value = values[i];

		batch->bytes += 8;
		if (!nulls[i] && !writer->typbyval[i])
		{
			/* one plain copy: neither toast pointers nor expanded objects */
			if (writer->typlen[i] == -1)
				value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
			else
				value = datumCopy(value, false, writer->typlen[i]);
			batch->bytes += datumGetSize(value, false, writer->typlen[i]);
		}
		batch->values[batch->nvalues] = value;
		batch->nulls[batch->nvalues++] = nulls[i];
	}
	if (batch->row_numbers != NULL)
		batch->row_numbers[batch->nrows] = row_number;
	batch->nrows++;
	MemoryContextSwitchTo(old);
	if (batch->nrows >= writer->max_rows || batch->bytes >= MAX_BATCH_BYTES)
		send_full_batch(writer, shard_index);
}

void
batch_move(BatchWriter * writer, int from, int to, FragmentParams * delete_params,
		   FragmentParams * insert_params, int64 row_number)
{
	const ModifyPlan *plan = writer->plan;
	const ShardGroup *group = writer->table->group;
	int64	   *numbers = MemoryContextAlloc(writer->run->cxt, sizeof(int64));
	const FragmentText *insert;
	Fragment   *fragment;

	*numbers = row_number;
	fragment = add_shard_fragment(writer, from,
								  fragment_text_sql(&plan->move_delete, group->shards[from].shard_id),
								  delete_params, plan->move_delete.markers);
	fragment->counted = false;
	fragment->map = NULL;
	fragment->prepare = true;
	set_tag(fragment, make_tag(writer->run, 1, numbers, true));

	insert = fragment_text_with_casts(&plan->move_insert, insert_params->count,
									  insert_params->types);
	fragment = add_shard_fragment(writer, to,
								  fragment_text_sql(insert, group->shards[to].shard_id),
								  insert_params, plan->move_insert.markers);
	fragment->prepare = true;
	fragment->map = writer->insert_map;
	set_tag(fragment, make_tag(writer->run, 1, numbers, false));
}

void
batch_close(BatchWriter * writer)
{
	for (int i = 0; i < writer->nbatches; i++)
		if (writer->batches[i].nrows > 0)
			batch_to_fragments(writer, i);
}
