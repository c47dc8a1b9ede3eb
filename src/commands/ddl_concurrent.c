/*
 * ddl_concurrent.c
 *		CREATE, DROP and REINDEX ... CONCURRENTLY on distributed tables.
 *
 * These cannot run inside a transaction, so neither can the whole: the shell's
 * index comes first and is marked invalid until all shards have theirs; when
 * something fails on the way it stays invalid, as it does on one server, and
 * DROP INDEX removes what there is of it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/regproc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"

#include "commands/ddl_names.h"
#include "commands/ddl_run.h"
#include "commands/ddl_text.h"
#include "commands/node_flight.h"
#include "commands/utility_hook.h"
#include "compat/catalog_compat.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "metadata/shard_names.h"

/* Statements for one node, each to be run in a transaction of its own. */
typedef struct NodeWork
{
	int32		node_id;
	bool		is_local;
	List	   *statements;		/* of char * */
}			NodeWork;

/* What a shard, or another node's shell, has to run; palloc'd. */
typedef char *(*StatementMaker) (const void *arg, const char *table_name,
								 const char *index_name);


/* The portal's memory, in which we are, survives; that of a transaction not. */
static void
next_transaction(void)
{
	MemoryContext cxt = CurrentMemoryContext;

	while (ActiveSnapshotSet())
		PopActiveSnapshot();
	CommitTransactionCommand();
	StartTransactionCommand();
	MemoryContextSwitchTo(cxt);
}

/*
 * Collect the statements of all nodes: one per shard and, except here, one
 * for the shell.  index is the shell's index name and schema, or NULL.
 */
static List *
plan_work(Oid relid, const char *index, StatementMaker make, const void *arg)
{
	DistTable  *table = dist_table_get(relid);
	const char *schema = get_namespace_name(get_rel_namespace(relid));
	List	   *work = NIL;
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		NodeWork   *entry = palloc0(sizeof(NodeWork));

		entry->node_id = node->address.node_id;
		entry->is_local = node->is_local;
		for (int i = 0; table->group != NULL && i < table->group->nshards; i++)
		{
			int64		id = table->group->shards[i].shard_id;
			char	   *name = index ? shard_index_name(index, table->prefix, id) : "";

			if (table->group->shards[i].node_id == entry->node_id)
				entry->statements = lappend(entry->statements,
											make(arg, shard_table_qualified_name(table, id),
												 quote_qualified_identifier(SHARDLITE_SHARDS_SCHEMA, name)));
		}
		if (!node->is_local)
			entry->statements = lappend(entry->statements,
										make(arg, quote_qualified_identifier(schema, get_rel_name(relid)),
											 quote_qualified_identifier(schema, index ? index : "")));
		work = lappend(work, entry);
	}
	return work;
}

/* One statement at a time on every node, all nodes at once. */
static void
run_work(List *work)
{
	bool		more = true;
	ListCell   *lc;

	for (int i = 0; more; i++)
	{
		List	   *flights = NIL;

		more = false;
		foreach(lc, work)
		{
			const NodeWork *node = lfirst(lc);

			if (i >= list_length(node->statements) || node->is_local)
				continue;
			more = true;
			flights = flight_start_alone(flights, node->node_id,
										 list_nth(node->statements, i));
		}
		flight_finish(flights);
	}
	foreach(lc, work)
	{
		const NodeWork *node = lfirst(lc);
		ListCell   *lc2;

		foreach(lc2, node->is_local ? node->statements : NIL)
		{
			ddl_run_toplevel(lfirst(lc2));
			next_transaction();
		}
	}
}

/* ----------------------------------------------------------------- CREATE */

static char *
make_create(const void *arg, const char *table_name, const char *index_name)
{
	const char *const *parts = arg;
	List	   *names = stringToQualifiedNameList(index_name);

	return psprintf("CREATE %sINDEX CONCURRENTLY %s ON %s%s", parts[0],
					quote_identifier(strVal(llast(names))), table_name, parts[1]);
}

/* " USING ..." of an index's definition, all names qualified. */
static char *
definition_tail(Oid index, bool unique)
{
	Oid			relid = IndexGetRelation(index, false);
	int			level = ddl_settings_begin();
	char	   *text = pg_get_indexdef_string(index);
	char	   *head = psprintf("CREATE %sINDEX %s ON %s", unique ? "UNIQUE " : "",
								quote_identifier(get_rel_name(index)),
								quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
														   get_rel_name(relid)));

	ddl_settings_end(level);
	if (strncmp(text, head, strlen(head)) != 0)
		elog(ERROR, "unexpected index definition: %s", text);
	return text + strlen(head);
}

