/*
 * row_sample.c
 *		Random rows of tables on this node.
 *
 * Rows are chosen as PostgreSQL's ANALYZE does: as many random blocks as rows
 * are wanted, and a random choice among the rows in them.  Values that are
 * too wide to matter for statistics stay here, so that the sample of a table
 * of documents is no larger than that of any other.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "commands/ddl_text.h"
#include "commands/row_sample.h"
#include "compat/vacuum_compat.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "storage/procarray.h"
#include "transaction/dist_xact.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* How one item of a row is evaluated and written. */
typedef struct ItemWriter
{
	ExprState  *state;
	FmgrInfo	output;
	bool		varlena;
	Size		limit;			/* wider values stay here */
} ItemWriter;

typedef struct RowWriter
{
	EState	   *estate;
	ExprContext *econtext;
	int			nitems;
	ItemWriter *items;
	StringInfoData row;
} RowWriter;

/* ------------------------------------------------------------------ choice */

/*
 * Random rows, copied into rows[wanted]; returns how many.  A row replaces an
 * earlier one with the probability that leaves each the same chance.
 */
static int
choose_rows(Relation rel, HeapTuple *rows, int wanted, BlockNumber nblocks)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan_analyze(rel);
	TransactionId horizon = GetOldestNonRemovableTransactionId(rel);
	CompatBlockSample blocks;
	ReservoirStateData reservoir;
	double		seen = 0;
	double		live = 0;
	double		dead = 0;
	double		to_skip = -1;

	compat_block_sample_begin(&blocks, scan, nblocks, wanted);
	reservoir_init_selection_state(&reservoir, wanted);
	while (compat_block_sample_next(&blocks))
	{
		compat_vacuum_delay_point();
		while (table_scan_analyze_next_tuple(scan, horizon, &live, &dead, slot))
		{
			int			place = -1;

			if (seen < wanted)
				place = (int) seen;
			else if (to_skip < 0)
				to_skip = reservoir_get_next_S(&reservoir, seen, wanted);
			if (seen >= wanted && to_skip-- <= 0)
			{
				place = (int) (wanted * sampler_random_fract(&reservoir.randstate));
				heap_freetuple(rows[place]);
			}
			if (place >= 0)
				rows[place] = ExecCopySlotHeapTuple(slot);
			seen++;
		}
	}
	compat_block_sample_end(&blocks);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return (int) Min(seen, wanted);
}

/* ----------------------------------------------------------------- writing */

/* Expressions over the columns of rel, from their text. */
static List *
parse_items(Relation rel, const char *items)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *table = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
															  NULL, false, false);
	List	   *raw = raw_parser(psprintf("SELECT %s", items), RAW_PARSE_DEFAULT);
	SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, raw)->stmt);
	List	   *exprs = NIL;
	ListCell   *lc;

	addNSItemToQuery(pstate, table, true, true, true);
	foreach(lc, select->targetList)
	{
		Node	   *expr = transformExpr(pstate, lfirst_node(ResTarget, lc)->val,
										 EXPR_KIND_INDEX_EXPRESSION);

		assign_expr_collations(pstate, expr);
		exprs = lappend(exprs, expression_planner((Expr *) expr));
	}
	return exprs;
}

/* Does the type compute statistics in a way of its own? */
static bool
has_own_statistics(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	bool		own;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	own = OidIsValid(((Form_pg_type) GETSTRUCT(tuple))->typanalyze);
	ReleaseSysCache(tuple);
	return own;
}

static void
writer_begin(RowWriter *writer, Relation rel, const char *items)
{
	List	   *exprs = parse_items(rel, items);
	ListCell   *lc;

	writer->estate = CreateExecutorState();
	writer->econtext = GetPerTupleExprContext(writer->estate);
	writer->nitems = list_length(exprs);
	writer->items = palloc0(sizeof(ItemWriter) * writer->nitems);
	initStringInfo(&writer->row);
	foreach(lc, exprs)
	{
		ItemWriter *item = &writer->items[foreach_current_index(lc)];
		Oid			type = exprType(lfirst(lc));
		Oid			function;
		bool		is_varlena;

		item->state = ExecPrepareExpr(lfirst(lc), writer->estate);
		getTypeOutputInfo(type, &function, &is_varlena);
		fmgr_info(function, &item->output);
		item->varlena = get_typlen(type) == -1;
		item->limit = has_own_statistics(type) ? SAMPLE_TYPE_WIDTH_LIMIT : SAMPLE_WIDTH_LIMIT;
	}
}

/*
 * A row of many wide columns is cut short, as it would not fit into a page
 * either.
 */
static void
write_item(RowWriter *writer, ItemWriter *item)
{
	bool		isnull;
	Datum		value = ExecEvalExpr(item->state, writer->econtext, &isnull);
	char	   *text;

	if (isnull)
	{
		pq_sendint32(&writer->row, (uint32) SAMPLE_NULL);
		return;
	}
	if (item->varlena)
	{
		Size		size = toast_raw_datum_size(value);

		if (size > item->limit || (size > 32 && writer->row.len > BLCKSZ))
		{
			pq_sendint32(&writer->row, (uint32) SAMPLE_WIDE);
			pq_sendint32(&writer->row, (uint32) size);
			return;
		}
	}
	text = OutputFunctionCall(&item->output, value);
	pq_sendint32(&writer->row, strlen(text));
	appendBinaryStringInfo(&writer->row, text, strlen(text));
}

