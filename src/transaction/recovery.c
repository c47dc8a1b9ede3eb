/*
 * recovery.c
 *		Resolve prepared transactions whose coordinator is gone.
 *
 * Each server repairs what it coordinated itself; their gids begin with its
 * node id.  One pass does, in this order:
 *
 *	 1 read the decision records that nobody is working on   (candidates)
 *	 2 end sessions on nodes that work for backends that are gone
 *	 3 ask every node for prepared transactions of ours
 *	 4 drop those whose dtx number a live backend publishes
 *	 5 read the decision records again, with a new snapshot
 *	 6 COMMIT PREPARED what has a record, ROLLBACK PREPARED what has none
 *	 7 delete the candidates of which nothing is prepared any more
 *
 * What is left in step 4 had been decided before step 5 looked, because a
 * backend withdraws its number only after its local transaction has ended; so
 * no record means that there never will be one.  And a candidate's prepared
 * transactions all existed before step 3 looked, so a record deleted in step 7
 * is needed by nobody.  Passes of one database exclude each other.
 *
 * Step 2: a session of a backend that died may still have its PREPARE to carry
 * out, or hold locks as long as its node believes in the connection, which is
 * long if this whole machine went down.  While such a session cannot be ended,
 * or one has a part of a transaction with which its living backend is through,
 * a pass is not complete, and another one follows.
 *
 *	crash in		leaves					repaired by
 *	1, 3 - 5		nothing					-
 *	2, 6			some ended or resolved	the next pass does the others
 *	7				a record too many		the next pass
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "commands/dbcommands.h"
#include "common/fault_point.h"
#include "fmgr.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "transaction/decision.h"
#include "transaction/dtx_slots.h"
#include "transaction/recovery.h"
#include "transaction/remote_xact.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(shardlite_recover);

/* How long a node waits for the end of one session, in ms. */
#define END_SESSION_MS 1000

/* One node in a pass. */
typedef struct RecoveryNode
{
	int32		node_id;
	RemoteConnection *conn;
	List	   *orphans;		/* backends of ours, gone, for which sessions work there */
	List	   *gids;			/* prepared there and coordinated here */
	bool		asked;			/* gids is what there was */
	bool		sessions_left;	/* that may still prepare something */
	int			unresolved;		/* of gids */
}			RecoveryNode;

/* A decision record. */
typedef struct Decision
{
	char	   *id;
	ItemPointerData tid;
}			Decision;

/* gid or dtx id -> backend and number; false when it is none of ours. */
static bool
parse_id(const char *id, int *pid, uint64 *number)
{
	int			node;

	return sscanf(id, "shardlite_%d_%d_" UINT64_FORMAT, &node, pid, number) == 3;
}

static bool
is_active(const char *id)
{
	int			pid;
	uint64		number;

	return parse_id(id, &pid, &number) && dtx_slot_is_active(pid, number);
}

/* Is this the gid of a participant of the dtx? */
static bool
gid_belongs(const char *gid, const char *dtx_id)
{
	size_t		len = strlen(dtx_id);

	return strncmp(gid, dtx_id, len) == 0 && gid[len] == '_';
}

/* All decision records that are visible now, as a list of Decision. */
static List *
read_decisions(Relation rel)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	List	   *decisions = NIL;
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Decision   *decision = palloc(sizeof(Decision));
		bool		isnull;

		decision->id = TextDatumGetCString(heap_getattr(tuple, Anum_dtx_dtx_id,
														RelationGetDescr(rel), &isnull));
		decision->tid = tuple->t_self;
		decisions = lappend(decisions, decision);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	return decisions;
}

/* Those of them that no live backend works on. */
static List *
read_candidates(Relation rel)
{
	List	   *candidates = NIL;
	ListCell   *lc;

	foreach(lc, read_decisions(rel))
	{
		Decision   *decision = lfirst(lc);

		if (!is_active(decision->id))
			candidates = lappend(candidates, decision);
	}
	return candidates;
}

static void
collect_gids(RemoteRequest *request, PGresult *result)
{
	RecoveryNode *node = request->arg;

	for (int i = 0; i < PQntuples(result); i++)
		node->gids = lappend(node->gids, pstrdup(PQgetvalue(result, i, 0)));
	PQclear(result);
}

