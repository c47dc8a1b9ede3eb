/*
 * cost.c
 *		Estimates for work on shards, in the units of PostgreSQL's cost model.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "planner/cost.h"

/* A round trip, and the work of starting one fragment in it. */
#define ROUND_TRIP_COST		50.0
#define FRAGMENT_COST		5.0

/* Moving one row to the coordinator: per row, and per byte. */
#define TRANSFER_ROW_COST	0.04
#define TRANSFER_BYTE_COST	0.0002

/* Going down an index: what is above the leaves is in memory. */
#define LOOKUP_COST			(seq_page_cost + 10 * cpu_operator_cost)

/* Making a store of rows on the nodes, and dropping it. */
#define SOURCE_COST			2.0

/* What rows cost that are written to a file and read there, in tuples. */
#define FILED_ROW_TUPLES	4.0

/* Rows of a shard whose size nobody has measured. */
#define DEFAULT_SHARD_ROWS	3000.0

/* Setting */
static double exchange_startup_cost = 200;

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

void
cost_measure_table(const DistTable * table, double *pages, double *rows)
{
	if (measured_size(table->relid, pages, rows))
		return;
	*rows = DEFAULT_SHARD_ROWS * (table->group != NULL ? table->group->nshards : 1);
	*pages = 1 + ceil(*rows * 64 / BLCKSZ);
}

/* Has the table an index that begins with its key? */
static bool
has_key_index(const DistTable * table)
{
	Relation	rel = table_open(table->relid, AccessShareLock);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));

		if (!HeapTupleIsValid(tuple))
			continue;
		found |= ((Form_pg_index) GETSTRUCT(tuple))->indkey.values[0] == table->key_attno;
		ReleaseSysCache(tuple);
	}
	table_close(rel, NoLock);
	return found;
}

Cost
cost_lookup(const DistTable * table)
{
	double		pages;
	double		rows;

	if (has_key_index(table))
		return LOOKUP_COST + seq_page_cost + 10 * cpu_tuple_cost;
	cost_measure_table(table, &pages, &rows);
	return (pages * seq_page_cost + rows * cpu_tuple_cost) / table->group->nshards;
}

Cost
cost_round_trip(void)
{
	return ROUND_TRIP_COST;
}

Cost
cost_asking(const ShardGroup * group)
{
	return ROUND_TRIP_COST + group->nshards *
		(FRAGMENT_COST + TRANSFER_ROW_COST + LOOKUP_COST / Max(group->nnodes, 1));
}

Cost
cost_transfer(int width)
{
	return TRANSFER_ROW_COST + TRANSFER_BYTE_COST * width;
}

Cost
cost_source(const Path *path, double nnodes, double copies, double reads)
{
	return SOURCE_COST + path->total_cost +
		path->rows * (copies * cost_transfer(path->pathtarget->width) + 2 * reads * cpu_tuple_cost);
}

/* No row comes here, and nodes work side by side. */
Cost
cost_exchange(const Path *path, double nnodes)
{
	Cost		transfer = path->rows * cost_transfer(path->pathtarget->width);

	return exchange_startup_cost + Max(path->total_cost - transfer, 0) +
		(transfer + path->rows * FILED_ROW_TUPLES * cpu_tuple_cost) / nnodes;
}

void
cost_init(void)
{
	DefineCustomRealVariable("shardlite.exchange_startup_cost",
							 "Planner's estimate of the cost of having nodes send rows to each other.",
							 NULL, &exchange_startup_cost, 200, 0, DBL_MAX, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}

/* ---- work on the shards ---- */

/* Can the clause be looked up in an index of rel whose first column it compares? */
static bool
is_indexed(RelOptInfo *rel, Expr *clause)
{
	bool		is_list = IsA(clause, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) clause)->useOr;
	List	   *args;
	Oid			opno;
	ListCell   *lc;

	if (!is_list && (!IsA(clause, OpExpr) || list_length(((OpExpr *) clause)->args) != 2))
		return false;
	args = is_list ? ((ScalarArrayOpExpr *) clause)->args : ((OpExpr *) clause)->args;
	opno = is_list ? ((ScalarArrayOpExpr *) clause)->opno : ((OpExpr *) clause)->opno;
	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, lc);

		if (get_op_opfamily_strategy(opno, index->opfamily[0]) == 0 ||
			(index->indpred != NIL && !index->predOK))
			continue;
		for (int i = 0; i < (is_list ? 1 : 2); i++)
		{
			Var		   *side = (Var *) strip_implicit_coercions(list_nth(args, i));

			if (IsA(side, Var) && side->varno == rel->relid &&
				side->varattno == index->indexkeys[0])
				return true;
		}
	}
	return false;
}

