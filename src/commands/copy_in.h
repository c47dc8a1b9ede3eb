/*
 * copy_in.h
 *		COPY ... FROM into a table of the cluster.
 */
#ifndef SHARDLITE_COPY_IN_H
#define SHARDLITE_COPY_IN_H

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

/* Run the statement on a distributed or reference table; returns the rows. */
extern uint64 copy_in(ParseState *pstate, const CopyStmt *stmt, Oid relid);

#endif							/* SHARDLITE_COPY_IN_H */
