/*
 * node_join.c
 *		Bring a server into the cluster, or let it go.
 *
 * A server joins inside one distributed transaction: when anything fails it is
 * what it was before, down to the extension.  The caller has locked the
 * metadata and the tables, so that what is copied here is what there will be.
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "commands/column_statistics.h"
#include "commands/distribute.h"
#include "commands/metadata_write.h"
#include "commands/node_flight.h"
#include "commands/node_join.h"
#include "commands/object_ddl.h"
#include "commands/table_ddl.h"
#include "metadata/dist_table.h"

/* What must be equal on all servers, as name and value. */
static const char facts_query[] =
"SELECT f.name, f.value"
" FROM pg_catalog.pg_database d,"
" LATERAL (VALUES"
"  (1, 'major version', (pg_catalog.current_setting('server_version_num')::int / 10000)::text),"
"  (2, 'encoding', pg_catalog.pg_encoding_to_char(d.encoding)),"
"  (3, 'lc_collate', d.datcollate),"
"  (4, 'lc_ctype', d.datctype),"
"  (5, 'locale provider', d.datlocprovider::text),"
"  (6, 'locale', coalesce(pg_catalog.to_jsonb(d)->>'datlocale', pg_catalog.to_jsonb(d)->>'daticulocale')),"
"  (7, 'collation version', pg_catalog.pg_database_collation_actual_version(d.oid)),"
"  (8, 'integer_datetimes', pg_catalog.current_setting('integer_datetimes'))"
" ) f(ordinal, name, value)"
" WHERE d.datname = pg_catalog.current_database() ORDER BY f.ordinal";

static const char extension_version_query[] =
"SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'shardlite'";

static const char identity_query[] =
"SELECT node_id, cluster_id FROM shardlite.local_node";

static const char member_query[] =
"SELECT (SELECT count(*) FROM shardlite.node), (SELECT count(*) FROM shardlite.distributed_table)";

List *
local_fetch(const char *sql)
{
	MemoryContext cxt = CurrentMemoryContext;
	List	   *rows = NIL;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
	for (uint64 row = 0; SPI_tuptable != NULL && row < SPI_tuptable->numvals; row++)
	{
		int			ncolumns = SPI_tuptable->tupdesc->natts;
		MemoryContext old = MemoryContextSwitchTo(cxt);
		char	  **values = palloc(sizeof(char *) * ncolumns);

		for (int i = 0; i < ncolumns; i++)
			values[i] = SPI_getvalue(SPI_tuptable->vals[row],
									 SPI_tuptable->tupdesc, i + 1);
		rows = lappend(rows, values);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return rows;
}

static char *
one_value(List *rows)
{
	return rows == NIL ? NULL : ((char **) linitial(rows))[0];
}

/* ---------------------------------------------------------------- checks */

static void
check_facts(const ClusterNode *node)
{
	List	   *ours = local_fetch(facts_query);
	List	   *theirs = node_fetch(node->address.node_id, facts_query);
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, ours, lc2, theirs)
	{
		char	  **our = lfirst(lc);
		char	  **their = lfirst(lc2);

		if (our[1] == NULL ? their[1] == NULL :
			their[1] != NULL && strcmp(our[1], their[1]) == 0)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s:%d\" differs from the cluster in its %s",
						node->address.host, node->address.port, our[0]),
				 errdetail("There it is \"%s\", here it is \"%s\".",
						   their[1] ? their[1] : "", our[1] ? our[1] : ""),
				 errhint("All servers of a cluster need the same PostgreSQL major version and databases with the same encoding and locale.")));
	}
}

