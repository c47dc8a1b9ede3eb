/*
 * column_statistics.h
 *		Rows of pg_statistic: written here, and sent to other nodes.
 */
#ifndef SHARDLITE_COLUMN_STATISTICS_H
#define SHARDLITE_COLUMN_STATISTICS_H

#include "nodes/pg_list.h"

#include "compat/vacuum_compat.h"

/*
 * Replace a column's statistics by what ANALYZE's functions have computed.
 * relid: the table, or the index whose expression it is.  The caller holds a
 * lock under which nobody else does this.
 */
extern void column_statistics_store(Oid relid, AttrNumber attnum, bool inherited,
									const VacAttrStats *stats);

/*
 * SQL statements that give another node's table of the same name the
 * statistics and the size that this node has for it and its indexes.
 */
extern List *column_statistics_statements(Oid relid);

/* Only the size. */
extern char *table_size_statement(Oid relid);

#endif							/* SHARDLITE_COLUMN_STATISTICS_H */
