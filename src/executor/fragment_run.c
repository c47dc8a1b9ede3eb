/*
 * fragment_run.c
 *		Starts fragments, receives their rows, stops them.
 *
 *	added --flush--> under way --last result--> done
 *
 * Requests on one connection are answered in order, so per connection only the
 * oldest unfinished fragment (the head of its lane) can have rows.  A request
 * of somebody else behind it on the same connection makes our rows arrive at
 * any time: the callback then queues them.  Only a row that we wait for
 * ourselves goes straight into the caller's slot.
 */
#include "postgres.h"

#include "executor/exchange_read.h"
#include "executor/executor.h"
#include "executor/fragment_error.h"
#include "executor/fragment_run.h"
#include "executor/fragment_spread.h"
#include "executor/row_source.h"
#include "executor/statement_state.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/memutils.h"

FragmentRun *
fragment_run_create(MemoryContext parent, EState *estate, RowMap * map, int access)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "shardlite fragments",
											  ALLOCSET_SMALL_SIZES);
	FragmentRun *run = MemoryContextAllocZero(cxt, sizeof(FragmentRun));

	run->cxt = cxt;
	run->row_cxt = AllocSetContextCreate(cxt, "shardlite fragment row",
										 ALLOCSET_SMALL_SIZES);
	run->estate = estate;
	run->map = map;
	run->access = access;
	run->role = GetUserId();
	return run;
}

Fragment *
fragment_run_add(FragmentRun * run, int32 node_id, int shard_index,
				 const char *sql, FragmentParams * params)
{
	MemoryContext old = MemoryContextSwitchTo(run->cxt);
	Fragment   *fragment = palloc0(sizeof(Fragment));

	fragment->run = run;
	fragment->node_id = node_id;
	fragment->local = node_id == local_node_id();
	fragment->counted = true;
	fragment->shard_index = shard_index;
	fragment->sql = sql;
	fragment->params = params;
	fragment->map = run->map;
	fragment->row_cxt = run->row_cxt;
	row_queue_init(&fragment->queue, run->cxt, &run->queued_bytes);
	run->fragments = lappend(run->fragments, fragment);
	MemoryContextSwitchTo(old);
	return fragment;
}

void
fragment_set_shard(Fragment * fragment, List *tables, int64 shard_id, bool writes)
{
	fragment->tables = tables;
	fragment->shard_id = shard_id;
	fragment->writes = writes;
}

/* Only EXPLAIN ANALYZE and the like want to know the time. */
static void
mark_started(Fragment * fragment)
{
	fragment->started = true;
	if (fragment->run->estate->es_instrument != 0)
		INSTR_TIME_SET_CURRENT(fragment->start);
}

static void
mark_done(Fragment * fragment)
{
	instr_time	now;

	fragment->done = true;
	if (fragment->run->estate->es_instrument == 0)
		return;
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, fragment->start);
	fragment->elapsed_ms = INSTR_TIME_GET_MILLISEC(now);
}

/* ---- rows on their way in ---- */

/* Made when the first row has to be queued: most runs are over before. */
static MemoryContext
scratch_context(FragmentRun * run)
{
	if (run->scratch == NULL)
		run->scratch = AllocSetContextCreate(run->cxt, "shardlite fragment scratch",
											 ALLOCSET_SMALL_SIZES);
	return run->scratch;
}

/* A row is in values: let the owner see it, then queue it unless it is awaited. */
static void
accept_row(Fragment * fragment, const RowExtras * extras, Datum *values, bool *nulls,
		   bool direct)
{
	FragmentRun *run = fragment->run;

	if (!fragment->counted)
		return;
	if (run->on_row != NULL && !run->on_row(fragment, extras, values, nulls))
		return;
	fragment->nrows++;
	if (direct)
		run->direct_filled = true;
	else
		row_queue_put(&fragment->queue, fragment->map->desc, values, nulls);
}

