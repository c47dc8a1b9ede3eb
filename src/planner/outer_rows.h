/*
 * outer_rows.h
 *		Outer rows of decorrelated subqueries, read before the groups.
 */
#ifndef SHARDLITE_OUTER_ROWS_H
#define SHARDLITE_OUTER_ROWS_H

#include "nodes/parsenodes.h"

/* Can what this level selects from become a CTE of it? */
extern bool outer_rows_can_move(Query *query);

/*
 * The level reads from outer, its first entries and FROM items, and from
 * grouped subqueries.  kept are the filters of the outer rows, joined those that
 * involve the groups.  Afterwards the outer rows are a CTE, and each group is
 * computed only if one of them has its keys.  The rows stay the same.
 */
extern void outer_rows_move(Query *query, int nentries, int nitems, List *kept, List *joined);

#endif							/* SHARDLITE_OUTER_ROWS_H */
