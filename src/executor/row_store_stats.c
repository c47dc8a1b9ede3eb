/*
 * row_store_stats.c
 *		What a node's planner knows of rows that were sent to it.
 *
 * Without statistics every filter and join on their columns is taken to be
 * selective, and products of two stores to be small.  So the first rows of a
 * store are looked at when a fragment over them is planned.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_statistic.h"
#include "executor/executor.h"
#include "executor/row_store.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* Rows that are looked at, and the bytes of them after which it is enough. */
#define SAMPLE_ROWS	1000
#define SAMPLE_BYTES	(256 * 1024)

/* If more than this part of them is distinct, so are the others. */
#define MANY_DISTINCT	0.1

static get_relation_stats_hook_type next_relation_stats = NULL;

/* Values of one column. */
typedef struct Sample
{
	TypeCacheEntry *type;
	Oid			collation;
	Datum	   *values;
	int			nvalues;
	int			nrows;
	bool		complete;		/* there are no others */
}			Sample;

static Sample *
take_sample(Tuplestorestate *rows, TupleDesc desc, AttrNumber attnum)
{
	Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
	Sample	   *sample = palloc0(sizeof(Sample));
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	Size		bytes = 0;

	sample->type = lookup_type_cache(att->atttypid, TYPECACHE_CMP_PROC_FINFO);
	sample->collation = sample->type->typcollation;
	sample->values = palloc(sizeof(Datum) * SAMPLE_ROWS);
	tuplestore_rescan(rows);
	while (sample->nrows < SAMPLE_ROWS && bytes < SAMPLE_BYTES)
	{
		bool		isnull;
		Datum		value;

		sample->complete = !tuplestore_gettupleslot(rows, true, false, slot);
		if (sample->complete)
			break;
		bytes += ExecFetchSlotMinimalTuple(slot, NULL)->t_len;
		value = slot_getattr(slot, attnum, &isnull);
		sample->nrows++;
		if (!isnull)
			sample->values[sample->nvalues++] = datumCopy(value, att->attbyval, att->attlen);
	}
	ExecDropSingleTupleTableSlot(slot);
	return sample;
}

static int
compare_values(const void *left, const void *right, void *arg)
{
	Sample	   *sample = arg;

	return DatumGetInt32(FunctionCall2Coll(&sample->type->cmp_proc_finfo, sample->collation,
										   *(const Datum *) left, *(const Datum *) right));
}

/* As in pg_statistic: below zero it is a part of the rows; zero is unknown. */
static float4
count_distinct(Sample * sample)
{
	int			count = sample->nvalues > 0 ? 1 : 0;

	if (!OidIsValid(sample->type->cmp_proc_finfo.fn_oid))
		return 0;
	qsort_arg(sample->values, sample->nvalues, sizeof(Datum), compare_values, sample);
	for (int i = 1; i < sample->nvalues; i++)
		count += compare_values(&sample->values[i - 1], &sample->values[i], sample) != 0;
	if (sample->complete || count < MANY_DISTINCT * sample->nrows)
		return count;
	return -(float4) count / sample->nrows;
}

/* A row of pg_statistic without slots. */
static HeapTuple
make_statistics(const RowStoreView * view, AttrNumber attnum)
{
	Relation	catalog = table_open(StatisticRelationId, AccessShareLock);
	Sample	   *sample = take_sample(view->rows, view->desc, attnum);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic];
	HeapTuple	tuple;

	for (int i = 0; i < Natts_pg_statistic; i++)
		nulls[i] = i >= Anum_pg_statistic_stavalues1 - 1;
	values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(attnum);
	values[Anum_pg_statistic_stanullfrac - 1] =
		Float4GetDatum(sample->nrows == 0 ? 0 : 1 - (float4) sample->nvalues / sample->nrows);
	values[Anum_pg_statistic_stadistinct - 1] =
		Float4GetDatum(count_distinct(sample));
	for (int i = Anum_pg_statistic_stanumbers1 - 1; i < Anum_pg_statistic_stavalues1 - 1; i++)
		nulls[i] = true;
	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	table_close(catalog, AccessShareLock);
	return tuple;
}

/* Does the entry read a store, known by now? */
static bool
find_view(PlannerInfo *root, const RangeTblEntry *rte, RowStoreView * view)
{
	FuncExpr   *function;
	Node	   *id;

	if (rte->rtekind != RTE_FUNCTION || list_length(rte->functions) != 1)
		return false;
	function = (FuncExpr *) linitial_node(RangeTblFunction, rte->functions)->funcexpr;
	if (!IsA(function, FuncExpr) || !row_store_is_reader(function->funcid))
		return false;
	id = estimate_expression_value(root, linitial(function->args));
	return IsA(id, Const) && !((Const *) id)->constisnull &&
		row_store_view(DatumGetInt64(((Const *) id)->constvalue), view);
}

static bool
store_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
					 VariableStatData *vardata)
{
	RowStoreView view;

	if (next_relation_stats && next_relation_stats(root, rte, attnum, vardata))
		return true;
	if (!find_view(root, rte, &view) || attnum <= 0 || attnum > view.desc->natts)
		return false;
	vardata->statsTuple = make_statistics(&view, attnum);
	vardata->freefunc = heap_freetuple;
	vardata->acl_ok = true;
	return true;
}

void
row_store_stats_init(void)
{
	next_relation_stats = get_relation_stats_hook;
	get_relation_stats_hook = store_relation_stats;
}
