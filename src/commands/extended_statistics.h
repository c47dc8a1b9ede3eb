/*
 * extended_statistics.h
 *		Data of statistics objects (CREATE STATISTICS), sent to other nodes.
 */
#ifndef SHARDLITE_EXTENDED_STATISTICS_H
#define SHARDLITE_EXTENDED_STATISTICS_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * SQL statements that give the statistics objects of another node's table of
 * the same name what this node's objects know.
 */
extern List *extended_statistics_statements(Relation rel);

#endif							/* SHARDLITE_EXTENDED_STATISTICS_H */
