/*
 * table_statistics.h
 *		What ANALYZE knows of a distributed table as a whole.
 */
#ifndef SHARDLITE_TABLE_STATISTICS_H
#define SHARDLITE_TABLE_STATISTICS_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * Compute the statistics of a distributed table from rows of all its shards
 * and store them with its size, here and on every other node.  columns: names
 * (String), NIL for all and for indexes' expressions.  A partitioned table's
 * are those of its partitions' rows together.  elevel: of messages.
 *
 * The caller holds a ShareUpdateExclusiveLock, and has checked privileges and
 * columns.
 */
extern void table_statistics_update(Oid relid, List *columns, int elevel);

/* Tables that have rows: the table itself, or its partitions.  Relids. */
extern List *leaf_tables(Relation rel);

/* Only the size. */
extern void table_size_update(Oid relid);

#endif							/* SHARDLITE_TABLE_STATISTICS_H */
