/*
 * row_store.c
 *		Rows that came here to be joined with shards.
 *
 * A store is private to the session and lives until it is dropped or its
 * (sub)transaction is rolled back.  It spills to disk like any tuplestore.  The
 * coordinator fills it through put_rows() in the batch whose fragments read it
 * through get_rows(), once per shard; or rows come from other nodes
 * (exchange.h).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/row_store.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

struct RowStore
{
	int64		id;
	SubTransactionId subid;		/* in which it was made */
	TupleDesc	desc;
	Tuplestorestate *rows;
};

/* In TopTransactionContext. */
static List *stores = NIL;

/* How many there were that are not in it any more, or more. */
static uint64 dropped = 0;

PG_FUNCTION_INFO_V1(shardlite_put_rows);
PG_FUNCTION_INFO_V1(shardlite_get_rows);
PG_FUNCTION_INFO_V1(shardlite_drop_rows);
PG_FUNCTION_INFO_V1(shardlite_get_rows_support);

/* The memory and the temporary files are the transaction's. */
static void
forget_stores(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
	{
		stores = NIL;
		dropped++;
	}
}

RowStore *
row_store_find(int64 id)
{
	ListCell   *lc;

	foreach(lc, stores)
	{
		RowStore   *store = lfirst(lc);

		if (store->id == id)
			return store;
	}
	return NULL;
}

/* Numbers of subtransactions grow, so a later one's is not smaller. */
static void
drop_stores_of_subxact(SubXactEvent event, SubTransactionId subid,
					   SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(lc, stores)
	{
		RowStore   *store = lfirst(lc);

		if (store->subid < subid)
			continue;
		stores = foreach_delete_current(stores, lc);
		dropped++;
		tuplestore_end(store->rows);
	}
}

/* Temporary files must outlive the portal of one statement. */
static ResourceOwner
enter_transaction_owner(MemoryContext *old)
{
	ResourceOwner owner = CurrentResourceOwner;

	*old = MemoryContextSwitchTo(TopTransactionContext);
	CurrentResourceOwner = TopTransactionResourceOwner;
	return owner;
}

static void
register_callbacks(void)
{
	static bool registered = false;

	if (registered)
		return;
	RegisterXactCallback(forget_stores, NULL);
	RegisterSubXactCallback(drop_stores_of_subxact, NULL);
	registered = true;
}

RowStore *
row_store_create(int64 id, int ncolumns, const Oid *types)
{
	MemoryContext old;
	ResourceOwner owner;
	RowStore   *store;

	register_callbacks();
	row_store_drop(id);
	owner = enter_transaction_owner(&old);
	store = palloc(sizeof(RowStore));
	store->id = id;
	store->subid = GetCurrentSubTransactionId();
	store->desc = CreateTemplateTupleDesc(ncolumns);
	for (int i = 0; i < ncolumns; i++)
		TupleDescInitEntry(store->desc, i + 1, NULL, types[i], -1, 0);

	/* with n of them, about log n times work_mem are used in all */
	store->rows = tuplestore_begin_heap(false, false,
										Max(work_mem / (list_length(stores) + 1), 64));
	stores = lappend(stores, store);
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return store;
}

void
row_store_put(RowStore * store, const Datum *values, const bool *nulls)
{
	MemoryContext old;
	ResourceOwner owner = enter_transaction_owner(&old);

	tuplestore_putvalues(store->rows, store->desc, unconstify(Datum *, values),
						 unconstify(bool *, nulls));
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
}

void
row_store_drop(int64 id)
{
	RowStore   *store = row_store_find(id);

	if (store == NULL)
		return;
	stores = list_delete_ptr(stores, store);
	dropped++;
	tuplestore_end(store->rows);
}

bool
row_store_view(int64 id, RowStoreView * view)
{
	RowStore   *store = row_store_find(id);

	if (store == NULL)
		return false;
	view->desc = store->desc;
	view->rows = store->rows;
	return true;
}

bool
row_store_is_reader(Oid funcid)
{
	char	   *name = get_func_name(funcid);

	return name != NULL && strcmp(name, "get_rows") == 0 &&
		get_func_namespace(funcid) == get_namespace_oid("shardlite_internal", true);
}

static void
check_columns(TupleDesc desc, int ncolumns, const Oid *types)
{
	bool		same = desc->natts == ncolumns;

	for (int i = 0; i < desc->natts && same; i++)
		same = TupleDescAttr(desc, i)->atttypid == types[i];
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("stored rows have other columns than expected")));
}

RowStore *
row_store_of_set(RowStoreSet * set, int index)
{
	RowStore   *store;

	if (set->seen != dropped)
	{
		memset(set->stores, 0, sizeof(RowStore *) * set->nstores);
		set->seen = dropped;
	}
	store = set->stores[index];
	if (store != NULL)
		return store;
	store = row_store_find(set->id + index);
	if (store == NULL)
		store = row_store_create(set->id + index, set->ncolumns, set->types);
	check_columns(store->desc, set->ncolumns, set->types);
	set->stores[index] = store;
	return store;
}