/* Connect to every other node, at the same time. */
static List *
connect_nodes(void)
{
	RemoteIdentity identity = {
		GetUserNameFromId(extension_owner(), false),
		get_database_name(MyDatabaseId),
		local_node_id(),
	};
	List	   *nodes = NIL;
	List	   *all = node_list();
	RemoteConnection **conns = palloc(sizeof(RemoteConnection *) * (list_length(all) + 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, all)
	{
		const ClusterNode *known = lfirst(lc);
		RecoveryNode *node;

		if (known->is_local)
			continue;
		node = palloc0(sizeof(RecoveryNode));
		node->node_id = known->address.node_id;
		node->conn = conns[n++] = remote_open(&known->address, &identity);
		nodes = lappend(nodes, node);
	}
	if (n > 0)
		remote_connect(conns, n);
	return nodes;
}

/* Sessions of ours on a node: is there one that nobody needs, or nearly so? */
static void
check_sessions(RemoteRequest *request, PGresult *result)
{
	RecoveryNode *node = request->arg;

	for (int i = 0; i < PQntuples(result); i++)
	{
		int			pid = atoi(PQgetvalue(result, i, 0));
		uint64		number = strtou64(PQgetvalue(result, i, 1), NULL, 10);

		if (BackendPidGetProc(pid) == NULL)
			node->orphans = list_append_unique_int(node->orphans, pid);
		else if (number != 0 && !dtx_slot_is_active(pid, number))
			node->sessions_left = true;
	}
	PQclear(result);
}

static void
check_ended(RemoteRequest *request, PGresult *result)
{
	RecoveryNode *node = request->arg;

	for (int i = 0; i < PQntuples(result); i++)
		if (PQgetvalue(result, i, 0)[0] != 't')
			node->sessions_left = true;
	PQclear(result);
}

/* A backend of ours that is gone: end what works for it there. */
static void
end_sessions(RecoveryNode *node, int pid)
{
	char	   *sql = psprintf("SELECT pg_catalog.pg_terminate_backend(pid, %d)"
							   " FROM shardlite_internal.node_transactions()"
							   " WHERE served_node_id OPERATOR(pg_catalog.=) %d"
							   " AND served_pid OPERATOR(pg_catalog.=) %d",
							   END_SESSION_MS, local_node_id(), pid);
	RemoteRequest *request = remote_send(node->conn, sql, NULL, 0, check_ended, node);

	if (!remote_drain(node->conn, remote_cancel_timeout) || request->failed)
		node->sessions_left = true;
	remote_release(request);
}

/* Step 2. */
static void
end_orphans(List *nodes)
{
	ListCell   *lc;
	char	   *sql = psprintf("SELECT served_pid, served_number"
							   " FROM shardlite_internal.node_transactions()"
							   " WHERE served_node_id OPERATOR(pg_catalog.=) %d",
							   local_node_id());

	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);

		(void) remote_send(node->conn, sql, NULL, 0, check_sessions, node);
		remote_sync(node->conn);
	}
	foreach(lc, nodes)
		(void) remote_drain(((RecoveryNode *) lfirst(lc))->conn, remote_cancel_timeout);
	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);
		ListCell   *lc2;

		foreach(lc2, node->orphans)
			end_sessions(node, lfirst_int(lc2));
	}
}

/* Step 3. */
static void
list_prepared(List *nodes)
{
	ListCell   *lc;
	char	   *sql = psprintf("SELECT gid FROM pg_catalog.pg_prepared_xacts"
							   " WHERE database = pg_catalog.current_database()"
							   " AND pg_catalog.starts_with(gid, 'shardlite_%d_')",
							   local_node_id());

	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);

		remote_send(node->conn, sql, NULL, 0, collect_gids, node);
		remote_sync(node->conn);
	}
	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);

		node->asked = remote_drain(node->conn, remote_cancel_timeout);
	}
}

/* Step 4. */
static void
drop_active(List *nodes)
{
	ListCell   *lc;

	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);
		ListCell   *lc2;

		foreach(lc2, node->gids)
		{
			if (is_active(lfirst(lc2)))
				node->gids = foreach_delete_current(node->gids, lc2);
		}
		node->unresolved = list_length(node->gids);
	}
}

static bool
has_decision(List *decisions, const char *gid)
{
	ListCell   *lc;

	foreach(lc, decisions)
	{
		if (gid_belongs(gid, ((Decision *) lfirst(lc))->id))
			return true;
	}
	return false;
}

