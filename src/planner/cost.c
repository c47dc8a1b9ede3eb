/*
 * cost.c
 *		Estimates for work on shards, in the units of PostgreSQL's cost model.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/syscache.h"

#include "metadata/node.h"
#include "planner/cost.h"

/* A round trip, and the work of starting one fragment in it. */
#define ROUND_TRIP_COST		50.0
#define FRAGMENT_COST		5.0

/* Moving one row to the coordinator: per row, and per byte. */
#define TRANSFER_ROW_COST	0.02
#define TRANSFER_BYTE_COST	0.0002

/* Rows of a shard whose size nobody has measured. */
#define DEFAULT_SHARD_ROWS	3000.0

/*
 * What the shell's statistics say; false when nobody has measured the table.
 * No page and no row is what PostgreSQL's own VACUUM says of a shell.
 */
static bool
measured_size(Oid relid, double *pages, double *rows)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	form = (Form_pg_class) GETSTRUCT(tuple);
	*pages = form->relpages;
	*rows = form->reltuples;
	ReleaseSysCache(tuple);
	return *rows > 0 || (*rows == 0 && *pages != 0);
}

void
cost_table_size(RelOptInfo *rel, const DistTable * table)
{
	double		width = 32;
	double		pages;
	double		rows;

	if (!measured_size(table->relid, &pages, &rows))
	{
		pages = 0;
		rows = DEFAULT_SHARD_ROWS * table->group->nshards;
	}
	for (AttrNumber attno = 1; attno <= rel->max_attr; attno++)
		width += rel->attr_widths[attno - rel->min_attr] > 0 ?
			rel->attr_widths[attno - rel->min_attr] : 8;
	rel->tuples = rows;
	if (pages <= 0)
		pages = 1 + ceil(rows * width / BLCKSZ);
	rel->pages = (BlockNumber) Min(pages, (double) MaxBlockNumber);
	rel->allvisfrac = 0;
}

Cost
cost_transfer(int width)
{
	return TRANSFER_ROW_COST + TRANSFER_BYTE_COST * width;
}

/*
 * Shards work side by side, so reading costs as much as one of them; rows
 * arrive one after the other.
 */
void
cost_fragment(Path *path, const FragmentCost * fragment)
{
	double		share = 1.0 / Max(fragment->total_shards, 1);
	double		looked_at = fragment->table_rows * share;
	double		pages = fragment->table_pages * share;
	Cost		run;

	if (fragment->by_index)
	{
		looked_at = Min(looked_at, fragment->found);
		pages = Min(pages, fragment->found);
	}
	path->rows = fragment->rows;
	path->startup_cost = ROUND_TRIP_COST + fragment->quals.startup +
		FRAGMENT_COST * fragment->nshards;
	run = pages * seq_page_cost +
		looked_at * (cpu_tuple_cost + fragment->quals.per_tuple);
	run += fragment->rows * cost_transfer(fragment->width);
	path->total_cost = path->startup_cost + run;
}

int
cost_on_shard(const Path *path, int nshards)
{
	Cost		work = path->total_cost - ROUND_TRIP_COST - FRAGMENT_COST * nshards -
		path->rows * cost_transfer(path->pathtarget->width);

	if (path->param_info != NULL || work < 1)
		return 0;
	return (int) Min(work, 1e9);
}

/* Nothing arrives before the nodes have read and sorted everything. */
void
cost_sort_on_nodes(Path *path, double bound)
{
	double		nodes = Max(list_length(node_list()), 1);
	double		sorted = Max(path->rows / nodes, 1);
	double		kept = bound > 0 ? Min(2 * bound, sorted) : sorted;
	Cost		sort = 2 * cpu_operator_cost * sorted * log2(Max(kept, 1));
	Cost		merge = cpu_operator_cost * path->rows * log2(nodes);
	Cost		transfer = path->rows * cost_transfer(path->pathtarget->width);

	path->startup_cost = Max(path->startup_cost, path->total_cost - transfer) + sort;
	path->total_cost = Max(path->total_cost, path->startup_cost - sort) + sort + merge;
}
