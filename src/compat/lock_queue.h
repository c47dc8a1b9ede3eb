/*
 * lock_queue.h
 *		Walking the lock manager's lists.
 */
#ifndef SHARDLITE_LOCK_QUEUE_H
#define SHARDLITE_LOCK_QUEUE_H

#include "storage/lock.h"
#include "storage/proc.h"

/* 16: SHM_QUEUE became dlist, and PROC_QUEUE dclist. */
#if PG_VERSION_NUM >= 160000

/* The next holder (or waiter) of a lock; the first after NULL, then NULL. */
static inline PROCLOCK *
compat_next_proclock(LOCK *lock, PROCLOCK *previous)
{
	if (previous == NULL)
		return dlist_is_empty(&lock->procLocks) ? NULL :
			dlist_head_element(PROCLOCK, lockLink, &lock->procLocks);
	return dlist_has_next(&lock->procLocks, &previous->lockLink) ?
		dlist_container(PROCLOCK, lockLink,
						dlist_next_node(&lock->procLocks, &previous->lockLink)) : NULL;
}

/* The process that waits in front of this one for the same lock, or NULL. */
static inline PGPROC *
compat_previous_waiter(LOCK *lock, PGPROC *proc)
{
	return dclist_has_prev(&lock->waitProcs, &proc->links) ?
		dlist_container(PGPROC, links, dclist_prev_node(&lock->waitProcs, &proc->links)) : NULL;
}

#else

static inline PROCLOCK *
compat_next_proclock(LOCK *lock, PROCLOCK *previous)
{
	return (PROCLOCK *) SHMQueueNext(&lock->procLocks,
									 previous ? &previous->lockLink : &lock->procLocks,
									 offsetof(PROCLOCK, lockLink));
}

static inline PGPROC *
compat_previous_waiter(LOCK *lock, PGPROC *proc)
{
	return (PGPROC *) SHMQueuePrev(&lock->waitProcs.links, &proc->links,
								   offsetof(PGPROC, links));
}

#endif

#endif							/* SHARDLITE_LOCK_QUEUE_H */