/* Step 6 on one node; returns how many were resolved. */
static int
resolve_node(RecoveryNode *node, List *decisions)
{
	int			resolved = 0;
	ListCell   *lc;

	foreach(lc, node->gids)
	{
		const char *gid = lfirst(lc);
		bool		commit = has_decision(decisions, gid);
		char	   *sql = psprintf("%s PREPARED %s", commit ? "COMMIT" : "ROLLBACK",
								   quote_literal_cstr(gid));
		RemoteRequest *request;

		FAULT_POINT(recovery_before_resolve);
		request = remote_send(node->conn, sql, NULL, 0, NULL, NULL);
		remote_sync(node->conn);
		if (remote_drain(node->conn, remote_cancel_timeout) && !request->failed)
		{
			ereport(LOG,
					(errmsg("recovered transaction \"%s\" on node \"%s\": %s", gid,
							remote_name(node->conn), commit ? "committed" : "rolled back")));
			node->unresolved--;
			resolved++;
		}
		remote_release(request);
	}
	return resolved;
}

/* May something of this dtx still be prepared somewhere? */
static bool
still_needed(const Decision *decision, List *nodes)
{
	ListCell   *lc;

	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);
		ListCell   *lc2;

		if (!node->asked)
			return true;
		if (node->unresolved == 0)
			continue;
		foreach(lc2, node->gids)
		{
			if (gid_belongs(lfirst(lc2), decision->id))
				return true;
		}
	}
	return false;
}

/* Step 7. */
static void
forget_decisions(Relation rel, List *candidates, List *nodes)
{
	ListCell   *lc;

	FAULT_POINT(recovery_before_forget);
	foreach(lc, candidates)
	{
		Decision   *decision = lfirst(lc);

		if (!still_needed(decision, nodes))
			CatalogTupleDelete(rel, &decision->tid);
	}
	/* One statement may call for several passes. */
	CommandCounterIncrement();
}

static pg_noinline void
close_nodes(List *nodes)
{
	ListCell   *lc;

	foreach(lc, nodes)
		remote_close(((RecoveryNode *) lfirst(lc))->conn);
}

static pg_noinline int
recover_nodes(Relation rel, List *candidates, List *nodes, RecoveryLeft *left)
{
	List	   *decisions;
	int			resolved = 0;
	ListCell   *lc;

	end_orphans(nodes);
	FAULT_POINT(recovery_before_scan);
	list_prepared(nodes);
	drop_active(nodes);
	decisions = read_decisions(rel);

	*left = RECOVERY_COMPLETE;
	foreach(lc, nodes)
	{
		RecoveryNode *node = lfirst(lc);

		resolved += resolve_node(node, decisions);
		if (!node->asked || node->unresolved > 0)
			*left = RECOVERY_NODES_LEFT;
		else if (node->sessions_left && *left == RECOVERY_COMPLETE)
			*left = RECOVERY_SESSIONS_LEFT;
	}
	forget_decisions(rel, candidates, nodes);
	return resolved;
}

/* Steps 2 to 7; closes the connections whatever happens. */
static pg_noinline int
recover_and_close(Relation rel, List *candidates, List *nodes, RecoveryLeft *left)
{
	volatile int resolved = 0;

	PG_TRY();
	{
		resolved = recover_nodes(rel, candidates, nodes, left);
	}
	PG_CATCH();
	{
		close_nodes(nodes);
		PG_RE_THROW();
	}
	PG_END_TRY();
	close_nodes(nodes);
	return resolved;
}

int
recovery_pass(RecoveryLeft *left)
{
	Oid			relid = get_relname_relid("dtx", get_namespace_oid(SHARDLITE_SCHEMA, false));
	Relation	rel = table_open(relid, ShareUpdateExclusiveLock);
	List	   *candidates = read_candidates(rel);
	int			resolved = recover_and_close(rel, candidates, connect_nodes(), left);

	table_close(rel, NoLock);
	return resolved;
}

/* SQL: shardlite_recover() returns int, prepared transactions resolved. */
Datum
shardlite_recover(PG_FUNCTION_ARGS)
{
	RecoveryLeft left;
	int			resolved = recovery_pass(&left);

	if (left == RECOVERY_NODES_LEFT)
		ereport(WARNING,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("some nodes could not be asked for prepared transactions"),
				 errhint("Recovery will try again by itself.")));
	PG_RETURN_INT32(resolved);
}
