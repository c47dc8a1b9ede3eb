/*
 * wait_graph.h
 *		Who waits for whom, over all nodes; private to transaction/.
 */
#ifndef SHARDLITE_WAIT_GRAPH_H
#define SHARDLITE_WAIT_GRAPH_H

#include "nodes/pg_list.h"

/* A session: the node and process that coordinate it, and its transaction. */
typedef struct GraphSession
{
	int32		node_id;
	int			pid;
	uint64		number;			/* of its dtx; 0 = none, or not in a block */
	int64		started;		/* of the transaction */
}			GraphSession;

/* A process of a node waits, and this one stands in its way. */
typedef struct GraphRow
{
	int32		node_id;		/* where */
	int			pid;
	int			leader;			/* of its parallel query, or itself */
	int64		wait_start;
	GraphSession waiter;
	char	   *lock;			/* what it waits for */
	char	   *query;
	int			holder;			/* process of that node; 0 = prepared transaction */
	GraphSession holder_session;
	bool		holder_keeps;	/* its locks until the session's transaction ends */
}			GraphRow;

/* A distributed transaction that its coordinating session says is running. */
typedef struct GraphDtx
{
	GraphSession session;

	/* that session works for another one (node_id 0: no) */
	int32		served_node;
	int			served_pid;
}			GraphDtx;

/* What one look at all nodes has found. */
typedef struct WaitGraph
{
	List	   *rows;			/* of GraphRow * */
	List	   *running;		/* of GraphDtx * */
}			WaitGraph;

/* What both looks have seen; the graph shares memory with them. */
extern WaitGraph wait_graph_both(const WaitGraph *first, const WaitGraph *second);

/* Drop what has ended, and let each session stand for its sub-sessions. */
extern void wait_graph_settle(WaitGraph *graph);

/*
 * A cycle that no single node can see: GraphRow *, each waiting for the
 * next one, the first being the youngest session's; NIL if there is none.
 */
extern List *wait_graph_cycle(const WaitGraph *graph);

/* Take the waits of a session out. */
extern void wait_graph_remove(WaitGraph *graph, const GraphSession *session);

#endif							/* SHARDLITE_WAIT_GRAPH_H */
