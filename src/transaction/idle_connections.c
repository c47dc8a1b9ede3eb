/*
 * idle_connections.c
 *		Closing connections to nodes that a session has not used for a while.
 *
 * A session that waits for its client wakes up by a timer.  In that state
 * PostgreSQL does one thing that we can ask for, catching up with
 * invalidations, which is an empty transaction; at its end, as at that of any
 * other, the connections are looked at.  An error elsewhere ends all timers, so
 * the end of each transaction sees to it that there is one.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "transaction/extra_connections.h"
#include "transaction/idle_connections.h"
#include "transaction/participants.h"
#include "transaction/peer_readers.h"
#include "utils/guc.h"
#include "utils/timeout.h"

static int	idle_timeout;

/* MAX_TIMEOUTS: not registered in this process yet. */
static TimeoutId timer = MAX_TIMEOUTS;

static volatile sig_atomic_t due = false;

/* In a signal handler. */
static void
on_timeout(void)
{
	due = true;
	catchupInterruptPending = true;
	SetLatch(MyLatch);
}

/*
 * Close those whose time is over; returns the milliseconds until the next one's
 * is, 0 when none is left.
 */
static long
close_idle(TimestampTz now)
{
	long		next = extra_connections_close_idle(now, idle_timeout);
	long		peers = peer_readers_close_idle(now, idle_timeout);
	dlist_iter	iter;

	if (peers > 0)
		next = next == 0 ? peers : Min(next, peers);
	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);
		long		left;

		if (xact->conn == NULL)
			continue;
		left = TimestampDifferenceMilliseconds(now, TimestampTzPlusMilliseconds(xact->last_used,
																				idle_timeout));
		if (left == 0)
			participant_close(xact);
		else
			next = next == 0 ? left : Min(next, left);
	}
	return next;
}

void
idle_connections_check(bool used)
{
	long		next;

	if ((dlist_is_empty(&participants) && !peer_readers_exist()) || idle_timeout == 0)
		return;
	if (!due && timer != MAX_TIMEOUTS && get_timeout_active(timer))
		return;
	due = false;
	next = used ? idle_timeout : close_idle(GetCurrentTimestamp());
	if (next == 0)
		return;
	if (timer == MAX_TIMEOUTS)
		timer = RegisterTimeout(USER_TIMEOUT, on_timeout);
	enable_timeout_after(timer, Min(next, INT_MAX));
}

/* The end of the transaction that sets it starts the timer anew. */
static void
assign_idle_timeout(int newval, void *extra)
{
	if (timer != MAX_TIMEOUTS)
		disable_timeout(timer, false);
}

void
idle_connections_init(void)
{
	DefineCustomIntVariable("shardlite.idle_connection_timeout",
							"Time after which a session closes a connection to a node that it does not use.",
							"0 keeps connections as long as the session.",
							&idle_timeout,
							10 * 60 * 1000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, assign_idle_timeout, NULL);
}
