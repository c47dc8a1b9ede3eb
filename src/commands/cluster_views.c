/*
 * cluster_views.c
 *		Functions behind the views on tables and shards.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/node_flight.h"
#include "commands/node_join.h"
#include "fmgr.h"
#include "funcapi.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

/* Relations of the schema of shard tables, with the bytes that they occupy. */
#define SIZES_QUERY \
	"SELECT relname::pg_catalog.text, pg_catalog.pg_total_relation_size(oid)::pg_catalog.text" \
	" FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p')" \
	" AND relnamespace = 'shardlite_shards'::pg_catalog.regnamespace"

static void
put_sizes(ReturnSetInfo *result, int32 node_id, List *rows)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		char	  **row = lfirst(cell);
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = Int32GetDatum(node_id);
		values[1] = CStringGetTextDatum(row[0]);
		values[2] = DirectFunctionCall1(int8in, CStringGetDatum(row[1]));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* A node that does not answer has no sizes; that is worth a warning only. */
static List *
remote_sizes(const ClusterNode *node)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	List	   *volatile rows = NIL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		rows = node_fetch(node->address.node_id, SIZES_QUERY);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *failure;

		MemoryContextSwitchTo(context);
		failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (failure->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(failure);
		ereport(WARNING,
				(errcode(failure->sqlerrcode),
				 errmsg("sizes of the shards on node \"%s:%d\" are not known",
						node->address.host, node->address.port),
				 errdetail_internal("%s", failure->message)));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return rows;
}

PG_FUNCTION_INFO_V1(shardlite_shard_sizes);

/*
 * shardlite_internal.shard_sizes() returns table (node_id int, shard_table
 * text, bytes bigint): of every node that answers.
 */
Datum
shardlite_shard_sizes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, node_list())
	{
		const ClusterNode *node = lfirst(cell);

		put_sizes(result, node->address.node_id,
				  node->is_local ? local_fetch(SIZES_QUERY) : remote_sizes(node));
	}
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
