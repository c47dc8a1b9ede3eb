/*
 * ddl_drop.c
 *		DROP, of anything: distributed tables that go away, also by CASCADE,
 *		take their shards and metadata along on every node.
 *
 * Which tables go away is only known when PostgreSQL drops them: the object
 * access hook notes them while the statement runs, and the handler finishes
 * the work.  The same hook keeps strangers out of the schema of the shards.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic_ext.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "commands/ddl_check.h"
#include "commands/ddl_names.h"
#include "commands/ddl_run.h"
#include "commands/distribute.h"
#include "commands/metadata_write.h"
#include "commands/node_flight.h"
#include "commands/shard_ddl.h"
#include "commands/utility_hook.h"
#include "common/node_session.h"
#include "metadata/dist_function.h"
#include "metadata/metadata_cache.h"
#include "metadata/node.h"

/* A distributed table that the running statement drops. */
typedef struct DroppedTable
{
	Oid			relid;
	DistKind	kind;
	int32		colocation_id;
	const ShardGroup *group;	/* NULL for reference tables */
	char	   *prefix;
	char	   *name;			/* qualified */
}			DroppedTable;

static object_access_hook_type next_hook = NULL;

/* Tables noted so far, while a handler collects them. */
static List *dropped = NIL;
static bool collecting = false;

/* ------------------------------------------------------------------- hook */

static void
note_table(const DistTable *table)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	DroppedTable *entry = palloc(sizeof(DroppedTable));

	if (!collecting)
		elog(ERROR, "distributed table \"%s\" dropped by an unexpected statement",
			 get_rel_name(table->relid));
	ensure_coordinator();
	entry->relid = table->relid;
	entry->kind = table->kind;
	entry->colocation_id = table->colocation_id;
	entry->group = table->group;
	entry->prefix = table->prefix ? pstrdup(table->prefix) : NULL;
	entry->name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
											 get_rel_name(table->relid));
	dropped = lappend(dropped, entry);
	MemoryContextSwitchTo(old);
}

static void
before_drop(Oid relid, int column)
{
	DistTable  *table = dist_table_find(relid);

	if (table == NULL)
		return;
	if (column == 0)
		note_table(table);
	else if (table->kind == DIST_HASH && column == table->key_attno)
		refuse_drop_of_key(table);
}

/* The new relation is not visible to caches yet. */
static Oid
namespace_of_new_relation(Oid relid)
{
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	Oid			result = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tup;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, ClassOidIndexId, true, SnapshotSelf, 1, &key);
	tup = systable_getnext(scan);
	if (HeapTupleIsValid(tup))
		result = ((Form_pg_class) GETSTRUCT(tup))->relnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

static void
after_create(Oid relid)
{
	if (superuser() ||
		namespace_of_new_relation(relid) != metadata_cache()->oids.shards_schema)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for schema %s", SHARDLITE_SHARDS_SCHEMA)));
}

static void
object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id,
			  void *arg)
{
	if (next_hook)
		next_hook(access, class_id, object_id, sub_id, arg);
	if (class_id != RelationRelationId || node_session || ddl_running() ||
		object_id < FirstNormalObjectId || !IsTransactionState() ||
		!metadata_cache()->installed)
		return;
	if (access == OAT_DROP)
		before_drop(object_id, sub_id);
	else if (access == OAT_POST_CREATE && sub_id == 0)
		after_create(object_id);
}

void
drop_init(void)
{
	next_hook = object_access_hook;
	object_access_hook = object_access;
}

/* ------------------------------------------------------------ shard tables */

/* DROP TABLE for all shards of the tables on one node; NULL if none. */
static char *
drop_shards_statement(List *tables, int32 node_id)
{
	StringInfoData sql;
	bool		any = false;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "DROP TABLE IF EXISTS ");
	foreach(lc, tables)
	{
		const DroppedTable *table = lfirst(lc);

		for (int i = 0; table->group != NULL && i < table->group->nshards; i++)
		{
			const Shard *shard = &table->group->shards[i];

			if (shard->node_id != node_id)
				continue;
			appendStringInfo(&sql, "%s%s", any ? ", " : "",
							 quote_qualified_identifier(SHARDLITE_SHARDS_SCHEMA,
														shard_table_name(table->prefix, shard->shard_id)));
			any = true;
		}
	}
	appendStringInfoString(&sql, " CASCADE");
	return any ? sql.data : NULL;
}