/* Decode one row into the awaited slot's arrays, or into the queue. */
static void
receive_row(Fragment * fragment, PGresult *result, int row)
{
	FragmentRun *run = fragment->run;
	RowMap	   *map = fragment->map;
	RowExtras	extras = {0};
	bool		direct = run->direct == fragment && !run->direct_filled &&
		row_queue_is_empty(&fragment->queue);

	if (direct)
	{
		MemoryContext old = MemoryContextSwitchTo(fragment->row_cxt);

		row_map_decode(map, result, row, run->direct_values, run->direct_nulls, &extras);
		accept_row(fragment, &extras, run->direct_values, run->direct_nulls, true);
		MemoryContextSwitchTo(old);
	}
	else
	{
		MemoryContext old = MemoryContextSwitchTo(scratch_context(run));
		Datum	   *values = palloc(sizeof(Datum) * Max(map->desc->natts, 1));
		bool	   *nulls = palloc(sizeof(bool) * Max(map->desc->natts, 1));

		row_map_decode(map, result, row, values, nulls, &extras);
		accept_row(fragment, &extras, values, nulls, false);
		MemoryContextSwitchTo(old);
		MemoryContextReset(run->scratch);
	}
}

/* Returns whether the result is kept. */
static bool
receive_rows(Fragment * fragment, PGresult *result)
{
	int			rows = fragment->map ? PQntuples(result) : 0;

	if (rows > 0 && fragment->map->nsent > 0 &&
		PQfformat(result, 0) == REMOTE_FORMAT_PACKED)
	{
		row_map_check_width(fragment->map, PQnfields(result));
		pack_queue_put(&fragment->packs, result, fragment->run->cxt,
					   &fragment->run->queued_bytes);
		return true;
	}
	for (int i = 0; i < rows; i++)
		receive_row(fragment, result, i);
	return false;
}

