/*
 * row_lock.h
 *		Locks on rows of shards by their ctid, in the order given.
 */
#ifndef SHARDLITE_ROW_LOCK_H
#define SHARDLITE_ROW_LOCK_H

#include "nodes/lockoptions.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

/*
 * Lock one row of this server's table as LockRows does.  READ COMMITTED follows
 * a row that was changed meanwhile to its newest version and changes tid.
 * False: there is nothing to lock, or with SKIP LOCKED somebody else has it.
 */
extern bool row_lock(const char *table, Oid leaf, ItemPointer tid,
					 LockClauseStrength strength, LockWaitPolicy policy, Snapshot snapshot);

#endif							/* SHARDLITE_ROW_LOCK_H */