static void
report_invalid(MemoryContext cxt, const char *index_name)
{
	ErrorData  *edata;

	MemoryContextSwitchTo(cxt);
	edata = CopyErrorData();
	FlushErrorState();
	edata->message = logical_names_in_text(edata->message);
	edata->detail = logical_names_in_text(edata->detail);
	edata->hint = psprintf("Index \"%s\" is left invalid. Drop it, and create it again.",
						   index_name);
	ReThrowError(edata);
}

static void
build_shard_indexes(Oid relid, Oid index, const char *index_name, bool unique)
{
	const char *parts[2] = {unique ? "UNIQUE " : "", definition_tail(index, unique)};
	List	   *work = plan_work(relid, index_name, make_create, parts);
	MemoryContext cxt = CurrentMemoryContext;

	index_set_state_flags(index, INDEX_DROP_CLEAR_VALID);
	next_transaction();
	PG_TRY();
	{
		run_work(work);
	}
	PG_CATCH();
	{
		report_invalid(cxt, index_name);
	}
	PG_END_TRY();
	next_transaction();
	index_set_state_flags(index, INDEX_CREATE_SET_VALID);
	CacheInvalidateRelcacheByRelid(relid);
}

void
create_index_concurrently(UtilityCall *call, Oid relid)
{
	IndexStmt  *stmt = castNode(IndexStmt, call->stmt);
	Oid			schema = get_rel_namespace(relid);
	bool		unique = stmt->unique;
	MemoryContext cxt = CurrentMemoryContext;
	char	   *name;

	ensure_coordinator();
	(void) ddl_choose_names((Node *) stmt, relid);
	name = pstrdup(stmt->idxname);
	if (OidIsValid(get_relname_relid(name, schema)) ||
		get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
	{
		utility_standard(call);
		return;
	}
	utility_standard(call);
	MemoryContextSwitchTo(cxt);
	build_shard_indexes(relid, get_relname_relid(name, schema), name, unique);
}

/* ------------------------------------------------------------------- DROP */

static char *
make_drop(const void *arg, const char *table_name, const char *index_name)
{
	return psprintf("DROP INDEX CONCURRENTLY IF EXISTS %s", index_name);
}

/*
 * The shell's index goes last: as long as it is there, the command can be
 * repeated.
 */
void
drop_index_concurrently(UtilityCall *call)
{
	DropStmt   *stmt = castNode(DropStmt, call->stmt);
	RangeVar   *rv = makeRangeVarFromNameList(linitial(stmt->objects));
	Oid			index = RangeVarGetRelid(rv, NoLock, false);
	Oid			relid = IndexGetRelation(index, false);

	ensure_coordinator();
	PreventInTransactionBlock(call->context == PROCESS_UTILITY_TOPLEVEL,
							  "DROP INDEX CONCURRENTLY");
	if (!compat_owns_relation(index, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, rv->relname);
	/* PostgreSQL refuses these */
	if (!OidIsValid(get_index_constraint(index)) && stmt->behavior != DROP_CASCADE)
	{
		List	   *work = plan_work(relid, get_rel_name(index), make_drop, NULL);

		next_transaction();
		run_work(work);
		next_transaction();
		PushActiveSnapshot(GetTransactionSnapshot());
	}
	utility_standard(call);
	while (ActiveSnapshotSet())
		PopActiveSnapshot();
}

/* ---------------------------------------------------------------- REINDEX */

static char *
make_reindex_table(const void *arg, const char *table_name, const char *index_name)
{
	return psprintf("REINDEX (%s) TABLE %s", (const char *) arg, table_name);
}

static char *
make_reindex_index(const void *arg, const char *table_name, const char *index_name)
{
	return psprintf("REINDEX (%s) INDEX %s", (const char *) arg, index_name);
}

void
reindex_concurrently(UtilityCall *call, Oid relid)
{
	ReindexStmt *stmt = castNode(ReindexStmt, call->stmt);
	bool		is_index = stmt->kind == REINDEX_OBJECT_INDEX;
	char	   *index_name = is_index ? pstrdup(stmt->relation->relname) : NULL;
	char	   *options = ddl_options_text(stmt->params);
	MemoryContext cxt = CurrentMemoryContext;
	List	   *work;

	ensure_coordinator();
	work = plan_work(relid, index_name, is_index ? make_reindex_index : make_reindex_table,
					 options);
	utility_standard(call);
	MemoryContextSwitchTo(cxt);
	next_transaction();
	run_work(work);
	next_transaction();
}
