/*
 * table_statistics.c
 *		What ANALYZE knows of a distributed table as a whole.
 *
 * The nodes deliver random rows, and PostgreSQL's own functions compute from
 * them what they would on one server: most common values, histograms and the
 * number of distinct values of all rows together cannot be had from those of
 * each shard.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "statistics/statistics.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "commands/column_statistics.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "commands/table_sample.h"
#include "commands/table_statistics.h"

/* A column, or an expression of an index, to be analyzed. */
typedef struct AnalyzedItem
{
	VacAttrStats *stats;
	Oid			relid;			/* table or index */
	AttrNumber	attnum;
	int			item;			/* of the sample */
	int			predicate;		/* item that says which rows count; -1: all */
} AnalyzedItem;

typedef struct Analysis
{
	Relation	rel;
	MemoryContext cxt;			/* everything here, and the sample */
	List	   *leaves;			/* relids of tables that have rows */
	bool		inherited;		/* of partitions */
	List	   *targets;		/* of AnalyzedItem * */
	List	   *items;			/* of SampleItem * */
	int		   *column_items;	/* per attribute, -1 if not in the sample */
	int			wanted;			/* rows */
	TableSample *sample;
} Analysis;

/* ---------------------------------------------------------------- targets */

static int
add_item(Analysis *analysis, char *text, Oid type)
{
	SampleItem *item = palloc(sizeof(SampleItem));

	item->text = text;
	item->type = type;
	analysis->items = lappend(analysis->items, item);
	return list_length(analysis->items) - 1;
}

static int
add_column_item(Analysis *analysis, Form_pg_attribute attribute)
{
	int		   *item = &analysis->column_items[attribute->attnum - 1];

	if (*item < 0)
		*item = add_item(analysis, pstrdup(quote_identifier(NameStr(attribute->attname))),
						 attribute->atttypid);
	return *item;
}

static int
add_expression_item(Analysis *analysis, Node *expr)
{
	List	   *context = deparse_context_for(RelationGetRelationName(analysis->rel),
											  RelationGetRelid(analysis->rel));

	return add_item(analysis, psprintf("(%s)", deparse_expression(expr, context, false, false)),
					exprType(expr));
}

/*
 * What PostgreSQL's functions want to know of a column; NULL when there is
 * nothing to compute for it.
 */
static VacAttrStats *
examine(Form_pg_attribute attribute, Oid type, int32 typmod, Oid collation)
{
	VacAttrStats *stats = palloc0(sizeof(VacAttrStats));
	bool		wanted;

	compat_set_statistics_target(stats, attribute);
	if (attribute->attisdropped || compat_statistics_target(stats) == 0)
		return NULL;
	stats->attrtypid = type;
	stats->attrtypmod = typmod;
	stats->attrcollid = collation;
	stats->attrtype = (Form_pg_type) GETSTRUCT(SearchSysCacheCopy1(TYPEOID, ObjectIdGetDatum(type)));
	stats->anl_context = CurrentMemoryContext;
	stats->tupattnum = attribute->attnum;
	for (int i = 0; i < STATISTIC_NUM_SLOTS; i++)
	{
		stats->statypid[i] = type;
		stats->statyplen[i] = stats->attrtype->typlen;
		stats->statypbyval[i] = stats->attrtype->typbyval;
		stats->statypalign[i] = stats->attrtype->typalign;
	}
	wanted = OidIsValid(stats->attrtype->typanalyze) ?
		DatumGetBool(OidFunctionCall1(stats->attrtype->typanalyze, PointerGetDatum(stats))) :
		std_typanalyze(stats);
	return wanted && stats->compute_stats != NULL && stats->minrows > 0 ? stats : NULL;
}

static void
add_target(Analysis *analysis, VacAttrStats *stats, Oid relid, int item, int predicate)
{
	AnalyzedItem *target = palloc(sizeof(AnalyzedItem));

	target->stats = stats;
	target->relid = relid;
	target->attnum = stats->tupattnum;
	target->item = item;
	target->predicate = predicate;
	analysis->targets = lappend(analysis->targets, target);
	analysis->wanted = Max(analysis->wanted, stats->minrows);
}

static void
add_column(Analysis *analysis, AttrNumber attnum)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(analysis->rel), attnum - 1);
	VacAttrStats *stats = examine(attribute, attribute->atttypid, attribute->atttypmod,
								  attribute->attcollation);

	if (stats != NULL)
		add_target(analysis, stats, RelationGetRelid(analysis->rel),
				   add_column_item(analysis, attribute), -1);
}

