/*
 * participants.h
 *		The nodes that this backend is connected to; private to transaction/.
 */
#ifndef SHARDLITE_PARTICIPANTS_H
#define SHARDLITE_PARTICIPANTS_H

#include "transaction/remote_xact.h"

/* Of RemoteXact: one per node ever used by this backend, connected or not. */
extern dlist_head participants;

/* The entry of a node, made if need be. */
extern RemoteXact *participant_get(int32 node_id);

/* Close its connection; whatever was open there is rolled back by the node. */
extern void participant_close(RemoteXact *xact);

/*
 * Open what is missing among these, all at the same time.  Throws when one
 * that has no transaction open cannot be reached.
 */
extern void participants_connect(RemoteXact **xacts, int count);

#endif							/* SHARDLITE_PARTICIPANTS_H */
