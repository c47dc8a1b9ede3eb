/*
 * pack_queue.h
 *		Packs of rows (row_pack.h) that have arrived, read row by row.
 */
#ifndef SHARDLITE_PACK_QUEUE_H
#define SHARDLITE_PACK_QUEUE_H

#include "executor/row_map.h"
#include "executor/row_queue.h"

typedef struct PackQueue
{
	MemoryContext cxt;			/* NULL until the first pack came */
	RowPack		pack;			/* the one being read, in one of the next two */
	PGresult   *result;			/* freed with cxt at the latest */
	MinimalTuple tuple;
	RowQueue	waiting;		/* the others, as bytea values */
	TupleDesc	desc;			/* of waiting */
	MemoryContextCallback cleanup;
}			PackQueue;

/*
 * Add a node's result, which belongs to the queue then, unless this throws.
 * cxt is the same in every call, and bytes (see row_queue_init).
 */
extern void pack_queue_put(PackQueue * queue, PGresult *result, MemoryContext cxt, Size *bytes);

/*
 * The pack whose next row is the oldest, NULL when there is none.  Values made
 * from it do not point into it.
 */
extern RowPack * pack_queue_next(PackQueue * queue);

static inline bool
pack_queue_is_empty(const PackQueue * queue)
{
	return row_pack_is_empty(&queue->pack) &&
		(queue->cxt == NULL || row_queue_is_empty(&queue->waiting));
}

extern void pack_queue_end(PackQueue * queue);

#endif							/* SHARDLITE_PACK_QUEUE_H */
