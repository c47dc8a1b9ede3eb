/*
 * fragment_run.h
 *		Runs a set of fragments and hands out their rows.
 *
 * The owner adds fragments, then flushes them: all remote ones travel in one
 * flight, then the local ones start.  Rows of SELECTs stream; a fragment that
 * writes and runs here is run to its end by the flush.
 */
#ifndef SHARDLITE_FRAGMENT_RUN_H
#define SHARDLITE_FRAGMENT_RUN_H

#include "executor/fragment_params.h"
#include "executor/local_fragment.h"
#include "executor/pack_queue.h"
#include "executor/row_map.h"
#include "executor/row_queue.h"
#include "portability/instr_time.h"
#include "remote/connection.h"

typedef struct FragmentRun FragmentRun;
typedef struct FragmentSpread FragmentSpread;

typedef struct Fragment
{
	FragmentRun *run;
	int32		node_id;
	bool		local;
	bool		counted;		/* its rows and count are the statement's */
	bool		started;
	int			shard_index;	/* in the group; 0 without group, -1 for what
								 * reads no source */
	const char *sql;
	FragmentParams *params;
	RowMap	   *map;			/* of its rows, the run's unless changed */
	int64		shard_id;		/* for names in errors; 0 when no shard is named */
	List	   *tables;			/* distributed tables in it, OidList */
	bool		writes;
	bool		writes_locked;	/* rows that the statement has locked before */
	MemoryContext row_cxt;		/* of the row last handed out, likewise */
	bool		prepare;		/* the text will come again */
	bool		stable;			/* sql and params live as long as the run */
	bool		packed;			/* a plain SELECT: its rows may come in packs */
	bool		one_row;		/* at most, so that it need not stream */
	void	   *tag;			/* the owner's */
	bool		served;			/* not sent: its rows are in the queue */

	RemoteRequest *request;
	LocalFragment *exec;
	RowQueue	queue;			/* rows that came before they were asked for */
	PackQueue	packs;			/* the same, if they come packed */
	MinimalTuple queued_row;	/* keeps a row alive that was taken from it */
	bool		done;
	int64		nrows;			/* rows it delivered */
	int64		affected;
	instr_time	start;
	double		elapsed_ms;		/* until done */
}			Fragment;

/*
 * Called for each row of a fragment before it is given out; may change values
 * (in the current context).  false: the row is kept nowhere.
 */
typedef bool (*FragmentRowHook) (Fragment * fragment, const RowExtras * extras,
								 Datum *values, bool *nulls);

struct FragmentRun
{
	MemoryContext cxt;			/* everything but rows */
	MemoryContext row_cxt;		/* the row last handed out */
	MemoryContext scratch;		/* a row on its way into a queue; NULL before */
	EState	   *estate;
	RowMap	   *map;			/* NULL: fragments return no rows */
	int			access;			/* DIST_ACCESS_... */
	Oid			role;			/* under which fragments run */
	bool		local_first;	/* run local fragments before remote ones start */
	bool		tentative;		/* errors of nodes are noted in failed, not thrown,
								 * and leave the transaction there as it was */
	bool		failed;
	List	   *guarded;		/* connections on which that is to be made true */
	FragmentRowHook on_row;
	void	   *hook_arg;
	List	   *sources;		/* of RowSource: rows that fragments read, sent in
								 * their batch */

	List	   *fragments;		/* of Fragment *, in the order added */
	int			nflushed;		/* those before were started */
	List	   *lanes;			/* remote fragments not yet read to the end: one
								 * List of them per connection */
	int			most_lanes;		/* that there were at the same time */
	int			lane;			/* that gave the last row */
	Fragment   *reading;		/* that gave it; NULL at first */
	List	   *locals;			/* local ones not yet read to the end */

	/* one row may go straight from the socket to the caller */
	Fragment   *direct;
	bool		direct_filled;
	Datum	   *direct_values;
	bool	   *direct_nulls;
	Size		queued_bytes;	/* rows that wait in memory */

	double		fragment_cost;	/* expected of each, if several connections to a
								 * node may work for the run; else 0 */
	FragmentSpread *spread;		/* fragments held back for them; NULL: none */
};

/*
 * An empty run.  Its memory is a child of parent.  estate gives the snapshot
 * of local fragments.
 */
extern FragmentRun * fragment_run_create(MemoryContext parent, EState *estate,
										 RowMap * map, int access);

/* Add a fragment; sql and params must live as long as the run. */
extern Fragment * fragment_run_add(FragmentRun * run, int32 node_id,
								   int shard_index, const char *sql,
								   FragmentParams * params);

/*
 * Say what the fragment names, for errors: tables of one shard.  The list
 * must live as long as the run.
 */
extern void fragment_set_shard(Fragment * fragment, List *tables, int64 shard_id, bool writes);

/* Queue a fragment on a connection to its node; for fragment_spread.c. */
extern void fragment_send(Fragment * fragment, RemoteConnection *conn);

/*
 * The rows of a remote fragment, before it is flushed: it will not be sent.
 * They are copied.
 */
extern void fragment_serve(Fragment * fragment, MinimalTuple row);

/* Start what was added since the last flush. */
extern void fragment_run_flush(FragmentRun * run);

/* Store the next row in a virtual slot; false at the end of all fragments. */
extern bool fragment_run_next(FragmentRun * run, TupleTableSlot *slot);

/*
 * Store the next row of one fragment, whatever the others do, in a virtual
 * slot; false at its end.  The row stays valid until the fragment's next one;
 * fragments read side by side need a row_cxt each.
 */
extern bool fragment_next(Fragment * fragment, TupleTableSlot *slot);

/* Take a queued row of one fragment; memory is valid until the next one. */
extern bool fragment_take(Fragment * fragment, Datum *values, bool *nulls);

/* Receive everything that is still under way, queueing rows; throws errors. */
extern void fragment_run_finish(FragmentRun * run);

/* Rows changed by the counted fragments that are done. */
extern int64 fragment_run_affected(const FragmentRun * run);

/* Stop and free; what was not read is thrown away. */
extern void fragment_run_end(FragmentRun * run);

#endif							/* SHARDLITE_FRAGMENT_RUN_H */
