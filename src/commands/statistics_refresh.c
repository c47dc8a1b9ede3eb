/*
 * statistics_refresh.c
 *		What autovacuum does with shards reaches the tables as a whole.
 *
 * Shards are ordinary tables: autovacuum of each node analyzes them when they
 * have changed.  Now and then a worker on the coordinator (launched by
 * transaction/) compares: when a table has grown or shrunk by a tenth, its new
 * size goes to all nodes; when shards with half of its rows have been analyzed
 * since the table was, it gets new statistics from a sample of rows.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "commands/table_sample.h"
#include "commands/table_statistics.h"
#include "compat/vacuum_compat.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"

/* Changes that matter: this part of the rows, and not just a few. */
#define CHANGED_PART	0.1
#define CHANGED_ROWS	50.0

PGDLLEXPORT void shardlite_statistics_worker_main(Datum arg);

/* ------------------------------------------------------------- comparison */

/* Has the size stored for the table become wrong? */
static bool
size_outdated(Oid relid, const TableExtent *extent)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	double		known_rows;
	double		known_pages;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	known_rows = form->reltuples;
	known_pages = form->relpages;
	ReleaseSysCache(tuple);
	/* nobody knows an empty table, and that is better than to expect it empty */
	if (known_rows < 0 || (known_rows == 0 && known_pages == 0))
		return extent->rows > 0;
	return fabs(extent->rows - known_rows) > Max(CHANGED_PART * known_rows, CHANGED_ROWS) ||
		(known_pages >= 0 &&
		 fabs(extent->pages - known_pages) > Max(CHANGED_PART * known_pages, CHANGED_ROWS));
}

/* What is to be done for a table, if anything. */
typedef enum RefreshAction
{
	REFRESH_NOTHING,
	REFRESH_SIZE,
	REFRESH_STATISTICS,
} RefreshAction;

/* A table to be refreshed. */
typedef struct OutdatedTable
{
	Oid			relid;
	RefreshAction action;
} OutdatedTable;

static RefreshAction
choose_action(Oid relid, const TableExtent *extent)
{
	if (extent->newer_rows > 0 && extent->newer_rows >= extent->rows / 2)
		return REFRESH_STATISTICS;
	return size_outdated(relid, extent) ? REFRESH_SIZE : REFRESH_NOTHING;
}

static List *
add_outdated(List *outdated, Oid relid, RefreshAction action)
{
	OutdatedTable *table;

	if (action == REFRESH_NOTHING)
		return outdated;
	table = palloc(sizeof(OutdatedTable));
	table->relid = relid;
	table->action = action;
	return lappend(outdated, table);
}

/* A partitioned table follows the partition that needs most. */
static RefreshAction
choose_for_partitioned(Oid relid, List *leaves, const TableExtent *extents)
{
	Relation	rel = table_open(relid, AccessShareLock);
	RefreshAction action = REFRESH_NOTHING;
	TableExtent whole = {.pages = -1};
	ListCell   *lc;

	foreach(lc, leaf_tables(rel))
	{
		ListCell   *lc2;

		foreach(lc2, leaves)
		{
			const TableExtent *extent = &extents[foreach_current_index(lc2)];

			if (lfirst_oid(lc2) != lfirst_oid(lc))
				continue;
			action = Max(action, choose_action(lfirst_oid(lc), extent));
			whole.rows += extent->rows;
		}
	}
	table_close(rel, AccessShareLock);
	if (action == REFRESH_STATISTICS)
		return action;
	return size_outdated(relid, &whole) ? REFRESH_SIZE : REFRESH_NOTHING;
}

/* Tables of the cluster that have shards; with rows of their own, or partitioned. */
static List *
tables_with_shards(char relkind)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, dist_table_list(0))
	{
		if (dist_table_get(lfirst_oid(lc))->kind != DIST_REFERENCE &&
			get_rel_relkind(lfirst_oid(lc)) == relkind)
			tables = lappend_oid(tables, lfirst_oid(lc));
	}
	return tables;
}

/* Asks all nodes, once.  List of OutdatedTable. */
static List *
find_outdated(void)
{
	List	   *leaves = tables_with_shards(RELKIND_RELATION);
	TableExtent *extents = palloc0(sizeof(TableExtent) * (list_length(leaves) + 1));
	List	   *outdated = NIL;
	ListCell   *lc;

	foreach(lc, leaves)
		extents[foreach_current_index(lc)].since = compat_analyzed(lfirst_oid(lc));
	table_sizes_fetch(leaves, extents);
	foreach(lc, leaves)
		outdated = add_outdated(outdated, lfirst_oid(lc),
								choose_action(lfirst_oid(lc), &extents[foreach_current_index(lc)]));
	foreach(lc, tables_with_shards(RELKIND_PARTITIONED_TABLE))
		outdated = add_outdated(outdated, lfirst_oid(lc),
								choose_for_partitioned(lfirst_oid(lc), leaves, extents));
	return outdated;
}

/* ---------------------------------------------------------------- refresh */

/* Nothing happens if it is gone, or if somebody else has it locked. */
static void
refresh(const OutdatedTable *table)
{
	if (!ConditionalLockRelationOid(table->relid, ShareUpdateExclusiveLock))
		return;
	if (get_rel_name(table->relid) == NULL || dist_table_find(table->relid) == NULL)
		UnlockRelationOid(table->relid, ShareUpdateExclusiveLock);
	else if (table->action == REFRESH_STATISTICS)
		table_statistics_update(table->relid, NIL, DEBUG2);
	else
		table_size_update(table->relid);
}

PG_FUNCTION_INFO_V1(shardlite_refresh_statistics);

/* shardlite_internal.refresh_statistics() returns int, the number of tables refreshed */
Datum
shardlite_refresh_statistics(PG_FUNCTION_ARGS)
{
	List	   *outdated;
	ListCell   *lc;

	ensure_coordinator();
	outdated = find_outdated();
	foreach(lc, outdated)
		refresh(lfirst(lc));
	PG_RETURN_INT32(list_length(outdated));
}

/* ----------------------------------------------------------------- worker */

static void
begin_transaction(void)
{
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end_transaction(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Outdated tables of this database, in the current context; NIL if it is none of ours. */
static List *
outdated_tables(void)
{
	MemoryContext cxt = CurrentMemoryContext;
	List	   *outdated = NIL;
	ListCell   *lc;
	List	   *kept = NIL;

	begin_transaction();
	if (OidIsValid(get_extension_oid("shardlite", true)) &&
		dist_tables_exist() && local_node_id() == COORDINATOR_NODE_ID)
		outdated = find_outdated();
	MemoryContextSwitchTo(cxt);
	foreach(lc, outdated)
		kept = add_outdated(kept, ((OutdatedTable *) lfirst(lc))->relid,
							((OutdatedTable *) lfirst(lc))->action);
	end_transaction();
	MemoryContextSwitchTo(cxt);
	return kept;
}

/* Entry point: one look at the database given.  An error ends it. */
void
shardlite_statistics_worker_main(Datum arg)
{
	ListCell   *lc;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);
	pgstat_report_activity(STATE_RUNNING, "refreshing statistics of distributed tables");
	foreach(lc, outdated_tables())
	{
		begin_transaction();
		refresh(lfirst(lc));
		end_transaction();
	}
	pgstat_report_activity(STATE_IDLE, NULL);
}
