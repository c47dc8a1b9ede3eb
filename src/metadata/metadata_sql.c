/*
 * metadata_sql.c
 *		SQL functions over the metadata that need no other layer.
 */
#include "postgres.h"

#include "fmgr.h"
#include "metadata/dist_table.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(shardlite_shard_hash);

/* SQL: the hash that places a key of this value. */
Datum
shardlite_shard_hash(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	ShardHashInfo info;

	if (!shard_hash_init(&info, type, PG_GET_COLLATION(), CurrentMemoryContext))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify a hash function for type %s",
						format_type_be(type))));
	PG_RETURN_INT32(shard_hash_datum(&info, PG_GETARG_DATUM(0)));
}
