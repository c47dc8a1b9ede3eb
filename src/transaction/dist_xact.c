/*
 * dist_xact.c
 *		The distributed transaction of this backend as the layers above and
 *		PostgreSQL's transaction callbacks see it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/delegated_call.h"
#include "common/fault_point.h"
#include "common/node_session.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "transaction/constraint_modes.h"
#include "transaction/delegation_guard.h"
#include "transaction/dist_commit.h"
#include "transaction/dist_xact.h"
#include "transaction/dtx_slots.h"
#include "transaction/extra_connections.h"
#include "transaction/idle_connections.h"
#include "transaction/lock_waits.h"
#include "transaction/own_writes.h"
#include "transaction/participants.h"
#include "transaction/statement_depth.h"

/* Does any participant take part in the current transaction? */
static bool xact_active = false;

/* This transaction reads or writes data of this server's shards. */
static bool local_touched = false;

bool
in_node_session(void)
{
	return node_session;
}

/* SERIALIZABLE would hold on each node by itself, not over all of them. */
static void
check_serializable(const RemoteXact *entering)
{
	bool		second = local_touched;
	dlist_iter	iter;

	if (!IsolationIsSerializable())
		return;
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact != entering && xact->used)
			second = true;
	}
	if (second)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a serializable transaction cannot use data of several nodes"),
				 errhint("Use isolation level REPEATABLE READ.")));
}

void
dist_xact_touch_local(void)
{
	if (!local_touched && IsolationIsSerializable())
	{
		check_serializable(NULL);
		local_touched = true;
		xact_active = true;
	}
}

/* Are we where each statement sees what is committed, and is not taken back with others? */
static bool
outside_block(void)
{
	return !IsTransactionBlock() && GetCurrentTransactionNestLevel() <= 1 &&
		XactIsoLevel <= XACT_READ_COMMITTED;
}

/* May this fragment run without a transaction block on its node? */
static bool
may_autocommit(const RemoteXact *xact, int access)
{
	dlist_iter	iter;

	if (xact->depth > 0 || !outside_block() || (access & DIST_ACCESS_KEEP) != 0)
		return false;
	if ((access & DIST_ACCESS_WRITE) == 0)
		return true;
	if ((access & DIST_ACCESS_AUTOCOMMIT) == 0 || XactReadOnly || !statement_is_alone())
		return false;

	/* a function called for the statement's values may have written */
	dlist_foreach(iter, &participants)
		if (dlist_container(RemoteXact, link, iter.cur)->wrote)
			return false;
	return !TransactionIdIsValid(GetTopTransactionIdIfAny());
}

bool
dist_xact_autocommits_reads(void)
{
	dlist_iter	iter;

	if (!outside_block())
		return false;
	dlist_foreach(iter, &participants)
		if (dlist_container(RemoteXact, link, iter.cur)->depth > 0)
			return false;
	return true;
}

bool
dist_xact_may_autocommit(int32 node_id, int access)
{
	return may_autocommit(participant_get(node_id), access);
}

bool
dist_xact_in_block(int32 node_id)
{
	RemoteXact *xact = participant_get(node_id);

	return xact->depth > 0 && xact->prepare == PREPARE_NOT_SENT && !xact->failed &&
		xact->conn != NULL && !remote_is_lost(xact->conn);
}

/* Another node's statement that runs here stays here. */
static void
forbid_in_delegated_call(void)
{
	if (in_delegated_call())
		delegated_call_refuse("other nodes");
}

RemoteConnection *
dist_xact_connection(int32 node_id, int access)
{
	RemoteXact *xact = participant_get(node_id);

	forbid_in_delegated_call();
	if ((access & DIST_ACCESS_WRITE) != 0 && extra_connections_settle_hook != NULL)
		extra_connections_settle_hook(node_id);
	raise_if_failed(xact);
	if (xact->prepare != PREPARE_NOT_SENT)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("transaction on node %d is prepared already", xact->node_id)));
	if (!xact->used)
		check_serializable(xact);
	participants_connect(&xact, 1);
	xact->used = true;
	xact_active = true;
	remote_set_quiet(xact->conn, false);
	if (may_autocommit(xact, access))
		remote_xact_autocommit(xact, (access & DIST_ACCESS_WRITE) != 0);
	else
		remote_xact_enter(xact, GetCurrentTransactionNestLevel());
	remote_statements_generation(xact->conn, metadata_generation());
	if ((access & DIST_ACCESS_WRITE) != 0 && xact->depth > 0)
	{
		xact->wrote = true;
		own_writes_mark(xact, own_writes_readers - ((access & DIST_ACCESS_COUNTED) != 0));
	}
	return xact->conn;
}

bool
dist_xact_hide_writes(int32 node_id, CommandId command)
{
	return own_writes_hide(participant_get(node_id), command);
}

void
dist_xact_show_writes(int32 node_id)
{
	own_writes_show(participant_get(node_id));
}

void
dist_xact_connect(const int32 *node_ids, int count)
{
	RemoteXact **xacts = palloc(sizeof(RemoteXact *) * count);

	forbid_in_delegated_call();
	for (int i = 0; i < count; i++)
	{
		xacts[i] = participant_get(node_ids[i]);
		raise_if_failed(xacts[i]);
	}
	participants_connect(xacts, count);
	pfree(xacts);
}

