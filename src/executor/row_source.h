/*
 * row_source.h
 *		Rows computed here travel to the nodes before the fragments that join
 *		them with shards.
 */
#ifndef SHARDLITE_ROW_SOURCE_H
#define SHARDLITE_ROW_SOURCE_H

#include "executor/exchange.h"
#include "executor/fragment_run.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"
#include "utils/tuplestore.h"

/* One child of a ShardliteScan. */
typedef struct RowSource
{
	PlanState  *child;
	TupleDesc	desc;			/* of its rows; at least one column */
	Oid		   *types;			/* of the columns */
	int			key_resno;		/* column whose hash says to which shard a row
								 * goes; 0: every shard sees all rows */
	ShardHashInfo hash;			/* of it */
	int			nparts;			/* shards of the group, or one */
	Tuplestorestate **parts;	/* NULL: not read yet */
	int64		id;				/* the first part's store in this run */
	bool		by_exchange;	/* its rows go from node to node, in the first run */
	Exchange   *exchange;		/* of this run, if they do */
}			RowSource;

/* Start the children of a scan; the list is in the order of plan->sources. */
extern List *row_sources_begin(CustomScanState *css, const DistPlan * plan, int eflags);

/*
 * Read them to the end, unless that was done, and number their stores; or let
 * the nodes prepare to send each other the rows.
 */
extern void row_sources_read(List *sources, const ShardGroup * group);

/* Number of the store that the fragment of a shard reads. */
extern int64 row_source_store(const RowSource * source, int shard_index);

/*
 * Put the rows where the run's fragments of one node will read them.  conn is
 * the node's connection, its batch open; NULL for this server.
 */
extern void row_sources_send(List *sources, FragmentRun * run, int32 node_id,
							 RemoteConnection *conn);

/* Drop the stores, once the fragments of the batch have run. */
extern void row_sources_drop(List *sources, FragmentRun * run, int32 node_id,
							 RemoteConnection *conn);

/* The run is over. */
extern void row_sources_release(List *sources);

extern void row_sources_rescan(List *sources, Bitmapset *changed);
extern void row_sources_end(List *sources);

#endif							/* SHARDLITE_ROW_SOURCE_H */