static void
add_columns(Analysis *analysis, List *columns)
{
	ListCell   *lc;

	if (columns == NIL)
	{
		for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(analysis->rel); attnum++)
			add_column(analysis, attnum);
		return;
	}
	foreach(lc, columns)
		add_column(analysis, get_attnum(RelationGetRelid(analysis->rel), strVal(lfirst(lc))));
}

/*
 * Expressions whose type the index does not store are left out, as by
 * PostgreSQL.
 */
static void
add_index(Analysis *analysis, Relation index)
{
	IndexInfo  *info = BuildIndexInfo(index);
	ListCell   *next = list_head(info->ii_Expressions);
	int			predicate = -1;

	if (next != NULL && info->ii_Predicate != NIL)
		predicate = add_expression_item(analysis,
										(Node *) make_ands_explicit(info->ii_Predicate));
	for (int i = 0; i < info->ii_NumIndexAttrs && next != NULL; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(index), i);
		Node	   *expr = lfirst(next);
		VacAttrStats *stats;

		if (info->ii_IndexAttrNumbers[i] != 0)
			continue;
		next = lnext(info->ii_Expressions, next);
		if (exprType(expr) != attribute->atttypid)
			continue;
		stats = examine(attribute, exprType(expr), exprTypmod(expr),
						OidIsValid(index->rd_indcollation[i]) ? index->rd_indcollation[i] :
						exprCollation(expr));
		if (stats != NULL)
			add_target(analysis, stats, RelationGetRelid(index),
					   add_expression_item(analysis, expr), predicate);
	}
}

static void
add_indexes(Analysis *analysis)
{
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(analysis->rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		add_index(analysis, index);
		index_close(index, NoLock);
	}
}

/* Statistics of the table's own columns, as PostgreSQL wants them; *count of them. */
static VacAttrStats **
column_targets(const Analysis *analysis, int *count)
{
	VacAttrStats **stats = palloc(sizeof(VacAttrStats *) * (list_length(analysis->targets) + 1));
	ListCell   *lc;

	*count = 0;
	foreach(lc, analysis->targets)
	{
		const AnalyzedItem *target = lfirst(lc);

		if (target->relid == RelationGetRelid(analysis->rel))
			stats[(*count)++] = target->stats;
	}
	return stats;
}

/* Extended statistics may be about any column. */
static void
add_extended(Analysis *analysis)
{
	TupleDesc	desc = RelationGetDescr(analysis->rel);
	VacAttrStats **stats;
	int			count;

	if (RelationGetStatExtList(analysis->rel) == NIL)
		return;
	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			(void) add_column_item(analysis, TupleDescAttr(desc, i));
	}
	stats = column_targets(analysis, &count);
	analysis->wanted = Max(analysis->wanted,
						   ComputeExtStatisticsRows(analysis->rel, count, stats));
}

/* ------------------------------------------------------------- computation */

static Datum
fetch_value(VacAttrStatsP stats, int row, bool *isnull)
{
	Size		place = (Size) row * stats->rowstride;

	*isnull = stats->exprnulls[place];
	return stats->exprvals[place];
}

/*
 * Where a column has values that did not travel: their width is what they
 * would weigh here, and they are not NULL even where they had to look it.
 */
static void
count_wide_values(VacAttrStats *stats, const SampleItemFacts *facts, int nrows)
{
	double		present = nrows - facts->nulls;
	double		seen = facts->wide_is_null ? present - facts->wide : present;
	double		bytes = stats->stawidth * seen + facts->wide_bytes;

	if (facts->wide == 0)
		return;
	if (!facts->wide_is_null)
		bytes -= (double) facts->wide * (VARHDRSZ_EXTERNAL + sizeof(varatt_external));
	stats->stawidth = (int32) (bytes / present);
	stats->stanullfrac = (float4) facts->nulls / nrows;
}

