/*
 * dist_lock.h
 *		The ShardliteLock plan node.
 */
#ifndef SHARDLITE_DIST_LOCK_H
#define SHARDLITE_DIST_LOCK_H

extern void dist_lock_init(void);

#endif							/* SHARDLITE_DIST_LOCK_H */
