/*
 * lock_waits.h
 *		Waits for locks on this server; private to transaction/.
 */
#ifndef SHARDLITE_LOCK_WAITS_H
#define SHARDLITE_LOCK_WAITS_H

/*
 * If that backend of this server still is in the wait that began then, make it
 * fail with "deadlock detected" and this detail.  Returns whether it was.
 */
extern bool end_wait(int pid, int64 wait_start, const char *detail);

extern void lock_waits_init(void);

#endif							/* SHARDLITE_LOCK_WAITS_H */
