/*
 * dist_commit.c
 *		How a transaction over several nodes commits and aborts.
 *
 * The commit protocol
 * -------------------
 * A participant is a node on which a transaction is open for us.  Those that
 * have only read get a COMMIT that nobody waits for: whatever becomes of it,
 * nothing is lost.  Let W be the participants that have written, and L say
 * whether the local transaction has written (has an xid).
 *
 *	|W| = 0				 the local commit alone.
 *	|W| = 1 and not L	 COMMIT there, before the local commit, which then has
 *						 nothing that could be lost.  If the connection dies
 *						 before the answer: error 08007, outcome unknown.
 *	otherwise			 two phases:
 *
 *	 1 publish the dtx number in shared memory  (we are alive: keep off);
 *	   it is published since the transaction began on its first node
 *	 2 PREPARE TRANSACTION on all of W, in parallel; wait for all
 *	 3 insert the decision record into shardlite.dtx
 *	 4 commit locally, flushed to disk: THIS is the decision
 *	 5 COMMIT PREPARED on all of W, in one flight; wait, but not for ever
 *	 6 withdraw the dtx number; recovery deletes the record later
 *
 * A prepared transaction whose dtx number nobody publishes is resolved by
 * recovery of the node that coordinated it (recovery.c): committed if the
 * record is visible, else rolled back (presumed abort).  The record is part
 * of the local transaction, so it exists exactly if that has committed:
 *
 *	crash of			  during		outcome		repaired by
 *	coordinator/backend	  1, 2, 3		abort		recovery here: no record
 *	coordinator/backend	  4				either		recovery here: record or not
 *	coordinator/backend	  5, 6			commit		recovery here: record
 *	participant			  before 2		abort		PREPARE fails, we roll back
 *	participant			  2, unanswered	abort		we roll back; if it had prepared,
 *													recovery here: no record
 *	participant			  5				commit		recovery here: record
 *
 * Recovery never acts on a dtx whose number is published, and a backend
 * withdraws it only after its local transaction has ended; recovery looks for
 * prepared transactions first, then at published numbers, then at records
 * with a new snapshot.  So a transaction that it saw prepared and finds no
 * longer published has been decided, and the decision is visible to it.
 * The decision is flushed even with synchronous_commit = off: a participant
 * must not keep what a crash here would take back.
 *
 * A statement that is the whole transaction and writes on several nodes takes
 * step 1 before its last batches and sends PREPARE with them: a node prepares
 * only if everything before it in the batch has succeeded.
 *
 * Without a transaction block a single write goes to its node without BEGIN:
 * its own commit is the decision.  From then on interrupts are held here, so
 * that a late cancel does not turn what has happened into an error.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/fault_point.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/decision.h"
#include "transaction/dist_commit.h"
#include "transaction/dist_xact.h"
#include "transaction/dtx_slots.h"
#include "transaction/extra_connections.h"
#include "transaction/participants.h"
#include "transaction/statement_depth.h"

/* Time for telling a node to end a session that did not react, in ms. */
#define TERMINATE_MS 1000

/* A node has committed for us; interrupts are held until we have, too. */
static bool holding_interrupts = false;

/* Has the two-phase commit of the current transaction begun? */
static bool two_phase = false;

/* What the transaction did on this node is lost: it cannot go on or commit. */
void
raise_if_failed(const RemoteXact *xact)
{
	if (xact->failed)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("connection to node %d was lost in this transaction", xact->node_id),
				 errdetail("What the transaction did there is gone."),
				 errhint("Roll the transaction back.")));
}

/* A node has committed on its own: nothing may stop us from doing so. */
static void
on_remote_commit(void)
{
	if (!holding_interrupts)
		HOLD_INTERRUPTS();
	holding_interrupts = true;
}

static void
commit_one_phase(RemoteXact *xact)
{
	FAULT_POINT(commit_one_phase);
	remote_xact_step(xact, "COMMIT", "COMMIT", REMOTE_COMMITS);
	if (!remote_xact_step_wait(xact, true, 0))
		remote_xact_step_raise(xact);
	remote_xact_step_end(xact);
	xact->depth = 0;
	xact->wrote = false;
	xact->context_depth = 0;
}

