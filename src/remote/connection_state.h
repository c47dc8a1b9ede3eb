/*
 * connection_state.h
 *		Inside of a connection and of a request; private to remote/.
 *
 * A connection keeps two queues that mirror each other: libpq's own and the
 * list of operations below, in the order in which they were sent.  Requests
 * live apart from it, so that they outlast a connection that breaks.
 */
#ifndef SHARDLITE_CONNECTION_STATE_H
#define SHARDLITE_CONNECTION_STATE_H

#include "lib/ilist.h"
#include "nodes/pg_list.h"
#include "remote/connection.h"
#include "storage/latch.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

/* What a node said when it refused; strings are NULL when it said nothing. */
typedef struct RemoteError
{
	char		sqlstate[6];
	char	   *node;			/* host:port */
	char	   *message;
	char	   *detail;
	char	   *hint;
	char	   *context;
	char	   *schema_name;
	char	   *table_name;
	char	   *column_name;
	char	   *datatype_name;
	char	   *constraint_name;
	int			level;			/* of a notice */
}			RemoteError;

typedef struct RequestState
{
	RemoteRequest base;			/* must be first */
	dlist_node	all_link;		/* in the list of all requests */
	MemoryContext cxt;			/* of what hangs on it; made by request_memory() */
	ResourceOwner owner;		/* releases it at the latest */
	SubTransactionId subid;		/* that it belongs to */
	int			flags;
	uint64		batch;
	int			pending_ops;	/* operations that still refer to it */
	bool		implicit;		/* sent outside a transaction block */
	bool		ends_at_sync;	/* its fate is known only when its batch ends */
	bool		forgotten;		/* free it when the last operation is over */
	bool		retry;			/* send again once its batch is over */
	const char *sql;			/* kept only if it may have to be sent again */
	RemoteParams params;
	RemoteError *error;
	const RemoteRename *rename;
}			RequestState;

typedef enum RemoteOpKind
{
	REMOTE_OP_PREPARE,
	REMOTE_OP_EXECUTE,
	REMOTE_OP_SYNC,
}			RemoteOpKind;

typedef struct RemoteOp
{
	dlist_node	link;
	RemoteOpKind kind;
	RequestState *request;		/* NULL for Sync */
	uint32		statement;		/* number of the prepared statement, or 0 */
	uint64		batch;
	uint64		number;
}			RemoteOp;

#define STATEMENT_BUCKETS 128

struct RemoteConnection
{
	dlist_node	link;			/* in the list of all connections */
	NodeAddress address;
	char	   *name;			/* host:port, for messages */
	MemoryContext cxt;
	PGconn	   *pg;
	PostgresPollingStatusType connecting;	/* while it is being opened */
	WaitEventSet *set;			/* latch, postmaster, socket */
	uint32		set_events;		/* what the socket is watched for in it */
	int			counted_at;		/* see connection_count.h */

	dlist_head	ops;
	uint64		last_op;		/* number of the last one queued */
	uint64		spared;			/* up to here a cancel may not hit any */
	uint64		batch;			/* number of the batch being filled */
	uint64		counted_batch;	/* up to here round trips are accounted for */
	bool		batch_open;		/* something was queued after the last Sync */
	bool		unsent;			/* libpq holds output the socket did not take */
	bool		lost;			/* unusable; error says why */
	bool		dying;			/* the node has said that it will close it */
	bool		copying;
	bool		quiet;			/* notices of the node are not passed on */
	MemoryContext notice_cxt;	/* of the notices kept, or NULL */
	List	   *notices;		/* of RemoteError *, kept for later */
	RemoteError *error;			/* why it is lost */
	RemoteError *batch_error;	/* first error of the batch being received */
	MemoryContext batch_cxt;	/* reset when a batch is over: its errors */
	RemoteError *xact_error;	/* since which nothing has succeeded, or NULL */
	MemoryContext xact_cxt;		/* that holds it */
	size_t		copy_unsent;	/* bytes put since the socket took everything */

	/* prepared statements, most recently used first */
	dlist_head	statements;
	dlist_head	statement_buckets[STATEMENT_BUCKETS];
	int			nstatements;
	uint32		last_statement;
	uint64		statement_generation;

	bool		implicit;		/* new requests are outside a transaction block */
	bool		commits;		/* ... and are REMOTE_COMMITS */
	bool		cancel_sent;	/* a REMOTE_COMMITS request was asked to stop */
	TimestampTz verdict_deadline;	/* then: when we give up */
};

/* connection.c */
extern dlist_head remote_all_connections;

/*
 * Advance all of them until each is open or lost.  Those that take longer
 * than timeout_ms are lost.  Interruptible unless interrupts are held.
 */
extern void connections_open(RemoteConnection **conns, int count, int timeout_ms);
extern void connection_lose(RemoteConnection *conn, const char *detail);

/* One that is being opened: do what its socket is ready for. */
extern void connection_advance(RemoteConnection *conn);

extern bool remote_drain_batch(RemoteConnection *conn, int timeout_ms);

/* receive.c */
extern RemoteOp *op_add(RemoteConnection *conn, RemoteOpKind kind, RequestState *request);
extern void op_arm(RemoteConnection *conn);
extern bool connection_step(RemoteConnection *conn);
extern void connection_flush(RemoteConnection *conn);
extern bool connection_consume(RemoteConnection *conn);
extern void connection_fail_ops(RemoteConnection *conn);
extern void count_round_trip(RemoteConnection *conn, uint64 batch);

/* request.c */
extern dlist_head remote_all_requests;
extern int	request_format(const RequestState *request);
extern void request_fail(RequestState *request, const RemoteError *error, bool aborted);
extern void request_free(RequestState *request);
extern MemoryContext request_memory(RequestState *request);
extern void request_detach(RemoteConnection *conn);
extern void request_init(void);

/* cancel.c */
extern void cancel_init(void);

/* wait.c */
#define WAIT_EXPIRED	0
#define WAIT_READY		1
#define WAIT_LATCH		2
extern int	connections_wait(RemoteConnection **conns, int count, long timeout_ms);

/* prepared.c */
typedef struct RemoteStatement RemoteStatement;
extern RemoteStatement *statement_find(RemoteConnection *conn, const char *sql,
									   const RemoteParams * params, bool *is_new);
extern uint32 statement_number(const RemoteStatement *statement);
extern const char *statement_name(const RemoteStatement *statement);
extern void statement_forget(RemoteConnection *conn, uint32 number);
extern bool statements_enabled;

/* remote_error.c */
extern RemoteError *remote_error_capture(const PGresult *result, const char *node,
										 MemoryContext cxt);
extern RemoteError *remote_error_make(int sqlcode, const char *node, const char *message,
									  const char *detail, MemoryContext cxt);
extern RemoteError *remote_error_copy(const RemoteError * error, MemoryContext cxt);
extern void remote_error_throw(const RemoteError * error,
							   const RemoteRename * rename) pg_attribute_noreturn();
extern void remote_notice_receiver(void *arg, const PGresult *result);

#endif							/* SHARDLITE_CONNECTION_STATE_H */
