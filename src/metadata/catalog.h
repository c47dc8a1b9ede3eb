/*
 * catalog.h
 *		Names and columns of the tables in schema shardlite, as sql/shardlite.sql
 *		creates them, and their OIDs in this database.
 */
#ifndef SHARDLITE_CATALOG_H
#define SHARDLITE_CATALOG_H

#define Anum_node_node_id			1
#define Anum_node_host				2
#define Anum_node_port				3
#define Anum_node_role				4
#define Anum_node_holds_shards		5
#define Natts_node					6

#define Anum_local_node_node_id		1

#define Anum_colocation_colocation_id 1
#define Anum_colocation_shard_count 2
#define Anum_colocation_key_type	3
#define Anum_colocation_key_collation 4
#define Natts_colocation			5

#define Anum_distributed_table_relid 1
#define Anum_distributed_table_kind 2
#define Anum_distributed_table_key_column 3
#define Anum_distributed_table_colocation_id 4
#define Anum_distributed_table_shard_prefix 5
#define Natts_distributed_table		5

#define Anum_shard_shard_id			1
#define Anum_shard_colocation_id	2
#define Anum_shard_hash_min			3
#define Anum_shard_hash_max			4
#define Anum_shard_node_id			5
#define Natts_shard					5

#define Anum_distributed_function_function 1
#define Anum_distributed_function_argument 2
#define Anum_distributed_function_colocation_id 3
#define Natts_distributed_function	3

/* OIDs of our catalog; all valid or, without the extension, all invalid. */
typedef struct CatalogOids
{
	Oid			shards_schema;
	Oid			node;
	Oid			local_node;
	Oid			colocation;
	Oid			distributed_table;
	Oid			distributed_function;
	Oid			shard;
	Oid			colocation_pkey;
	Oid			distributed_table_pkey;
	Oid			distributed_table_colocation;
	Oid			shard_colocation;
}			CatalogOids;

/* Look all names up; false when the extension is not (fully) there. */
extern bool catalog_oids_load(CatalogOids * oids);

#endif							/* SHARDLITE_CATALOG_H */
