/*
 * colocation.c
 *		Colocation groups: find one for a table or lay out a new one, and the
 *		metadata rows of a table.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "commands/metadata_write.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#define MAX_SHARD_COUNT 64000

/* "_", 19 digits and room for more: shard table names are never clipped. */
#define MAX_PREFIX_LENGTH 40

static int	default_shard_count = 32;

void
colocation_init(void)
{
	DefineCustomIntVariable("shardlite.shard_count",
							"Number of shards of a table whose creation does not say it.",
							NULL,
							&default_shard_count,
							32, 1, MAX_SHARD_COUNT,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
}

/* One lock on a table of ours, kept to the end of the transaction. */
static void
lock_metadata(const char *table, LOCKMODE mode)
{
	Oid			schema = get_namespace_oid(SHARDLITE_SCHEMA, false);

	LockRelationOid(get_relname_relid(table, schema), mode);
}

void
lock_cluster_nodes(void)
{
	lock_metadata("node", ShareLock);
}

static int32
next_id(const char *sequence)
{
	Oid			schema = get_namespace_oid(SHARDLITE_SCHEMA, false);
	Oid			user;
	int			context;
	int64		value;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	value = DatumGetInt64(DirectFunctionCall1(nextval_oid,
											  ObjectIdGetDatum(get_relname_relid(sequence, schema))));
	SetUserIdAndSecContext(user, context);
	return value;
}

/* ---------------------------------------------------------- choose a group */

static void
refuse_colocation(const DistributeRequest * request, Oid other, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot colocate table \"%s\" with table \"%s\"",
					get_rel_name(request->relid), get_rel_name(other)),
			 errdetail("%s", detail)));
}

/* Join the group of the table that colocate_with names. */
static void
join_group_of(DistributeRequest * request, const char *colocate_with, int shard_count)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(colocate_with));
	Oid			other = RangeVarGetRelid(makeRangeVarFromNameList(names),
										 AccessShareLock, false);
	DistTable  *table = dist_table_get(other);

	if (table->kind == DIST_REFERENCE)
		refuse_colocation(request, other, "The latter is a reference table, which is colocated with every table.");
	if (table->kind != request->kind)
		refuse_colocation(request, other, table->kind == DIST_HASH ?
						  "The latter has a distribution column." : "The latter has no distribution column.");
	if (table->group->key_type != request->key_type)
		refuse_colocation(request, other,
						  psprintf("Their distribution columns are of types %s and %s.",
								   format_type_be(request->key_type), format_type_be(table->group->key_type)));
	if (table->group->key_collation != request->key_collation)
		refuse_colocation(request, other, "Their distribution columns differ in collation.");
	if (shard_count != 0 && shard_count != table->group->nshards)
		refuse_colocation(request, other,
						  psprintf("The latter has %d shards, not %d.", table->group->nshards, shard_count));
	request->colocation_id = table->colocation_id;
	request->shard_count = table->group->nshards;
}

/* The group that tables of this key join unasked; 0 when there is none. */
static int32
find_default_group(const DistributeRequest * request)
{
	char	   *query = psprintf("SELECT colocation_id::text FROM shardlite.colocation"
								 " WHERE is_default AND shard_count = %d AND coalesce(key_type, 0) = $1"
								 " AND coalesce(key_collation, 0) = %u ORDER BY colocation_id LIMIT 1",
								 request->shard_count, request->key_collation);
	char	   *found = ddl_query_value(query, request->key_type);

	return found == NULL ? 0 : pg_strtoint32(found);
}

void
choose_colocation(DistributeRequest * request, const char *colocate_with, int shard_count)
{
	if (shard_count < 0 || shard_count > MAX_SHARD_COUNT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shard count must be between 1 and %d", MAX_SHARD_COUNT)));
	if (request->kind == DIST_SINGLE && shard_count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a table without distribution column has one shard")));

	/* nodes and groups stay as they are until we have committed */
	lock_cluster_nodes();
	lock_metadata("colocation", ShareRowExclusiveLock);
	if (strcmp(colocate_with, "default") != 0 && strcmp(colocate_with, "none") != 0)
	{
		join_group_of(request, colocate_with, shard_count);
		return;
	}
	request->shard_count = request->kind == DIST_SINGLE ? 1 :
		shard_count != 0 ? shard_count : default_shard_count;
	request->default_group = strcmp(colocate_with, "default") == 0;
	if (request->default_group)
		request->colocation_id = find_default_group(request);
	if (request->colocation_id == 0)
	{
		request->colocation_id = next_id("colocation_id_seq");
		request->new_group = true;
	}
}

/* --------------------------------------------------------- write metadata */

/* Ids of the nodes that take new shards. */
static List *
shard_nodes(void)
{
	List	   *ids = NIL;
	ListCell   *cell;

	foreach(cell, node_list())
	{
		const ClusterNode *node = lfirst(cell);

		if (node->holds_shards)
			ids = lappend_int(ids, node->address.node_id);
	}
	if (ids == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no node of the cluster may hold shards"),
				 errhint("Use shardlite_set_node_property() to allow it for one.")));
	return ids;
}

/*
 * Equal hash ranges, dealt out to the nodes in turn.  Groups begin at
 * different nodes, so that single shards do not gather on the first.
 */
static char *
shards_insert(const DistributeRequest * request)
{
	List	   *nodes = shard_nodes();
	int64		width = ((int64) 1 << 32) / request->shard_count;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "INSERT INTO shardlite.shard (shard_id, colocation_id, hash_min, hash_max, node_id) VALUES ");
	for (int i = 0; i < request->shard_count; i++)
	{
		int64		min = PG_INT32_MIN + i * width;
		int64		max = i == request->shard_count - 1 ? PG_INT32_MAX : min + width - 1;
		int			node = (request->colocation_id + i) % list_length(nodes);

		appendStringInfo(&sql, "%s(%d, %d, " INT64_FORMAT ", " INT64_FORMAT ", %d)",
						 i > 0 ? ", " : "", next_id("shard_id_seq"),
						 request->colocation_id, min, max, list_nth_int(nodes, node));
	}
	return sql.data;
}

