/*
 * modify_batch.h
 *		Collects rows for shards and turns them into fragments with VALUES.
 */
#ifndef SHARDLITE_MODIFY_BATCH_H
#define SHARDLITE_MODIFY_BATCH_H

#include "executor/fragment_run.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

/* Rows on their way to one shard (or to all copies of a reference table). */
typedef struct RowBatch
{
	MemoryContext cxt;			/* values; reset when the batch is sent */
	int			nrows;
	int			nvalues;
	int			max_values;
	Datum	   *values;			/* row after row */
	bool	   *nulls;
	int64	   *row_numbers;	/* of the child's rows, for RETURNING; the fragment's later */
	int			max_rows;
	Size		bytes;
}			RowBatch;

/* A fragment's tag: which rows it carries. */
typedef struct BatchTag
{
	int			nrows;
	int64	   *row_numbers;
	bool		must_match;		/* every row must be there: it was read before */
	int		   *positions;		/* per RETURNING row: index into row_numbers */
	int			npositions;
	int			max_positions;
}			BatchTag;

typedef struct BatchWriter
{
	MemoryContext cxt;
	const ModifyPlan *plan;
	DistTable  *table;			/* NULL: reference table */
	FragmentRun *run;
	RowMap	   *insert_map;		/* of RETURNING rows of a moved row */
	FragmentParams *tail;		/* values of the tail's parameters */
	int			ncols;			/* values per row */
	Oid		   *types;			/* their types */
	int16	   *typlen;
	bool	   *typbyval;
	ParamSpec  *spec;			/* of a fragment's parameters */
	int			max_rows;		/* per batch */
	RowBatch   *batches;		/* one per shard, or one */
	int			nbatches;
	Size		in_flight;		/* bytes sent and not yet answered */
	char	   *group_text;		/* row groups for group_rows rows */
	int			group_rows;
}			BatchWriter;

/* desc: of the child's rows.  Lives in the current context. */
extern BatchWriter * batch_writer_create(const ModifyPlan * plan, DistTable * table,
										 FragmentRun * run, FragmentParams * tail,
										 TupleDesc desc);

/*
 * Add a row: values are those of one VALUES row, in order.  They are copied.
 * A full batch is sent at once.
 */
extern void batch_add(BatchWriter * writer, int shard_index, Datum *values,
					  bool *nulls, int64 row_number);

/* A row that changes its shard: delete here, insert there. */
extern void batch_move(BatchWriter * writer, int from, int to,
					   FragmentParams * delete_params,
					   FragmentParams * insert_params, int64 row_number);

/* Turn what is left into fragments; the caller flushes the run. */
extern void batch_close(BatchWriter * writer);

#endif							/* SHARDLITE_MODIFY_BATCH_H */