/* Create the extension there, in the version that we run. */
static void
check_extension(const ClusterNode *node)
{
	char	   *ours = one_value(local_fetch(extension_version_query));
	char	   *theirs = one_value(node_fetch(node->address.node_id,
											  extension_version_query));

	if (theirs == NULL)
		(void) node_fetch(node->address.node_id,
						  psprintf("CREATE EXTENSION shardlite VERSION %s",
								   quote_literal_cstr(ours)));
	else if (strcmp(ours, theirs) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s:%d\" has version %s of extension \"%s\", the cluster version %s",
						node->address.host, node->address.port, theirs,
						"shardlite", ours),
				 errhint("Run ALTER EXTENSION shardlite UPDATE where it is older.")));
	else
		(void) node_fetch(node->address.node_id,
						  "SELECT shardlite_internal.check_preloaded()");
}

/* A server may join when it is a cluster of its own without tables. */
static void
check_free(const ClusterNode *node)
{
	char	  **ours = linitial(local_fetch(identity_query));
	char	  **theirs = linitial(node_fetch(node->address.node_id, identity_query));
	char	  **counts;

	if (strcmp(ours[1], theirs[1]) == 0)
	{
		if (atoi(theirs[0]) == COORDINATOR_NODE_ID)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("node \"%s:%d\" is this server itself",
							node->address.host, node->address.port)));
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("node \"%s:%d\" is part of this cluster already, as node %s",
						node->address.host, node->address.port, theirs[0])));
	}
	counts = linitial(node_fetch(node->address.node_id, member_query));
	if (atoi(theirs[0]) != COORDINATOR_NODE_ID || strcmp(counts[0], "1") != 0 ||
		strcmp(counts[1], "0") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node \"%s:%d\" belongs to another cluster",
						node->address.host, node->address.port),
				 errhint("Remove it there first, or DROP EXTENSION shardlite CASCADE on that server.")));
}

void
node_verify_identity(const ClusterNode *node)
{
	char	  **ours = linitial(local_fetch(identity_query));
	char	  **theirs = linitial(node_fetch(node->address.node_id, identity_query));

	if (strcmp(ours[1], theirs[1]) != 0 ||
		atoi(theirs[0]) != node->address.node_id)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the server at \"%s:%d\" is not node %d of this cluster",
						node->address.host, node->address.port,
						node->address.node_id)));
}

/* -------------------------------------------------------------- metadata */

static bool
is_loopback(const char *host)
{
	return host == NULL || strcmp(host, "localhost") == 0 ||
		strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0 ||
		host[0] == '/';
}

/*
 * CREATE EXTENSION could only write "localhost" as this server's address; a
 * server elsewhere knows how it sees us.
 */
static void
set_own_address(const ClusterNode *node)
{
	const ClusterNode *own = node_get(COORDINATOR_NODE_ID);
	char	   *seen;

	if (!is_loopback(own->address.host))
		return;
	seen = one_value(node_fetch(node->address.node_id,
								"SELECT pg_catalog.host(pg_catalog.inet_client_addr())"));
	if (!is_loopback(seen))
		metadata_write_local(psprintf("UPDATE shardlite.node SET host = %s WHERE node_id = %d",
									  quote_literal_cstr(seen), COORDINATOR_NODE_ID));
}

/* First columns of a query on this server, each a statement. */
static List *
statements_from(const char *query)
{
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, local_fetch(query))
		statements = lappend(statements, ((char **) lfirst(lc))[0]);
	return statements;
}

static const char node_rows_query[] =
"SELECT pg_catalog.format('INSERT INTO shardlite.node (node_id, host, port, role, holds_shards, region)"
" VALUES (%L, %L, %L, %L, %L, %L) ON CONFLICT (node_id) DO UPDATE SET host = excluded.host, port = excluded.port,"
" holds_shards = excluded.holds_shards', node_id, host, port, role, holds_shards, region)"
" FROM shardlite.node ORDER BY node_id";

static const char colocation_rows_query[] =
"SELECT pg_catalog.format('INSERT INTO shardlite.colocation (colocation_id, shard_count, key_type, key_collation, is_default)"
" VALUES (%L, %L, %L, coalesce(%L::regcollation::oid, %L), %L)', c.colocation_id, c.shard_count, c.key_type,"
" CASE WHEN c.key_collation <> 0 THEN c.key_collation::regcollation END, c.key_collation, c.is_default)"
" FROM shardlite.colocation c ORDER BY c.colocation_id";