static void
write_row(RowWriter *writer, int table, double position)
{
	MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));

	resetStringInfo(&writer->row);
	pq_sendint32(&writer->row, table);
	pq_sendfloat8(&writer->row, position);
	for (int i = 0; i < writer->nitems; i++)
		write_item(writer, &writer->items[i]);
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(writer->estate);
}

static void
write_rows(Relation rel, const SampleRequest *request, int table,
		   SampleRowConsumer consumer, void *arg)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(rel);
	HeapTuple  *rows = palloc_extended(sizeof(HeapTuple) * request->quotas[table], MCXT_ALLOC_HUGE);
	int			nrows = choose_rows(rel, rows, request->quotas[table], nblocks);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsHeapTuple);
	RowWriter	writer;

	writer_begin(&writer, rel, request->items);
	writer.econtext->ecxt_scantuple = slot;
	for (int i = 0; i < nrows; i++)
	{
		double		block = ItemPointerGetBlockNumberNoCheck(&rows[i]->t_self);
		double		line = ItemPointerGetOffsetNumberNoCheck(&rows[i]->t_self);

		CHECK_FOR_INTERRUPTS();
		ExecStoreHeapTuple(rows[i], slot, false);
		write_row(&writer, table, (block + line / MaxHeapTuplesPerPage) / Max(nblocks, 1));
		consumer(&writer.row, arg);
	}
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(writer.estate);
}

void
row_sample_take(const SampleRequest *request, SampleRowConsumer consumer, void *arg)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sampled rows",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	for (int i = 0; i < request->ntables; i++)
	{
		Relation	rel = table_open(request->tables[i], AccessShareLock);
		int			level = ddl_settings_begin();

		SetUserIdAndSecContext(rel->rd_rel->relowner, context | SECURITY_RESTRICTED_OPERATION);
		if (request->quotas[i] > 0)
			write_rows(rel, request, i, consumer, arg);
		AtEOXact_GUC(false, level);
		SetUserIdAndSecContext(user, context);
		table_close(rel, NoLock);
		MemoryContextReset(cxt);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
}

/*
 * PostgreSQL takes small tables that nobody has measured for larger ones,
 * which are about to be filled; we want the number of rows, not of one but of
 * all shards together.
 */
void
row_sample_size(Oid relid, TableSize *size)
{
	Relation	rel = table_open(relid, AccessShareLock);
	BlockNumber assumed;
	double		allvisible;

	size->pages = RelationGetNumberOfBlocks(rel);
	estimate_rel_size(rel, NULL, &assumed, &size->rows, &allvisible);
	if (assumed > 0)
		size->rows = rint(size->rows * size->pages / assumed);
	size->auto_analyzed = compat_auto_analyzed(relid);
	table_close(rel, NoLock);
}

/* --------------------------------------------------------- functions in SQL */

static void
check_caller(void)
{
	if (!superuser() || !in_node_session())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
}

/* Tables of the shards' schema, by their names. */
static Oid *
table_array(ArrayType *names, int *count)
{
	Datum	   *values;
	bool	   *nulls;
	Oid		   *tables;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, count);
	tables = palloc(sizeof(Oid) * *count);
	for (int i = 0; i < *count; i++)
		tables[i] = DatumGetObjectId(DirectFunctionCall1(regclassin,
														 CStringGetDatum(TextDatumGetCString(values[i]))));
	return tables;
}

static void
put_row(StringInfo row, void *arg)
{
	ReturnSetInfo *result = arg;
	bytea	   *bytes = palloc(VARHDRSZ + row->len);
	Datum		values[1] = {PointerGetDatum(bytes)};
	bool		nulls[1] = {false};

	SET_VARSIZE(bytes, VARHDRSZ + row->len);
	memcpy(VARDATA(bytes), row->data, row->len);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(bytes);
}

PG_FUNCTION_INFO_V1(shardlite_sample_rows);

/* shardlite_internal.sample_rows(tables text[], quotas int[], items text) returns setof bytea */
Datum
shardlite_sample_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType  *quotas = PG_GETARG_ARRAYTYPE_P(1);
	SampleRequest request;

	check_caller();
	request.tables = table_array(PG_GETARG_ARRAYTYPE_P(0), &request.ntables);
	if (ARR_NDIM(quotas) != 1 || ARR_HASNULL(quotas) || ARR_DIMS(quotas)[0] != request.ntables)
		elog(ERROR, "one quota is needed for each table");
	request.quotas = (int *) ARR_DATA_PTR(quotas);
	request.items = text_to_cstring(PG_GETARG_TEXT_PP(2));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	row_sample_take(&request, put_row, result);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shardlite_table_sizes);

/*
 * shardlite_internal.table_sizes(tables text[]) returns table (pages float8,
 *		rows float8, auto_analyzed float8), in their order
 */
Datum
shardlite_table_sizes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			count;
	Oid		   *tables;

	check_caller();
	tables = table_array(PG_GETARG_ARRAYTYPE_P(0), &count);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < count; i++)
	{
		TableSize	size;
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		row_sample_size(tables[i], &size);
		values[0] = Float8GetDatum(size.pages);
		values[1] = Float8GetDatum(size.rows);
		values[2] = Float8GetDatum(size.auto_analyzed);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
