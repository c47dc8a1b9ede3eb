/*
 * insert_source.h
 *		The SELECT or VALUES of an INSERT, in the order of its columns.
 */
#ifndef SHARDLITE_INSERT_SOURCE_H
#define SHARDLITE_INSERT_SOURCE_H

#include "nodes/parsenodes.h"

/*
 * ruleutils prints an INSERT's columns as the rewriter has sorted and
 * completed them, but the rows of its source as they were written.  Where the
 * two differ, put a subquery between them that returns what the columns get.
 * Scribbles on query.
 */
extern void insert_source_align(Query *query);

#endif							/* SHARDLITE_INSERT_SOURCE_H */
