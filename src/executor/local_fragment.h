/*
 * local_fragment.h
 *		One fragment on a shard of this server, run in this backend.
 */
#ifndef SHARDLITE_LOCAL_FRAGMENT_H
#define SHARDLITE_LOCAL_FRAGMENT_H

#include "executor/fragment_params.h"

typedef struct LocalFragment LocalFragment;

/*
 * Start a fragment under the snapshot of the statement that outer executes.
 * A SELECT without side effects delivers its rows as they are asked for;
 * everything else runs to its end here.  rename puts names in errors right
 * (NULL: none) and must outlive the fragment.  writes_locked: it writes rows that the
 * statement has locked, and so sees their newest versions.  Allocated in the current
 * context, which must live until local_fragment_end(); after an error nothing need be called.
 */
extern LocalFragment * local_fragment_start(const char *sql, const RemoteRename * rename,
											FragmentParams * params, EState *outer,
											bool writes_locked);

/* Next row, in a slot that stays valid until the next call; NULL at the end. */
extern TupleTableSlot *local_fragment_next(LocalFragment * fragment);

/* Did it run to its end already? */
extern bool local_fragment_is_over(const LocalFragment * fragment);

/* Rows that the command changed (or, for a SELECT, delivered). */
extern uint64 local_fragment_affected(const LocalFragment * fragment);

extern void local_fragment_end(LocalFragment * fragment);

#endif							/* SHARDLITE_LOCAL_FRAGMENT_H */
