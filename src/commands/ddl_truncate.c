/*
 * ddl_truncate.c
 *		TRUNCATE of distributed tables, alone or with others.
 *
 * Reference tables, shells and shards refer to each other on every node, so
 * each node truncates its own in one statement.  Here this is the user's
 * statement, with this server's shards added.  A user who was only granted
 * TRUNCATE has no rights on the shards: he gets them for the time of the
 * statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "commands/ddl_run.h"
#include "commands/distribute.h"
#include "commands/node_flight.h"
#include "commands/shard_ddl.h"
#include "commands/utility_hook.h"
#include "metadata/node.h"

static RangeVar *
range_var(Oid relid, const List *typed)
{
	RangeVar   *rv = makeRangeVar(get_namespace_name(get_rel_namespace(relid)),
								  get_rel_name(relid), -1);
	ListCell   *lc;

	foreach(lc, typed)
	{
		if (RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true) == relid)
			rv->inh = lfirst_node(RangeVar, lc)->inh;
	}
	return rv;
}

/* The tables that the user named and, with CASCADE, those that refer to them. */
static List *
find_targets(const TruncateStmt *stmt, bool notices)
{
	List	   *relids = NIL;
	List	   *more;
	ListCell   *lc;

	foreach(lc, stmt->relations)
	{
		Oid			relid = RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true);

		if (OidIsValid(relid))
			relids = list_append_unique_oid(relids, relid);
	}
	if (stmt->behavior != DROP_CASCADE)
		return relids;
	do
	{
		more = NIL;
		foreach(lc, heap_truncate_find_FKs(relids))
		{
			if (!is_shard_table(lfirst_oid(lc)))
				more = lappend_oid(more, lfirst_oid(lc));
		}
		foreach(lc, notices ? more : NIL)
			ereport(NOTICE,
					(errmsg("truncate cascades to table \"%s\"",
							get_rel_name(lfirst_oid(lc)))));
		relids = list_concat(relids, more);
	} while (more != NIL);
	return relids;
}

/* This server's shards of the tables. */
static List *
local_shards(List *relids)
{
	List	   *shards = NIL;
	ListCell   *lc;

	foreach(lc, relids)
	{
		DistTable  *table = dist_table_find(lfirst_oid(lc));

		for (int i = 0; table && table->group && i < table->group->nshards; i++)
		{
			if (table->group->shards[i].node_id == local_node_id())
				shards = lappend_oid(shards, shard_table_oid(table, table->group->shards[i].shard_id));
		}
	}
	return shards;
}

static bool
may_truncate(List *relids)
{
	ListCell   *lc;

	foreach(lc, relids)
	{
		if (pg_class_aclcheck(lfirst_oid(lc), GetUserId(), ACL_TRUNCATE) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* Let the user truncate shards, or no longer, as the extension's owner. */
static void
grant_truncate(List *shards, bool grant)
{
	Oid			user;
	int			context;
	StringInfoData sql;
	ListCell   *lc;

	GetUserIdAndSecContext(&user, &context);
	initStringInfo(&sql);
	foreach(lc, shards)
	{
		LockRelationOid(lfirst_oid(lc), AccessExclusiveLock);
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_qualified_identifier(SHARDLITE_SHARDS_SCHEMA,
													get_rel_name(lfirst_oid(lc))));
	}
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	ddl_run_as_typed(psprintf("%s TRUNCATE ON %s %s %s", grant ? "GRANT" : "REVOKE",
							  sql.data, grant ? "TO" : "FROM",
							  quote_identifier(GetUserNameFromId(user, false))), NIL);
	SetUserIdAndSecContext(user, context);
}

static void
truncate_here(UtilityCall * call, List *relids)
{
	TruncateStmt *stmt = castNode(TruncateStmt, call->stmt);
	List	   *typed = stmt->relations;
	ListCell   *lc;

	stmt->relations = NIL;
	stmt->behavior = DROP_RESTRICT;
	foreach(lc, relids)
		stmt->relations = lappend(stmt->relations, range_var(lfirst_oid(lc), typed));
	utility_standard(call);
}

static void
append_name(StringInfo sql, const char *name)
{
	appendStringInfo(sql, "%s%s", sql->len > 0 ? ", " : "", name);
}

/* TRUNCATE for one node, of reference tables, shells and shards; or NULL. */
static char *
node_statement(List *relids, const ClusterNode *node, bool restart)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, relids)
	{
		DistTable  *table = dist_table_find(lfirst_oid(lc));

		if (table == NULL)
			continue;
		append_name(&names, quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
													   get_rel_name(table->relid)));
		for (int i = 0; table->group != NULL && i < table->group->nshards; i++)
		{
			if (table->group->shards[i].node_id == node->address.node_id)
				append_name(&names, shard_table_qualified_name(table, table->group->shards[i].shard_id));
		}
	}
	if (names.len == 0)
		return NULL;
	return psprintf("TRUNCATE %s %s", names.data,
					restart ? "RESTART IDENTITY" : "CONTINUE IDENTITY");
}

static void
truncate_on_others(List *relids, bool restart)
{
	List	   *flights = NIL;
	Oid			user;
	int			context;
	ListCell   *lc;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		char	   *sql = node->is_local ? NULL : node_statement(relids, node, restart);

		if (sql != NULL)
			flights = flight_start(flights, node->address.node_id,
								   run_as_typed_call(sql, NIL, false));
	}
	flight_finish(flights);
	SetUserIdAndSecContext(user, context);
}

void
handle_truncate(UtilityCall * call)
{
	TruncateStmt *stmt = castNode(TruncateStmt, call->stmt);
	bool		restart = stmt->restart_seqs;
	List	   *relids;
	List	   *shards;
	bool		distributed = false;
	bool		granted;
	ListCell   *lc;

	if (dist_tables_exist())
	{
		foreach(lc, find_targets(stmt, false))
			distributed = distributed || dist_table_find(lfirst_oid(lc)) != NULL;
	}
	if (!distributed)
	{
		utility_standard(call);
		return;
	}
	relids = find_targets(stmt, true);
	ensure_coordinator();
	shards = local_shards(relids);
	granted = !may_truncate(shards);
	if (granted)
		grant_truncate(shards, true);
	truncate_here(call, list_concat_copy(relids, shards));
	if (granted)
		grant_truncate(shards, false);
	truncate_on_others(relids, restart);
}
