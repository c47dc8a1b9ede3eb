/*
 * ddl_text.h
 *		Collecting SQL statements that catalog queries produce.
 *
 * The generators of table_ddl.c and object_ddl.c ask the catalogs in SQL, as
 * pg_dump does: one query per kind of statement, each row one statement.
 */
#ifndef SHARDLITE_DDL_TEXT_H
#define SHARDLITE_DDL_TEXT_H

#include "nodes/pg_list.h"

/*
 * Settings under which every name prints qualified and every constant reads
 * back as it was; ended with the level that begin returned (an error ends
 * them with the transaction).
 */
extern int	ddl_settings_begin(void);
extern void ddl_settings_end(int level);

/*
 * Run a catalog query whose parameters are $1 oid, $2 bool, $3 text (use those that
 * are needed; text may be NULL) and append its first column, row by row and
 * without NULLs, to *statements in the caller's memory context.
 */
extern void ddl_append_query(List **statements, const char *query, Oid oid,
							 bool flag, const char *text);

/* First column of the first row of such a query; NULL if none. */
extern char *ddl_query_value(const char *query, Oid oid);

/* Run one statement here; its result is thrown away. */
extern void ddl_execute(const char *sql);

/*
 * GRANTs and REVOKEs that turn the default privileges of an object into those
 * it has.  acl_query yields one row (acl aclitem[], default kind "char" as
 * acldefault() knows it, owner oid, target text "TABLE x", column text or
 * NULL) per acl, for the object $1.
 */
extern void ddl_append_grants(List **statements, const char *acl_query, Oid oid);

#endif							/* SHARDLITE_DDL_TEXT_H */
