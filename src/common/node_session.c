/*
 * node_session.c
 *		Is this backend serving another node, or planning a local fragment?
 */
#include "postgres.h"

#include "common/node_session.h"
#include "utils/guc.h"

bool		node_session = false;
bool		planning_local_fragment = false;

static char *node_session_of;

bool
node_session_origin(int32 *node_id, int *pid)
{
	return node_session && sscanf(node_session_of, "%d/%d", node_id, pid) == 2 && *node_id != 0;
}

/*
 * Define the settings.  PGC_SU_BACKEND: only the trusted user of the nodes can
 * give them, and only while connecting.
 */
void
node_session_init(void)
{
	DefineCustomBoolVariable("shardlite.node_session",
							 "Marks a connection made by another node of the cluster.",
							 NULL,
							 &node_session,
							 false,
							 PGC_SU_BACKEND,
							 GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							 NULL, NULL, NULL);
	DefineCustomStringVariable("shardlite.node_session_of",
							   "Node and process that coordinate the statements of this session.",
							   NULL,
							   &node_session_of,
							   "",
							   PGC_SU_BACKEND,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, NULL);
}