/*
 * Rows that an index finds for one value of one of the clauses, if it is the
 * best of them; -1 if there is none.
 */
static double
rows_by_index(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	double		best = -1;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);
		double		found;

		if (!is_indexed(rel, clause->clause))
			continue;
		found = rel->tuples * clause_selectivity(root, (Node *) clause, rel->relid,
												 JOIN_INNER, NULL);
		if (best < 0 || found < best)
			best = found;
	}
	return best;
}

/* Reading rows, each from a page of its own as long as there are enough, and filtering them. */
static Cost
reading_cost(PlannerInfo *root, RelOptInfo *rel, List *clauses, double pages, double rows)
{
	QualCost	quals;

	cost_qual_eval(&quals, clauses, root);
	return seq_page_cost * Min(pages, (double) rel->pages) + quals.startup +
		rows * (cpu_tuple_cost + quals.per_tuple);
}

Cost
cost_table_work(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	double		found = rows_by_index(root, rel, clauses);
	Cost		scan = reading_cost(root, rel, clauses, rel->pages, rel->tuples);

	if (found < 0)
		return scan;
	return Min(scan, LOOKUP_COST + reading_cost(root, rel, clauses, found, found));
}

/*
 * Looking up the rows of one side in a table, instead of reading both; -1 if no
 * index serves.
 */
static Cost
lookup_work(const JoinSides * sides, const DistRel * driver, RelOptInfo *driver_rel,
			const DistRel * table, RelOptInfo *rel)
{
	double		lookups = driver_rel->rows *
		(driver->everywhere && table->group != NULL ? table->group->nshards : 1);
	double		found;

	if (!IS_SIMPLE_REL(rel) || table->everywhere || table->sources != NIL)
		return -1;
	found = rows_by_index(sides->root, rel, sides->restrictlist);
	if (found < 0)
		return -1;
	found *= driver_rel->rows;
	return driver->work + lookups * LOOKUP_COST +
		reading_cost(sides->root, rel, table->conds, found, found);
}

/* Rows of one side that are put into hash tables or compared with them. */
static double
rows_hashed(const DistRel * side, RelOptInfo *rel, const DistRel * other)
{
	return rel->rows * (side->everywhere && other->group != NULL ? other->group->nshards : 1);
}

Cost
cost_join_work(const JoinSides * sides)
{
	const DistRel *outer = sides->outer;
	const DistRel *inner = sides->inner;
	Cost		work = outer->work + inner->work + cpu_operator_cost *
		(rows_hashed(outer, sides->outerrel, inner) + rows_hashed(inner, sides->innerrel, outer));
	Cost		lookup = lookup_work(sides, outer, sides->outerrel, inner, sides->innerrel);
	QualCost	quals;

	if (lookup >= 0)
		work = Min(work, lookup);
	if (sides->jointype == JOIN_INNER)
	{
		lookup = lookup_work(sides, inner, sides->innerrel, outer, sides->outerrel);
		if (lookup >= 0)
			work = Min(work, lookup);
	}
	cost_qual_eval(&quals, sides->restrictlist, sides->root);
	return work + quals.startup + sides->joinrel->rows * quals.per_tuple;
}

/*
 * Nodes work side by side, each on one of its shards after the other; rows arrive
 * one after the other.
 */
void
cost_fragment(Path *path, const ShardGroup * group, const FragmentCost * fragment)
{
	double		nodes = Max(Min(group->nnodes, fragment->nshards), 1);
	double		share = fragment->nshards / (nodes * Max(group->nshards, 1));

	path->rows = fragment->rows;
	path->startup_cost = ROUND_TRIP_COST + FRAGMENT_COST * fragment->nshards;
	path->total_cost = path->startup_cost + fragment->work * share +
		fragment->rows * cost_transfer(fragment->width);
}

int
cost_on_shard(const Path *path, const ShardGroup * group)
{
	double		share = (double) group->nshards / Max(group->nnodes, 1);
	Cost		work = path->total_cost - ROUND_TRIP_COST - FRAGMENT_COST * group->nshards -
		path->rows * cost_transfer(path->pathtarget->width);

	if (path->param_info != NULL || work <= 0)
		return 0;
	return (int) Min(ceil(work / share), 1e9);
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
