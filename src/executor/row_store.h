/*
 * row_store.h
 *		Rows that came here to be joined with shards.
 */
#ifndef SHARDLITE_ROW_STORE_H
#define SHARDLITE_ROW_STORE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

/* Functions that fragments and the statements around them call on a node. */
#define ROW_STORE_PUT "shardlite_internal.put_rows"
#define ROW_STORE_DROP "shardlite_internal.drop_rows"

typedef struct RowStore RowStore;

/* Make an empty store of rows of these types; one of that number is dropped before. */
extern RowStore * row_store_create(int64 id, int ncolumns, const Oid *types);

/* NULL when there is none. */
extern RowStore * row_store_find(int64 id);

extern void row_store_put(RowStore * store, const Datum *values, const bool *nulls);

/*
 * Stores number id, id + 1, ... of one kind of rows, some of them not made yet.
 * Rows may come from code of the user's, which may drop stores meanwhile.
 */
typedef struct RowStoreSet
{
	int64		id;
	int			ncolumns;
	const Oid  *types;
	RowStore  **stores;			/* zeroed by the caller */
	int			nstores;
	uint64		seen;			/* stores dropped until then */
}			RowStoreSet;

/* That of an index; made if need be. */
extern RowStore * row_store_of_set(RowStoreSet * set, int index);

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
