/*
 * shard_ddl.c
 *		Send DDL to the nodes: one flight per node, all nodes at work at once,
 *		this node's own part in this backend meanwhile.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "utils/builtins.h"

#include "commands/ddl_names.h"
#include "commands/ddl_run.h"
#include "commands/node_flight.h"
#include "commands/shard_ddl.h"
#include "metadata/node.h"

/* ------------------------------------------------------------ array text */

static void
append_array(StringInfo sql, List *strings)
{
	ListCell   *lc;

	appendStringInfoString(sql, "ARRAY[");
	foreach(lc, strings)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(sql, ", ");
		appendStringInfoString(sql, quote_literal_cstr(lfirst(lc)));
	}
	appendStringInfoString(sql, "]::pg_catalog.text[]");
}

static List *
names_to_strings(List *names)
{
	List	   *strings = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		const DdlName *name = lfirst(lc);

		strings = lappend(strings, psprintf("%c", name->kind));
		strings = lappend(strings, (void *) name->schema);
		strings = lappend(strings, (void *) name->name);
		strings = lappend(strings, (void *) name->prefix);
	}
	return strings;
}

/* ------------------------------------------------------------- shard DDL */

static int
shards_of_node(const ShardGroup *group, int32 node_id, int64 *ids)
{
	int			n = 0;

	for (int i = 0; i < group->nshards; i++)
	{
		if (group->shards[i].node_id == node_id)
			ids[n++] = group->shards[i].shard_id;
	}
	return n;
}

static char *
run_on_shards_call(const ShardDdl *ddl, const int64 *ids, int nids)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT shardlite_internal.run_on_shards(");
	append_array(&sql, ddl->commands);
	appendStringInfoString(&sql, ", ");
	append_array(&sql, ddl->object_names);
	appendStringInfoString(&sql, ", ");
	append_array(&sql, names_to_strings(ddl->names));
	appendStringInfo(&sql, ", %s, '{", quote_literal_cstr(namespace_search_path));
	for (int i = 0; i < nids; i++)
		appendStringInfo(&sql, "%s" INT64_FORMAT, i > 0 ? "," : "", ids[i]);
	appendStringInfoString(&sql, "}')");
	return sql.data;
}

static void
run_local_shards(const ShardDdl *ddl, const int64 *ids, int nids)
{
	List	   *object_names = ddl->object_names;
	ListCell   *lc;

	foreach(lc, ddl->commands)
	{
		ddl_run_on_shards(lfirst(lc), object_names, ddl->names, ids, nids);
		object_names = NIL;
	}
}

/* Errors speak of the tables that the user knows. */
static void
rethrow_with_logical_names(MemoryContext cxt)
{
	ErrorData  *edata;

	MemoryContextSwitchTo(cxt);
	edata = CopyErrorData();
	FlushErrorState();
	edata->message = logical_names_in_text(edata->message);
	edata->detail = logical_names_in_text(edata->detail);
	edata->hint = logical_names_in_text(edata->hint);
	ReThrowError(edata);
}

void
shard_ddl_execute(const ShardDdl *ddl)
{
	const ShardGroup *group = shard_group_get(ddl->colocation_id);
	int64	   *ids = palloc(sizeof(int64) * group->nshards);
	MemoryContext cxt = CurrentMemoryContext;
	List	   *flights = NIL;
	ListCell   *lc;
	int			nids;

	PG_TRY();
	{
		foreach(lc, node_list())
		{
			const ClusterNode *node = lfirst(lc);

			nids = shards_of_node(group, node->address.node_id, ids);
			if (nids > 0 && !node->is_local)
				flights = flight_start(flights, node->address.node_id,
									   run_on_shards_call(ddl, ids, nids));
		}
		nids = shards_of_node(group, local_node_id(), ids);
		if (nids > 0)
			run_local_shards(ddl, ids, nids);
		flight_finish(flights);
	}
	PG_CATCH();
	{
		rethrow_with_logical_names(cxt);
	}
	PG_END_TRY();
	CommandCounterIncrement();
}

void
shard_ddl_run_list(List *relids, List *commands)
{
	ShardDdl	ddl = {.commands = commands};
	ListCell   *lc;

	foreach(lc, relids)
	{
		ddl.names = ddl_names_of_table(ddl.names, lfirst_oid(lc));
		ddl.colocation_id = dist_table_get(lfirst_oid(lc))->colocation_id;
	}
	foreach(lc, commands)
		ddl.names = list_concat(ddl.names, ddl_names_collect(ddl_parse(lfirst(lc))));
	shard_ddl_execute(&ddl);
}

void
shard_ddl_run(List *relids, const char *command)
{
	shard_ddl_run_list(relids, list_make1(pstrdup(command)));
}

/* ------------------------------------------------------ other nodes' shells */

char *
run_as_typed_call(const char *command, List *object_names, bool skip_missing)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT shardlite_internal.run_as_typed(%s, ",
					 quote_literal_cstr(command));
	append_array(&sql, object_names);
	appendStringInfo(&sql, ", %s, %s)", quote_literal_cstr(namespace_search_path),
					 skip_missing ? "true" : "false");
	return sql.data;
}

static void
send_to_others(const char *sql)
{
	List	   *flights = NIL;
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);

		if (!node->is_local)
			flights = flight_start(flights, node->address.node_id, sql);
	}
	flight_finish(flights);
}

void
ddl_run_on_others(const char *command, List *object_names)
{
	if (list_length(node_list()) > 1)
		send_to_others(run_as_typed_call(command, object_names, false));
}

void
ddl_run_object_on_others(const char *command)
{
	if (list_length(node_list()) > 1)
		send_to_others(run_as_typed_call(command, NIL, true));
}
