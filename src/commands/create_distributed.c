/*
 * create_distributed.c
 *		create_distributed_table(), create_reference_table(),
 *		undistribute_table().
 *
 * One transaction, the table locked against everybody:
 *		1. refuse what cannot work;
 *		2. what the table needs, and its shell, on every other node;
 *		3. metadata on every node; from here on it is a distributed table;
 *		4. shard tables without indexes; the rows go there;
 *		5. the shell's own storage becomes empty; indexes, partitions, row
 *		   security and foreign keys of the shard tables.
 * A writer that waits for the lock plans anew when it gets it and finds the
 * metadata; rows that others committed before are moved.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/column_statistics.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "commands/metadata_write.h"
#include "commands/shard_ddl.h"
#include "commands/table_ddl.h"
#include "common/fault_point.h"
#include "fmgr.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "parser/scansup.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * Lock a table that the current user owns; who does not may not even wait for
 * the lock.  It may be gone, or another's, once we have it.
 */
static void
lock_owned_table(Oid relid)
{
	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	check_table_owner(relid);
	LockRelationOid(relid, AccessExclusiveLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	check_table_owner(relid);
}

/* Lock a table that is about to be distributed, and its partitions. */
static List *
lock_table(Oid relid)
{
	lock_owned_table(relid);
	check_distributable(relid);
	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return list_make1_oid(relid);
	return find_all_inheritors(relid, AccessExclusiveLock, NULL);
}

/* ----------------------------------------------------------- shard tables */

/* Run the statements that a generator yields for each table. */
static List *
collect_ddl(List *relids, List *(*generate) (Oid relid))
{
	List	   *statements = NIL;
	ListCell   *cell;

	foreach(cell, relids)
		statements = list_concat(statements, generate(lfirst_oid(cell)));
	return statements;
}

static List *
shard_structure(Oid relid)
{
	return table_ddl_structure(relid, TABLE_DDL_SHARD);
}

static List *
shard_indexes(Oid relid)
{
	return table_ddl_indexes(relid, TABLE_DDL_SHARD);
}

static List *
shard_security(Oid relid)
{
	return table_ddl_security(relid, TABLE_DDL_SHARD);
}

static void
run_shard_ddl(List *relids, List *statements, Oid run_as)
{
	Oid			user;
	int			context;
	int			level;

	if (statements == NIL)
		return;
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(run_as, context | SECURITY_LOCAL_USERID_CHANGE);
	level = ddl_settings_begin();
	shard_ddl_run_list(relids, statements);
	ddl_settings_end(level);
	SetUserIdAndSecContext(user, context);
}

/* What planners on all nodes take for the size of the table. */
static void
write_row_count(Oid relid, int64 nrows)
{
	if (nrows > 0)
		metadata_write(psprintf("UPDATE pg_catalog.pg_class SET reltuples = " INT64_FORMAT " WHERE oid = %s",
								nrows, metadata_regclass(relid)));
}

static void
move_rows(List *relids)
{
	int64		total = 0;
	ListCell   *cell;

	foreach(cell, relids)
	{
		int64		nrows = rows_to_shards(lfirst_oid(cell));

		empty_table(lfirst_oid(cell));
		write_row_count(lfirst_oid(cell), nrows);
		total += nrows;
	}
	if (list_length(relids) > 1)
		write_row_count(linitial_oid(relids), total);
}

/* Only the extension's owner may create tables and indexes in that schema. */
static void
make_shards(List *relids)
{
	Oid			creator = extension_owner();

	run_shard_ddl(relids, collect_ddl(relids, shard_structure), creator);
	FAULT_POINT(distribute_before_rows);
	move_rows(relids);
	FAULT_POINT(distribute_after_rows);
	run_shard_ddl(relids, collect_ddl(relids, shard_indexes), creator);
	/* evaluates what is constant in check constraints: the owner's code */
	run_shard_ddl(relids, collect_ddl(relids, table_ddl_attach),
				  relation_owner(linitial_oid(relids)));
	run_shard_ddl(relids, collect_ddl(relids, shard_security), creator);
	run_shard_ddl(relids, collect_ddl(relids, table_ddl_foreign_keys), creator);
}

/* ------------------------------------------------------------- distribute */

static void
check_members(DistributeRequest * request)
{
	ListCell   *cell;

	if (request->kind == DIST_HASH)
		check_key_column(request);
	foreach(cell, request->relids)
		check_member(request, lfirst_oid(cell));
}

static void
copy_to_other_nodes(Oid relid)
{
	ListCell   *cell;

	foreach(cell, node_list())
	{
		const ClusterNode *node = lfirst(cell);

		if (!node->is_local)
			rows_to_node(relid, node->address.node_id);
	}
}

/* What an ANALYZE before has found out is still true. */
static void
send_statistics(List *relids)
{
	ListCell   *cell;

	CommandCounterIncrement();
	foreach(cell, relids)
		run_on_other_nodes(column_statistics_statements(lfirst_oid(cell)), InvalidOid);
}

static void
distribute(DistributeRequest * request)
{
	List	   *relations;
	List	   *before;

	check_foreign_keys(request);
	before = shell_statements(request->relids, &relations);
	check_needed_relations(request, relations);
	run_on_other_nodes(before, InvalidOid);
	FAULT_POINT(distribute_before_metadata);
	if (request->kind == DIST_REFERENCE)
	{
		write_table_metadata(request);
		copy_to_other_nodes(request->relid);
		shells_finish(request->relids);
	}
	else
	{
		/* while nodes still take the shells for plain tables, which have no rows to check */
		shells_finish(request->relids);
		write_table_metadata(request);
		make_shards(request->relids);
	}
	send_statistics(request->relids);
	FAULT_POINT(distribute_before_end);
}

void
distribute_partition(Oid relid)
{
	DistTable  *parent = dist_table_get(get_partition_parent(relid, false));
	DistributeRequest request = {0};
	ListCell   *cell;

	request.relid = relid;
	request.kind = parent->kind;
	request.colocation_id = parent->colocation_id;
	request.shard_count = parent->group->nshards;
	request.key_type = parent->group->key_type;
	request.key_collation = parent->group->key_collation;
	if (parent->kind == DIST_HASH)
		request.key_column = get_attname(parent->relid, parent->key_attno, false);
	request.relids = find_all_inheritors(relid, AccessExclusiveLock, NULL);
	foreach(cell, request.relids)
		check_member(&request, lfirst_oid(cell));
	distribute(&request);
}

static char *
text_argument(FunctionCallInfo fcinfo, int n, const char *when_null)
{
	if (PG_ARGISNULL(n))
		return when_null ? pstrdup(when_null) : NULL;
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
require_table_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("table_name must not be null")));
}

