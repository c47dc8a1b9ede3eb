/*
 * connection.h
 *		Connections to nodes, in libpq pipeline mode, and requests on them.
 *
 * A connection executes requests in order.  Requests are queued with
 * remote_send() and travel when remote_sync() closes the batch.  Results are
 * handed to each request's callback as they arrive, so whoever wants the
 * result of a later request makes the earlier ones receive theirs: a callback
 * must therefore store what it is given (spilling if need be).
 *
 * Low-level failures (connection lost, error result) are stored in the request;
 * remote_raise() turns them into an ereport(ERROR) that keeps the node's
 * SQLSTATE, message, detail, hint and position and adds node and SQL as context.
 */
#ifndef SHARDLITE_CONNECTION_H
#define SHARDLITE_CONNECTION_H

#include "common/node_address.h"
#include "lib/ilist.h"
#include "libpq-fe.h"

typedef struct RemoteConnection RemoteConnection;
typedef struct RemoteRequest RemoteRequest;

/*
 * Called for every PGresult of a request: PGRES_SINGLE_TUPLE or PGRES_TUPLES_OK
 * with rows, PGRES_COMMAND_OK, or the terminating PGRES_TUPLES_OK without rows.
 * Error results are not delivered.  The result belongs to the caller.  The
 * callback may throw.
 */
typedef void (*RemoteResultCallback) (RemoteRequest *request, PGresult *result);

struct RemoteRequest
{
	dlist_node	link;			/* in the connection's queue */
	RemoteConnection *conn;
	RemoteResultCallback on_result; /* NULL: discard */
	void	   *arg;			/* for the callback */
	bool		done;			/* no result will follow */
	bool		failed;			/* remote_raise() will throw */
	bool		aborted;		/* skipped because an earlier one failed */
	int64		delivered;		/* callbacks made so far */
	int64		affected;		/* rows, from the command tag */
	/* private to remote/ follows in request.h */
};

/* Parameters of one statement; values in the given format, lengths for binary. */
typedef struct RemoteParams
{
	int			count;
	const Oid  *types;			/* 0 where the node shall infer (user-defined types) */
	const char *const *values;
	const int  *lengths;
	const int  *formats;
}			RemoteParams;

#define REMOTE_SINGLE_ROW	0x01	/* stream rows one by one */
#define REMOTE_BINARY		0x02	/* results in binary */
#define REMOTE_PACKED		0x10	/* ... in packs of rows; a plain SELECT's only */
#define REMOTE_AT_SYNC		0x20	/* without BEGIN: done, or failed, when its batch is */
#define REMOTE_PREPARE		0x04	/* worth a prepared statement on the node */
#define REMOTE_STABLE		0x40	/* sql and params stay until it is released or forgotten */

/* The format of results that PQfformat() tells: 0 is text, 1 binary, and this. */
#define REMOTE_FORMAT_PACKED	2

/*
 * The node commits with this request.  Its answer is waited for even when the
 * user cancels (the node is then asked to cancel), and a connection that dies
 * before it is error 08007: the outcome is not known.
 */
#define REMOTE_COMMITS		0x08

/*
 * How names of one shard read to the user.  Its tables are called
 * <prefix>_<shard id> on the node, their indexes <logical name>_<4 hex digits>_<shard id>;
 * an index whose name was clipped on the way has an entry like a table.
 * Belongs to the caller and must outlive the request.
 */
typedef struct RemoteRenameTable
{
	const char *prefix;
	const char *schema;			/* logical, unquoted */
	const char *name;
}			RemoteRenameTable;

typedef struct RemoteRename
{
	int64		shard_id;
	int			count;
	const RemoteRenameTable *tables;
	bool		keep_schema;	/* qualified names stay qualified, by the logical schema */

	/* Where the shard is not known: text with quoted names in, logical names out. */
	char	   *(*translate) (char *text);
}			RemoteRename;

/* Text with such names replaced; text itself when there are none.  NULL stays. */
extern char *remote_rename_text(const char *text, const RemoteRename *rename);

/* Queue a statement.  Copies sql and params.  Does not block. */
extern RemoteRequest *remote_send(RemoteConnection *conn, const char *sql,
								  const RemoteParams * params, int flags,
								  RemoteResultCallback on_result, void *arg);

/* Close the batch: Sync, and push as much as the socket takes. */
extern void remote_sync(RemoteConnection *conn);

