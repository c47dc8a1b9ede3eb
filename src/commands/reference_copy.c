/*
 * reference_copy.c
 *		Copy the rows of a reference table to a node.
 *
 * Rows travel as text of the table's row type, many in one parameter: it is
 * what every type can do and what does not depend on OIDs.  A round trip per
 * megabyte.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "commands/reference_copy.h"
#include "transaction/dist_xact.h"

#define BATCH_ROWS	1000
#define BATCH_BYTES (1024 * 1024)

/*
 * Columns that a row brings along, all but generated ones, as a list in which
 * each is written in the given format.
 */
static char *
stored_columns(Relation rel, const char *format)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0')
		{
			if (columns.len > 0)
				appendStringInfoString(&columns, ", ");
			appendStringInfo(&columns, format,
							 quote_identifier(NameStr(att->attname)));
		}
	}
	return columns.data;
}

static void
send_batch(int32 node_id, const char *insert, Datum *rows, int nrows)
{
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_WRITE);
	ArrayType  *array = construct_array(rows, nrows, TEXTOID, -1, false, TYPALIGN_INT);
	Oid			type = TEXTARRAYOID;
	const char *value = OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array));
	int			length = 0;
	int			format = 0;
	RemoteParams params = {1, &type, &value, &length, &format};
	RemoteRequest *request = remote_send(conn, insert, &params, 0, NULL, NULL);

	remote_sync(conn);
	remote_finish(request);
	remote_release(request);
}

/* Send what the cursor has, fetching in portions that fit into memory. */
static void
send_rows(Portal cursor, int32 node_id, const char *insert)
{
	Datum	   *rows = palloc(sizeof(Datum) * BATCH_ROWS);
	Size		bytes = 0;
	int			nrows = 0;

	for (;;)
	{
		SPI_cursor_fetch(cursor, true, 10);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			char	   *row = SPI_getvalue(SPI_tuptable->vals[i],
										   SPI_tuptable->tupdesc, 1);

			rows[nrows++] = CStringGetTextDatum(row);
			bytes += strlen(row);
		}
		SPI_freetuptable(SPI_tuptable);
		if (bytes > BATCH_BYTES || nrows > BATCH_ROWS - 10)
		{
			send_batch(node_id, insert, rows, nrows);
			bytes = nrows = 0;
		}
	}
	if (nrows > 0)
		send_batch(node_id, insert, rows, nrows);
}

void
reference_copy_to_node(Oid relid, int32 node_id)
{
	Relation	rel = table_open(relid, AccessShareLock);
	char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												  RelationGetRelationName(rel));
	char	   *columns = stored_columns(rel, "%s");
	char	   *insert = psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s"
								  " FROM (SELECT r::%s FROM pg_catalog.unnest($1) r OFFSET 0) x(v)",
								  name, columns, stored_columns(rel, "(x.v).%s"), name);
	Portal		cursor;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	cursor = SPI_cursor_open_with_args(NULL, psprintf("SELECT t::text FROM ONLY %s t", name),
									   0, NULL, NULL, NULL, true, 0);
	if (columns[0] != '\0')
		send_rows(cursor, node_id, insert);
	SPI_cursor_close(cursor);
	SPI_finish();
	table_close(rel, AccessShareLock);
}
