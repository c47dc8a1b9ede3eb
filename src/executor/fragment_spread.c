/*
 * fragment_spread.c
 *		Long work of one node over several connections.
 *
 * Where the planner expects much work of a node, the first connection begins
 * with a part of its fragments, and the others are held back.  They are sent
 * two at a time as fragments end.  If the run then has to wait for the nodes for
 * long, further connections are opened, one after the other, and take held
 * fragments, too; those that are open from earlier statements do so at once.
 * What cannot be opened is not missed: the first connection does it all in the
 * end.  Time in which rows arrive faster than they are used is not waiting, so
 * what the coordinator or the client holds up opens nothing.
 *
 * Every fragment is a statement of its own, whose snapshot its node takes when it
 * begins, on the first connection, too.  extra_connections.c says when more may
 * be used, and has us finish what we have on a node (settle) before anything is
 * written or locked there.
 */
#include "postgres.h"

#include <float.h>
#include <limits.h>

#include "executor/fragment_spread.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"
#include "transaction/extra_connections.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

static int	parallel_delay;
static double parallel_min_cost;

/* A connection and the last fragments sent there. */
typedef struct SpreadLane
{
	ExtraConnection *extra;		/* NULL: the node's first connection */
	Fragment   *last;
	Fragment   *before_last;
}			SpreadLane;

typedef struct NodeSpread
{
	int32		node_id;
	List	   *held;			/* of Fragment, to be sent in this order */
	List	   *lanes;			/* of SpreadLane; the first connection's first */
	double		open_after;		/* the run has waited so long, in ms */
	bool		refused;		/* no more can be opened */
}			NodeSpread;

struct FragmentSpread
{
	dlist_node	link;
	FragmentRun *run;
	ReaderContext *context;
	List	   *nodes;			/* of NodeSpread */
	instr_time	start;
	double		waited_ms;
	ResourceOwner owner;		/* of the requests; NULL: they are gone */
	MemoryContextCallback cleanup;
};

static dlist_head spreads = DLIST_STATIC_INIT(spreads);

/* ---- sending ---- */

/*
 * Send the next held fragment there; false when the connection is gone.  The
 * request is the run's, whoever happens to be running.
 */
static bool
send_next(FragmentSpread * spread, NodeSpread * node, SpreadLane * lane)
{
	Fragment   *fragment = linitial(node->held);
	Fragment   *first = ((SpreadLane *) linitial(node->lanes))->last;
	RemoteConnection *conn;

	conn = lane->extra != NULL ? extra_connection_enter(lane->extra, spread->context) :
		reader_first_connection(node->node_id, spread->context);
	if (conn == NULL)
		return false;
	fragment_send(fragment, conn);
	remote_share_owner(fragment->request, first->request);
	node->held = list_delete_first(node->held);
	lane->before_last = lane->last;
	lane->last = fragment;
	return true;
}

static int
in_flight(const SpreadLane * lane)
{
	if (lane->last == NULL || lane->last->request->done)
		return 0;
	return lane->before_last == NULL || lane->before_last->request->done ? 1 : 2;
}

/* Use connections that nobody does; one fragment each is enough reason. */
static void
take_idle(FragmentSpread * spread, NodeSpread * node)
{
	int			allowed = reader_connections_allowed(node->node_id);

	while (list_length(node->lanes) < Min(allowed, 1 + list_length(node->held)))
	{
		ExtraConnection *extra = extra_connection_take(node->node_id, spread);
		SpreadLane *lane;

		if (extra == NULL)
			break;
		lane = palloc0(sizeof(SpreadLane));
		lane->extra = extra;
		node->lanes = lappend(node->lanes, lane);
	}
}

/*
 * Keep a lane busy.  A second fragment in advance spares the wait for the
 * first one's end, but near the end of all it might come too late there.
 */
static bool
feed_lane(FragmentSpread * spread, NodeSpread * node, SpreadLane * lane)
{
	int			before = list_length(node->held);
	bool		usable = true;

	while (usable && node->held != NIL &&
		   in_flight(lane) < (list_length(node->held) > list_length(node->lanes) ? 2 : 1))
		usable = send_next(spread, node, lane);
	if (list_length(node->held) < before)
		remote_sync(lane->last->request->conn);
	return usable && (node->held != NIL || lane->extra == NULL || in_flight(lane) > 0);
}