/* Step 1; makes the id from the number. */
static void
begin_two_phase(char *id, size_t size)
{
	snprintf(id, size, "shardlite_%d_%d_" UINT64_FORMAT, local_node_id(), MyProcPid,
			 dtx_slot_number());
	if (!two_phase)
	{
		two_phase = true;
		dtx_slot_set_phase(DTX_PREPARING);
		FAULT_POINT(commit_before_prepare);
	}
}

/* Send PREPARE; it ends the open batch. */
static void
prepare_send(RemoteXact *xact, const char *id)
{
	char		sql[GID_MAX + 32];

	snprintf(xact->gid, sizeof(xact->gid), "%s_%d", id, xact->node_id);
	snprintf(sql, sizeof(sql), "PREPARE TRANSACTION '%s'", xact->gid);
	xact->prepare = PREPARE_SENT;
	remote_xact_step(xact, sql, "PREPARE TRANSACTION", 0);
}

void
dist_xact_last_batch(RemoteConnection *conn)
{
	char		id[GID_MAX];
	dlist_iter	iter;

	if (IsTransactionBlock() || GetCurrentTransactionNestLevel() > 1 || !statement_is_alone())
		return;
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact->conn != conn || !xact->wrote || xact->prepare != PREPARE_NOT_SENT)
			continue;
		begin_two_phase(id, sizeof(id));
		prepare_send(xact, id);
	}
}

/* Phase one: PREPARE on all writers, then the record. */
static void
prepare_all(void)
{
	dlist_iter	iter;
	bool		first = true;
	char		id[GID_MAX];
	List	   *nodes = NIL;

	begin_two_phase(id, sizeof(id));
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (!xact->wrote)
			continue;
		if (xact->prepare == PREPARE_NOT_SENT)
			prepare_send(xact, id);
		nodes = lappend_int(nodes, xact->node_id);
	}
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact->prepare != PREPARE_SENT)
			continue;
		if (!remote_xact_step_wait(xact, true, 0))
			remote_xact_step_raise(xact);
		xact->prepare = PREPARE_DONE;
		xact->depth = 0;
		xact->context_depth = 0;
		remote_xact_step_end(xact);
		if (first)
			FAULT_POINT(commit_after_first_prepare);
		first = false;
	}
	FAULT_POINT(commit_before_record);
	decision_insert(id, nodes);
	ForceSyncCommit();
	FAULT_POINT(commit_after_record);
}

void
pre_commit(void)
{
	RemoteXact *writer = NULL;
	int			writers = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		raise_if_failed(xact);
		if (xact->depth > 0 && remote_is_lost(xact->conn))
			remote_raise_lost(xact->conn);
		if (xact->wrote)
		{
			writer = xact;
			writers++;
		}
	}
	if (writers == 1 && !two_phase && !TransactionIdIsValid(GetTopTransactionIdIfAny()))
		commit_one_phase(writer);
	else if (writers > 0)
		prepare_all();
}

/*
 * Phase two, after the local commit: must not throw.  Waits until the nodes
 * have answered, they take too long or the user cancels; recovery does then
 * what is left.
 */
static bool
resolve_all(bool commit)
{
	dlist_iter	iter;
	bool		complete = true;
	bool		first = true;
	const char *tag = commit ? "COMMIT PREPARED" : "ROLLBACK PREPARED";

	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);
		char		sql[GID_MAX + 32];

		if (xact->prepare != PREPARE_DONE || xact->conn == NULL || remote_is_lost(xact->conn))
			continue;
		snprintf(sql, sizeof(sql), "%s '%s'", tag, xact->gid);
		remote_xact_step(xact, sql, tag, 0);
		if (first && commit)
			FAULT_POINT(commit_after_first_resolve);
		first = false;
	}
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact->prepare == PREPARE_NOT_SENT || xact->prepare == PREPARE_RESOLVED)
			continue;
		if (xact->step != NULL && remote_xact_step_wait(xact, false, remote_cancel_timeout))
			xact->prepare = PREPARE_RESOLVED;
		else
			complete = false;
		remote_xact_step_end(xact);
	}
	return complete;
}

