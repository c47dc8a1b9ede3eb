/*
 * dist_modify.h
 *		State of a ShardliteModify, for the files that make it up.
 */
#ifndef SHARDLITE_DIST_MODIFY_H
#define SHARDLITE_DIST_MODIFY_H

#include "executor/modify_batch.h"
#include "executor/statement_state.h"
#include "plan/dist_plan.h"
#include "utils/tuplesort.h"

typedef struct DistModifyState
{
	CustomScanState css;		/* must be first */
	const ModifyPlan *plan;		/* decoded; read-only */
	List	   *exprs;			/* ExprState of custom_exprs */
	MemoryContext cxt;
	DistTable  *table;			/* NULL: reference table */
	RowMap	   *map;			/* NULL without RETURNING */
	StatementState *statement;

	bool		written;		/* all rows are on their shards */
	FragmentRun *run;
	BatchWriter *writer;
	HTAB	   *seen;			/* rows already written */
	MemoryContext row_cxt;		/* while one child row is handled */
	int64		nread;			/* child rows read */

	/* child rows, when they must be read before, or again */
	Tuplestorestate *rows;
	TupleTableSlot *row_slot;	/* minimal; reads rows */
	int64		row_at;			/* number of the row in row_slot, from 0 */

	/* RETURNING rows in the order of the child's */
	Tuplesortstate *sorted;
	TupleTableSlot *sorted_slot;
	Fragment   *single;			/* or all from this fragment */

	/* MERGE */
	struct DistMergeAction *actions;	/* NULL otherwise */
	int			nactions;
	bool		hit_once;		/* a row hit twice is an error */

	RemoteCounters counters;	/* for EXPLAIN ANALYZE */
	int			nfragments;
	int			remote_fragments;
	double		slowest_ms;
}			DistModifyState;

extern void dist_modify_init(void);

/* Write all of the child's rows (modify_write.c). */
extern void modify_write(DistModifyState * state);

/* Send one row of the child, or of an action of MERGE, where it belongs. */
extern void modify_write_row(DistModifyState * state, TupleTableSlot *slot);

/* MERGE (modify_merge.c): prepare the actions, apply one to a row, send the rest. */
extern void modify_merge_start(DistModifyState * state);
extern void modify_merge_row(DistModifyState * state, TupleTableSlot *slot);
extern void modify_merge_close(DistModifyState * state);

/* After modify_write: prepare to deliver RETURNING rows, then deliver them. */
extern void modify_returning_start(DistModifyState * state);
extern bool modify_returning_next(DistModifyState * state, TupleTableSlot *slot);

/* Raise an error if a view does not take a row written through it (modify_check.c). */
extern void modify_check_views(DistModifyState * state, TupleTableSlot *slot);

extern void dist_modify_explain(CustomScanState *node, List *ancestors,
								struct ExplainState *es);

#endif							/* SHARDLITE_DIST_MODIFY_H */
