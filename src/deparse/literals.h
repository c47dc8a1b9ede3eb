/*
 * literals.h
 *		Literals of a statement become parameters of its fragment, so that
 *		statements which differ only in them share one prepared fragment.
 */
#ifndef SHARDLITE_LITERALS_H
#define SHARDLITE_LITERALS_H

#include "nodes/parsenodes.h"

/*
 * Replace literals of common types that are compared with something in a
 * WHERE or ON clause of any level, or that stand in an UPDATE's SET clause,
 * by parameters; the literals are appended to *params.  Others stay: where a
 * literal decides how a statement is analysed (GROUP BY 1, typmods, ...) a
 * parameter would not do.  Scribbles on query.
 */
extern void extract_literals(Query *query, List **params);

/*
 * Call visit for each of these literals, always in the same order; it may put
 * another node into the place.
 */
typedef void (*LiteralVisitor) (Node **place, void *arg);
extern void visit_literals(Query *query, LiteralVisitor visit, void *arg);

#endif							/* SHARDLITE_LITERALS_H */
