/*
 * union_stats.c
 *		On a node: what its planner knows of the rows of several shards together.
 *
 * A fragment that reads all shards of its node has them in a UNION ALL, of whose
 * columns PostgreSQL knows nothing: it expects 200 different values, and groups,
 * whatever the shards' statistics say.  Then a parallel plan looks good that
 * makes all groups three times and sorts them.  How many values there are among
 * all rows follows from how often they repeat within a shard, since shards are
 * random parts to every column but the distribution column.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_statistic.h"
#include "common/node_session.h"
#include "metadata/dist_table.h"
#include "nodes/pathnodes.h"
#include "planner/union_stats.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

static get_relation_stats_hook_type next_relation_stats = NULL;

/* Values of one column, in the parts of a UNION ALL. */
typedef struct PartValues
{
	int			nparts;
	double		rows;
	double		distinct;		/* the parts' numbers added up */
	double		most;			/* of them */
}			PartValues;

/* Different values that so many rows are expected to have, taken from so many values. */
static double
values_seen(double values, double rows)
{
	return values * -expm1(-rows / values);
}

/* The same the other way round: the values there are if the rows have so many. */
static double
values_there(double seen, double rows)
{
	double		low = seen;
	double		high = seen;

	while (values_seen(high, rows) < seen && high < 1e15)
		high *= 2;
	for (int i = 0; i < 40; i++)
	{
		double		middle = (low + high) / 2;

		if (values_seen(middle, rows) < seen)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static double
distinct_values(const PartValues * parts)
{
	double		rows = parts->rows / parts->nparts;
	double		seen = parts->distinct / parts->nparts;

	/* all but unique: nothing to be learnt from those that repeat */
	if (seen > 0.99 * rows)
		return parts->distinct;
	return Min(Max(values_seen(values_there(seen, rows), parts->rows), parts->most),
			   parts->distinct);
}

/* Look at a column in the parts of a UNION ALL; false if some are not known, or not ours. */
static bool
look_at_parts(PlannerInfo *root, Index parent, AttrNumber attnum, PartValues * parts)
{
	ListCell   *lc;

	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *info = lfirst_node(AppendRelInfo, lc);
		RelOptInfo *rel = root->simple_rel_array[info->child_relid];
		RangeTblEntry *rte = root->simple_rte_array[info->child_relid];
		Node	   *column;
		double		distinct;

		if (info->parent_relid != parent || rel == NULL || rel->rows <= 0)
			continue;
		if (!node_session && (rte->rtekind != RTE_RELATION || !is_shard_table(rte->relid)))
			return false;
		column = attnum > list_length(info->translated_vars) ? NULL :
			list_nth(info->translated_vars, attnum - 1);
		if (column == NULL)
			return false;
		distinct = estimate_num_groups(root, list_make1(column), rel->rows, NULL, NULL);
		parts->nparts++;
		parts->rows += rel->rows;
		parts->distinct += distinct;
		parts->most = Max(parts->most, distinct);
	}
	return parts->nparts > 0;
}

/* A row of pg_statistic without slots. */
static HeapTuple
make_statistics(AttrNumber attnum, double distinct)
{
	Relation	catalog = table_open(StatisticRelationId, AccessShareLock);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic];
	HeapTuple	tuple;

	for (int i = 0; i < Natts_pg_statistic; i++)
		nulls[i] = i >= Anum_pg_statistic_stanumbers1 - 1;
	values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(attnum);
	values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum((float4) distinct);
	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	table_close(catalog, AccessShareLock);
	return tuple;
}

static bool
union_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
					 VariableStatData *vardata)
{
	PartValues	parts = {0};

	if (next_relation_stats && next_relation_stats(root, rte, attnum, vardata))
		return true;
	if (rte->rtekind != RTE_SUBQUERY || !rte->inh || attnum <= 0 || vardata->rel == NULL ||
		!look_at_parts(root, vardata->rel->relid, attnum, &parts))
		return false;
	vardata->statsTuple = make_statistics(attnum, distinct_values(&parts));
	vardata->freefunc = heap_freetuple;
	vardata->acl_ok = true;
	return true;
}

void
union_stats_init(void)
{
	next_relation_stats = get_relation_stats_hook;
	get_relation_stats_hook = union_relation_stats;
}
