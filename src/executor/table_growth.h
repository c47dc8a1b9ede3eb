/*
 * table_growth.h
 *		The size of a distributed table right after many rows came in.
 */
#ifndef SHARDLITE_TABLE_GROWTH_H
#define SHARDLITE_TABLE_GROWTH_H

#include "metadata/dist_table.h"

/*
 * Rows have been added.  When they are many and at least double the table,
 * this server's shell knows it at once: one server's planner would see the
 * file grow.  Exact sizes come with ANALYZE and from autovacuum.
 */
extern void table_grown(const DistTable * table, int64 rows);

#endif							/* SHARDLITE_TABLE_GROWTH_H */
