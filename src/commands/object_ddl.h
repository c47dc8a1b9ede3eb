/*
 * object_ddl.h
 *		What must exist on a node before a table's DDL can run there.
 *
 * Objects are found by walking pg_depend and pg_shdepend from the table:
 * schemas, roles, types, functions, collations, sequences, text search
 * objects, extensions.  An object of a kind that is not created here must
 * exist on the node already; a look-up there says so if it does not.
 */
#ifndef SHARDLITE_OBJECT_DDL_H
#define SHARDLITE_OBJECT_DDL_H

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"

/*
 * Statements for a node, in the order in which they must run: calls of
 * shardlite_internal.ensure_object(), which does nothing for what is there.
 * Tables, views and other relations that the table depends on (through
 * foreign keys, policies, functions, row types) are not created but reported
 * in *relations, an OID list without duplicates; relid itself is not in it.
 */
extern List *object_ddl_for_table(Oid relid, List **relations);

/* The same for what a function, type, schema or role needs, itself included. */
extern List *object_ddl_for_object(const ObjectAddress *object, List **relations);

/*
 * Statements that create one object: first CREATE, then owner and privileges.
 * NIL when it is of a kind that must exist already.  *kind is the kind as
 * ensure_object() takes it and *name how it finds the object.
 */
extern List *object_ddl_create(const ObjectAddress *object,
							   const char **kind, char **name);

/* ensure_object() call for one object, or a look-up that fails without it. */
extern char *object_ddl_ensure_call(const ObjectAddress *object);

#endif							/* SHARDLITE_OBJECT_DDL_H */
