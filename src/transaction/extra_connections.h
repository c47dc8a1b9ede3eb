/*
 * extra_connections.h
 *		More connections to a node, for long reading beside the first one.
 */
#ifndef SHARDLITE_EXTRA_CONNECTIONS_H
#define SHARDLITE_EXTRA_CONNECTIONS_H

#include "remote/connection.h"

typedef struct ExtraConnection ExtraConnection;

/* ---------------------------------------------------------- for the executor */

/*
 * What a statement's fragments run under, as of its start: later ones must not
 * see what the statement itself has changed meanwhile.
 */
typedef struct ReaderContext
{
	uint64		generation;
	char	   *command;
}			ReaderContext;

/* In the current memory context. */
extern ReaderContext * reader_context_get(void);

/*
 * How many connections a plain read may use on this node now, the first one
 * included.  1: it must see what its transaction has done there, or the
 * isolation level needs one snapshot, or settings say so.
 */
extern int	reader_connections_allowed(int32 node_id);

/*
 * Connection for a plain read that began under this context: the first one, and
 * as dist_xact_connection() would return it.
 */
extern RemoteConnection *reader_first_connection(int32 node_id, const ReaderContext * context);

/* An idle one more, which then belongs to user; NULL when there is none. */
extern ExtraConnection * extra_connection_take(int32 node_id, void *user);

/*
 * Begin to open one more, for whoever takes it first, unless one is being opened.
 * False when session or server have as many as they may.
 */
extern bool extra_connection_open(int32 node_id);

/* Those being opened, for remote_wait_opening(); memory in the current context. */
extern RemoteConnection **extra_connections_opening(int *count);

/*
 * Did opening one fail, since the last question?  Nobody is told why: the work is
 * done all the same.
 */
extern bool extra_connection_refused(int32 node_id);

/*
 * Connection for the next fragment, with what must precede it queued in its
 * batch; NULL when it is lost.
 */
extern RemoteConnection *extra_connection_enter(ExtraConnection * extra,
												const ReaderContext * context);

/* The user has read what it asked for; extra must not be used afterwards. */
extern void extra_connection_give_back(ExtraConnection * extra);

/* The user is gone, whatever its connections still do. */
extern void extra_connections_forget_user(void *user);

/*
 * Called before something else than a plain read goes to a node: NULL, or who
 * has work there that must be done before.
 */
extern void (*extra_connections_settle_hook) (int32 node_id);

/* ------------------------------------------------- private to transaction/ */

extern int	extra_connections_count(void);

/* Those that still work, appended at *n. */
extern void extra_connections_busy(RemoteConnection **conns, int *n);

/* Those of the given ones whose work nobody wants any more, likewise. */
extern void extra_connections_unwanted(RemoteConnection **given, int ngiven,
									   RemoteConnection **conns, int *n);

/* A subtransaction was aborted: stop what only it wanted.  Waits, limited. */
extern void extra_connections_subabort(void);

/* The transaction is over, and what could be stopped was. */
extern void extra_connections_reset(void);

/*
 * Close those not used for so many ms; returns how long the next one may stay,
 * 0 when there is none.
 */
extern long extra_connections_close_idle(TimestampTz now, int idle_ms);

extern void extra_connections_init(void);

#endif							/* SHARDLITE_EXTRA_CONNECTIONS_H */
