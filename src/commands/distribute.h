/*
 * distribute.h
 *		What create_distributed_table() and its kin share.
 */
#ifndef SHARDLITE_DISTRIBUTE_H
#define SHARDLITE_DISTRIBUTE_H

#include "metadata/dist_table.h"
#include "nodes/pg_list.h"

/* A table on its way to being distributed. */
typedef struct DistributeRequest
{
	Oid			relid;
	DistKind	kind;
	const char *key_column;		/* DIST_HASH only, as the fields below */
	Oid			key_type;		/* domains resolved */
	Oid			key_collation;
	List	   *relids;			/* the table and its partitions, parents first */
	int			shard_count;
	int32		colocation_id;	/* 0 for reference tables */
	bool		new_group;		/* colocation_id is yet to be written */
	bool		default_group;
}			DistributeRequest;

/* ---- distribute_check.c: every refusal of these functions */

/* Owner, or error 42501. */
extern void check_table_owner(Oid relid);

/* Kind and properties of the table (not of its partitions); errors only. */
extern void check_distributable(Oid relid);

/* The same for one member of request->relids, key and unique indexes too. */
extern void check_member(const DistributeRequest * request, Oid relid);

/* Sets key_type and key_collation from key_column, or error. */
extern void check_key_column(DistributeRequest * request);

/* Needs colocation_id. */
extern void check_foreign_keys(const DistributeRequest * request);

/* Relations that the tables need on other nodes and that are not there. */
extern void check_needed_relations(const DistributeRequest * request, List *relations);

/* Nothing distributed may refer to a table that becomes local again. */
extern void check_undistributable(Oid relid);

/* ---- create_distributed.c */

/*
 * Distribute a table that has just become a partition of a distributed table,
 * with its rows and its own partitions.
 */
extern void distribute_partition(Oid relid);

/* ---- colocation.c */

/*
 * Choose the colocation group, an existing or a new one; takes the locks that
 * keep nodes and groups as they are until the end of the transaction.
 * colocate_with: "default", "none" or a table; shard_count 0: not given.
 */
extern void choose_colocation(DistributeRequest * request,
							  const char *colocate_with, int shard_count);

/* No node is added, removed or changed before this transaction ends. */
extern void lock_cluster_nodes(void);

/* Write the group if new, and one row per table, on every node. */
extern void write_table_metadata(const DistributeRequest * request);

/* Delete a table's row and, if it was the last one, its group. */
extern void delete_table_metadata(Oid relid);

extern void colocation_init(void);

/* ---- shell_tables.c */

/* What the tables need, and the tables, ready to take rows; *relations as object_ddl's. */
extern List *shell_statements(List *relids, List **relations);

/*
 * Run statements on every other node in one flight, as a role, or as the
 * extension's owner (InvalidOid).
 */
extern void run_on_other_nodes(List *statements, Oid run_as);

/* Everything that is left to do for the tables on other nodes. */
extern void shells_finish(List *relids);

/* What shells_finish() runs, as statements of one table. */
extern List *shell_indexes(Oid relid);
extern List *shell_finishing_touches(Oid relid);

extern Oid	relation_owner(Oid relid);

/* ---- row_move.c; the caller holds an AccessExclusiveLock */

/* The table's own rows go to its shards; it is distributed already. How many? */
extern int64 rows_to_shards(Oid relid);

/* A reference table's rows go to its copy on one node, empty so far. */
extern void rows_to_node(Oid relid, int32 node_id);

/* All rows of the shards become the table's own; its heap is empty. */
extern void rows_from_shards(Oid relid);

/* New, empty storage for a table and its indexes, transactionally. */
extern void empty_table(Oid relid);

#endif							/* SHARDLITE_DISTRIBUTE_H */
