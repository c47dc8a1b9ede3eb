/*
 * ddl_check.h
 *		What DDL on distributed tables refuses; the only place.
 *
 * All throw 0A000 with a hint, before anything has run.
 */
#ifndef SHARDLITE_DDL_CHECK_H
#define SHARDLITE_DDL_CHECK_H

#include "metadata/dist_table.h"
#include "nodes/parsenodes.h"

/* ALTER TABLE on a distributed table. */
extern void check_alter_table(const DistTable * table, const AlterTableStmt *stmt);

/* ALTER TABLE on, or CREATE TABLE of, a local table: its foreign keys. */
extern void check_local_constraints(const char *table_name, List *elements);

/* CREATE INDEX on a distributed table. */
extern void check_create_index(const DistTable * table, const IndexStmt *stmt);

/* CREATE TABLE ... INHERITS or PARTITION OF. */
extern void check_create_table(const CreateStmt *stmt);

/* CREATE or ALTER POLICY on a hash or single-shard table. */
extern void check_policy(const DistTable * table, Node *qual, Node *with_check);

/* Triggers, rules, publications. */
extern void refuse_on_distributed(Oid relid, const char *what, const char *hint);

/* ADD COLUMN to a reference table whose copies would get different values. */
extern void refuse_fill_of_reference(const DistTable * table);

/* A drop, of whatever, that takes the distribution column along. */
extern void refuse_drop_of_key(const DistTable * table);

/* DROP EXTENSION shardlite while there is something to lose. */
extern void check_drop_extension(bool cascade);

#endif							/* SHARDLITE_DDL_CHECK_H */
