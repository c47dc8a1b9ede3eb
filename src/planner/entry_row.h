/*
 * entry_row.h
 *		Path tier: whole rows of sub-SELECTs that shards run as they are.
 */
#ifndef SHARDLITE_ENTRY_ROW_H
#define SHARDLITE_ENTRY_ROW_H

#include "nodes/parsenodes.h"

/* Does the statement want the whole row of an entry of this level? */
extern bool entry_row_is_wanted(Query *query, int varno);

/*
 * Let the level make it of the entry's columns.  inner: the entry's sub-SELECT;
 * returns the one that has to take its place, with one more column.  Scribbles on
 * query, whose range table is a new one.
 */
extern Query *entry_row_expand(Query *query, int varno, Query *inner);

#endif							/* SHARDLITE_ENTRY_ROW_H */