static void
step_node(FragmentSpread * spread, NodeSpread * node)
{
	ListCell   *lc;

	if (node->held != NIL)
		take_idle(spread, node);
	foreach(lc, node->lanes)
	{
		SpreadLane *lane = lfirst(lc);

		if (feed_lane(spread, node, lane))
			continue;
		extra_connection_give_back(lane->extra);
		node->lanes = foreach_delete_current(node->lanes, lc);
	}
}

void
fragment_spread_step(FragmentRun * run)
{
	MemoryContext old = MemoryContextSwitchTo(run->cxt);
	ListCell   *lc;

	foreach(lc, run->spread->nodes)
		step_node(run->spread, lfirst(lc));
	MemoryContextSwitchTo(old);
}

static void
send_all(FragmentSpread * spread, NodeSpread * node)
{
	SpreadLane *first = linitial(node->lanes);

	if (node->held == NIL)
		return;
	while (node->held != NIL)
		(void) send_next(spread, node, first);
	remote_sync(first->last->request->conn);
}

void
fragment_spread_send_all(FragmentRun * run)
{
	MemoryContext old = MemoryContextSwitchTo(run->cxt);
	ListCell   *lc;

	foreach(lc, run->spread->nodes)
		send_all(run->spread, lfirst(lc));
	MemoryContextSwitchTo(old);
}

/*
 * Something else is about to happen on the node: what we have there goes to
 * its first connection, in front of that, and other connections finish.
 */
static void
settle(int32 node_id)
{
	dlist_iter	iter;
	ListCell   *lc,
			   *lc2;

	dlist_foreach(iter, &spreads)
	{
		FragmentSpread *spread = dlist_container(FragmentSpread, link, iter.cur);
		MemoryContext old = MemoryContextSwitchTo(spread->run->cxt);

		foreach(lc, spread->nodes)
		{
			NodeSpread *node = lfirst(lc);

			if (node->node_id != node_id)
				continue;
			send_all(spread, node);
			for_each_from(lc2, node->lanes, 1)
			{
				SpreadLane *lane = lfirst(lc2);

				while (in_flight(lane) > 0)
					(void) remote_pump(lane->last->request, true);
			}
		}
		MemoryContextSwitchTo(old);
	}
}

/* ---- waiting ---- */

/* Fragments of the node that have been read to their end. */
static int
count_finished(FragmentRun * run, int32 node_id)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->node_id == node_id && fragment->request != NULL && fragment->request->done)
			count++;
	}
	return count;
}

/* Will what is held back take longer than opening a connection for it? */
static bool
is_long(FragmentSpread * spread, NodeSpread * node)
{
	int			finished = count_finished(spread->run, node->node_id);
	instr_time	now;

	if (finished == 0)
		return true;
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, spread->start);
	return INSTR_TIME_GET_MILLISEC(now) * list_length(node->held) / finished > parallel_delay;
}

/* Open connections that are due; returns the ms until the next one is, or -1. */
static long
open_more(FragmentSpread * spread)
{
	double		next = -1;
	ListCell   *lc;

	foreach(lc, spread->nodes)
	{
		NodeSpread *node = lfirst(lc);

		if (node->held == NIL || node->refused)
			continue;
		if (extra_connection_refused(node->node_id))
		{
			node->refused = true;
			continue;
		}
		if (spread->waited_ms >= node->open_after)
		{
			if (is_long(spread, node))
				(void) extra_connection_open(node->node_id);
			node->open_after = spread->waited_ms + Max(parallel_delay, 1);
		}
		if (next < 0 || node->open_after - spread->waited_ms < next)
			next = node->open_after - spread->waited_ms;
	}
	return next < 0 ? -1 : (long) next + 1;
}

void
fragment_spread_wait(FragmentRun * run, RemoteRequest **requests, int count)
{
	FragmentSpread *spread = run->spread;
	long		timeout = open_more(spread);
	int			nopening;
	RemoteConnection **opening = extra_connections_opening(&nopening);
	instr_time	start;
	instr_time	now;

	INSTR_TIME_SET_CURRENT(start);
	remote_wait_opening(requests, count, opening, nopening, timeout);
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	spread->waited_ms += INSTR_TIME_GET_MILLISEC(now);
	pfree(opening);
}

