/*
 * vacuum_tables.c
 *		VACUUM and ANALYZE of distributed tables.
 *
 * Here the shards of this server join the list of tables; the other nodes get
 * a statement of their own with theirs.  Afterwards the shell learns how many
 * rows and pages the shards have: PostgreSQL's planner asks it.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "commands/ddl_run.h"
#include "commands/node_flight.h"
#include "commands/node_join.h"
#include "commands/utility_hook.h"
#include "compat/catalog_compat.h"
#include "compat/vacuum_compat.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"

/* A table of the statement, with the columns to analyze. */
typedef struct VacuumedTable
{
	Oid			relid;
	List	   *columns;		/* of String */
}			VacuumedTable;

/* Whose table it is not, PostgreSQL warns, here and once. */
static List *
add_table(List *tables, Oid relid, List *columns)
{
	VacuumedTable *entry = palloc(sizeof(VacuumedTable));

	if (!compat_owns_relation(relid, GetUserId()))
		return tables;
	entry->relid = relid;
	entry->columns = columns;
	return lappend(tables, entry);
}

/* Distributed tables of the statement; all of them when it names none. */
static List *
find_tables(const VacuumStmt *stmt)
{
	List	   *tables = NIL;
	ListCell   *lc;

	if (stmt->rels == NIL)
	{
		foreach(lc, dist_table_list(0))
			tables = add_table(tables, lfirst_oid(lc), NIL);
		return tables;
	}
	foreach(lc, stmt->rels)
	{
		VacuumRelation *rel = lfirst_node(VacuumRelation, lc);
		Oid			relid = rel->relation ?
			RangeVarGetRelid(rel->relation, NoLock, true) : rel->oid;

		if (OidIsValid(relid) && dist_table_find(relid) != NULL)
			tables = add_table(tables, relid, rel->va_cols);
	}
	return tables;
}

static void
append_columns(StringInfo sql, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
		appendStringInfo(sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : " (",
						 quote_identifier(strVal(lfirst(lc))));
	if (columns != NIL)
		appendStringInfoChar(sql, ')');
}

/* The statement for the shards on one node, or NULL. */
static char *
node_statement(const VacuumStmt *stmt, List *tables, int32 node_id)
{
	StringInfoData names;
	char	   *options = ddl_options_text(stmt->options);
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, tables)
	{
		const VacuumedTable *entry = lfirst(lc);
		DistTable  *table = dist_table_get(entry->relid);

		if (table->kind == DIST_REFERENCE)
		{
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 quote_qualified_identifier(get_namespace_name(get_rel_namespace(entry->relid)),
														get_rel_name(entry->relid)));
			append_columns(&names, entry->columns);
			continue;
		}
		for (int i = 0; i < table->group->nshards; i++)
		{
			if (table->group->shards[i].node_id != node_id)
				continue;
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 shard_table_qualified_name(table, table->group->shards[i].shard_id));
			append_columns(&names, entry->columns);
		}
	}
	if (names.len == 0)
		return NULL;
	return psprintf("%s%s%s%s %s", stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE",
					options[0] ? " (" : "", options, options[0] ? ")" : "",
					names.data);
}

/* Let the local statement take this server's shards along. */
static void
add_local_shards(VacuumStmt *stmt, List *tables)
{
	ListCell   *lc;

	if (stmt->rels == NIL)
		return;
	foreach(lc, tables)
	{
		const VacuumedTable *entry = lfirst(lc);
		DistTable  *table = dist_table_get(entry->relid);

		for (int i = 0; table->group != NULL && i < table->group->nshards; i++)
		{
			int64		id = table->group->shards[i].shard_id;

			if (table->group->shards[i].node_id == local_node_id())
				stmt->rels = lappend(stmt->rels,
									 makeVacuumRelation(makeRangeVar(SHARDLITE_SHARDS_SCHEMA,
																	 shard_table_name(table->prefix, id), -1),
														InvalidOid, copyObject(entry->columns)));
		}
	}
}

/* Pages and rows of some shards on one node, as its catalog knows them. */
static char *
size_query(DistTable *table, int32 node_id)
{
	StringInfoData sql;
	bool		any = false;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT pg_catalog.sum(relpages), pg_catalog.sum(greatest(reltuples, 0)) FROM pg_catalog.pg_class"
						   " WHERE relnamespace = 'shardlite_shards'::pg_catalog.regnamespace AND relname IN (");
	for (int i = 0; i < table->group->nshards; i++)
	{
		if (table->group->shards[i].node_id != node_id)
			continue;
		appendStringInfo(&sql, "%s%s", any ? ", " : "",
						 quote_literal_cstr(shard_table_name(table->prefix, table->group->shards[i].shard_id)));
		any = true;
	}
	appendStringInfoChar(&sql, ')');
	return any ? sql.data : NULL;
}

static void
update_shell(Oid relid)
{
	DistTable  *table = dist_table_get(relid);
	double		pages = 0;
	double		rows = 0;
	Relation	rel;
	ListCell   *lc;

	if (table->group == NULL)
		return;
	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		char	   *sql = size_query(table, node->address.node_id);
		char	  **row;

		if (sql == NULL)
			continue;
		row = linitial(node->is_local ? local_fetch(sql) :
					   node_fetch(node->address.node_id, sql));
		pages += row[0] ? strtod(row[0], NULL) : 0;
		rows += row[1] ? strtod(row[1], NULL) : 0;
	}
	rel = table_open(relid, ShareUpdateExclusiveLock);
	compat_update_relstats(rel, (BlockNumber) Min(pages, (double) MaxBlockNumber), rows);
	table_close(rel, NoLock);
}

/*
 * VACUUM refuses transaction blocks, so nodes run it alone; ANALYZE belongs to
 * the transaction if there is one.
 */
static void
run_on_nodes(const VacuumStmt *stmt, List *tables)
{
	List	   *flights = NIL;
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		char	   *sql;

		if (node->is_local)
			continue;
		sql = node_statement(stmt, tables, node->address.node_id);
		if (sql == NULL)
			continue;
		flights = stmt->is_vacuumcmd ?
			flight_start_alone(flights, node->address.node_id, sql) :
			flight_start(flights, node->address.node_id, sql);
	}
	flight_finish(flights);
}

void
handle_vacuum(UtilityCall *call)
{
	VacuumStmt *stmt = castNode(VacuumStmt, call->stmt);
	List	   *tables = dist_tables_exist() ? find_tables(stmt) : NIL;
	MemoryContext cxt = CurrentMemoryContext;
	VacuumStmt *typed;
	ListCell   *lc;

	if (tables == NIL || local_node_id() != COORDINATOR_NODE_ID)
	{
		utility_standard(call);
		return;
	}
	typed = copyObject(stmt);
	add_local_shards(stmt, tables);
	utility_standard(call);
	MemoryContextSwitchTo(cxt);
	/* VACUUM has committed; what follows runs in the transaction after it */
	PushActiveSnapshot(GetTransactionSnapshot());
	run_on_nodes(typed, tables);
	foreach(lc, tables)
		update_shell(((VacuumedTable *) lfirst(lc))->relid);
	PopActiveSnapshot();
}