/* Savepoints that follow the local ones are called s<level>. */
#define GUARD "shardlite_guard"

static void
guard_command(RemoteConnection *conn, const char *sql)
{
	remote_release(remote_send(conn, sql, NULL, 0, NULL, NULL));
}

void
dist_xact_guard(RemoteConnection *conn)
{
	guard_command(conn, "SAVEPOINT " GUARD);
}

void
dist_xact_guard_end(RemoteConnection *conn)
{
	guard_command(conn, "RELEASE SAVEPOINT " GUARD);
}

void
dist_xact_guard_undo(RemoteConnection *conn)
{
	if (remote_is_lost(conn))
		return;
	guard_command(conn, "ROLLBACK TO SAVEPOINT " GUARD);
	guard_command(conn, "RELEASE SAVEPOINT " GUARD);
	remote_sync(conn);
}

/*
 * May what runs there be cancelled?  Inside a transaction block that aborts the
 * transaction on the node, which is harmless as long as it has done nothing
 * and the next statement would take a new snapshot anyway.
 */
static bool
may_stop(const RemoteXact *xact)
{
	if (xact->prepare != PREPARE_NOT_SENT || remote_is_idle(xact->conn) ||
		remote_is_wanted(xact->conn))
		return false;
	return xact->depth == 0 || (!xact->wrote && !IsolationUsesXactSnapshot());
}

void
dist_xact_stop_reading(RemoteConnection **conns, int count)
{
	RemoteXact **stopped = palloc(sizeof(RemoteXact *) * count);
	RemoteConnection **busy = palloc(sizeof(RemoteConnection *) * count);
	int			n = 0;
	int			nbusy;
	dlist_iter	iter;

	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		for (int i = 0; i < count; i++)
		{
			if (xact->conn == conns[i] && may_stop(xact))
			{
				stopped[n] = xact;
				busy[n++] = conns[i];
				break;
			}
		}
	}
	nbusy = n;
	extra_connections_unwanted(conns, count, busy, &nbusy);
	(void) remote_stop(busy, nbusy, remote_cancel_timeout);
	for (int i = 0; i < n; i++)
		remote_xact_restart(stopped[i]);
	pfree(stopped);
	pfree(busy);
}

void
dist_xact_execute(int32 node_id, const char *sql)
{
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_WRITE);
	RemoteRequest *request;

	remote_set_quiet(conn, true);
	request = remote_send(conn, sql, NULL, 0, NULL, NULL);
	remote_sync(conn);
	remote_finish(request);
	remote_release(request);
}

void
dist_xact_execute_on_others(const char *sql)
{
	List	   *requests = NIL;
	List	   *nodes = node_list();
	int32	   *ids = palloc(sizeof(int32) * list_length(nodes));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, nodes)
	{
		const ClusterNode *node = lfirst(lc);

		if (!node->is_local)
			ids[n++] = node->address.node_id;
	}
	dist_xact_connect(ids, n);
	for (int i = 0; i < n; i++)
	{
		RemoteConnection *conn = dist_xact_connection(ids[i], DIST_ACCESS_WRITE);

		remote_set_quiet(conn, true);
		requests = lappend(requests, remote_send(conn, sql, NULL, 0, NULL, NULL));
		remote_sync(conn);
	}
	foreach(lc, requests)
		remote_finish(lfirst(lc));
	foreach(lc, requests)
		remote_release(lfirst(lc));
}

/* -------------------------------------------------------------- callbacks */

static void
forbid_user_prepare(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &participants)
	{
		if (dlist_container(RemoteXact, link, iter.cur)->depth > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has used other nodes"),
					 errhint("Use COMMIT: it is atomic over all nodes.")));
	}
}

static void
follow_transaction(XactEvent event)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			pre_commit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			forbid_user_prepare();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			after_commit();
			break;
		case XACT_EVENT_ABORT:
			after_abort();
			break;
		default:
			break;
	}
}

static void
xact_callback(XactEvent event, void *arg)
{
	if (xact_active)
		follow_transaction(event);
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE || event == XACT_EVENT_ABORT)
	{
		idle_connections_check(xact_active);
		xact_active = false;
		local_touched = false;
	}
}

static void
subxact_callback(SubXactEvent event, SubTransactionId my_subid,
				 SubTransactionId parent_subid, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_iter	iter;

	if (event == SUBXACT_EVENT_START_SUB)
		FAULT_POINT(savepoint_in_command);
	if (!xact_active)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		remote_reassign_subxact(my_subid, parent_subid);
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		remote_forget_subxact(my_subid);
	else
		return;
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (!xact->used)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			remote_xact_subcommit(xact, level);
		else
			remote_xact_subabort(xact, level);
	}
	if (event == SUBXACT_EVENT_ABORT_SUB)
		extra_connections_subabort();
}

void
dist_xact_init(void)
{
	delegation_guard_init();
	constraint_modes_init();
	dist_commit_init();
	dtx_slots_init();
	extra_connections_init();
	statement_depth_init();
	idle_connections_init();
	lock_waits_init();
	own_writes_init();
	RegisterXactCallback(xact_callback, NULL);
	RegisterSubXactCallback(subxact_callback, NULL);
}