/* ---- beginning and end ---- */

/* The run's memory goes, or its requests do, after an error. */
static void
forget_spread(void *arg)
{
	FragmentSpread *spread = arg;

	if (spread->owner == NULL)
		return;
	spread->owner = NULL;
	dlist_delete(&spread->link);
	if (dlist_is_empty(&spreads))
		extra_connections_settle_hook = NULL;
	extra_connections_forget_user(spread);
}

/* Memory may outlive what failed, but requests do not. */
static void
release_owned(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	dlist_mutable_iter iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach_modify(iter, &spreads)
	{
		FragmentSpread *spread = dlist_container(FragmentSpread, link, iter.cur);

		if (spread->owner == CurrentResourceOwner)
			forget_spread(spread);
	}
}

static FragmentSpread *
spread_create(FragmentRun * run)
{
	static bool registered = false;
	FragmentSpread *spread = palloc0(sizeof(FragmentSpread));

	/* Sessions with short work only need not be asked. */
	if (!registered)
		RegisterResourceReleaseCallback(release_owned, NULL);
	registered = true;
	spread->run = run;
	spread->owner = CurrentResourceOwner;
	spread->context = reader_context_get();
	INSTR_TIME_SET_CURRENT(spread->start);
	spread->cleanup.func = forget_spread;
	spread->cleanup.arg = spread;
	dlist_push_tail(&spreads, &spread->link);
	MemoryContextRegisterResetCallback(run->cxt, &spread->cleanup);
	extra_connections_settle_hook = settle;
	return spread;
}

bool
fragment_spread_is_long(double cost)
{
	return cost > 0 && cost >= parallel_min_cost;
}

/* New fragments on a node; local_node_id() will do. */
static int
count_new(FragmentRun * run, int32 node_id)
{
	int			count = 0;
	ListCell   *lc;

	for_each_from(lc, run->fragments, run->nflushed)
		if (((Fragment *) lfirst(lc))->node_id == node_id)
			count++;
	return count;
}

/*
 * The first connection begins with what would be its part if all connections
 * were there.  Nobody sends more while fragments run in this backend, so it gets
 * at least as many as those.
 */
int
fragment_spread_share(FragmentRun * run, int32 node_id)
{
	int			count;
	int			allowed;
	int			here;
	int			share;

	if (run->fragment_cost <= 0)
		return INT_MAX;
	count = count_new(run, node_id);
	if (count < 2 || !fragment_spread_is_long(count * run->fragment_cost))
		return INT_MAX;
	allowed = reader_connections_allowed(node_id);
	here = count_new(run, local_node_id());
	share = (count + allowed - 1) / allowed;
	if (here > 0)
		share = Max(share, here + 1);
	return share < count ? share : INT_MAX;
}

void
fragment_spread_begun(FragmentRun * run, Fragment * last)
{
	NodeSpread *node = palloc0(sizeof(NodeSpread));
	SpreadLane *lane = palloc0(sizeof(SpreadLane));

	if (run->spread == NULL)
		run->spread = spread_create(run);
	lane->last = last;
	node->node_id = last->node_id;
	node->lanes = list_make1(lane);
	node->open_after = parallel_delay;
	run->spread->nodes = lappend(run->spread->nodes, node);
}

void
fragment_spread_hold(FragmentRun * run, Fragment * fragment)
{
	NodeSpread *node = llast(run->spread->nodes);

	Assert(node->node_id == fragment->node_id);
	node->held = lappend(node->held, fragment);
}

int
fragment_spread_parts(int32 node_id, int nshards, double cost)
{
	if (!fragment_spread_is_long(cost) || node_id == local_node_id())
		return 1;
	return Min(nshards, reader_connections_allowed(node_id));
}

void
fragment_spread_init(void)
{
	DefineCustomIntVariable("shardlite.parallel_delay",
							"Time that a statement waits for nodes before it opens one more connection to each.",
							"Only statements above shardlite.parallel_min_cost do.",
							&parallel_delay,
							10, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomRealVariable("shardlite.parallel_min_cost",
							 "Estimated cost of one node's work from which a statement may use several connections to it.",
							 "In units of the planner's cost model.",
							 &parallel_min_cost,
							 20000, 0, DBL_MAX, PGC_USERSET, 0,
							 NULL, NULL, NULL);
}
