/*
 * table_ddl.h
 *		SQL statements that recreate a table under its own name.
 *
 * Every function returns a List of palloc'd SQL strings, in the order in which
 * they must run; each is one statement in which every name is qualified.
 * Dropped columns are left out, so column numbers may differ from the
 * original's.  Relation kinds other than tables and partitioned tables, typed
 * tables, inheritance, rules and triggers are the caller's to refuse.
 */
#ifndef SHARDLITE_TABLE_DDL_H
#define SHARDLITE_TABLE_DDL_H

#include "nodes/pg_list.h"

typedef enum TableDdlTarget
{
	/* the whole table, as it stands in the catalogs */
	TABLE_DDL_SHELL,

	/*
	 * What rows need that arrive complete: no defaults, identity or
	 * sequences (generated columns stay), no privileges, no comments.
	 */
	TABLE_DDL_SHARD,
}			TableDdlTarget;

/*
 * Sequences that the table owns, CREATE TABLE with its columns and check
 * constraints, owner, column storage and statistics targets.  Enough to load
 * rows into.
 */
extern List *table_ddl_structure(Oid relid, TableDdlTarget target);

/*
 * Primary key, unique and exclusion constraints, indexes, cluster mark,
 * replica identity, extended statistics, check constraints that are not
 * valid.
 */
extern List *table_ddl_indexes(Oid relid, TableDdlTarget target);

/* ALTER TABLE parent ATTACH PARTITION; empty unless a partition. */
extern List *table_ddl_attach(Oid relid);

/* Row security, policies and, for a shell, privileges. */
extern List *table_ddl_security(Oid relid, TableDdlTarget target);

/* Comments on the table, its columns, constraints, indexes and sequences. */
extern List *table_ddl_comments(Oid relid);

/* Foreign keys of this table (not those inherited from a parent). */
extern List *table_ddl_foreign_keys(Oid relid);

/* The same for tables whose rows are known to be right: nothing is checked. */
extern List *table_ddl_foreign_keys_unchecked(Oid relid);

/* All of the above but foreign keys, in order. */
extern List *table_ddl(Oid relid, TableDdlTarget target);

#endif							/* SHARDLITE_TABLE_DDL_H */
