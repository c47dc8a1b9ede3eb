/*
 * cluster_views.c
 *		Functions behind the views on tables and shards.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

/* Relations of the schema of shard tables, with the bytes that they occupy. */
#define SIZES_QUERY \
	"SELECT relname::pg_catalog.text, pg_catalog.pg_total_relation_size(oid)::pg_catalog.text" \
	" FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p')" \
	" AND relnamespace = 'shardlite_shards'::pg_catalog.regnamespace"

/* Where the rows of one node go. */
typedef struct SizeRows
{
	int32		node_id;
	ReturnSetInfo *result;
}			SizeRows;

static void
put_size(SizeRows * rows, const char *table, const char *bytes)
{
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	values[0] = Int32GetDatum(rows->node_id);
	values[1] = CStringGetTextDatum(table);
	values[2] = DirectFunctionCall1(int8in, CStringGetDatum(bytes));
	tuplestore_putvalues(rows->result->setResult, rows->result->setDesc, values, nulls);
}

static void
receive_sizes(RemoteRequest *request, PGresult *pgresult)
{
	SizeRows   *rows = request->arg;

	for (int i = 0; i < PQntuples(pgresult); i++)
		put_size(rows, PQgetvalue(pgresult, i, 0), PQgetvalue(pgresult, i, 1));
	PQclear(pgresult);
}

static void
local_sizes(SizeRows * rows)
{
	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute(SIZES_QUERY, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the sizes of shard tables");
	for (uint64 i = 0; i < SPI_processed; i++)
		put_size(rows, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1),
				 SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2));
	SPI_finish();
}

PG_FUNCTION_INFO_V1(shardlite_shard_sizes);

/*
 * shardlite_internal.shard_sizes() returns table (node_id int, shard_table
 * text, bytes bigint): of every node, all asked at once.
 */
Datum
shardlite_shard_sizes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *requests = NIL;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, node_list())
	{
		const ClusterNode *node = lfirst(cell);
		SizeRows   *rows = palloc(sizeof(SizeRows));
		RemoteConnection *connection;

		rows->node_id = node->address.node_id;
		rows->result = result;
		if (node->is_local)
		{
			local_sizes(rows);
			continue;
		}
		connection = dist_xact_connection(rows->node_id, DIST_ACCESS_READ);
		requests = lappend(requests, remote_send(connection, SIZES_QUERY, NULL, 0,
												 receive_sizes, rows));
		remote_sync(connection);
	}
	foreach(cell, requests)
		remote_finish(lfirst(cell));
	foreach(cell, requests)
		remote_release(lfirst(cell));
	return (Datum) 0;
}

/*
 * A value of some type as a value of the key's type: the same bits if the
 * types agree, else what its text says.
 */
static Datum
key_from_argument(Datum value, Oid type, Oid key_type)
{
	Oid			input;
	Oid			typioparam;
	Oid			output;
	bool		is_varlena;
	char	   *text;

	if (getBaseType(type) == key_type)
		return value;
	if (type == UNKNOWNOID)
		text = DatumGetCString(value);
	else
	{
		getTypeOutputInfo(type, &output, &is_varlena);
		text = OidOutputFunctionCall(output, value);
	}
	getTypeInputInfo(key_type, &input, &typioparam);
	return OidInputFunctionCall(input, text, typioparam, -1);
}

PG_FUNCTION_INFO_V1(get_shard_id_for_distribution_column);

/*
 * get_shard_id_for_distribution_column(table_name regclass, value "any"):
 * NULL for a reference table; a table of one shard needs no value.
 */
Datum
get_shard_id_for_distribution_column(PG_FUNCTION_ARGS)
{
	DistTable  *table;
	Datum		key;
	int			shard = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	table = dist_table_get(PG_GETARG_OID(0));
	if (table->kind == DIST_REFERENCE)
		PG_RETURN_NULL();
	if (table->kind == DIST_HASH)
	{
		if (PG_ARGISNULL(1))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("distribution value must not be null")));
		key = key_from_argument(PG_GETARG_DATUM(1), get_fn_expr_argtype(fcinfo->flinfo, 1),
								table->group->key_type);
		shard = dist_table_shard_index(table, key);
	}
	PG_RETURN_INT64(table->group->shards[shard].shard_id);
}
