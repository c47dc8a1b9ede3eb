/*
 * cost.h
 *		Estimates for work on shards: sizes of distributed tables, cost of
 *		fetching rows from them.
 */
#ifndef SHARDLITE_COST_H
#define SHARDLITE_COST_H

#include "nodes/pathnodes.h"

#include "metadata/dist_table.h"

/* What a fragment does, as far as it costs. */
typedef struct FragmentCost
{
	double		rows;			/* that arrive here, from all shards */
	int			width;
	int			nshards;		/* that are asked */
	int			total_shards;
	double		table_rows;		/* of the whole table */
	double		table_pages;
	QualCost	quals;			/* of the pushed quals, per row looked at */
	bool		by_index;		/* an index finds the rows on the shard, */
	double		found;			/* this many on all shards */
}			FragmentCost;

/* Fill pages and tuples of a shell's RelOptInfo from its statistics. */
extern void cost_table_size(RelOptInfo *rel, const DistTable * table);

/*
 * Add to the cost of a path what it takes that each node sorts its rows and
 * that they are merged here.  bound: rows wanted of the whole, -1 for all.
 */
extern void cost_sort_on_nodes(Path *path, double bound);

/* Set startup and total cost of a path. */
extern void cost_fragment(Path *path, const FragmentCost * fragment);

/*
 * The part of a path's cost that is one shard's work, for DistPlan; 0 when the
 * path runs once per outer row.
 */
extern int	cost_on_shard(const Path *path, int nshards);

/* Cost of moving one row of so many bytes from one node to another. */
extern Cost cost_transfer(int width);

#endif							/* SHARDLITE_COST_H */