/* The callback of all requests: the result is ours to free. */
static void
on_result(RemoteRequest *request, PGresult *result)
{
	bool		kept;

	PG_TRY();
	{
		kept = receive_rows(request->arg, result);
	}
	PG_CATCH();
	{
		PQclear(result);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (!kept)
		PQclear(result);
}

static void
queue_local_row(Fragment * fragment, TupleTableSlot *slot)
{
	RowMap	   *map = fragment->map;
	RowExtras	extras = {0};
	MemoryContext old = MemoryContextSwitchTo(scratch_context(fragment->run));
	Datum	   *values = palloc(sizeof(Datum) * Max(map->desc->natts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(map->desc->natts, 1));

	row_map_copy(map, slot, values, nulls, &extras);
	accept_row(fragment, &extras, values, nulls, false);
	MemoryContextSwitchTo(old);
	MemoryContextReset(fragment->run->scratch);
}

/* Queue all rows that a local fragment still has, and end it. */
static void
collect_local(Fragment * fragment)
{
	TupleTableSlot *slot;

	while ((slot = local_fragment_next(fragment->exec)) != NULL)
		if (fragment->map != NULL)
			queue_local_row(fragment, slot);
	fragment->affected = local_fragment_affected(fragment->exec);
	local_fragment_end(fragment->exec);
	fragment->exec = NULL;
	mark_done(fragment);
}

/* ---- starting ---- */

static void
send_remote(Fragment * fragment, RemoteConnection *conn)
{
	int			flags = fragment->one_row ? 0 : REMOTE_SINGLE_ROW;

	if (fragment->map != NULL && fragment->map->binary)
		flags |= fragment->packed && fragment->map->nsent > 0 ? REMOTE_PACKED : REMOTE_BINARY;
	if (fragment->prepare)
		flags |= REMOTE_PREPARE;
	if (fragment->stable)
		flags |= REMOTE_STABLE;
	fragment->request = remote_send(conn, fragment->sql,
									fragment_params_wire(fragment->params),
									flags, on_result, fragment);
	mark_started(fragment);
	remote_counters.remote_fragments++;
}

/* The lane of a connection; fragments of one connection are read in order. */
static void
append_to_lane(FragmentRun * run, Fragment * fragment)
{
	ListCell   *lc;

	foreach(lc, run->lanes)
	{
		List	   *lane = lfirst(lc);
		Fragment   *first = linitial(lane);

		if (!first->served && first->request->conn == fragment->request->conn)
		{
			lfirst(lc) = lappend(lane, fragment);
			return;
		}
	}
	run->lanes = lappend(run->lanes, list_make1(fragment));
	run->most_lanes = Max(run->most_lanes, list_length(run->lanes));
}

void
fragment_send(Fragment * fragment, RemoteConnection *conn)
{
	send_remote(fragment, conn);
	append_to_lane(fragment->run, fragment);
}

/* The statement has changed the role since it began, which is not for its fragments. */
static void
start_local_as(Fragment * fragment, Oid role)
{
	Oid			user;
	int			sec_context;

	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(role, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	PG_TRY();
	{
		fragment->exec = local_fragment_start(fragment->sql, fragment_rename(fragment),
											  fragment->params, fragment->run->estate,
											  fragment->writes_locked);
	}
	PG_FINALLY();
	{
		SetUserIdAndSecContext(user, sec_context);
	}
	PG_END_TRY();
}

static void
start_local(Fragment * fragment)
{
	FragmentRun *run = fragment->run;

	mark_started(fragment);
	remote_counters.local_fragments++;
	dist_xact_touch_local();
	if (GetUserId() == run->role)
		fragment->exec = local_fragment_start(fragment->sql, fragment_rename(fragment),
											  fragment->params, run->estate,
											  fragment->writes_locked);
	else
		start_local_as(fragment, run->role);
}

/* Nodes of new remote fragments, each once, in ids; returns how many. */
static int
new_nodes(FragmentRun * run, int32 *ids)
{
	int			count = 0;
	ListCell   *lc;

	for_each_from(lc, run->fragments, run->nflushed)
	{
		Fragment   *fragment = lfirst(lc);
		bool		known = fragment->local || fragment->served;

		for (int i = 0; i < count && !known; i++)
			known = ids[i] == fragment->node_id;
		if (!known)
			ids[count++] = fragment->node_id;
	}
	return count;
}

/* The access that a batch of the run needs; other parts of a statement may read late, too. */
static int
access_of(const FragmentRun * run)
{
	if ((run->access & DIST_ACCESS_WRITE) != 0 &&
		!run->estate->es_plannedstmt->hasModifyingCTE && statement_state_exists(run->estate))
		return run->access | DIST_ACCESS_COUNTED;
	return run->access;
}

/* Does the node have to hide what was written since the statement began? */
static bool
hide_writes(const FragmentRun * run, int32 node_id)
{
	Snapshot	snapshot = run->estate->es_snapshot;

	return (run->access & DIST_ACCESS_WRITE) == 0 && snapshot != InvalidSnapshot &&
		dist_xact_hide_writes(node_id, snapshot->curcid);
}

/* Queue all new fragments of one node and send them as one batch. */
static void
flush_node(FragmentRun * run, int32 node_id)
{
	RemoteConnection *conn;
	bool		guarded = run->tentative && !dist_xact_may_autocommit(node_id, run->access);
	int			share = fragment_spread_share(run, node_id);
	bool		hides;
	ListCell   *lc;

	conn = dist_xact_connection(node_id, access_of(run));
	if (guarded)
		dist_xact_guard(conn);
	hides = hide_writes(run, node_id);
	row_sources_send(run->sources, run, node_id, conn);
	for_each_from(lc, run->fragments, run->nflushed)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->node_id != node_id)
			continue;
		if (--share < 0)
		{
			fragment_spread_hold(run, fragment);
			continue;
		}
		fragment_send(fragment, conn);
		if (share == 0)
			fragment_spread_begun(run, fragment);
	}
	if (hides)
		dist_xact_show_writes(node_id);
	if (guarded)
	{
		dist_xact_guard_end(conn);
		run->guarded = lappend(run->guarded, conn);
	}
	row_sources_drop(run->sources, run, node_id, conn);
	if ((run->access & DIST_ACCESS_LAST) != 0)
		dist_xact_last_batch(conn);
	remote_sync(conn);
}

/* Does all that this run does go to one node, in one batch? */
static bool
is_one_batch(FragmentRun * run, int nnodes)
{
	ListCell   *lc;

	if (nnodes != 1 || run->nflushed > 0)
		return false;
	foreach(lc, run->fragments)
	{
		if (((Fragment *) lfirst(lc))->local)
			return false;
	}
	return true;
}

/* All nodes work at the same time: nothing is waited for in between. */
static void
flush_remote(FragmentRun * run)
{
	int32	   *ids = palloc(sizeof(int32) * Max(list_length(run->fragments), 1));
	int			count = new_nodes(run, ids);

	if (count > 1)
		dist_xact_connect(ids, count);
	if (!is_one_batch(run, count))
		run->access &= ~DIST_ACCESS_AUTOCOMMIT;
	for (int i = 0; i < count; i++)
		flush_node(run, ids[i]);
	if (run->spread != NULL)
		fragment_spread_step(run);
	pfree(ids);
}

/* Rows computed elsewhere, for the fragments that run here. */
static void
send_rows_here(FragmentRun * run)
{
	PG_TRY();
	{
		row_sources_send(run->sources, run, local_node_id(), NULL);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->cxt);
		if (geterrcode() == ERRCODE_EXCHANGE_GONE)
			fragment_raise_cause(run);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* Run new local fragments that write; SELECTs start when they are read. */
static void
flush_local(FragmentRun * run)
{
	bool		writes = (run->access & DIST_ACCESS_WRITE) != 0;
	ListCell   *lc;

	send_rows_here(run);
	for_each_from(lc, run->fragments, run->nflushed)
	{
		Fragment   *fragment = lfirst(lc);

		if (!fragment->local)
			continue;
		if (writes)
		{
			start_local(fragment);
			if (local_fragment_is_over(fragment->exec))
				collect_local(fragment);
		}
		run->locals = lappend(run->locals, fragment);
	}
}

void
fragment_serve(Fragment * fragment, MinimalTuple row)
{
	fragment->served = fragment->started = fragment->done = true;
	row_queue_put_tuple(&fragment->queue, row);
}

/* Those whose rows are here already are lanes of their own. */
static void
take_served(FragmentRun * run)
{
	ListCell   *lc;

	for_each_from(lc, run->fragments, run->nflushed)
		if (((Fragment *) lfirst(lc))->served)
			run->lanes = lappend(run->lanes, list_make1(lfirst(lc)));
}

void
fragment_run_flush(FragmentRun * run)
{
	MemoryContext old = MemoryContextSwitchTo(run->cxt);

	if (run->local_first)
		flush_local(run);
	take_served(run);
	flush_remote(run);
	if (!run->local_first)
		flush_local(run);
	run->nflushed = list_length(run->fragments);
	MemoryContextSwitchTo(old);
}

/* ---- rows on their way out ---- */

bool
fragment_take(Fragment * fragment, Datum *values, bool *nulls)
{
	if (row_queue_is_empty(&fragment->queue))
		return false;
	return row_queue_get(&fragment->queue, fragment->map->desc, values, nulls,
						 &fragment->queued_row);
}

/* Next row of the packs that have arrived. */
static bool
take_packed(Fragment * fragment, TupleTableSlot *slot)
{
	FragmentRun *run = fragment->run;
	RowPack    *pack;

	while ((pack = pack_queue_next(&fragment->packs)) != NULL)
	{
		RowExtras	extras = {0};
		MemoryContext old = MemoryContextSwitchTo(fragment->row_cxt);

		run->direct_filled = false;
		row_map_unpack(fragment->map, pack, slot->tts_values, slot->tts_isnull, &extras);
		accept_row(fragment, &extras, slot->tts_values, slot->tts_isnull, true);
		MemoryContextSwitchTo(old);
		if (run->direct_filled)
			return true;
	}
	return false;
}

static bool
take_queued(Fragment * fragment, TupleTableSlot *slot)
{
	return take_packed(fragment, slot) ||
		fragment_take(fragment, slot->tts_values, slot->tts_isnull);
}

/* Next row of one local fragment. */
static bool
next_of_local(Fragment * fragment, TupleTableSlot *slot)
{
	FragmentRun *run = fragment->run;
	TupleTableSlot *row;
	RowExtras	extras = {0};

	if (take_queued(fragment, slot))
		return true;
	if (!fragment->started)
		start_local(fragment);
	while (!fragment->done && (row = local_fragment_next(fragment->exec)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fragment->row_cxt);

		row_map_copy(fragment->map, row, slot->tts_values, slot->tts_isnull, &extras);
		run->direct_filled = false;
		accept_row(fragment, &extras, slot->tts_values, slot->tts_isnull, true);
		MemoryContextSwitchTo(old);
		if (run->direct_filled)
			return true;
	}
	if (!fragment->done)
		collect_local(fragment);
	return false;
}

/* Next row of the local fragments, one fragment after the other. */
static bool
next_local(FragmentRun * run, TupleTableSlot *slot)
{
	while (run->locals != NIL)
	{
		if (next_of_local(linitial(run->locals), slot))
			return true;
		run->locals = list_delete_first(run->locals);
	}
	return false;
}

/* Note the end of a remote fragment; throws its error. */
static void
check_request(Fragment * fragment)
{
	FragmentRun *run = fragment->run;
	RemoteRequest *request = fragment->request;

	if (fragment->done || !request->done)
		return;
	if (request->failed && run->tentative)
		run->failed = true;
	else if (request->failed || request->aborted)
		fragment_raise(fragment);
	fragment->affected = request->affected;
	mark_done(fragment);
}

/*
 * Head fragment of a lane that may still have rows; finished ones leave.
 * NULL when the lane is over.
 */
static Fragment *
lane_head(FragmentRun * run, int index)
{
	List	   *lane = list_nth(run->lanes, index);

	while (lane != NIL)
	{
		Fragment   *fragment = linitial(lane);

		check_request(fragment);
		if (!fragment->done || !row_queue_is_empty(&fragment->queue) ||
			!pack_queue_is_empty(&fragment->packs))
			break;
		lane = list_delete_first(lane);
	}
	lfirst(list_nth_cell(run->lanes, index)) = lane;
	return lane == NIL ? NULL : linitial(lane);
}

/* Pump one fragment; true when a row of it is in slot. */
static bool
pump_direct(Fragment * fragment, TupleTableSlot *slot, bool wait)
{
	FragmentRun *run = fragment->run;

	run->direct = fragment;
	run->direct_filled = false;
	run->direct_values = slot->tts_values;
	run->direct_nulls = slot->tts_isnull;
	(void) remote_pump(fragment->request, wait);
	run->direct = NULL;
	return run->direct_filled || take_packed(fragment, slot);
}

/* Drop lanes that are over; true when any is left. */
static bool
prune_lanes(FragmentRun * run)
{
	if (run->spread != NULL)
		fragment_spread_step(run);
	for (int i = list_length(run->lanes) - 1; i >= 0; i--)
		if (lane_head(run, i) == NULL)
			run->lanes = list_delete_nth_cell(run->lanes, i);
	return run->lanes != NIL;
}

static void
wait_for_lanes(FragmentRun * run)
{
	int			count = list_length(run->lanes);
	RemoteRequest **requests = palloc(sizeof(RemoteRequest *) * count);

	for (int i = 0; i < count; i++)
		requests[i] = ((Fragment *) linitial((List *) list_nth(run->lanes, i)))->request;
	if (run->spread != NULL)
		fragment_spread_wait(run, requests, count);
	else
		remote_wait(requests, count);
	pfree(requests);
}

/*
 * Next row of the remote fragments.  Stays with one connection while that has
 * rows, so that the others' sockets fill up meanwhile.
 */
static bool
next_remote(FragmentRun * run, TupleTableSlot *slot)
{
	if (run->reading != NULL && take_packed(run->reading, slot))
		return true;
	while (prune_lanes(run))
	{
		int			count = list_length(run->lanes);
		bool		alone = count == 1 && run->spread == NULL;
		bool		progress = false;

		for (int i = 0; i < count; i++)
		{
			int			index = (run->lane + i) % count;
			Fragment   *fragment = linitial((List *) list_nth(run->lanes, index));
			int64		before = fragment->served ? 0 : fragment->request->delivered;

			if (take_queued(fragment, slot) || pump_direct(fragment, slot, alone))
			{
				run->lane = index;
				run->reading = fragment;
				return true;
			}
			progress |= fragment->request->done || fragment->request->delivered != before;
		}
		if (!progress && !alone)
			wait_for_lanes(run);
	}
	return false;
}

bool
fragment_run_next(FragmentRun * run, TupleTableSlot *slot)
{
	MemoryContext old;
	bool		found;

	ExecClearTuple(slot);
	MemoryContextReset(run->row_cxt);
	if (run->map == NULL)
	{
		fragment_run_finish(run);
		return false;
	}
	old = MemoryContextSwitchTo(run->cxt);
	found = next_local(run, slot) || next_remote(run, slot);
	MemoryContextSwitchTo(old);
	if (found)
		ExecStoreVirtualTuple(slot);
	return found;
}

/* Next row of one remote fragment; waits for it. */
static bool
next_of_remote(Fragment * fragment, TupleTableSlot *slot)
{
	for (;;)
	{
		if (take_queued(fragment, slot))
			return true;
		check_request(fragment);
		if (fragment->done)
			return false;
		if (pump_direct(fragment, slot, true))
			return true;
	}
}

bool
fragment_next(Fragment * fragment, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(fragment->run->cxt);
	bool		found;

	ExecClearTuple(slot);
	MemoryContextReset(fragment->row_cxt);
	found = fragment->local ? next_of_local(fragment, slot) : next_of_remote(fragment, slot);
	MemoryContextSwitchTo(old);
	if (found)
		ExecStoreVirtualTuple(slot);
	return found;
}

void
fragment_run_finish(FragmentRun * run)
{
	MemoryContext old = MemoryContextSwitchTo(run->cxt);
	ListCell   *lc;

	if (run->spread != NULL)
		fragment_spread_send_all(run);
	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->done)
			continue;
		if (fragment->local)
		{
			if (!fragment->started)
				start_local(fragment);
			collect_local(fragment);
			continue;
		}
		while (!fragment->request->done)
			(void) remote_pump(fragment->request, true);
		check_request(fragment);
	}
	MemoryContextSwitchTo(old);
}