/* What a node runs: forget the tables, drop their shells and shards. */
static List *
drop_statements(List *tables, int32 node_id, bool shells)
{
	List	   *statements = NIL;
	StringInfoData names;
	char	   *shards = drop_shards_statement(tables, node_id);
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, tables)
	{
		const DroppedTable *table = lfirst(lc);

		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", table->name);
		statements = lappend(statements,
							 psprintf("DELETE FROM shardlite.distributed_table WHERE relid = pg_catalog.to_regclass(%s)",
									  quote_literal_cstr(table->name)));
	}
	if (shards)
		statements = lappend(statements, run_as_typed_call(shards, NIL, false));
	if (shells)
		statements = lappend(statements,
							 run_as_typed_call(psprintf("DROP TABLE IF EXISTS %s CASCADE", names.data),
											   NIL, false));
	return statements;
}

static void
drop_local(List *tables)
{
	char	   *shards = drop_shards_statement(tables, local_node_id());
	ListCell   *lc;

	if (shards)
		ddl_run_as_typed(shards, NIL);
	foreach(lc, tables)
		metadata_write_local(psprintf("DELETE FROM shardlite.distributed_table WHERE relid = %u",
									  ((DroppedTable *) lfirst(lc))->relid));
}

/* A group that lost its last table goes, too; else its shards would stay. */
static void
drop_empty_groups(List *tables)
{
	List	   *done = NIL;
	ListCell   *lc;

	foreach(lc, tables)
	{
		int32		id = ((DroppedTable *) lfirst(lc))->colocation_id;

		if (id == 0 || list_member_int(done, id))
			continue;
		metadata_write(psprintf("DELETE FROM shardlite.colocation c WHERE colocation_id = %d AND NOT EXISTS"
								" (SELECT FROM shardlite.distributed_table t WHERE t.colocation_id = c.colocation_id)",
								id));
		done = lappend_int(done, id);
	}
}

/*
 * Finish the drop of tables whose local shells are gone.  shells: drop them on
 * the other nodes; else the statement itself will do that there.
 */
static void
finish_drop(List *tables, bool shells)
{
	Oid			user;
	int			context;
	List	   *flights = NIL;
	ListCell   *lc;

	if (tables == NIL)
		return;
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);

		if (!node->is_local)
			flights = flight_start_all(flights, node->address.node_id,
									   drop_statements(tables, node->address.node_id, shells));
	}
	drop_local(tables);
	flight_finish(flights);
	drop_empty_groups(tables);
	SetUserIdAndSecContext(user, context);
}

/* ---------------------------------------------------------------- handlers */

/* Run the statement here and return the distributed tables that it dropped. */
static List *
run_collecting(UtilityCall * call)
{
	List	   *outer = dropped;
	bool		outer_collecting = collecting;
	List	   *result;

	dropped = NIL;
	collecting = true;
	PG_TRY();
	{
		utility_logical(call);
		result = dropped;
	}
	PG_FINALLY();
	{
		dropped = outer;
		collecting = outer_collecting;
	}
	PG_END_TRY();
	CommandCounterIncrement();
	return result;
}

/* An index or statistics object of a distributed table that is being dropped. */
typedef struct DroppedPart
{
	ShardDdl	ddl;
	bool		has_shards;
	char	   *command;
}			DroppedPart;

static DroppedPart *
make_part(const DropStmt *stmt, const DistTable *table, Oid schema,
		  const char *name)
{
	DroppedPart *part = palloc0(sizeof(DroppedPart));
	const char *schema_name = get_namespace_name(schema);
	DdlName    *entry = palloc(sizeof(DdlName));

	part->command = psprintf("DROP %s IF EXISTS %s %s",
							 stmt->removeType == OBJECT_INDEX ? "INDEX" : "STATISTICS",
							 quote_qualified_identifier(schema_name, name),
							 stmt->behavior == DROP_CASCADE ? "CASCADE" : "RESTRICT");
	part->has_shards = table->kind != DIST_REFERENCE;
	part->ddl.colocation_id = table->colocation_id;
	part->ddl.commands = list_make1(part->command);
	entry->kind = 'i';
	entry->schema = schema_name;
	entry->name = pstrdup(name);
	entry->prefix = table->prefix ? pstrdup(table->prefix) : "";
	part->ddl.names = list_make1(entry);
	return part;
}