/* A collation's oid, written so that it can be read on any node. */
static char *
collation_text(Oid collation)
{
	if (!OidIsValid(collation))
		return "0";
	return psprintf("%s::pg_catalog.regcollation::pg_catalog.oid",
					quote_literal_cstr(ddl_query_value("SELECT $1::regcollation::text", collation)));
}

static void
write_group(const DistributeRequest * request)
{
	char	   *key_type = "NULL";

	if (OidIsValid(request->key_type))
		key_type = psprintf("%s::pg_catalog.regtype",
							quote_literal_cstr(format_type_extended(request->key_type, -1,
																	FORMAT_TYPE_FORCE_QUALIFY)));
	metadata_write(psprintf("INSERT INTO shardlite.colocation (colocation_id, shard_count, key_type, key_collation, is_default)"
							" VALUES (%d, %d, %s, %s, %s)",
							request->colocation_id, request->shard_count, key_type,
							collation_text(request->key_collation),
							request->default_group ? "true" : "false"));
	metadata_write(shards_insert(request));
}

static bool
prefix_is_taken(const char *prefix)
{
	char	   *query = psprintf("SELECT 'taken' FROM shardlite.distributed_table WHERE shard_prefix = %s",
								 quote_literal_cstr(prefix));

	return ddl_query_value(query, InvalidOid) != NULL;
}

/*
 * Prefix of the shard tables' names: the table's name, with its schema's or a
 * number if that is taken.
 */
static char *
choose_prefix(Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	char	   *prefix = psprintf("%.*s", pg_mbcliplen(name, strlen(name), MAX_PREFIX_LENGTH), name);
	int			length;

	if (!prefix_is_taken(prefix))
		return prefix;
	name = psprintf("%s_%s", schema, name);
	prefix = psprintf("%.*s", pg_mbcliplen(name, strlen(name), MAX_PREFIX_LENGTH), name);
	length = pg_mbcliplen(name, strlen(name), MAX_PREFIX_LENGTH - 10);
	for (int i = 2; prefix_is_taken(prefix); i++)
		prefix = psprintf("%.*s_%d", length, name, i);
	return prefix;
}

static void
write_table(const DistributeRequest * request, Oid relid)
{
	if (request->kind == DIST_REFERENCE)
		metadata_write(psprintf("INSERT INTO shardlite.distributed_table (relid, kind) VALUES (%s, 'r')",
								metadata_regclass(relid)));
	else
		metadata_write(psprintf("INSERT INTO shardlite.distributed_table (relid, kind, key_column, colocation_id, shard_prefix)"
								" VALUES (%s, '%c', %s, %d, %s)",
								metadata_regclass(relid), request->kind,
								request->key_column ? quote_literal_cstr(request->key_column) : "NULL",
								request->colocation_id, quote_literal_cstr(choose_prefix(relid))));
}

void
write_table_metadata(const DistributeRequest * request)
{
	int			level = ddl_settings_begin();
	ListCell   *cell;

	if (request->new_group)
		write_group(request);
	foreach(cell, request->relids)
		write_table(request, lfirst_oid(cell));
	ddl_settings_end(level);
}

void
delete_table_metadata(Oid relid)
{
	int32		group = dist_table_get(relid)->colocation_id;

	metadata_write(psprintf("DELETE FROM shardlite.distributed_table WHERE relid = %s",
							metadata_regclass(relid)));
	if (group == 0)
		return;
	metadata_write(psprintf("DELETE FROM shardlite.colocation c WHERE colocation_id = %d"
							" AND NOT EXISTS (SELECT FROM shardlite.distributed_table t WHERE t.colocation_id = c.colocation_id)",
							group));
}
