/*
 * dist_batch.h
 *		The ShardliteBatch plan node: rows read ahead for the sake of their keys.
 */
#ifndef SHARDLITE_DIST_BATCH_H
#define SHARDLITE_DIST_BATCH_H

#include "executor/key_rehearsal.h"
#include "nodes/execnodes.h"
#include "plan/dist_plan.h"

typedef struct DistBatchState
{
	CustomScanState css;		/* must be first */
	const BatchPlan *plan;		/* decoded; read-only */
	List	   *exprs;			/* ExprState of custom_exprs */
	bool		to_end;			/* all rows will be asked for (flight.c) */
	bool		begun;
	List	   *scans;			/* DistScanState *, whose keys are collected */
	List	   *rehearsed;		/* the same, by the rehearsal */
	KeyRehearsal *rehearsal;	/* NULL if there is none */
	MemoryContext cxt;			/* of the rows */
	MinimalTuple *rows;			/* read and, from next on, not handed out */
	int			nrows;
	int			next;
	bool		over;			/* the child has no more */
	int			size;			/* rows to read next time */
	TupleTableSlot *slot;		/* minimal; reads rows */
	int64		batches;		/* for EXPLAIN ANALYZE */
}			DistBatchState;

/* Register the methods with PostgreSQL. */
extern void dist_batch_init(void);

#endif							/* SHARDLITE_DIST_BATCH_H */
