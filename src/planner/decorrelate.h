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
 * Gives the same rows.  Which form is cheaper is for the caller to find out.
 */
extern Query *decorrelated_copy(const Query *parse);

#endif							/* SHARDLITE_DECORRELATE_H */
