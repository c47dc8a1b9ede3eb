/*
 * sequence_range.c
 *		Keep the values that nodes draw from "the same" sequence apart.
 *
 * A sequence exists on every node.  The coordinator's is the one that users
 * know; on another node a bigint sequence gives values of that node's own
 * range, 2^48 of them.  Where there is no room for ranges (smaller types,
 * bounds that the user chose, descending) it gives none: an error, and never
 * a value twice.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "commands/ddl_text.h"
#include "fmgr.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define RANGE_BITS 48

static bool
has_room(Form_pg_sequence sequence)
{
	return sequence->seqtypid == INT8OID && sequence->seqincrement > 0 &&
		sequence->seqmin <= 1 && sequence->seqmax == PG_INT64_MAX;
}

PG_FUNCTION_INFO_V1(shardlite_node_sequence);

/* shardlite_internal.node_sequence(sequence regclass): on a node, see above. */
Datum
shardlite_node_sequence(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	int64		node = local_node_id();
	HeapTuple	tuple;
	char	   *name;
	bool		room;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
	if (node <= COORDINATOR_NODE_ID)
		PG_RETURN_VOID();
	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for sequence %u", relid);
	room = has_room((Form_pg_sequence) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
	if (room)
	{
		int64		first = (node << RANGE_BITS) + 1;

		ddl_execute(psprintf("ALTER SEQUENCE %s MINVALUE " INT64_FORMAT " MAXVALUE " INT64_FORMAT
							 " START " INT64_FORMAT " RESTART",
							 name, first, ((node + 1) << RANGE_BITS) - 1, first));
	}
	else
	{
		ddl_execute(psprintf("ALTER SEQUENCE %s MINVALUE 1 MAXVALUE 2 START 2 NO CYCLE INCREMENT 1 RESTART", name));
		ddl_execute(psprintf("SELECT pg_catalog.nextval(%s)", quote_literal_cstr(name)));
	}
	PG_RETURN_VOID();
}