/*
 * Have the node answer what was queued so far without waiting for what follows
 * in the batch.  Returns the mark of this point for remote_answered().
 */
extern uint64 remote_answer_early(RemoteConnection *conn);

/* Wait until the socket has taken all that is queued; interruptible. */
extern void remote_push(RemoteConnection *conn);

/*
 * Make progress on a request: read until it has received at least one more
 * result or is done.  With wait = false, only what has already arrived.
 * Returns whether something was delivered or it is done.  Interruptible.
 */
extern bool remote_pump(RemoteRequest *request, bool wait);

/* Wait until any of the requests' connections has something to read. */
extern void remote_wait(RemoteRequest **requests, int count);

/*
 * The same, for at most timeout_ms (-1: for ever), and meanwhile go on with
 * connections that are being opened; returns when one of them has got on, too.
 */
extern void remote_wait_opening(RemoteRequest **requests, int count,
								RemoteConnection **opening, int nopening, long timeout_ms);

/* Pump until done, then throw if it failed. */
extern void remote_finish(RemoteRequest *request);

/* Throw the stored error, if any, at ERROR. */
extern void remote_raise(RemoteRequest *request);

/* SQLSTATE of the stored error, or NULL. */
extern const char *remote_sqlstate(RemoteRequest *request);

/* The owner loses interest: pending results are discarded as they arrive. */
extern void remote_forget(RemoteRequest *request);

/* Forget and free; the request must not be used afterwards. */
extern void remote_release(RemoteRequest *request);

/* Apply this to names in the request's error, if there will be one. */
extern void remote_set_rename(RemoteRequest *request, const RemoteRename * rename);

/* Has its batch not been closed by remote_sync() yet? */
extern bool remote_in_open_batch(RemoteRequest *request);

/*
 * Finds logical names in the message of a request without such a list: writes
 * to a reference table may fail because of any shard's foreign key.
 */
extern char *(*remote_logical_names_hook) (char *text);

/*
 * A request belongs to the resource owner current when it was sent, which
 * releases it at the latest; after this only remote_release() does.
 */
extern void remote_disown(RemoteRequest *request);

extern const NodeAddress *remote_address(RemoteConnection *conn);

/* host:port of the node, for messages; lives as long as the connection. */
extern const char *remote_name(RemoteConnection *conn);

/* ---- for the transaction layer ---- */

/*
 * Who opens connections and to what: everything by value of the node's
 * address, so that this layer needs no catalog.
 */
typedef struct RemoteIdentity
{
	const char *user;
	const char *dbname;
	int32		origin_node_id;
}			RemoteIdentity;

/* Begin to connect.  Never throws for what the node does. */
extern RemoteConnection *remote_open(const NodeAddress *address,
									 const RemoteIdentity * identity);

/*
 * The same if this server has fewer than limit connections there, of all its
 * backends; else NULL.  It goes on while remote_wait_opening() waits.
 */
extern RemoteConnection *remote_open_within(const NodeAddress *address,
											const RemoteIdentity * identity, int limit);

/* How many connections of this server go where this one does. */
extern int	remote_server_connections(RemoteConnection *conn);

/* Is it connected? */
extern bool remote_is_open(RemoteConnection *conn);

/*
 * Finish connecting all of them at the same time, within
 * shardlite.node_connection_timeout.  Those that fail are lost afterwards.
 */
extern void remote_connect(RemoteConnection **conns, int count);

extern void remote_close(RemoteConnection *conn);

/* Give a request to who owns another one of the same work. */
extern void remote_share_owner(RemoteRequest *request, const RemoteRequest *with);

/* Nothing more can be done with it. */
extern bool remote_is_lost(RemoteConnection *conn);

/* Throw why it is lost (08006, or what the node said while connecting). */
extern void remote_raise_lost(RemoteConnection *conn) pg_attribute_noreturn();

/* Look whether the peer has closed an idle connection; makes it lost. */
extern void remote_check_alive(RemoteConnection *conn);

/* Take the answers that have arrived; makes it lost like the above. */
extern void remote_catch_up(RemoteConnection *conn);

/* No result is outstanding. */
extern bool remote_is_idle(RemoteConnection *conn);

/* Is there an unfinished request that somebody still wants? */
extern bool remote_is_wanted(RemoteConnection *conn);

/*
 * Requests sent from now on are outside a transaction block: the Sync is their
 * commit.  With commits, they are also REMOTE_COMMITS, and done only when the
 * batch has ended.
 */
