/*
 * row_identity.h
 *		One tid for a row of a distributed table, unique in a statement.
 *
 * A row is where its shard, its leaf table (of partitioned tables) and its
 * ctid say.  The place, a number for (shard, leaf), is packed into bits that a
 * heap's ctid leaves free, so that nothing is kept per row and equal rows have
 * equal tids.
 */
#ifndef SHARDLITE_ROW_IDENTITY_H
#define SHARDLITE_ROW_IDENTITY_H

#include "executor/statement_state.h"
#include "storage/itemptr.h"

typedef struct RowPlace
{
	int			shard_index;	/* in the table's group */
	Oid			leaf;			/* OID on the shard's node; 0 if not partitioned */
}			RowPlace;

/* Replace a shard row's ctid by the synthetic tid. */
extern void row_identity_encode(StatementState * statement, RowPlace place,
								ItemPointer tid);

/* Replace a synthetic tid by the shard's ctid and say where it is. */
extern RowPlace row_identity_decode(StatementState * statement, ItemPointer tid);

#endif							/* SHARDLITE_ROW_IDENTITY_H */