/*
 * Stop everything that still runs for this transaction; waits, limited.
 * Returns whether there was anything: then transactions there have failed.
 */
static bool
stop_all(void)
{
	RemoteConnection **busy;
	int			n = 0;
	int			nbusy;
	int			nhung = 0;
	int			count = extra_connections_count();
	dlist_iter	iter;

	dlist_foreach(iter, &participants)
		count++;
	busy = palloc(sizeof(RemoteConnection *) * count);
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (!xact->used || xact->conn == NULL)
			continue;
		remote_copy_cancel(xact->conn);
		remote_sync(xact->conn);
		remote_catch_up(xact->conn);
		if (!remote_is_lost(xact->conn) && !remote_is_idle(xact->conn))
			busy[n++] = xact->conn;
	}
	nbusy = n;
	extra_connections_busy(busy, &nbusy);
	(void) remote_stop(busy, nbusy, remote_cancel_timeout);
	for (int i = 0; i < nbusy; i++)
		if (!remote_is_lost(busy[i]) && !remote_is_idle(busy[i]))
			busy[nhung++] = busy[i];
	if (nhung > 0)
		remote_terminate(busy, nhung, Min(remote_cancel_timeout, TERMINATE_MS));
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact->used && xact->conn != NULL && !remote_is_idle(xact->conn))
			participant_close(xact);
	}
	pfree(busy);
	return n > 0;
}

/* The local transaction is over: forget what belonged to it. */
static void
reset_participants(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		remote_xact_step_end(xact);
		if (xact->conn != NULL && remote_is_lost(xact->conn))
			participant_close(xact);
		if (xact->used)
			xact->last_used = GetCurrentTransactionStartTimestamp();
		xact->used = false;
		xact->depth = 0;
		xact->first_level = 0;
		xact->wrote = false;
		xact->failed = false;
		xact->context_depth = 0;
		xact->prepare = PREPARE_NOT_SENT;
	}
	extra_connections_reset();
}

static void
finish_dtx(bool complete)
{
	if (two_phase)
		dtx_slots_two_phase(complete);
	two_phase = false;
	dtx_slot_end();
}

void
after_commit(void)
{
	bool		complete = true;
	bool		stopped;
	dlist_iter	iter;

	remote_forget_all();
	if (two_phase)
	{
		dtx_slot_set_phase(DTX_COMMITTING);
		FAULT_POINT(commit_after_local);
		complete = resolve_all(true);
		FAULT_POINT(commit_after_resolve);
	}

	/* Streams that nobody reads to their end; only readers can have some. */
	stopped = stop_all();
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact->depth == 0 || xact->conn == NULL || remote_is_lost(xact->conn))
			continue;
		if (stopped)
			xact->context = 0;
		remote_xact_end_lazily(xact, !stopped);
	}
	finish_dtx(complete);
	reset_participants();
	if (holding_interrupts)
		RESUME_INTERRUPTS();
	holding_interrupts = false;
}

void
after_abort(void)
{
	bool		complete;
	dlist_iter	iter;

	/* The error has reset the hold count already. */
	holding_interrupts = false;
	FAULT_POINT(abort_before_rollback);
	remote_forget_all();
	(void) stop_all();
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		/* The answer to PREPARE may have come while we stopped the others. */
		if (xact->prepare == PREPARE_SENT && xact->step != NULL && xact->step->done &&
			xact->conn != NULL && !remote_is_lost(xact->conn))
			xact->prepare = xact->step_ok ? PREPARE_DONE : PREPARE_RESOLVED;
		remote_xact_step_end(xact);
	}
	complete = resolve_all(false);
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);

		if (xact->context_depth > 0 || xact->failed)
			xact->context = 0;
		if (xact->conn == NULL || remote_is_lost(xact->conn))
			continue;
		if (xact->depth > 0 && remote_in_transaction(xact->conn))
			remote_xact_end_lazily(xact, false);
	}
	finish_dtx(complete);
	reset_participants();
}

void
dist_commit_init(void)
{
	remote_committed_hook = on_remote_commit;
}
