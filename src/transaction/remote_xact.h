/*
 * remote_xact.h
 *		The transaction on one node as seen from here; private to transaction/.
 *
 * depth counts levels as GetCurrentTransactionNestLevel() does: 0 = no
 * transaction there, 1 = BEGIN, n = savepoint s<n>.  It may lag behind the
 * local level (savepoints are sent with the next statement that goes there)
 * but is never deeper.
 */
#ifndef SHARDLITE_REMOTE_XACT_H
#define SHARDLITE_REMOTE_XACT_H

#include "lib/ilist.h"
#include "remote/connection.h"
#include "utils/timestamp.h"

#define GID_MAX 200				/* GIDSIZE of the server, with the terminator */

/* What became of PREPARE TRANSACTION there. */
typedef enum PrepareState
{
	PREPARE_NOT_SENT,
	PREPARE_SENT,				/* no answer: may be prepared or not */
	PREPARE_DONE,
	PREPARE_RESOLVED,			/* committed, rolled back, or never prepared */
}			PrepareState;

typedef struct RemoteXact
{
	dlist_node	link;
	int32		node_id;
	RemoteConnection *conn;		/* NULL when there is none */
	bool		used;			/* by the current local transaction */
	TimestampTz last_used;		/* start of the last transaction that did */
	int			depth;
	int			first_level;	/* local level that began the transaction there */
	uint64	   *savepoints;		/* by level, above the first: mark behind SAVEPOINT */
	int			savepoints_size;
	bool		wrote;
	CommandId	marked;			/* last command of ours that own_writes.c told it of */
	bool		failed;			/* lost work of this transaction: cannot commit */

	uint64		context;		/* generation of the context it has; 0 = unknown */
	int			context_depth;	/* it goes if this level is rolled back; 0 = stays */
	RemoteRequest *context_request; /* answer that an autocommitted context waits for */

	PrepareState prepare;
	char		gid[GID_MAX];
	RemoteRequest *step;		/* commit step being waited for */
	bool		step_ok;		/* it had the expected command tag */
	const char *step_tag;
}			RemoteXact;

/* Queue what must precede a statement at this local level: context, BEGIN, SAVEPOINTs. */
extern void remote_xact_enter(RemoteXact * xact, int level);

/* Queue the context for a statement outside any transaction block. */
extern void remote_xact_autocommit(RemoteXact * xact, bool commits);

/* A subtransaction has ended here; follow.  The abort may have to cancel. */
extern void remote_xact_subcommit(RemoteXact * xact, int level);
extern void remote_xact_subabort(RemoteXact * xact, int level);

/*
 * What ran there was cancelled.  If that aborted the transaction, which has
 * done nothing, the next statement begins a new one; on a new connection, if
 * the node has not stopped.
 */
extern void remote_xact_restart(RemoteXact * xact);

/*
 * Send one command that must end with the given tag, in a batch of its own;
 * remote_xact_step_result() later takes the verdict without throwing.
 */
extern void remote_xact_step(RemoteXact * xact, const char *sql, const char *tag, int flags);
extern bool remote_xact_step_wait(RemoteXact * xact, bool interruptible, int timeout_ms);
extern void remote_xact_step_raise(RemoteXact * xact) pg_attribute_noreturn();
extern void remote_xact_step_end(RemoteXact * xact);

/* COMMIT or ROLLBACK whose answer nobody waits for. */
extern void remote_xact_end_lazily(RemoteXact * xact, bool commit);

#endif							/* SHARDLITE_REMOTE_XACT_H */
