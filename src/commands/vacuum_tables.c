/*
 * vacuum_tables.c
 *		VACUUM and ANALYZE of distributed tables.
 *
 * Here the shards of this server join the list of tables; the other nodes get
 * a statement of their own with theirs.  Afterwards the shells learn what the
 * whole tables look like (table_statistics.h): PostgreSQL's planner asks them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "commands/ddl_run.h"
#include "commands/node_flight.h"
#include "commands/table_statistics.h"
#include "commands/utility_hook.h"
#include "compat/vacuum_compat.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"

/* Of a role, and never of a table. */
#define NO_TABLE	BOOTSTRAP_SUPERUSERID

/* A table of the statement, with the columns to analyze. */
typedef struct VacuumedTable
{
	Oid			relid;
	List	   *columns;		/* of String */
}			VacuumedTable;

static List *
add_table(List *tables, Oid relid, List *columns)
{
	VacuumedTable *entry = palloc(sizeof(VacuumedTable));

	entry->relid = relid;
	entry->columns = columns;
	return lappend(tables, entry);
}

static Oid
vacuumed_relid(const VacuumRelation *rel)
{
	return rel->relation ? RangeVarGetRelid(rel->relation, NoLock, true) : rel->oid;
}

/* Whose table it is not, PostgreSQL warns, here and once. */
static bool
is_ours(Oid relid)
{
	return OidIsValid(relid) && dist_table_find(relid) != NULL && compat_may_maintain(relid);
}

/*
 * Distributed tables of the statement; all of them when it names none, where
 * partitions come with their tables.
 */
static List *
find_tables(const VacuumStmt *stmt)
{
	List	   *tables = NIL;
	ListCell   *lc;

	if (stmt->rels == NIL)
	{
		foreach(lc, dist_table_list(0))
		{
			if (is_ours(lfirst_oid(lc)) && !get_rel_relispartition(lfirst_oid(lc)))
				tables = add_table(tables, lfirst_oid(lc), NIL);
		}
		return tables;
	}
	foreach(lc, stmt->rels)
	{
		VacuumRelation *rel = lfirst_node(VacuumRelation, lc);
		Oid			relid = vacuumed_relid(rel);

		if (is_ours(relid))
			tables = add_table(tables, relid, rel->va_cols);
	}
	return tables;
}

static bool
option_is_set(const VacuumStmt *stmt, const char *name)
{
	bool		set = false;
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, name) == 0)
			set = defGetBoolean(lfirst(lc));
	}
	return set;
}

/* Without VERBOSE: we say ourselves what concerns the whole table. */
static List *
quiet_options(List *options)
{
	List	   *quiet = NIL;
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "verbose") != 0)
			quiet = lappend(quiet, lfirst(lc));
	}
	return quiet;
}

static char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
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
	char	   *options = ddl_options_text(stmt->is_vacuumcmd ? stmt->options :
										   quiet_options(stmt->options));
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, tables)
	{
		const VacuumedTable *entry = lfirst(lc);
		DistTable  *table = dist_table_get(entry->relid);

		if (table->kind == DIST_REFERENCE)
		{
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 qualified_name(entry->relid));
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

/* Shards on this server, as tables of a statement. */
static List *
local_shards(List *tables)
{
	List	   *rels = NIL;
	ListCell   *lc;

	foreach(lc, tables)
	{
		const VacuumedTable *entry = lfirst(lc);
		DistTable  *table = dist_table_get(entry->relid);

		for (int i = 0; table->group != NULL && i < table->group->nshards; i++)
		{
			int64		id = table->group->shards[i].shard_id;

			if (table->group->shards[i].node_id == local_node_id())
				rels = lappend(rels,
							   makeVacuumRelation(makeRangeVar(SHARDLITE_SHARDS_SCHEMA,
															   shard_table_name(table->prefix, id), -1),
												  InvalidOid, copyObject(entry->columns)));
		}
	}
	return rels;
}

/*
 * VACUUM refuses transaction blocks, so nodes run it alone; ANALYZE belongs to
 * the transaction if there is one.  What it has to say is said of the whole
 * table.
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
		if (stmt->is_vacuumcmd)
			flights = flight_start_alone(flights, node->address.node_id, sql);
		else
			flights = flight_start_all(flights, node->address.node_id,
									   list_make3((void *) "SET LOCAL client_min_messages = error", sql,
												  psprintf("SET LOCAL client_min_messages = %s",
														   GetConfigOption("client_min_messages", false, false))));
	}
	flight_finish(flights);
}

/* --------------------------------------------------------- the whole table */

/* What PostgreSQL's ANALYZE says about its list of columns. */
static void
check_columns(const VacuumedTable *entry)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, entry->columns)
	{
		const char *name = strVal(lfirst(lc));

		if (get_attnum(entry->relid, name) <= InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							name, get_rel_name(entry->relid))));
		for_each_from(lc2, entry->columns, foreach_current_index(lc) + 1)
		{
			if (strcmp(name, strVal(lfirst(lc2))) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" of relation \"%s\" appears more than once",
								name, get_rel_name(entry->relid))));
		}
	}
}

