/*
 * wait_graph.c
 *		Who waits for whom, over all nodes: joining what they tell, cycles.
 *
 * The vertices are waits: a process of a node that waits for a lock there.
 * Wait u depends on wait v if something that stands in the way of u
 *
 *	- is the process of v itself ("local": its node sees that, too), or
 *	- keeps its locks until its session's transaction ends, and v is another
 *	  wait of that session ("remote").
 *
 * All that a wait depends on must end before it can, so a cycle is a deadlock.
 * Cycles without a remote dependency are left to the deadlock detector of
 * their node, which sees them and also knows how to reorder a queue.
 */
#include "postgres.h"

#include "transaction/wait_graph.h"

static int
compare(int64 a, int64 b)
{
	return a < b ? -1 : a > b;
}

/* Same node, same wait, same one in its way for the same transaction. */
static int
compare_rows(const ListCell *a, const ListCell *b)
{
	const GraphRow *x = lfirst(a);
	const GraphRow *y = lfirst(b);
	int64		pairs[][2] = {
		{x->node_id, y->node_id},
		{x->pid, y->pid},
		{x->wait_start, y->wait_start},
		{x->waiter.node_id, y->waiter.node_id},
		{x->waiter.pid, y->waiter.pid},
		{x->waiter.number, y->waiter.number},
		{x->holder, y->holder},
		{x->holder_session.node_id, y->holder_session.node_id},
		{x->holder_session.pid, y->holder_session.pid},
		{x->holder_session.number, y->holder_session.number},
		{x->holder_keeps, y->holder_keeps},
	};

	for (int i = 0; i < lengthof(pairs); i++)
	{
		int			order = compare(pairs[i][0], pairs[i][1]);

		if (order != 0)
			return order;
	}
	return 0;
}

static bool
same_session(const GraphSession *a, const GraphSession *b)
{
	return a->node_id == b->node_id && a->pid == b->pid;
}

static const GraphDtx *
find_running(const List *running, const GraphSession *session)
{
	ListCell   *lc;

	foreach(lc, running)
	{
		const GraphDtx *dtx = lfirst(lc);

		if (same_session(&dtx->session, session))
			return dtx;
	}
	return NULL;
}

WaitGraph
wait_graph_both(const WaitGraph *first, const WaitGraph *second)
{
	WaitGraph	both = {NIL, NIL};
	ListCell   *lc;
	int			at = 0;

	list_sort(first->rows, compare_rows);
	list_sort(second->rows, compare_rows);
	foreach(lc, second->rows)
	{
		while (at < list_length(first->rows) &&
			   compare_rows(list_nth_cell(first->rows, at), lc) < 0)
			at++;
		if (at < list_length(first->rows) &&
			compare_rows(list_nth_cell(first->rows, at), lc) == 0)
			both.rows = lappend(both.rows, lfirst(lc));
	}
	foreach(lc, second->running)
	{
		const GraphDtx *now = lfirst(lc);
		const GraphDtx *before = find_running(first->running, &now->session);

		if (before != NULL && before->session.number == now->session.number)
			both.running = lappend(both.running, lfirst(lc));
	}
	return both;
}

/*
 * A part with another number than its session's transaction has now belongs to
 * an earlier one, which ends by itself.  False then; else the session becomes
 * the one that it works for in the end.
 */
static bool
settle_session(const WaitGraph *graph, GraphSession *session)
{
	const GraphDtx *dtx = find_running(graph->running, session);

	if (session->number != 0 && (dtx == NULL || dtx->session.number != session->number))
		return false;
	for (int depth = 0; dtx != NULL && dtx->served_node != 0 && depth < 10; depth++)
	{
		session->node_id = dtx->served_node;
		session->pid = dtx->served_pid;
		dtx = find_running(graph->running, session);
	}
	return true;
}

void
wait_graph_settle(WaitGraph *graph)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, graph->rows)
	{
		GraphRow   *row = lfirst(lc);

		if (settle_session(graph, &row->waiter) && settle_session(graph, &row->holder_session))
			kept = lappend(kept, row);
	}
	graph->rows = kept;
}

