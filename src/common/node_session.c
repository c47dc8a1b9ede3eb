/*
 * node_session.c
 *		Is this backend serving another node, or planning a local fragment?
 */
#include "postgres.h"

#include "common/node_session.h"
#include "utils/guc.h"

bool		node_session = false;
bool		planning_local_fragment = false;

/*
 * Define the setting.  PGC_SU_BACKEND: only the trusted user of the nodes can
 * give it, and only while connecting.
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
}
