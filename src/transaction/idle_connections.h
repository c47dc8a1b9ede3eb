/*
 * idle_connections.h
 *		Closing connections to nodes that a session has not used for a while.
 */
#ifndef SHARDLITE_IDLE_CONNECTIONS_H
#define SHARDLITE_IDLE_CONNECTIONS_H

/*
 * A transaction is over, which has used nodes or not: close what has been idle
 * for too long, watch the rest.
 */
extern void idle_connections_check(bool used);

extern void idle_connections_init(void);

#endif							/* SHARDLITE_IDLE_CONNECTIONS_H */