/* Values of the rows that an index with a predicate has; returns how many. */
static int
rows_of_index(const TableSample *sample, const AnalyzedItem *target)
{
	VacAttrStats *stats = target->stats;
	int			count = 0;

	stats->exprvals = palloc_extended(sizeof(Datum) * sample->nrows, MCXT_ALLOC_HUGE);
	stats->exprnulls = palloc_extended(sizeof(bool) * sample->nrows, MCXT_ALLOC_HUGE);
	stats->rowstride = 1;
	for (int row = 0; row < sample->nrows; row++)
	{
		Size		first = (Size) row * sample->nitems;

		if (sample->nulls[first + target->predicate] ||
			!DatumGetBool(sample->values[first + target->predicate]))
			continue;
		stats->exprvals[count] = sample->values[first + target->item];
		stats->exprnulls[count++] = sample->nulls[first + target->item];
	}
	return count;
}

static void
compute_target(const Analysis *analysis, const AnalyzedItem *target)
{
	const TableSample *sample = analysis->sample;
	VacAttrStats *stats = target->stats;
	int			nrows = sample->nrows;
	MemoryContext cxt;
	MemoryContext old;

	if (target->predicate >= 0)
		nrows = rows_of_index(sample, target);
	else
	{
		stats->exprvals = sample->values + target->item;
		stats->exprnulls = sample->nulls + target->item;
		stats->rowstride = sample->nitems;
	}
	if (nrows == 0)
		return;
	cxt = AllocSetContextCreate(CurrentMemoryContext, "statistics of a column",
								ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(cxt);
	stats->compute_stats(stats, fetch_value, nrows, sample->rows * nrows / sample->nrows);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	if (stats->stats_valid && target->predicate < 0)
		count_wide_values(stats, &sample->facts[target->item], nrows);
}

/* --------------------------------------------------------------- extended */

/* Columns that the table's statistics objects look at. */
static Bitmapset *
extended_columns(Relation rel)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, RelationGetStatExtList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(lfirst_oid(lc)));
		int2vector *keys;
		Datum		exprs;
		bool		isnull;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for statistics object %u", lfirst_oid(lc));
		keys = &((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxkeys;
		for (int i = 0; i < keys->dim1; i++)
			columns = bms_add_member(columns, keys->values[i] - FirstLowInvalidHeapAttributeNumber);
		exprs = SysCacheGetAttr(STATEXTOID, tuple, Anum_pg_statistic_ext_stxexprs, &isnull);
		if (!isnull)
			pull_varattnos(stringToNode(TextDatumGetCString(exprs)), 1, &columns);
		ReleaseSysCache(tuple);
	}
	return columns;
}

/*
 * A row of the sample as a tuple of the table; NULL when one of the columns
 * that matter did not travel.
 */
static HeapTuple
sample_tuple(const Analysis *analysis, int row, const Bitmapset *needed)
{
	const TableSample *sample = analysis->sample;
	TupleDesc	desc = RelationGetDescr(analysis->rel);
	Datum	   *values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	HeapTuple	tuple = NULL;

	for (int i = 0; i < desc->natts; i++)
	{
		Size		place = (Size) row * sample->nitems + analysis->column_items[i];

		nulls[i] = analysis->column_items[i] < 0 || sample->nulls[place];
		if (nulls[i])
			continue;
		if (is_stand_in(sample->values[place], TupleDescAttr(desc, i)->atttypid))
		{
			if (bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, needed))
				goto done;
			nulls[i] = true;
		}
		values[i] = sample->values[place];
	}
	tuple = heap_form_tuple(desc, values, nulls);
done:
	pfree(values);
	pfree(nulls);
	return tuple;
}

static void
compute_extended(const Analysis *analysis)
{
	const TableSample *sample = analysis->sample;
	Bitmapset  *needed = extended_columns(analysis->rel);
	HeapTuple  *rows = palloc_extended(sizeof(HeapTuple) * sample->nrows, MCXT_ALLOC_HUGE);
	VacAttrStats **stats;
	int			count;
	int			nrows = 0;

	for (int row = 0; row < sample->nrows; row++)
	{
		rows[nrows] = sample_tuple(analysis, row, needed);
		if (rows[nrows] != NULL)
			nrows++;
	}
	if (nrows < sample->nrows / 2)
		return;					/* what remains says little about all */
	stats = column_targets(analysis, &count);
	for (int i = 0; i < count; i++)
	{
		stats[i]->rows = rows;
		stats[i]->tupDesc = RelationGetDescr(analysis->rel);
	}
	BuildRelationExtStatistics(analysis->rel, analysis->inherited, sample->rows,
							   nrows, rows, count, stats);
}

/* -------------------------------------------------------------------- all */

