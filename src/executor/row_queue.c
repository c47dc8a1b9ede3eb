/*
 * row_queue.c
 *		First-in-first-out store of rows that spills to disk.
 *
 * Rows come from callbacks at any time, so the resource owner of the moment
 * may be one that ends before the queue does: temporary files are therefore
 * opened under the owner that the transaction began with.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/row_queue.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define ROW_QUEUE_FIRST_SIZE 16

void
row_queue_init(RowQueue * queue, MemoryContext cxt, Size *bytes)
{
	memset(queue, 0, sizeof(*queue));
	queue->cxt = cxt;
	queue->bytes = bytes;
}

static void
append_in_memory(RowQueue * queue, MinimalTuple row)
{
	if (queue->head == queue->tail)
		queue->head = queue->tail = 0;
	if (queue->tail == queue->size)
	{
		queue->size = queue->size ? queue->size * 2 : ROW_QUEUE_FIRST_SIZE;
		queue->rows = queue->rows ?
			repalloc_huge(queue->rows, sizeof(MinimalTuple) * queue->size) :
			MemoryContextAlloc(queue->cxt, sizeof(MinimalTuple) * queue->size);
	}
	queue->rows[queue->tail++] = row;
	*queue->bytes += row->t_len;
}

static void
start_spill(RowQueue * queue, TupleDesc desc)
{
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = TopTransactionResourceOwner;
	queue->spill = tuplestore_begin_heap(false, false, Min(work_mem, 64));
	CurrentResourceOwner = owner;
	if (queue->slot == NULL)
		queue->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(desc), &TTSOpsMinimalTuple);
}

void
row_queue_put(RowQueue * queue, TupleDesc desc, Datum *values, bool *nulls)
{
	MemoryContext old = MemoryContextSwitchTo(queue->cxt);

	if (queue->spill == NULL && *queue->bytes > work_mem * (Size) 1024)
		start_spill(queue, desc);
	if (queue->spill != NULL)
	{
		tuplestore_putvalues(queue->spill, desc, values, nulls);
		queue->spilled++;
	}
	else
		append_in_memory(queue, heap_form_minimal_tuple(desc, values, nulls));
	MemoryContextSwitchTo(old);
}

void
row_queue_put_tuple(RowQueue * queue, MinimalTuple row)
{
	MemoryContext old = MemoryContextSwitchTo(queue->cxt);

	Assert(queue->spill == NULL);
	append_in_memory(queue, heap_copy_minimal_tuple(row));
	MemoryContextSwitchTo(old);
}

/* Read one row back from disk; the file goes away with its last row. */
static bool
get_spilled(RowQueue * queue, Datum *values, bool *nulls)
{
	int			natts = queue->slot->tts_tupleDescriptor->natts;

	if (!tuplestore_gettupleslot(queue->spill, true, true, queue->slot))
		elog(ERROR, "row queue lost a row");
	slot_getallattrs(queue->slot);
	memcpy(values, queue->slot->tts_values, sizeof(Datum) * natts);
	memcpy(nulls, queue->slot->tts_isnull, sizeof(bool) * natts);
	if (--queue->spilled == 0)
	{
		tuplestore_end(queue->spill);
		queue->spill = NULL;
	}
	return true;
}

bool
row_queue_get(RowQueue * queue, TupleDesc desc, Datum *values, bool *nulls,
			  MinimalTuple *row)
{
	HeapTupleData tuple;

	if (*row != NULL)
	{
		heap_free_minimal_tuple(*row);
		*row = NULL;
	}
	if (queue->head < queue->tail)
	{
		*row = queue->rows[queue->head++];
		*queue->bytes -= (*row)->t_len;
		tuple.t_len = (*row)->t_len + MINIMAL_TUPLE_OFFSET;
		tuple.t_data = (HeapTupleHeader) ((char *) *row - MINIMAL_TUPLE_OFFSET);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		heap_deform_tuple(&tuple, desc, values, nulls);
		return true;
	}
	return queue->spilled > 0 && get_spilled(queue, values, nulls);
}

void
row_queue_end(RowQueue * queue)
{
	if (queue->spill != NULL)
		tuplestore_end(queue->spill);
	if (queue->slot != NULL)
		ExecDropSingleTupleTableSlot(queue->slot);
	for (int i = queue->head; i < queue->tail; i++)
	{
		*queue->bytes -= queue->rows[i]->t_len;
		heap_free_minimal_tuple(queue->rows[i]);
	}
	if (queue->rows != NULL)
		pfree(queue->rows);
	row_queue_init(queue, queue->cxt, queue->bytes);
}
