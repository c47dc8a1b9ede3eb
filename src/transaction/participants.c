/*
 * participants.c
 *		The nodes that this backend is connected to.
 *
 * One connection per node, kept from transaction to transaction.  Within a
 * transaction a node is always used through the same one.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/participants.h"
#include "utils/memutils.h"

/* Connections used so recently are not asked whether they are alive. */
#define IDLE_UNCHECKED_MS 10

dlist_head	participants = DLIST_STATIC_INIT(participants);

RemoteXact *
participant_get(int32 node_id)
{
	RemoteXact *xact;
	dlist_iter	iter;

	dlist_foreach(iter, &participants)
	{
		xact = dlist_container(RemoteXact, link, iter.cur);
		if (xact->node_id == node_id)
			return xact;
	}
	xact = MemoryContextAllocZero(TopMemoryContext, sizeof(RemoteXact));
	xact->node_id = node_id;
	dlist_push_tail(&participants, &xact->link);
	return xact;
}

void
participant_close(RemoteXact *xact)
{
	if (xact->context_request != NULL)
		remote_release(xact->context_request);
	xact->context_request = NULL;
	remote_xact_step_end(xact);
	if (xact->conn != NULL)
		remote_close(xact->conn);
	xact->conn = NULL;
	xact->context = 0;
	xact->context_depth = 0;
}

static bool
same_address(const NodeAddress *a, const NodeAddress *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/*
 * Has it been idle so long that the node may have gone meanwhile?  One that
 * goes sooner is taken for one that goes during the statement.
 */
static bool
was_idle(const RemoteXact *xact)
{
	return TimestampDifferenceExceeds(xact->last_used, GetCurrentTransactionStartTimestamp(),
									  IDLE_UNCHECKED_MS);
}

/* Throw away a connection that a new transaction there cannot use. */
static void
participant_check(RemoteXact *xact, const NodeAddress *address)
{
	if (xact->conn == NULL || xact->depth > 0 || remote_is_wanted(xact->conn))
		return;
	if (!xact->used && !remote_is_lost(xact->conn) && was_idle(xact))
		remote_check_alive(xact->conn);
	if (remote_is_lost(xact->conn) || !same_address(remote_address(xact->conn), address))
		participant_close(xact);
}

/* Open what is missing among these participants, all at the same time. */
void
participants_connect(RemoteXact **xacts, int count)
{
	RemoteConnection **opening = palloc(sizeof(RemoteConnection *) * count);
	RemoteIdentity identity = {0};
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		const ClusterNode *node = node_get(xacts[i]->node_id);

		participant_check(xacts[i], &node->address);
		if (xacts[i]->conn != NULL)
			continue;
		if (identity.user == NULL)
		{
			identity.user = GetUserNameFromId(extension_owner(), false);
			identity.dbname = get_database_name(MyDatabaseId);
			identity.origin_node_id = local_node_id();
		}
		xacts[i]->conn = remote_open(&node->address, &identity);
		opening[n++] = xacts[i]->conn;
	}
	if (n > 0)
		remote_connect(opening, n);
	for (int i = 0; i < count; i++)
	{
		if (xacts[i]->depth == 0 && remote_is_lost(xacts[i]->conn))
			remote_raise_lost(xacts[i]->conn);
	}
	pfree(opening);
}
