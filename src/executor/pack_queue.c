/*
 * pack_queue.c
 *		Packs of rows that have arrived, read row by row.
 *
 * The usual case is one pack at a time, read where libpq put it.  Packs that
 * come before they are asked for wait in a RowQueue, which spills.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/pack_queue.h"
#include "utils/memutils.h"

static void
free_result(void *arg)
{
	PackQueue  *queue = arg;

	PQclear(queue->result);
	queue->result = NULL;
}

static void
first_use(PackQueue * queue, MemoryContext cxt, Size *bytes)
{
	MemoryContext old = MemoryContextSwitchTo(cxt);

	queue->desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(queue->desc, 1, NULL, BYTEAOID, -1, 0);
	row_queue_init(&queue->waiting, cxt, bytes);
	queue->cleanup.func = free_result;
	queue->cleanup.arg = queue;
	MemoryContextRegisterResetCallback(cxt, &queue->cleanup);
	queue->cxt = cxt;
	MemoryContextSwitchTo(old);
}

void
pack_queue_put(PackQueue * queue, PGresult *result, MemoryContext cxt, Size *bytes)
{
	char	   *rows = PQgetvalue(result, 0, 0);
	Size		length = PQgetlength(result, 0, 0);
	bytea	   *copy;
	Datum		value;
	bool		isnull = false;

	if (queue->cxt == NULL)
		first_use(queue, cxt, bytes);
	if (pack_queue_is_empty(queue))
	{
		PQclear(queue->result);
		queue->result = result;
		queue->pack = (RowPack) {rows, rows + length};
		return;
	}
	copy = MemoryContextAllocHuge(cxt, length + VARHDRSZ);
	SET_VARSIZE(copy, length + VARHDRSZ);
	memcpy(VARDATA(copy), rows, length);
	value = PointerGetDatum(copy);
	row_queue_put(&queue->waiting, queue->desc, &value, &isnull);
	pfree(copy);
	PQclear(result);
}

RowPack *
pack_queue_next(PackQueue * queue)
{
	Datum		value;
	bool		isnull;
	bytea	   *bytes;

	if (!row_pack_is_empty(&queue->pack))
		return &queue->pack;
	if (queue->cxt == NULL)
		return NULL;
	free_result(queue);
	if (!row_queue_get(&queue->waiting, queue->desc, &value, &isnull, &queue->tuple))
		return NULL;
	bytes = (bytea *) DatumGetPointer(value);
	queue->pack.at = VARDATA_ANY(bytes);
	queue->pack.end = queue->pack.at + VARSIZE_ANY_EXHDR(bytes);
	return &queue->pack;
}

void
pack_queue_end(PackQueue * queue)
{
	if (queue->cxt == NULL)
		return;
	free_result(queue);
	row_queue_end(&queue->waiting);
	queue->pack = (RowPack) {NULL, NULL};
}