PG_FUNCTION_INFO_V1(create_distributed_table);

/*
 * create_distributed_table(table_name regclass, distribution_column text,
 *		distribution_type text, colocate_with text, shard_count int)
 * A null column makes a table of one shard.
 */
Datum
create_distributed_table(PG_FUNCTION_ARGS)
{
	DistributeRequest request = {0};
	char	   *type = text_argument(fcinfo, 2, "hash");
	char	   *colocate_with = text_argument(fcinfo, 3, "default");
	char	   *key_column;
	int			shard_count = 0;

	require_table_argument(fcinfo);
	ensure_coordinator();
	if (strcmp(type, "hash") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("distribution type \"%s\" does not exist", type),
				 errhint("Tables are distributed by \"hash\".")));
	if (!PG_ARGISNULL(4))
	{
		shard_count = PG_GETARG_INT32(4);
		if (shard_count == 0)
			shard_count = -1;	/* refused like other impossible counts */
	}
	request.relid = PG_GETARG_OID(0);
	key_column = text_argument(fcinfo, 1, NULL);
	if (key_column != NULL)
		truncate_identifier(key_column, strlen(key_column), false);
	request.key_column = key_column;
	request.kind = request.key_column ? DIST_HASH : DIST_SINGLE;
	request.relids = lock_table(request.relid);
	check_members(&request);
	choose_colocation(&request, colocate_with, shard_count);
	distribute(&request);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(create_reference_table);

/* create_reference_table(table_name regclass) */
Datum
create_reference_table(PG_FUNCTION_ARGS)
{
	DistributeRequest request = {0};

	require_table_argument(fcinfo);
	ensure_coordinator();
	request.relid = PG_GETARG_OID(0);
	request.kind = DIST_REFERENCE;
	request.relids = lock_table(request.relid);
	check_members(&request);
	lock_cluster_nodes();
	distribute(&request);
	PG_RETURN_VOID();
}

/* ------------------------------------------------------------ undistribute */

/* Partitions before the tables that they are attached to. */
static List *
drop_statements(List *relids)
{
	List	   *statements = NIL;
	int			level = ddl_settings_begin();
	ListCell   *cell;

	foreach(cell, relids)
		statements = lcons(ddl_query_value("SELECT format('DROP TABLE %s', $1::regclass)",
										   lfirst_oid(cell)), statements);
	ddl_settings_end(level);
	return statements;
}

static List *
distributed_members(Oid relid)
{
	dist_table_get(relid);
	if (get_rel_relispartition(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot undistribute partition \"%s\" on its own", get_rel_name(relid)),
				 errhint("Undistribute its partitioned table; the partitions follow.")));
	return find_all_inheritors(relid, AccessExclusiveLock, NULL);
}

static void
undistribute(Oid relid, List *relids)
{
	bool		reference = dist_table_get(relid)->kind == DIST_REFERENCE;
	List	   *drops = drop_statements(relids);
	ListCell   *cell;

	foreach(cell, relids)
		check_undistributable(lfirst_oid(cell));
	if (!reference)
	{
		foreach(cell, relids)
			rows_from_shards(lfirst_oid(cell));
		run_shard_ddl(relids, drops, extension_owner());
	}
	foreach(cell, relids)
		delete_table_metadata(lfirst_oid(cell));
	run_on_other_nodes(drops, InvalidOid);
}

PG_FUNCTION_INFO_V1(undistribute_table);

/* undistribute_table(table_name regclass): all rows come back to this server. */
Datum
undistribute_table(PG_FUNCTION_ARGS)
{
	Oid			relid;

	require_table_argument(fcinfo);
	ensure_coordinator();
	relid = PG_GETARG_OID(0);
	lock_owned_table(relid);
	undistribute(relid, distributed_members(relid));
	PG_RETURN_VOID();
}
