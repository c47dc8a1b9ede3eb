/*
 * decorrelate.h
 *		Correlated scalar aggregates become joins with grouped subqueries.
 */
#ifndef SHARDLITE_DECORRELATE_H
#define SHARDLITE_DECORRELATE_H

#include "nodes/parsenodes.h"

/*
 * A copy of the statement in which filters "x op (SELECT aggregate ... WHERE
 * inner = outer)" over distributed tables are joins; NULL if there is none.
 * restricted: the outer rows are read first, and no groups but theirs computed
 * (outer_rows.h).  Gives the same rows.  Which form is cheapest is for the
 * caller to find out.
 */
extern Query *decorrelated_copy(const Query *parse, bool restricted);

#endif							/* SHARDLITE_DECORRELATE_H */
