/*
 * row_move.c
 *		Rows of a table move between its own storage and its shards or copies.
 *
 * Rows are sent as INSERTs of many rows each, as the table's owner: what the
 * shards evaluate on the way (check constraints, generated columns) is the
 * owner's code.  The table is locked and scanned under a new snapshot, so
 * every committed row is seen, also by an old transaction.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "compat/catalog_compat.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* A batch is sent when it has so many bytes of SQL or rows. */
#define BATCH_BYTES (512 * 1024)
#define BATCH_ROWS 1000
#define FETCH_ROWS 1000

/* Batches that nodes may be working on while we fill others. */
#define MAX_FLIGHTS 8

/* Where rows go: one per shard, or one for a copy of the table. */
typedef struct RowTarget
{
	int32		node_id;
	const char *table;			/* qualified */
	StringInfoData sql;			/* INSERT with the rows so far */
	int			rows;
}			RowTarget;

typedef struct RowMove
{
	Relation	rel;
	int			ncolumns;		/* stored ones: not dropped, not generated */
	AttrNumber *columns;
	FmgrInfo   *output;			/* per stored column */
	char	   *column_list;	/* "a, b" */
	MemoryContext row_context;
	int			ntargets;
	RowTarget  *targets;
	List	   *flights;		/* of RemoteRequest *, oldest first */
	int64		nrows;			/* moved so far */
}			RowMove;

/* ---------------------------------------------------------------- columns */

static void
move_begin(RowMove * move, Oid relid)
{
	TupleDesc	desc;
	StringInfoData list;

	move->rel = table_open(relid, NoLock);
	desc = RelationGetDescr(move->rel);
	move->columns = palloc(sizeof(AttrNumber) * desc->natts);
	move->output = palloc(sizeof(FmgrInfo) * desc->natts);
	move->ncolumns = 0;
	initStringInfo(&list);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Oid			function;
		bool		is_varlena;

		if (attribute->attisdropped || attribute->attgenerated != '\0')
			continue;
		getTypeOutputInfo(attribute->atttypid, &function, &is_varlena);
		fmgr_info(function, &move->output[move->ncolumns]);
		move->columns[move->ncolumns] = attribute->attnum;
		appendStringInfo(&list, "%s%s", move->ncolumns > 0 ? ", " : "",
						 quote_identifier(NameStr(attribute->attname)));
		move->ncolumns++;
	}
	move->column_list = list.data;
	move->flights = NIL;
	move->nrows = 0;
	move->row_context = AllocSetContextCreate(CurrentMemoryContext, "row being moved",
											  ALLOCSET_DEFAULT_SIZES);
}

static void
move_end(RowMove * move)
{
	MemoryContextDelete(move->row_context);
	table_close(move->rel, NoLock);
}

/* ---------------------------------------------------------------- sending */

static void
finish_oldest_flight(RowMove * move)
{
	RemoteRequest *request = linitial(move->flights);

	remote_finish(request);
	move->flights = list_delete_first(move->flights);
	remote_release(request);
}

static void
send_batch(RowMove * move, int32 node_id, const char *sql)
{
	RemoteConnection *connection;

	if (list_length(move->flights) >= MAX_FLIGHTS)
		finish_oldest_flight(move);
	connection = dist_xact_connection(node_id, DIST_ACCESS_WRITE);
	move->flights = lappend(move->flights,
							remote_send(connection, sql, NULL, 0, NULL, NULL));
	remote_sync(connection);
}

static void
flush_target(RowMove * move, RowTarget * target)
{
	if (target->rows == 0)
		return;
	if (target->node_id == local_node_id())
		ddl_execute(target->sql.data);
	else
		send_batch(move, target->node_id, target->sql.data);
	resetStringInfo(&target->sql);
	target->rows = 0;
}

/* Append one row; an empty column list needs DEFAULT VALUES, row by row. */
static void
add_row(RowMove * move, RowTarget * target, TupleTableSlot *slot)
{
	StringInfo	sql = &target->sql;
	MemoryContext old;

	if (target->rows > 0)
		appendStringInfoString(sql, ", ");
	else if (move->ncolumns > 0)
		appendStringInfo(sql, "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES ",
						 target->table, move->column_list);
	else
		appendStringInfo(sql, "INSERT INTO %s DEFAULT VALUES", target->table);
	old = MemoryContextSwitchTo(move->row_context);
	for (int i = 0; i < move->ncolumns; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, move->columns[i], &isnull);

		appendStringInfoString(sql, i == 0 ? "(" : ", ");
		if (isnull)
			appendStringInfoString(sql, "NULL");
		else
			appendStringInfoString(sql, quote_literal_cstr(OutputFunctionCall(&move->output[i], value)));
	}
	if (move->ncolumns > 0)
		appendStringInfoChar(sql, ')');
	MemoryContextSwitchTo(old);
	MemoryContextReset(move->row_context);
	target->rows++;
	move->nrows++;
	if (sql->len >= BATCH_BYTES || target->rows >= BATCH_ROWS || move->ncolumns == 0)
		flush_target(move, target);
}