static void
store(const Analysis *analysis)
{
	ListCell   *lc;

	foreach(lc, analysis->targets)
	{
		const AnalyzedItem *target = lfirst(lc);

		if (target->stats->stats_valid)
			column_statistics_store(target->relid, target->attnum, analysis->inherited,
									target->stats);
	}
}

/* An empty table has a page, or it would look as if nobody had measured it. */
static void
store_size(Relation rel, double pages, double rows)
{
	BlockNumber blocks = (BlockNumber) Min(Max(pages, 1), (double) MaxBlockNumber);

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		blocks = (BlockNumber) -1;
	compat_update_relstats(rel, blocks, rows);
}

List *
leaf_tables(Relation rel)
{
	List	   *leaves = NIL;
	ListCell   *lc;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return list_make1_oid(RelationGetRelid(rel));
	foreach(lc, find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL))
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_RELATION)
			leaves = lappend_oid(leaves, lfirst_oid(lc));
	}
	return leaves;
}

static void
analysis_begin(Analysis *analysis, List *columns)
{
	int			natts = RelationGetNumberOfAttributes(analysis->rel);

	analysis->cxt = AllocSetContextCreate(CurrentMemoryContext, "analysis of a table",
										  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(analysis->cxt);
	analysis->inherited = analysis->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	analysis->leaves = leaf_tables(analysis->rel);
	analysis->wanted = 100;
	analysis->column_items = palloc(sizeof(int) * natts);
	for (int i = 0; i < natts; i++)
		analysis->column_items[i] = -1;
	add_columns(analysis, columns);
	if (columns == NIL && !analysis->inherited)
		add_indexes(analysis);
	add_extended(analysis);
}

static void
analyze(Analysis *analysis, List *columns, int elevel)
{
	const char *name = RelationGetRelationName(analysis->rel);
	ListCell   *lc;

	ereport(elevel,
			(errmsg(analysis->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ?
					"analyzing \"%s.%s\" inheritance tree" : "analyzing \"%s.%s\"",
					get_namespace_name(RelationGetNamespace(analysis->rel)), name)));
	analysis_begin(analysis, columns);
	analysis->sample = table_sample_fetch(analysis->leaves, analysis->items, analysis->wanted);
	ereport(elevel,
			(errmsg("\"%s\": %.0f pages; %d rows in sample, %.0f estimated total rows", name,
					analysis->sample->pages, analysis->sample->nrows, analysis->sample->rows)));
	if (analysis->sample->nrows > 0)
	{
		foreach(lc, analysis->targets)
			compute_target(analysis, lfirst(lc));
		store(analysis);
		if (RelationGetStatExtList(analysis->rel) != NIL)
			compute_extended(analysis);
	}
	store_size(analysis->rel, analysis->sample->pages, analysis->sample->rows);
	compat_report_analyze(analysis->rel, analysis->inherited ? 0 : analysis->sample->rows,
						  columns == NIL);
}

/* Expressions of indexes are the owner's code. */
void
table_statistics_update(Oid relid, List *columns, int elevel)
{
	Analysis	analysis = {.rel = table_open(relid, ShareUpdateExclusiveLock)};
	MemoryContext caller = CurrentMemoryContext;
	Oid			user;
	int			context;
	int			level;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(analysis.rel->rd_rel->relowner,
						   context | SECURITY_RESTRICTED_OPERATION);
	level = ddl_settings_begin();
	analyze(&analysis, columns, elevel);
	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(user, context);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(analysis.cxt);
	table_close(analysis.rel, NoLock);
	CommandCounterIncrement();
	run_on_other_nodes(column_statistics_statements(relid), InvalidOid);
}

void
table_size_update(Oid relid)
{
	Relation	rel = table_open(relid, ShareUpdateExclusiveLock);
	List	   *leaves = leaf_tables(rel);
	TableExtent *extents = palloc0(sizeof(TableExtent) * (list_length(leaves) + 1));

	table_sizes_fetch(leaves, extents);
	for (int i = 1; i < list_length(leaves); i++)
	{
		extents[0].pages += extents[i].pages;
		extents[0].rows += extents[i].rows;
	}
	store_size(rel, extents[0].pages, extents[0].rows);
	table_close(rel, NoLock);
	CommandCounterIncrement();
	run_on_other_nodes(list_make1(table_size_statement(relid)), InvalidOid);
}