static DroppedPart *
find_part(const DropStmt *stmt, List *name)
{
	Oid			oid;
	Oid			relid;
	Oid			schema;
	DistTable  *table;
	HeapTuple	tup;

	if (stmt->removeType == OBJECT_INDEX)
	{
		oid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
		if (!OidIsValid(oid) || (get_rel_relkind(oid) != RELKIND_INDEX &&
								 get_rel_relkind(oid) != RELKIND_PARTITIONED_INDEX))
			return NULL;
		table = dist_table_find(IndexGetRelation(oid, false));
		return table == NULL ? NULL :
			make_part(stmt, table, get_rel_namespace(oid), get_rel_name(oid));
	}
	oid = get_statistics_object_oid(name, true);
	relid = OidIsValid(oid) ? StatisticsGetRelation(oid, true) : InvalidOid;
	table = OidIsValid(relid) ? dist_table_find(relid) : NULL;
	if (table == NULL)
		return NULL;
	tup = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(oid));
	schema = ((Form_pg_statistic_ext) GETSTRUCT(tup))->stxnamespace;
	ReleaseSysCache(tup);
	return make_part(stmt, table, schema, strVal(llast(name)));
}

/*
 * Indexes and extended statistics.  The local DROP has checked privileges; on
 * the shards none apply that the user could have.
 */
static void
drop_parts(UtilityCall * call, DropStmt *stmt)
{
	List	   *parts = NIL;
	ListCell   *lc;
	Oid			user;
	int			context;

	foreach(lc, stmt->objects)
	{
		DroppedPart *part = find_part(stmt, lfirst(lc));

		if (part != NULL)
			parts = lappend(parts, part);
	}
	if (parts != NIL)
	{
		ensure_coordinator();
		lock_cluster_nodes();
	}
	utility_standard(call);
	CommandCounterIncrement();
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	foreach(lc, parts)
	{
		DroppedPart *part = lfirst(lc);

		ddl_run_on_others(part->command, NIL);
		if (part->has_shards)
			shard_ddl_execute(&part->ddl);
	}
	SetUserIdAndSecContext(user, context);
}

static bool
is_own_extension(const DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		if (strcmp(strVal(lfirst(lc)), "shardlite") == 0)
			return true;
	}
	return false;
}

/* Everything else: what the other nodes have of it, they drop as well. */
static void
drop_objects(UtilityCall * call, DropStmt *stmt)
{
	bool		several = list_length(node_list()) > 1;
	List	   *tables;

	if (several)
	{
		ensure_coordinator();
		lock_cluster_nodes();
	}
	tables = run_collecting(call);
	finish_drop(tables, false);
	if (several)
		ddl_run_object_on_others(utility_text(call));
}

/* They are gone on every node: so are their rows. */
static void
forget_dropped_functions(void)
{
	CommandCounterIncrement();
	if (dist_functions_dropped())
		metadata_write("DELETE FROM shardlite.distributed_function WHERE NOT EXISTS"
					   " (SELECT FROM pg_catalog.pg_proc WHERE oid = function)");
}

static void
drop_by_kind(UtilityCall * call, DropStmt *stmt)
{
	switch (stmt->removeType)
	{
		case OBJECT_INDEX:
			if (stmt->concurrent && list_length(stmt->objects) == 1 &&
				find_part(stmt, linitial(stmt->objects)) != NULL)
				drop_index_concurrently(call);
			else
				drop_parts(call, stmt);
			break;
		case OBJECT_STATISTIC_EXT:
			drop_parts(call, stmt);
			break;
		case OBJECT_POLICY:
			handle_table_statement(call);
			break;
		case OBJECT_EXTENSION:
			if (is_own_extension(stmt))
			{
				check_drop_extension(stmt->behavior == DROP_CASCADE);
				utility_standard(call);
				break;
			}
			drop_objects(call, stmt);
			break;
		case OBJECT_TABLE:
			finish_drop(run_collecting(call), true);
			break;
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
		case OBJECT_EVENT_TRIGGER:
		case OBJECT_PUBLICATION:
		case OBJECT_FDW:
		case OBJECT_FOREIGN_SERVER:
		case OBJECT_ACCESS_METHOD:
			utility_standard(call);
			break;
		default:
			drop_objects(call, stmt);
			break;
	}
}

void
handle_drop(UtilityCall * call)
{
	drop_by_kind(call, castNode(DropStmt, call->stmt));
	forget_dropped_functions();
}

void
handle_drop_owned(UtilityCall * call)
{
	bool		several = list_length(node_list()) > 1;
	List	   *tables;

	if (several)
	{
		ensure_coordinator();
		lock_cluster_nodes();
	}
	tables = run_collecting(call);
	finish_drop(tables, false);
	if (several)
		ddl_run_object_on_others(utility_text(call));
	forget_dropped_functions();
}