/*
 * ANALYZE of an empty shell would say that the table is empty, so only its
 * shards are analyzed.
 */
static void
analyze_here(UtilityCall *call, List *tables)
{
	VacuumStmt *stmt = castNode(VacuumStmt, call->stmt);
	MemoryContext cxt = CurrentMemoryContext;
	int			shown = client_min_messages;
	List	   *others = NIL;
	ListCell   *lc;

	if (stmt->rels == NIL)
	{
		utility_standard(call);
		return;
	}
	foreach(lc, tables)
		check_columns(lfirst(lc));
	foreach(lc, stmt->rels)
	{
		Oid			relid = vacuumed_relid(lfirst(lc));

		if (!is_ours(relid) || dist_table_get(relid)->kind == DIST_REFERENCE)
			others = lappend(others, lfirst(lc));
	}
	stmt->rels = others;
	if (others != NIL)
		utility_standard(call);
	/* it may have ended the transaction */
	MemoryContextSwitchTo(cxt);
	stmt->rels = local_shards(tables);
	stmt->options = quiet_options(stmt->options);
	/* to check the options, a table that cannot exist, which is passed over */
	if (stmt->rels == NIL)
		stmt->rels = list_make1(makeVacuumRelation(NULL, NO_TABLE, NIL));
	/* a setting's nesting would not survive the transactions that ANALYZE ends */
	client_min_messages = ERROR;
	PG_TRY();
	{
		utility_standard(call);
	}
	PG_FINALLY();
	{
		client_min_messages = shown;
	}
	PG_END_TRY();
}

/* Tables and their partitions, each once. */
static List *
whole_tables(List *tables)
{
	List	   *whole = NIL;
	List	   *seen = NIL;
	ListCell   *lc,
			   *lc2;

	foreach(lc, tables)
	{
		const VacuumedTable *entry = lfirst(lc);

		if (dist_table_get(entry->relid)->kind == DIST_REFERENCE)
			continue;
		foreach(lc2, find_all_inheritors(entry->relid, NoLock, NULL))
		{
			if (entry->columns == NIL && list_member_oid(seen, lfirst_oid(lc2)))
				continue;
			seen = lappend_oid(seen, lfirst_oid(lc2));
			whole = add_table(whole, lfirst_oid(lc2), entry->columns);
		}
	}
	return whole;
}

/*
 * One at a time works on a table's statistics, whichever node it is on: the
 * coordinator's shell is locked first.  False if we are told not to wait.
 */
