/*
 * row_queue.h
 *		First-in-first-out store of rows: in memory up to work_mem, then on
 *		disk.
 */
#ifndef SHARDLITE_ROW_QUEUE_H
#define SHARDLITE_ROW_QUEUE_H

#include "executor/tuptable.h"
#include "utils/tuplestore.h"

typedef struct RowQueue
{
	MemoryContext cxt;			/* of the rows and this struct's arrays */
	MinimalTuple *rows;			/* rows[head .. tail) wait */
	int			head;
	int			tail;
	int			size;
	Size	   *bytes;			/* in memory, of all queues of one owner */
	Tuplestorestate *spill;		/* rows that came after memory was full */
	int64		spilled;		/* rows in spill not yet read */
	TupleTableSlot *slot;		/* reads the spill */
}			RowQueue;

/*
 * Queues that share bytes, which begins with 0, share work_mem.
 */
extern void row_queue_init(RowQueue * queue, MemoryContext cxt, Size *bytes);

extern void row_queue_put(RowQueue * queue, TupleDesc desc, Datum *values, bool *nulls);

/* The same with a copy of a row; it stays in memory, into which nothing has overflowed. */
extern void row_queue_put_tuple(RowQueue * queue, MinimalTuple row);

static inline bool
row_queue_is_empty(const RowQueue * queue)
{
	return queue->head == queue->tail && queue->spilled == 0;
}

/*
 * Take the oldest row; false when there is none.  Values point into memory
 * that stays valid until the next get.  *row keeps that memory: NULL at first,
 * then whatever the last call left there.
 */
extern bool row_queue_get(RowQueue * queue, TupleDesc desc, Datum *values,
						  bool *nulls, MinimalTuple *row);

extern void row_queue_end(RowQueue * queue);

#endif							/* SHARDLITE_ROW_QUEUE_H */
