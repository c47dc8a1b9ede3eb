/*
 * dist_scan.h
 *		State of a ShardliteScan, for the files that make it up.
 */
#ifndef SHARDLITE_DIST_SCAN_H
#define SHARDLITE_DIST_SCAN_H

#include "executor/fragment_merge.h"
#include "executor/fragment_run.h"
#include "executor/row_identity.h"
#include "executor/scan_cache.h"
#include "executor/statement_state.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

typedef struct KeyCache KeyCache;

typedef struct DistScanState
{
	CustomScanState css;		/* must be first */
	ScanShare  *share;			/* with other executions */
	const DistPlan *plan;		/* the share's; read-only */
	List	   *exprs;			/* ExprState of custom_exprs */
	MemoryContext cxt;			/* of everything that lives with the node */
	RowMap	   *map;			/* the share's; NULL when no rows come back */
	StatementState *statement;	/* NULL if it is the whole statement */
	List	   *sources;		/* of RowSource: the children */
	FragmentRun *run;			/* NULL until it is started */
	bool		ahead;			/* started before a row was asked for */
	bool		may_pack;		/* run's rows may come in packs */
	bool		cursor;			/* run began when a cursor was opened */
	bool		starts_whole;	/* it can begin then with its children's rows */
	KeyCache   *keys;			/* rows for many keys, or NULL */
	FragmentMerge *merge;		/* of the run, when its fragments are sorted */
	bool		over;			/* run has no more rows */
	int			exchange_key;	/* column by which nodes send these rows to each
								 * other; 0: they come here */

	/* rows kept for rescans, or read before the statement writes */
	bool		keep;
	bool		read_early;		/* kept holds all rows */
	Tuplestorestate *kept;
	TupleTableSlot *kept_slot;	/* minimal; reads kept */

	/* for EXPLAIN ANALYZE: totals of finished runs */
	int64		total_fragments;
	int64		remote_fragments;
	int			connections;	/* most that one run used */
	double		slowest_ms;
	RemoteCounters counters;	/* what this node caused */
	TupleTableSlot *refetched;	/* a row read again; NULL until then */
}			DistScanState;

/* Register the methods with PostgreSQL. */
extern void dist_scan_init(void);

/* Make the run that is to be started next, with its fragments. */
extern void dist_scan_make_run(DistScanState * state);

/*
 * Evaluate count of its expressions from position first on, in the current
 * context.  NULL if count is 0.
 */
extern FragmentParams * dist_scan_eval(DistScanState * state, int first, int count);

/* Send its fragments.  What they need of the execution is computed. */
extern void dist_scan_start(DistScanState * state);

/* Read all rows of a scan now, to be handed out later. */
extern void dist_scan_read_early(DistScanState * state);

/*
 * Can the parameters be evaluated outside of execution (no subplan outputs,
 * all values known)?  Fills *params and *keys if so; for EXPLAIN.
 */
extern bool dist_scan_eval_now(DistScanState * state, FragmentParams * *params,
							   FragmentParams * *keys);

/*
 * Read a row of the scan again, found by its ctid on its shard, as it is now;
 * false if it does not satisfy the fragment's conditions any more.
 */
extern bool dist_scan_refetch(DistScanState * state, RowPlace place, ItemPointer tid);

/*
 * When the scan's plan runs under epq its only row is the one that was read
 * again; other scans there run as usual.  NULL: that is over.
 */
extern void dist_scan_substitute(DistScanState * state, EPQState *epq);

/* A row of the scan is wanted that was read long ago: error 40001. */
extern void dist_scan_cannot_recheck(void) pg_attribute_noreturn();

/* Execution is over: let the nodes go and complete the figures for EXPLAIN. */
extern void dist_scan_stop(DistScanState * state);

/* May its run use several connections to a node, as far as the plan tells? */
extern bool dist_scan_is_long(const DistScanState * state);

extern void dist_scan_explain(CustomScanState *node, List *ancestors,
							  struct ExplainState *es);

#endif							/* SHARDLITE_DIST_SCAN_H */