extern void remote_set_autocommit(RemoteConnection *conn, bool autocommit, bool commits);

/* Called when a REMOTE_COMMITS request has succeeded. */
extern void (*remote_committed_hook) (void);

/* Is a transaction block open there, as far as the node has answered? */
extern bool remote_in_transaction(RemoteConnection *conn);

/* ... and can it go on there? */
extern bool remote_is_healthy(RemoteConnection *conn);

/* Notices of the node are passed on to the client, or not. */
extern void remote_set_quiet(RemoteConnection *conn, bool quiet);

/*
 * Keep notices of the node from now on; they are passed on, or not, when the
 * keeping ends.
 */
extern void remote_keep_notices(RemoteConnection *conn);
extern void remote_end_notices(RemoteConnection *conn, bool pass_on);

/* Forget prepared statements made under another generation. */
extern void remote_statements_generation(RemoteConnection *conn, uint64 generation);

/*
 * Ask the nodes to cancel what runs on these connections, and wait, for at most
 * timeout_ms, until they have told the processes.
 */
extern void remote_cancel(RemoteConnection **conns, int count, int timeout_ms);

/* What has been queued up to now is not cancelled by remote_stop(). */
extern void remote_spare(RemoteConnection *conn);

/*
 * Receive everything outstanding on these connections, cancelling what takes long, without
 * being interruptible.  Returns false when that takes longer than timeout_ms;
 * look then which are idle.
 */
extern bool remote_stop(RemoteConnection **conns, int count, int timeout_ms);

/*
 * The nodes are to end these sessions, so that they do nothing any more with
 * what we have sent, should they not have seen it yet.
 */
extern void remote_terminate(RemoteConnection **conns, int count, int timeout_ms);

/*
 * Receive everything outstanding, without being interruptible.  Returns false
 * when that takes longer than timeout_ms or the connection breaks.
 */
extern bool remote_drain(RemoteConnection *conn, int timeout_ms);

/* The same for what was queued before the mark was made. */
extern bool remote_answered(RemoteConnection *conn, uint64 mark, int timeout_ms);

/* Requests of this subtransaction are no longer wanted / belong to parent;
 * likewise those of the whole transaction.  Disowned ones are left alone. */
extern void remote_forget_subxact(SubTransactionId subid);
extern void remote_reassign_subxact(SubTransactionId subid, SubTransactionId parent);
extern void remote_forget_all(void);

/* ---- COPY FROM STDIN on several connections at once ---- */

/*
 * Start a COPY ... FROM STDIN.  Waits for what was sent before on this
 * connection and for the node to be ready.  Until remote_copy_end() nothing
 * else may be sent there.  Throws the node's error.
 */
extern void remote_copy_begin(RemoteConnection *conn, const char *sql);

/*
 * Append bytes; need not be whole lines.  Blocks (interruptibly) only while
 * more than a bounded amount is waiting for the node.
 */
extern void remote_copy_put(RemoteConnection *conn, const char *data, size_t len);

/* No more data; does not wait.  remote_copy_end() then waits: so that several nodes finish together. */
extern void remote_copy_done(RemoteConnection *conn);

/* Wait for the node's verdict: number of rows, or throws its error. */
extern int64 remote_copy_end(RemoteConnection *conn, const RemoteRename * rename);

/* Make the COPY fail on the node; its transaction is aborted.  Never throws. */
extern void remote_copy_cancel(RemoteConnection *conn);

/*
 * Incremented when a wait for nodes begins and when it ends, so odd in one;
 * the transaction layer lets it point to where others can see it.
 */
extern uint32 remote_wait_nobody;
extern uint32 *remote_wait_counter;

extern void remote_init(void);

/* Milliseconds that cancelling and draining may take; then connections are closed. */
extern int	remote_cancel_timeout;

/* Milliseconds that connecting to a node may take. */
extern int	remote_connection_timeout;

/* What this backend has done so far; executor subtracts two readings. */
typedef struct RemoteCounters
{
	int64		round_trips;	/* waits for an answer, at most one per batch and
								 * flight; each of connecting, too */
	int64		batches;
	int64		connections;
	int64		extra_connections;	/* of these: for long work beside the first */
	int64		bytes_sent;
	int64		bytes_received;
	int64		remote_fragments;
	int64		local_fragments;
}			RemoteCounters;

extern RemoteCounters remote_counters;

#endif							/* SHARDLITE_CONNECTION_H */
