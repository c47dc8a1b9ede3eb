/*
 * cluster_views.c
 *		Functions behind the views on tables, shards and transactions.
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

/* What a node's backends do for distributed transactions, and what is prepared there. */
#define TRANSACTIONS_QUERY \
	"SELECT t.pid::pg_catalog.text, t.number::pg_catalog.text, a.usename::pg_catalog.text," \
	" CASE WHEN a.state IS NULL OR t.phase OPERATOR(pg_catalog.=) 'running' THEN a.state ELSE t.phase END," \
	" a.xact_start::pg_catalog.text, t.served_node_id::pg_catalog.text," \
	" t.served_pid::pg_catalog.text, t.served_number::pg_catalog.text, NULL" \
	" FROM shardlite_internal.node_transactions() t" \
	" LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) t.pid" \
	" UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, gid" \
	" FROM pg_catalog.pg_prepared_xacts" \
	" WHERE database OPERATOR(pg_catalog.=) pg_catalog.current_database()" \
	" AND pg_catalog.starts_with(gid, 'shardlite_')"

/* Its waits for locks. */
#define WAITS_QUERY \
	"SELECT w.node_id::pg_catalog.text, w.session_pid::pg_catalog.text, w.lock," \
	" w.holder_node_id::pg_catalog.text, w.holder_session_pid::pg_catalog.text, p.gid" \
	" FROM shardlite_internal.lock_waits() w" \
	" LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction OPERATOR(pg_catalog.=) w.holder_xid"

/* A node that does not answer has no rows; that is worth a warning only. */
static List *
remote_rows(const ClusterNode *node, const char *query)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	List	   *volatile rows = NIL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		rows = node_fetch(node->address.node_id, query);
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
				 errmsg("what node \"%s:%d\" has to tell is not known",
						node->address.host, node->address.port),
				 errdetail_internal("%s", failure->message)));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return rows;
}

/*
 * The rows of a query, as text, of every node that answers: behind the node's
 * id, as the rows of a function.
 */
static Datum
rows_of_nodes(FunctionCallInfo fcinfo, const char *query)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	AttInMetadata *types;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	types = TupleDescGetAttInMetadata(result->setDesc);
	foreach(cell, node_list())
	{
		const ClusterNode *node = lfirst(cell);
		List	   *rows = node->is_local ? local_fetch(query) : remote_rows(node, query);
		char	  **values = palloc(sizeof(char *) * result->setDesc->natts);
		ListCell   *cell2;

		values[0] = psprintf("%d", node->address.node_id);
		foreach(cell2, rows)
		{
			memcpy(values + 1, lfirst(cell2), sizeof(char *) * (result->setDesc->natts - 1));
			tuplestore_puttuple(result->setResult, BuildTupleFromCStrings(types, values));
		}
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(shardlite_shard_sizes);
PG_FUNCTION_INFO_V1(shardlite_cluster_transactions);
PG_FUNCTION_INFO_V1(shardlite_cluster_waits);

/* shardlite_internal.shard_sizes() */
Datum
shardlite_shard_sizes(PG_FUNCTION_ARGS)
{
	return rows_of_nodes(fcinfo, SIZES_QUERY);
}

/* shardlite_internal.cluster_transactions() */
Datum
shardlite_cluster_transactions(PG_FUNCTION_ARGS)
{
	return rows_of_nodes(fcinfo, TRANSACTIONS_QUERY);
}

/* shardlite_internal.cluster_waits() */
Datum
shardlite_cluster_waits(PG_FUNCTION_ARGS)
{
	return rows_of_nodes(fcinfo, WAITS_QUERY);
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