/* ---- SQL ---- */

/* Columns of a chunk: arrays of one length. */
typedef struct Chunk
{
	int			ncolumns;
	int			nrows;
	Oid		   *types;			/* of elements */
	Datum	  **values;
	bool	  **nulls;
}			Chunk;

static Chunk
open_chunk(FunctionCallInfo fcinfo)
{
	Chunk		chunk;

	chunk.nrows = 0;
	chunk.ncolumns = PG_NARGS() - 1;
	chunk.types = palloc(sizeof(Oid) * chunk.ncolumns);
	chunk.values = palloc(sizeof(Datum *) * chunk.ncolumns);
	chunk.nulls = palloc(sizeof(bool *) * chunk.ncolumns);
	for (int i = 0; i < chunk.ncolumns; i++)
	{
		Oid			type = get_element_type(get_fn_expr_argtype(fcinfo->flinfo, i + 1));
		int16		typlen;
		bool		typbyval;
		char		typalign;
		int			count;

		if (!OidIsValid(type) || PG_ARGISNULL(i + 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("columns of rows must be arrays")));
		get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(i + 1), type, typlen, typbyval, typalign,
						  &chunk.values[i], &chunk.nulls[i], &count);
		if (i > 0 && count != chunk.nrows)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("columns of rows must have one length")));
		chunk.types[i] = type;
		chunk.nrows = count;
	}
	return chunk;
}

/* put_rows(id bigint, VARIADIC "any"): adds rows, column by column. */
Datum
shardlite_put_rows(PG_FUNCTION_ARGS)
{
	int64		id = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0);
	Chunk		chunk = open_chunk(fcinfo);
	RowStore   *store = row_store_find(id);
	Datum	   *values = palloc(sizeof(Datum) * chunk.ncolumns);
	bool	   *nulls = palloc(sizeof(bool) * chunk.ncolumns);

	if (store == NULL)
		store = row_store_create(id, chunk.ncolumns, chunk.types);
	check_columns(store->desc, chunk.ncolumns, chunk.types);
	for (int row = 0; row < chunk.nrows; row++)
	{
		for (int i = 0; i < chunk.ncolumns; i++)
		{
			values[i] = chunk.values[i][row];
			nulls[i] = chunk.nulls[i][row];
		}
		row_store_put(store, values, nulls);
	}
	PG_RETURN_VOID();
}

/*
 * get_rows(id bigint): a copy of the rows, since the caller owns what it gets.
 */
Datum
shardlite_get_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		id = PG_GETARG_INT64(0);
	RowStore   *store = row_store_find(id);
	Tuplestorestate *copy;
	TupleTableSlot *slot;
	MemoryContext old;
	Oid		   *types;

	if (store == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no stored rows with number " INT64_FORMAT, id)));
	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		!(rsinfo->allowedModes & SFRM_Materialize) || rsinfo->expectedDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("stored rows can only be read in FROM, with a list of columns")));
	types = palloc(sizeof(Oid) * rsinfo->expectedDesc->natts);
	for (int i = 0; i < rsinfo->expectedDesc->natts; i++)
		types[i] = TupleDescAttr(rsinfo->expectedDesc, i)->atttypid;
	check_columns(store->desc, rsinfo->expectedDesc->natts, types);

	old = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	copy = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
								 false, work_mem);
	slot = MakeSingleTupleTableSlot(store->desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(store->rows);
	while (tuplestore_gettupleslot(store->rows, true, false, slot))
		tuplestore_puttupleslot(copy, slot);
	ExecDropSingleTupleTableSlot(slot);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult = copy;
	rsinfo->setDesc = CreateTupleDescCopy(store->desc);
	MemoryContextSwitchTo(old);
	return (Datum) 0;
}

Datum
shardlite_drop_rows(PG_FUNCTION_ARGS)
{
	row_store_drop(PG_GETARG_INT64(0));
	PG_RETURN_VOID();
}

/* Tells the planner how many rows get_rows() will give. */
Datum
shardlite_get_rows_support(PG_FUNCTION_ARGS)
{
	SupportRequestRows *request = (SupportRequestRows *) PG_GETARG_POINTER(0);
	RowStore   *store;
	Node	   *id;

	if (!IsA(request, SupportRequestRows) || !IsA(request->node, FuncExpr))
		PG_RETURN_POINTER(NULL);
	id = estimate_expression_value(request->root,
								   linitial(((FuncExpr *) request->node)->args));
	if (!IsA(id, Const) || ((Const *) id)->constisnull)
		PG_RETURN_POINTER(NULL);
	store = row_store_find(DatumGetInt64(((Const *) id)->constvalue));
	if (store == NULL)
		PG_RETURN_POINTER(NULL);
	request->rows = Max(tuplestore_tuple_count(store->rows), 1);
	PG_RETURN_POINTER(request);
}
