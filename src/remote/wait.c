/*
 * wait.c
 *		Waiting for one or several connections without ever blocking in libpq.
 *
 * Output that a socket did not take is pushed while we wait for anything, so
 * two full buffers can never wait for each other.
 */
#include "postgres.h"

#include "compat/pg_compat.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "remote/connection_state.h"
#include "utils/memutils.h"

uint32		remote_wait_nobody;
uint32	   *remote_wait_counter = &remote_wait_nobody;

/* Positions in every set. */
#define POS_LATCH 0
#define POS_SOCKET 2

static WaitEventSet *
set_create(int nsockets)
{
	WaitEventSet *set = compat_create_wait_event_set(POS_SOCKET + nsockets);

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	return set;
}

/* The events a connection is waiting for now. */
static uint32
wanted_events(RemoteConnection *conn)
{
	if (conn->connecting != PGRES_POLLING_OK)
		return conn->connecting == PGRES_POLLING_READING ? WL_SOCKET_READABLE : WL_SOCKET_WRITEABLE;
	return WL_SOCKET_READABLE | (conn->unsent ? WL_SOCKET_WRITEABLE : 0);
}

/* The connection's own set, kept as long as it. */
static WaitEventSet *
own_set(RemoteConnection *conn)
{
	uint32		events = wanted_events(conn);

	if (conn->set == NULL)
	{
		conn->set = set_create(1);
		AddWaitEventToSet(conn->set, events, PQsocket(conn->pg), NULL, conn);
		conn->set_events = events;
	}
	else if (conn->set_events != events)
	{
		ModifyWaitEvent(conn->set, POS_SOCKET, events, NULL);
		conn->set_events = events;
	}
	return conn->set;
}

/* Wait on the set; receives and sends on every connection that is ready. */
static int
wait_on(WaitEventSet *set, int nsockets, long timeout_ms)
{
	WaitEvent	events[16];
	int			outcome = WAIT_EXPIRED;
	int			n;

	++*remote_wait_counter;
	n = WaitEventSetWait(set, timeout_ms, events,
						 Min(lengthof(events), POS_SOCKET + nsockets),
						 PG_WAIT_EXTENSION);
	++*remote_wait_counter;
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			outcome = WAIT_LATCH;
		}
		else if (events[i].user_data != NULL)
		{
			RemoteConnection *conn = events[i].user_data;

			if (conn->connecting != PGRES_POLLING_OK)
				connection_advance(conn);
			else
				(void) connection_consume(conn);
			if (outcome == WAIT_EXPIRED)
				outcome = WAIT_READY;
		}
	}
	return outcome;
}

/* Connections that have output to push although nobody waits for them. */
static int
add_unsent(RemoteConnection **all, int count)
{
	dlist_iter	iter;
	int			n = count;

	dlist_foreach(iter, &remote_all_connections)
	{
		RemoteConnection *conn = dlist_container(RemoteConnection, link, iter.cur);
		bool		listed = false;

		if (!conn->unsent || conn->lost)
			continue;
		for (int i = 0; i < count && !listed; i++)
			listed = (all[i] == conn);
		if (!listed)
			all[n++] = conn;
	}
	return n;
}

static int
count_connections(void)
{
	dlist_iter	iter;
	int			n = 0;

	dlist_foreach(iter, &remote_all_connections)
		n++;
	return n;
}

/*
 * Wait until one of the connections has received something or its output
 * went on, the latch was set (the caller looks after interrupts), or the time
 * is over; -1 waits for ever.  Duplicates are allowed.
 */
int
connections_wait(RemoteConnection **conns, int count, long timeout_ms)
{
	RemoteConnection **all;
	WaitEventSet *set;
	int			n = 0;
	int			outcome;

	all = palloc(sizeof(RemoteConnection *) * (count + count_connections()));
	for (int i = 0; i < count; i++)
	{
		bool		listed = false;

		for (int j = 0; j < n && !listed; j++)
			listed = (all[j] == conns[i]);
		if (!listed && !conns[i]->lost)
			all[n++] = conns[i];
	}
	n = add_unsent(all, n);
	if (n == 0)
		outcome = WAIT_READY;
	else if (n == 1 && all[0]->connecting == PGRES_POLLING_OK)
		outcome = wait_on(own_set(all[0]), 1, timeout_ms);
	else
	{
		set = set_create(n);
		for (int i = 0; i < n; i++)
			AddWaitEventToSet(set, wanted_events(all[i]), PQsocket(all[i]->pg), NULL, all[i]);
		outcome = wait_on(set, n, timeout_ms);
		FreeWaitEventSet(set);
	}
	pfree(all);
	return outcome;
}

void
remote_push(RemoteConnection *conn)
{
	connection_flush(conn);
	while (!conn->lost && conn->unsent)
	{
		if (connections_wait(&conn, 1, -1) == WAIT_LATCH)
			CHECK_FOR_INTERRUPTS();
		while (connection_step(conn))
			 /* what comes before is kept by those who asked */ ;
	}
}
