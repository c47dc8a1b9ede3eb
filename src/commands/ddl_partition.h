/*
 * ddl_partition.h
 *		Partitions of a distributed table come and go.
 */
#ifndef SHARDLITE_DDL_PARTITION_H
#define SHARDLITE_DDL_PARTITION_H

#include "commands/utility_hook.h"
#include "metadata/dist_table.h"

/* CREATE TABLE ... PARTITION OF a distributed table. */
extern void partition_create(UtilityCall * call, const DistTable * parent);

/*
 * ALTER TABLE of a distributed table: when it attaches a table of this server
 * alone, do that, distribute the table, and return true.
 */
extern bool partition_attach_local(UtilityCall * call, const DistTable * parent);

#endif							/* SHARDLITE_DDL_PARTITION_H */
