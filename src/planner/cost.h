/*
 * cost.h
 *		Estimates for work on shards: sizes of distributed tables, cost of
 *		fetching rows from them.
 */
#ifndef SHARDLITE_COST_H
#define SHARDLITE_COST_H

#include "nodes/pathnodes.h"

#include "planner/dist_rel.h"

/* What fragments do, as far as it costs. */
typedef struct FragmentCost
{
	double		rows;			/* that arrive here, from all shards */
	int			width;
	int			nshards;		/* that are asked */
	Cost		work;			/* of all shards, if all were asked */
}			FragmentCost;

/* Fill pages and tuples of a shell's RelOptInfo from its statistics. */
extern void cost_table_size(RelOptInfo *rel, const DistTable * table);

/* Pages and rows of a distributed table, all shards together. */
extern void cost_measure_table(const DistTable * table, double *pages, double *rows);

/* Finding the rows of one key of a distributed table on its shard. */
extern Cost cost_lookup(const DistTable * table);

/*
 * Add to the cost of a path what it takes that each node sorts its rows and
 * that they are merged here.  bound: rows wanted of the whole, -1 for all.
 */
extern void cost_sort_on_nodes(Path *path, double bound);

/*
 * What it costs all shards of a table together to find the rows that satisfy
 * these RestrictInfos, by an index if one of them says where to look.
 */
extern Cost cost_table_work(PlannerInfo *root, RelOptInfo *rel, List *clauses);

/*
 * What a join costs all shards together, its inputs included, but not the reading
 * of what every shard has or gets in full.
 */
extern Cost cost_join_work(const JoinSides * sides);

/* Set startup and total cost of a path. */
extern void cost_fragment(Path *path, const ShardGroup * group, const FragmentCost * fragment);

/*
 * The part of a path's cost that is one shard's work, where it asks all shards,
 * for DistPlan; 0 when the path runs once per outer row.
 */
extern int	cost_on_shard(const Path *path, const ShardGroup * group);

/* Cost of asking nodes and waiting for the answer. */
extern Cost cost_round_trip(void);

/* Cost of asking all shards of a group for a row that an index finds: nobody asks for less. */
extern Cost cost_asking(const ShardGroup * group);

/* Cost of moving one row of so many bytes from one node to another. */
extern Cost cost_transfer(int width);

/*
 * Cost of the rows of a path as a source of shards on nnodes nodes: read here,
 * sent to copies of them; and then read so often by fragments that work one after
 * the other.
 */
extern Cost cost_source(const Path *path, double nnodes, double copies, double reads);

/* The same if path is a DistScan and its rows go by a key from node to node. */
extern Cost cost_exchange(const Path *path, double nnodes);

extern void cost_init(void);

#endif							/* SHARDLITE_COST_H */