/* Index of the target of a row. */
static int
target_of_row(DistTable *table, RowMove * move, TupleTableSlot *slot)
{
	Datum		key;
	bool		isnull;

	if (table->kind != DIST_HASH)
		return 0;
	key = slot_getattr(slot, table->key_attno, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("distribution column \"%s\" of table \"%s\" contains null values",
						get_attname(table->relid, table->key_attno, false),
						RelationGetRelationName(move->rel)),
				 errhint("Every row of a distributed table needs a value in its distribution column.")));
	return dist_table_shard_index(table, key);
}

/*
 * Scan the table's own storage and send every row.  The scan runs as
 * whoever calls, the INSERTs as the owner.
 */
static void
send_rows(RowMove * move, DistTable *table)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(move->rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(move->rel, NULL);
	int			level = ddl_settings_begin();
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(move->rel->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		add_row(move, &move->targets[target_of_row(table, move, slot)], slot);
	}
	for (int i = 0; i < move->ntargets; i++)
		flush_target(move, &move->targets[i]);
	while (move->flights != NIL)
		finish_oldest_flight(move);
	SetUserIdAndSecContext(user, context);
	ddl_settings_end(level);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
}

static void
set_target(RowTarget * target, int32 node_id, const char *table)
{
	target->node_id = node_id;
	target->table = table;
	target->rows = 0;
	initStringInfo(&target->sql);
}

int64
rows_to_shards(Oid relid)
{
	DistTable  *table = dist_table_get(relid);
	RowMove		move;

	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		return 0;
	move_begin(&move, relid);
	move.ntargets = table->group->nshards;
	move.targets = palloc(sizeof(RowTarget) * move.ntargets);
	for (int i = 0; i < move.ntargets; i++)
		set_target(&move.targets[i], table->group->shards[i].node_id,
				   shard_table_qualified_name(table, table->group->shards[i].shard_id));
	send_rows(&move, table);
	move_end(&move);
	return move.nrows;
}

void
rows_to_node(Oid relid, int32 node_id)
{
	DistTable  *table = dist_table_get(relid);
	RowMove		move;

	move_begin(&move, relid);
	move.ntargets = 1;
	move.targets = palloc(sizeof(RowTarget));
	set_target(&move.targets[0], node_id,
			   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(move.rel)),
										  RelationGetRelationName(move.rel)));
	send_rows(&move, table);
	move_end(&move);
}

/* ------------------------------------------------------------- receiving */

/* The row that a SPI tuple of the stored columns stands for. */
static void
store_row(RowMove * move, TupleTableSlot *slot, HeapTuple tuple, TupleDesc desc)
{
	int			result_column = 1;

	ExecClearTuple(slot);
	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
	{
		if (TupleDescAttr(slot->tts_tupleDescriptor, i)->attisdropped)
		{
			slot->tts_isnull[i] = true;
			slot->tts_values[i] = (Datum) 0;
		}
		else
			slot->tts_values[i] = SPI_getbinval(tuple, desc, result_column++,
												&slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
}

/* SELECT of all columns, generated ones too, that still exist. */
static char *
select_all(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData sql;
	bool		first = true;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		appendStringInfo(&sql, "%s%s", first ? "" : ", ",
						 quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
		first = false;
	}
	appendStringInfo(&sql, " FROM %s",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)));
	return sql.data;
}

/* Constraints held on the shards, so they hold here; indexes are built after. */
static void
receive_rows(RowMove * move)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(move->rel), &TTSOpsVirtual);
	CommandId	cid = GetCurrentCommandId(true);
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	portal = SPI_cursor_open_with_args(NULL, select_all(move->rel), 0, NULL, NULL, NULL,
									   false, CURSOR_OPT_NO_SCROLL);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			CHECK_FOR_INTERRUPTS();
			store_row(move, slot, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
			table_tuple_insert(move->rel, slot, cid, 0, NULL);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	ExecDropSingleTupleTableSlot(slot);
}

void
rows_from_shards(Oid relid)
{
	RowMove		move;
	Oid			user;
	int			context;

	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		return;
	/* whoever owns the table gets all of its rows, whatever its policies say */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	move_begin(&move, relid);
	receive_rows(&move);
	move_end(&move);
	CommandCounterIncrement();
	compat_reindex_table(relid);
	SetUserIdAndSecContext(user, context);
}

void
empty_table(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	Oid			toast = rel->rd_rel->reltoastrelid;

	if (rel->rd_rel->relkind != RELKIND_RELATION)
	{
		table_close(rel, NoLock);
		return;
	}
	compat_set_new_storage(rel);
	if (OidIsValid(toast))
	{
		Relation	toast_rel = relation_open(toast, AccessExclusiveLock);

		compat_set_new_storage(toast_rel);
		table_close(toast_rel, NoLock);
	}
	table_close(rel, NoLock);
	CommandCounterIncrement();
	compat_reindex_table(relid);
}