static bool
lock_shell(const VacuumStmt *stmt, Oid relid)
{
	if (local_node_id() != COORDINATOR_NODE_ID)
	{
		Oid			user;
		int			context;

		GetUserIdAndSecContext(&user, &context);
		SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
		dist_xact_execute(COORDINATOR_NODE_ID,
						  psprintf("LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE",
								   qualified_name(relid)));
		SetUserIdAndSecContext(user, context);
	}
	if (!option_is_set(stmt, "skip_locked"))
		LockRelationOid(relid, ShareUpdateExclusiveLock);
	else if (!ConditionalLockRelationOid(relid, ShareUpdateExclusiveLock))
	{
		ereport(WARNING,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("skipping analyze of \"%s\" --- lock not available",
						get_rel_name(relid))));
		return false;
	}
	return get_rel_name(relid) != NULL && dist_table_find(relid) != NULL;
}

/* In the order of their names, in which everybody locks them. */
static int
compare_tables(const ListCell *a, const ListCell *b)
{
	Oid			left = ((VacuumedTable *) lfirst(a))->relid;
	Oid			right = ((VacuumedTable *) lfirst(b))->relid;

	return strcmp(qualified_name(left), qualified_name(right));
}

/* The entries that we could lock. */
static List *
lock_shells(const VacuumStmt *stmt, List *whole)
{
	List	   *locked = NIL;
	ListCell   *lc;

	foreach(lc, whole)
	{
		if (get_rel_name(((VacuumedTable *) lfirst(lc))->relid) == NULL)
			whole = foreach_delete_current(whole, lc);
	}
	list_sort(whole, compare_tables);
	foreach(lc, whole)
	{
		if (lock_shell(stmt, ((VacuumedTable *) lfirst(lc))->relid))
			locked = lappend(locked, lfirst(lc));
	}
	return locked;
}

static void
update_shells(const VacuumStmt *stmt, List *whole)
{
	int			elevel = option_is_set(stmt, "verbose") ? INFO : DEBUG2;
	ListCell   *lc;

	foreach(lc, whole)
	{
		const VacuumedTable *entry = lfirst(lc);

		if (!stmt->is_vacuumcmd || option_is_set(stmt, "analyze"))
			table_statistics_update(entry->relid, entry->columns, elevel);
		else
			table_size_update(entry->relid);
	}
}

/* ANALYZE belongs to the transaction if there is one, and so do its locks. */
static void
analyze_tables(UtilityCall *call, const VacuumStmt *typed, List *tables)
{
	MemoryContext cxt = CurrentMemoryContext;
	List	   *whole = whole_tables(tables);

	if (IsInTransactionBlock(call->context == PROCESS_UTILITY_TOPLEVEL))
		whole = lock_shells(typed, whole);
	analyze_here(call, tables);
	MemoryContextSwitchTo(cxt);
	/* outside of a block, this is another transaction now */
	PushActiveSnapshot(GetTransactionSnapshot());
	whole = lock_shells(typed, whole);
	run_on_nodes(typed, tables);
	update_shells(typed, whole);
	PopActiveSnapshot();
}

static void
vacuum_tables(UtilityCall *call, const VacuumStmt *typed, List *tables)
{
	VacuumStmt *stmt = castNode(VacuumStmt, call->stmt);
	MemoryContext cxt = CurrentMemoryContext;

	if (stmt->rels != NIL)
		stmt->rels = list_concat(stmt->rels, local_shards(tables));
	utility_standard(call);
	MemoryContextSwitchTo(cxt);
	/* VACUUM has committed; what follows runs in the transaction after it */
	PushActiveSnapshot(GetTransactionSnapshot());
	run_on_nodes(typed, tables);
	update_shells(typed, lock_shells(typed, whole_tables(tables)));
	PopActiveSnapshot();
}

void
handle_vacuum(UtilityCall *call)
{
	VacuumStmt *stmt = castNode(VacuumStmt, call->stmt);
	List	   *tables = dist_tables_exist() ? find_tables(stmt) : NIL;

	if (tables == NIL)
		utility_standard(call);
	else if (stmt->is_vacuumcmd)
		vacuum_tables(call, copyObject(stmt), tables);
	else
		analyze_tables(call, copyObject(stmt), tables);
}
