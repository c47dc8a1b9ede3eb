/*
 * dist_table.h
 *		What the cluster knows of a table: distributed how, by which key, over
 *		which shards.  Read through a per-backend cache.
 *
 * Pointers handed out stay valid until the end of the top-level transaction,
 * also when an invalidation arrives: stale entries are freed only then.  A
 * statement that looked a table up once therefore keeps one consistent view.
 */
#ifndef SHARDLITE_DIST_TABLE_H
#define SHARDLITE_DIST_TABLE_H

#include "access/attnum.h"
#include "common/shard_hash.h"
#include "nodes/pg_list.h"

#define SHARDLITE_SCHEMA "shardlite"
#define SHARDLITE_SHARDS_SCHEMA "shardlite_shards"

typedef enum DistKind
{
	DIST_HASH = 'h',			/* split by hash of the key */
	DIST_SINGLE = 's',			/* one shard, no key */
	DIST_REFERENCE = 'r',		/* a full copy on every node */
}			DistKind;

/* One hash range [hash_min, hash_max] of one colocation group, on one node. */
typedef struct Shard
{
	int64		shard_id;
	int32		hash_min;
	int32		hash_max;
	int32		node_id;
}			Shard;

/*
 * Colocation group: shards sorted by hash_min, covering all of int32.  Or a
 * group of nodes, which no table belongs to (node_group.h).
 */
typedef struct ShardGroup
{
	int32		colocation_id;	/* below 0: a group of nodes */
	Oid			key_type;		/* InvalidOid for single-shard groups */
	Oid			key_collation;
	ShardHashInfo hash;			/* of keys, once one was looked up */
	int			nnodes;			/* that hold shards */
	int			nshards;
	Shard		shards[FLEXIBLE_ARRAY_MEMBER];
}			ShardGroup;

typedef struct DistTable
{
	Oid			relid;
	DistKind	kind;
	AttrNumber	key_attno;		/* InvalidAttrNumber unless DIST_HASH */
	int32		colocation_id;	/* 0 for reference tables */
	const ShardGroup *group;	/* NULL for reference tables */
	const char *prefix;			/* shard tables are named <prefix>_<shard id> */
}			DistTable;

/* Is the extension installed here and is any table distributed?  Cheap. */
extern bool dist_tables_exist(void);

/* NULL when the table is an ordinary one. */
extern DistTable * dist_table_find(Oid relid);

/* As dist_table_find, but an ordinary table is an error (42809). */
extern DistTable * dist_table_get(Oid relid);

extern const ShardGroup *shard_group_get(int32 colocation_id);

/* Index into group->shards of the shard that holds this hash. */
extern int	shard_group_index(const ShardGroup * group, int32 hash);

/* Index of the shard for a non-null value of the group's key type. */
extern int	shard_group_key_index(const ShardGroup * group, Datum key);

/* The same for a table's group. */
extern int	dist_table_shard_index(const DistTable * table, Datum key);

/* Unqualified name of a shard table, palloc'd; at most 63 bytes. */
extern char *shard_table_name(const char *prefix, int64 shard_id);

/* Qualified and quoted: shardlite_shards.<name>, palloc'd. */
extern char *shard_table_qualified_name(const DistTable * table, int64 shard_id);

/* Oid of the local shard table; error when it does not exist here. */
extern Oid	shard_table_oid(const DistTable * table, int64 shard_id);

/* Is this relation a shard table of ours (lives in schema shardlite_shards)? */
extern bool is_shard_table(Oid relid);

/* Partition of a distributed table from the name of a shard of it, as regclass prints it. */
extern Oid	partition_of_shard_table(Oid parent, text *shard_table);

/* All tables of the cluster, as an OID list; of one group if id is not 0. */
extern List *dist_table_list(int32 colocation_id);

/*
 * Changes with every metadata change that this backend has seen; whoever
 * keeps something derived from metadata compares it.
 */
extern uint64 metadata_generation(void);

extern void dist_table_cache_init(void);

#endif							/* SHARDLITE_DIST_TABLE_H */