static bool
same_wait(const GraphRow *u, const GraphRow *v)
{
	return u->node_id == v->node_id && u->pid == v->pid;
}

static bool
depends_locally(const GraphRow *u, const GraphRow *v)
{
	return u->node_id == v->node_id && u->holder == v->leader;
}

static bool
depends_remotely(const GraphRow *u, const GraphRow *v)
{
	return u->holder_keeps && same_session(&u->holder_session, &v->waiter) &&
		!depends_locally(u, v);
}

/* From the start of a search to this row. */
static List *
path_to(const List *rows, const int *came_from, int at)
{
	List	   *path = list_make1(list_nth(rows, at));

	for (; came_from[at] != at; at = came_from[at])
		path = lcons(list_nth(rows, came_from[at]), path);
	return path;
}

/*
 * Breadth first from the wait of start to one that depends on it remotely:
 * rows, each depending on the next.  NIL if there is none.
 */
static List *
find_cycle(const List *rows, const GraphRow *start)
{
	int			count = list_length(rows);
	int		   *came_from = palloc(sizeof(int) * count);
	int		   *queue = palloc(sizeof(int) * count);
	int			head = 0;
	int			tail = 0;

	for (int i = 0; i < count; i++)
	{
		came_from[i] = -1;
		if (same_wait(list_nth(rows, i), start))
		{
			came_from[i] = i;
			queue[tail++] = i;
		}
	}
	while (head < tail)
	{
		int			at = queue[head++];
		const GraphRow *u = list_nth(rows, at);

		if (depends_remotely(u, start))
			return path_to(rows, came_from, at);
		for (int i = 0; i < count; i++)
		{
			const GraphRow *v = list_nth(rows, i);

			if (came_from[i] < 0 && (depends_locally(u, v) || depends_remotely(u, v)))
			{
				came_from[i] = at;
				queue[tail++] = i;
			}
		}
	}
	return NIL;
}

/* Younger; of equals one that all nodes agree upon. */
static bool
is_younger(const GraphSession *a, const GraphSession *b)
{
	if (a->started != b->started)
		return a->started > b->started;
	if (a->node_id != b->node_id)
		return a->node_id > b->node_id;
	return a->pid > b->pid;
}

/* The cycle, beginning with its youngest session. */
static List *
from_youngest(List *cycle)
{
	const GraphRow *youngest = linitial(cycle);
	ListCell   *lc;

	foreach(lc, cycle)
	{
		const GraphRow *row = lfirst(lc);

		if (is_younger(&row->waiter, &youngest->waiter))
			youngest = row;
	}
	while (linitial(cycle) != youngest)
	{
		cycle = lappend(cycle, linitial(cycle));
		cycle = list_delete_first(cycle);
	}
	return cycle;
}

/* Does any wait depend remotely on this one? */
static bool
is_remote_target(const List *rows, const GraphRow *v)
{
	ListCell   *lc;

	foreach(lc, rows)
	{
		if (depends_remotely(lfirst(lc), v))
			return true;
	}
	return false;
}

List *
wait_graph_cycle(const WaitGraph *graph)
{
	const GraphRow *previous = NULL;
	ListCell   *lc;

	list_sort(graph->rows, compare_rows);
	foreach(lc, graph->rows)
	{
		const GraphRow *row = lfirst(lc);
		List	   *cycle = NIL;

		if ((previous == NULL || !same_wait(row, previous)) &&
			is_remote_target(graph->rows, row))
			cycle = find_cycle(graph->rows, row);
		if (cycle != NIL)
			return from_youngest(cycle);
		previous = row;
	}
	return NIL;
}

void
wait_graph_remove(WaitGraph *graph, const GraphSession *session)
{
	ListCell   *lc;

	foreach(lc, graph->rows)
	{
		GraphRow   *row = lfirst(lc);

		if (same_session(&row->waiter, session))
			graph->rows = foreach_delete_current(graph->rows, lc);
	}
}