static const char shard_rows_query[] =
"SELECT 'INSERT INTO shardlite.shard (shard_id, colocation_id, hash_min, hash_max, node_id) VALUES ' ||"
" pg_catalog.string_agg(pg_catalog.format('(%s, %s, %s, %s, %s)', shard_id, colocation_id, hash_min, hash_max, node_id), ', ')"
" FROM shardlite.shard GROUP BY colocation_id ORDER BY colocation_id";

static const char table_rows_query[] =
"SELECT pg_catalog.format('INSERT INTO shardlite.distributed_table (relid, kind, key_column, colocation_id, shard_prefix)"
" VALUES (%L, %L, %L, %L, %L)', relid, kind, key_column, colocation_id, shard_prefix)"
" FROM shardlite.distributed_table ORDER BY relid::oid";

static const char function_rows_query[] =
"SELECT pg_catalog.format('INSERT INTO shardlite.distributed_function (function, argument, colocation_id)"
" VALUES (%L, %L, %L)', f.function, f.argument, f.colocation_id)"
" FROM shardlite.distributed_function f JOIN pg_catalog.pg_proc p ON p.oid = f.function ORDER BY p.oid";

/* Every node gets the new rows of shardlite.node, the new one also its name. */
static void
write_nodes(const ClusterNode *joining)
{
	char	  **ours = linitial(local_fetch(identity_query));
	List	   *rows = statements_from(node_rows_query);
	List	   *flights = NIL;
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		List	   *statements = list_copy(rows);

		if (node->is_local)
			continue;
		if (node->address.node_id == joining->address.node_id)
		{
			statements = lcons("DELETE FROM shardlite.node", statements);
			statements = lappend(statements,
								 psprintf("UPDATE shardlite.local_node SET node_id = %d, cluster_id = %s",
										  joining->address.node_id,
										  quote_literal_cstr(ours[1])));
		}
		flights = flight_start_all(flights, node->address.node_id, statements);
	}
	flight_finish(flights);
}

/* --------------------------------------------------------------- objects */

/* Objects that stand alone, so that no table brings them along. */
static const char early_objects_query[] =
"SELECT 'pg_authid'::regclass::oid, oid FROM pg_catalog.pg_authid WHERE oid >= 16384"
" UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_catalog.pg_namespace n WHERE oid >= 16384 AND nspname !~ '^pg_'"
"  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e')"
" UNION ALL SELECT 'pg_extension'::regclass, oid FROM pg_catalog.pg_extension WHERE oid >= 16384 AND extname <> 'shardlite'"
" UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid"
"  WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')"
"  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e')"
" UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_catalog.pg_collation c WHERE oid >= 16384 AND collnamespace::regnamespace::text !~ '^pg_'"
"  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_collation'::regclass AND objid = c.oid AND deptype = 'e')";

static const char late_objects_query[] =
"SELECT 'pg_proc'::regclass::oid, oid FROM pg_catalog.pg_proc p WHERE oid >= 16384"
" AND pronamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^(pg_|shardlite)')"
" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype IN ('e', 'i'))"
" ORDER BY p.oid";

/* An object that needs a local table stays local, too. */
static bool
all_distributed(List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		if (dist_table_find(lfirst_oid(lc)) == NULL)
			return false;
	}
	return true;
}

/*
 * Run generated statements on the node, under the settings with which they
 * were written; as that role, if it is valid.
 */
