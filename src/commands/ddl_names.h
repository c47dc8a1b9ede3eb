/*
 * ddl_names.h
 *		Names in the parse tree of a DDL statement: those of tables and indexes,
 *		to be replaced for a shard, and those that the user left out.
 */
#ifndef SHARDLITE_DDL_NAMES_H
#define SHARDLITE_DDL_NAMES_H

#include "nodes/parsenodes.h"
#include "utils/array.h"

/*
 * One name as typed in a statement.  kind: 't' a distributed table, 'i' an
 * index or extended statistics of one, 'c' an index-backed constraint of one, 'f' a new
 * column that shards take without its default.  schema is "" when the name was
 * not qualified.
 */
typedef struct DdlName
{
	char		kind;
	const char *schema;
	const char *name;
	const char *prefix;			/* of the table's shards */
}			DdlName;

/* The only statement in a command text, as a raw parse tree. */
extern Node *ddl_parse(const char *command);

/*
 * Entries (DdlName *) for every distributed table and index of one that the
 * raw statement names, looked up under the current search path.  Names that
 * do not resolve are left out.
 */
extern List *ddl_names_collect(Node *stmt);

/* Entries for a table under its present name, qualified and not. */
extern List *ddl_names_of_table(List *names, Oid relid);

/*
 * Replace names for a shard, in place.  Returns false when nothing of the
 * statement is left to do on a shard.
 */
extern bool ddl_names_replace(Node *stmt, List *names, int64 shard_id);

/* Choose what the user left unnamed, as PostgreSQL would; returns the names. */
extern List *ddl_choose_names(Node *stmt, Oid relid);

/* Fill in, on another node, the names that ddl_choose_names() chose. */
extern void ddl_fill_names(Node *stmt, List *names);

#endif							/* SHARDLITE_DDL_NAMES_H */
