/*
 * constraint_modes.c
 *		What SET CONSTRAINTS has said in this transaction, for its nodes.
 *
 * A node that joins gets the statements of each level when it begins that
 * level.  What a failed subtransaction has said is forgotten, here as there.
 */
#include "postgres.h"

#include "access/xact.h"
#include "metadata/shard_names.h"
#include "transaction/constraint_modes.h"
#include "transaction/dist_xact.h"
#include "transaction/participants.h"
#include "utils/memutils.h"

typedef struct ModeStatement
{
	int			level;			/* of the transaction that it was said in */
	char	   *sql;
}			ModeStatement;

/* In the order said; in TopTransactionContext. */
static List *statements = NIL;

static void
run_on_participants(const char *sql)
{
	/* no fragment tells which shard it was */
	static const RemoteRename rename = {.translate = logical_names_in_text};
	List	   *requests = NIL;
	dlist_iter	iter;
	ListCell   *lc;

	dlist_foreach(iter, &participants)
	{
		RemoteXact *xact = dlist_container(RemoteXact, link, iter.cur);
		RemoteConnection *conn;

		if (xact->depth == 0)
			continue;
		conn = dist_xact_connection(xact->node_id, DIST_ACCESS_READ);
		requests = lappend(requests, remote_send(conn, sql, NULL, 0, NULL, NULL));
		remote_sync(conn);
	}
	foreach(lc, requests)
	{
		remote_set_rename(lfirst(lc), &rename);
		remote_finish(lfirst(lc));
	}
	foreach(lc, requests)
		remote_release(lfirst(lc));
}

void
constraint_modes_set(const char *sql)
{
	MemoryContext old;
	ModeStatement *statement;

	run_on_participants(sql);
	old = MemoryContextSwitchTo(TopTransactionContext);
	statement = palloc(sizeof(ModeStatement));
	statement->level = GetCurrentTransactionNestLevel();
	statement->sql = pstrdup(sql);
	statements = lappend(statements, statement);
	MemoryContextSwitchTo(old);
}

void
constraint_modes_replay(int level, ConstraintModeQueue queue, void *arg)
{
	ListCell   *lc;

	foreach(lc, statements)
	{
		ModeStatement *statement = lfirst(lc);

		if (statement->level == level)
			queue(arg, statement->sql);
	}
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		statements = NIL;
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *lc;

	foreach(lc, statements)
	{
		ModeStatement *statement = lfirst(lc);

		if (statement->level < level)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			statements = foreach_delete_current(statements, lc);
		else if (event == SUBXACT_EVENT_COMMIT_SUB)
			statement->level = level - 1;
	}
}

void
constraint_modes_init(void)
{
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
}