static void
send_statements(int32 node_id, List *statements, Oid run_as)
{
	StringInfoData sql;
	ListCell   *lc;

	if (statements == NIL)
		return;
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT shardlite_internal.run_statements(ARRAY[");
	foreach(lc, statements)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_literal_cstr(lfirst(lc)));
	appendStringInfo(&sql, "], %s)", OidIsValid(run_as) ?
					 quote_literal_cstr(GetUserNameFromId(run_as, false)) : "NULL");
	flight_finish(flight_start(NIL, node_id, sql.data));
	pfree(sql.data);
}

static void
send_for_each(int32 node_id, List *relids, List *(*generate) (Oid relid))
{
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, relids)
		statements = list_concat(statements, generate(lfirst_oid(lc)));
	send_statements(node_id, statements, InvalidOid);
}

static void
send_objects(int32 node_id, const char *query)
{
	ListCell   *lc;

	foreach(lc, local_fetch(query))
	{
		char	  **row = lfirst(lc);
		ObjectAddress address;
		List	   *relations = NIL;
		List	   *statements;

		ObjectAddressSet(address, (Oid) strtoul(row[0], NULL, 10),
						 (Oid) strtoul(row[1], NULL, 10));
		statements = object_ddl_for_object(&address, &relations);
		if (all_distributed(relations))
			send_statements(node_id, statements, InvalidOid);
	}
}

/* Shells and reference tables, data included; foreign keys when all are there. */
static void
send_tables(int32 node_id)
{
	List	   *tables = list_copy(dist_table_list(0));
	List	   *relations;
	ListCell   *lc;

	list_sort(tables, list_oid_cmp);
	send_statements(node_id, shell_statements(tables, &relations), InvalidOid);
	foreach(lc, tables)
	{
		if (dist_table_get(lfirst_oid(lc))->kind == DIST_REFERENCE)
			rows_to_node(lfirst_oid(lc), node_id);
	}
	send_for_each(node_id, tables, shell_indexes);
	foreach(lc, tables)
		send_statements(node_id, table_ddl_attach(lfirst_oid(lc)),
						relation_owner(lfirst_oid(lc)));
	send_for_each(node_id, tables, shell_finishing_touches);
	foreach(lc, tables)
		send_statements(node_id, column_statistics_statements(lfirst_oid(lc)), InvalidOid);
}

static void
send_metadata(int32 node_id)
{
	List	   *statements = statements_from(colocation_rows_query);

	statements = list_concat(statements, statements_from(shard_rows_query));
	statements = list_concat(statements, statements_from(table_rows_query));
	statements = list_concat(statements, statements_from(function_rows_query));
	flight_finish(flight_start_all(NIL, node_id, statements));
}

void
node_join(const ClusterNode *node)
{
	int32		node_id = node->address.node_id;

	check_facts(node);
	check_extension(node);
	check_free(node);
	set_own_address(node);
	write_nodes(node);
	send_objects(node_id, early_objects_query);
	send_tables(node_id);
	send_objects(node_id, late_objects_query);
	send_metadata(node_id);
}

void
node_leave(const ClusterNode *node)
{
	List	   *statements = list_make1("SET LOCAL client_min_messages = error");
	ListCell   *lc;

	statements = lappend(statements, "DELETE FROM shardlite.distributed_function");
	statements = lappend(statements, "DELETE FROM shardlite.distributed_table");
	statements = lappend(statements, "DELETE FROM shardlite.colocation");
	foreach(lc, dist_table_list(0))
	{
		char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(lfirst_oid(lc))),
													  get_rel_name(lfirst_oid(lc)));

		statements = lappend(statements, psprintf("DROP TABLE IF EXISTS %s CASCADE", name));
	}
	statements = lappend(statements, psprintf("DELETE FROM shardlite.node WHERE node_id <> %d",
											  node->address.node_id));
	statements = lappend(statements, psprintf("UPDATE shardlite.node SET node_id = %d, holds_shards = true",
											  COORDINATOR_NODE_ID));
	statements = lappend(statements, psprintf("UPDATE shardlite.local_node SET node_id = %d, cluster_id = pg_catalog.gen_random_uuid()",
											  COORDINATOR_NODE_ID));
	flight_finish(flight_start_all(NIL, node->address.node_id, statements));
}
