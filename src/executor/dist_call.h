/*
 * dist_call.h
 *		The ShardliteCall plan node: a distributed function, here or elsewhere.
 */
#ifndef SHARDLITE_DIST_CALL_H
#define SHARDLITE_DIST_CALL_H

/* Register the methods with PostgreSQL. */
extern void dist_call_init(void);

#endif							/* SHARDLITE_DIST_CALL_H */
