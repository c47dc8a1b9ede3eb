/*
 * node_flight.h
 *		Statements to nodes inside the distributed transaction: sent to several
 *		at once, waited for together; and small results brought back.
 */
#ifndef SHARDLITE_NODE_FLIGHT_H
#define SHARDLITE_NODE_FLIGHT_H

#include "nodes/pg_list.h"

/*
 * Send one statement; returns flights with it appended.  It runs under the
 * present role.  Throws when the node cannot be reached.
 */
extern List *flight_start(List *flights, int32 node_id, const char *sql);

/* Several statements to one node, in one batch. */
extern List *flight_start_all(List *flights, int32 node_id, List *statements);

/*
 * One statement in a transaction of its own, for what refuses to run inside
 * one (VACUUM, ... CONCURRENTLY).  This session must not be in a block.
 */
extern List *flight_start_alone(List *flights, int32 node_id, const char *sql);

/* Wait for all; throws the first error. */
extern void flight_finish(List *flights);

/*
 * Rows of a query on a node: List of char **, one string or NULL per column,
 * in the current memory context.
 */
extern List *node_fetch(int32 node_id, const char *sql);

#endif							/* SHARDLITE_NODE_FLIGHT_H */
