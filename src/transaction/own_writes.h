/*
 * own_writes.h
 *		A statement does not see what its transaction writes after it has begun.
 *
 * On one server the command id in its snapshot says so.  A fragment is a
 * statement of its own on the node, so one that starts late (the next key of a
 * correlated sub-SELECT, the second half of a UNION, after a FETCH) would see
 * what a function or the client has written in between.  So while statements of
 * ours are under way that may still send fragments, the node learns with each
 * write which command of this server it belongs to, and such fragments run
 * with the command id that the node had before.
 */
#ifndef SHARDLITE_OWN_WRITES_H
#define SHARDLITE_OWN_WRITES_H

#include "transaction/remote_xact.h"

/* Statements under way that may still send fragments; kept by the executor. */
extern int	own_writes_readers;

/* The current command is about to write there, before so many readers' eyes. */
extern void own_writes_mark(RemoteXact * xact, int readers);

/*
 * Until own_writes_show(), what follows there does not see what this or a later
 * command wrote.  False if there is nothing of the kind; then nothing is queued.
 */
extern bool own_writes_hide(RemoteXact * xact, CommandId command);
extern void own_writes_show(RemoteXact * xact);

extern void own_writes_init(void);

#endif							/* SHARDLITE_OWN_WRITES_H */
