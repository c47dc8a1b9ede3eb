/*
 * shard_ddl.h
 *		Run a DDL statement that speaks of shell tables on their shard tables.
 *
 * The statement is parsed on each node and the names in its parse tree are
 * replaced, per shard: a distributed table T becomes its shard table, an index
 * I of it (also one behind a constraint) becomes shard_index_name(I), other
 * names stay.  Types, functions and reference tables resolve under the search
 * path of this session, which travels along; so does the effective role, under
 * which everything runs.  Check and foreign key constraints keep their names.
 */
#ifndef SHARDLITE_SHARD_DDL_H
#define SHARDLITE_SHARD_DDL_H

#include "metadata/dist_table.h"
#include "metadata/shard_names.h"
#include "nodes/pg_list.h"

/*
 * Run each command (List of char *, one SQL statement each) once per shard of
 * the tables' colocation group, on the nodes that hold the shards, inside the
 * distributed transaction: one flight per node for the whole list.
 *
 * relids: the hash or single-shard tables that the commands name, all of one
 * group; they are recognised in the text by name, qualified or not.  Other
 * distributed tables in the text (a foreign key's target) are found through
 * the search path and must be of the same group.  Commands: CREATE TABLE,
 * ALTER TABLE, CREATE INDEX, DROP TABLE or INDEX, TRUNCATE, RENAME, policies,
 * CREATE STATISTICS, CLUSTER, REINDEX, LOCK, COMMENT.  Sequences, identity,
 * OWNED BY and grants do not belong on shards: identity clauses and nextval
 * defaults of columns are dropped on the way.
 *
 * Needs the tables' metadata here, not on the nodes.  Visible to this session
 * afterwards (command counter).  Throws the node's error.
 */
extern void shard_ddl_run_list(List *relids, List *commands);

extern void shard_ddl_run(List *relids, const char *command);

/* ------------------------------------------------ for the utility hook */

/* Commands for all shards of a group, with everything that travels along. */
typedef struct ShardDdl
{
	int32		colocation_id;
	List	   *commands;		/* of char * */
	List	   *object_names;	/* chosen for the first command, ddl_names.h */
	List	   *names;			/* of DdlName *: what to replace */
}			ShardDdl;

extern void shard_ddl_execute(const ShardDdl *ddl);

/*
 * Run one command as typed on every other node, under this session's search
 * path and effective role; unnamed objects get the chosen names.
 */
extern void ddl_run_on_others(const char *command, List *object_names);

/*
 * The same for a statement on objects of any kind.  A node on which it fails
 * for want of an object is left as it is: what exists only here, or needs
 * something that does, stays here.
 */
extern void ddl_run_object_on_others(const char *command);

/* The call that a node gets for either, palloc'd. */
extern char *run_as_typed_call(const char *command, List *object_names,
							   bool skip_missing);

#endif							/* SHARDLITE_SHARD_DDL_H */