int64
fragment_run_affected(const FragmentRun * run)
{
	int64		total = 0;
	ListCell   *lc;

	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->counted)
			total += fragment->affected;
	}
	return total;
}

/* Connections on which rows are under way that nobody will read. */
static int
unread_connections(FragmentRun * run, RemoteConnection **conns)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, run->lanes)
	{
		Fragment   *last = llast((List *) lfirst(lc));

		if (!last->served && !last->request->done)
			conns[n++] = last->request->conn;
	}
	return n;
}

/* A tentative run has failed: its errors do not count. */
static void
undo_failure(FragmentRun * run)
{
	ListCell   *lc;

	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->request != NULL && fragment->request->failed &&
			list_member_ptr(run->guarded, fragment->request->conn))
		{
			run->guarded = list_delete_ptr(run->guarded, fragment->request->conn);
			dist_xact_guard_undo(fragment->request->conn);
		}
	}
}

void
fragment_run_end(FragmentRun * run)
{
	RemoteConnection **unread = palloc(sizeof(RemoteConnection *) *
									   Max(list_length(run->lanes), 1));
	int			nunread = unread_connections(run, unread);
	ListCell   *lc;

	if (run->failed)
		undo_failure(run);
	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->request != NULL)
			remote_release(fragment->request);
		if (fragment->exec != NULL)
			local_fragment_end(fragment->exec);
		row_queue_end(&fragment->queue);
		pack_queue_end(&fragment->packs);
	}
	if (nunread > 0 && (run->access & DIST_ACCESS_WRITE) == 0)
		dist_xact_stop_reading(unread, nunread);
	pfree(unread);
	MemoryContextDelete(run->cxt);
}
