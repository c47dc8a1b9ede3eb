/*
 * row_store.h
 *		Rows that a statement's coordinator sent here to be joined with shards.
 */
#ifndef SHARDLITE_ROW_STORE_H
#define SHARDLITE_ROW_STORE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

/* Functions that fragments and the statements around them call on a node. */
#define ROW_STORE_PUT "shardlite_internal.put_rows"
#define ROW_STORE_DROP "shardlite_internal.drop_rows"

/* Make an empty store, or add to it: one value per column, types as they are. */
extern void row_store_add(int64 id, int ncolumns, const Oid *types,
						  const Datum *values, const bool *nulls);
extern void row_store_create(int64 id, int ncolumns, const Oid *types);

/* Forget a store, if it is there. */
extern void row_store_drop(int64 id);

/* A store's rows, as long as nobody adds to it or drops it. */
typedef struct RowStoreView
{
	TupleDesc	desc;
	Tuplestorestate *rows;
}			RowStoreView;

/* False if there is no such store. */
extern bool row_store_view(int64 id, RowStoreView * view);

/* Is this the function that reads stores? */
extern bool row_store_is_reader(Oid funcid);

/* Statistics of stores for the planner (row_store_stats.c). */
extern void row_store_stats_init(void);

#endif							/* SHARDLITE_ROW_STORE_H */
