/*
 * catalog.c
 *		OIDs of the tables in schema shardlite.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "metadata/catalog.h"
#include "metadata/dist_table.h"
#include "utils/lsyscache.h"

bool
catalog_oids_load(CatalogOids * oids)
{
	Oid			schema = get_namespace_oid(SHARDLITE_SCHEMA, true);
	struct
	{
		const char *name;
		Oid		   *oid;
	}			relations[] = {
		{"node", &oids->node},
		{"local_node", &oids->local_node},
		{"colocation", &oids->colocation},
		{"distributed_table", &oids->distributed_table},
		{"distributed_function", &oids->distributed_function},
		{"shard", &oids->shard},
		{"colocation_pkey", &oids->colocation_pkey},
		{"distributed_table_pkey", &oids->distributed_table_pkey},
		{"distributed_table_colocation", &oids->distributed_table_colocation},
		{"shard_colocation_id_hash_min_key", &oids->shard_colocation},
	};

	memset(oids, 0, sizeof(*oids));
	if (!OidIsValid(schema))
		return false;
	oids->shards_schema = get_namespace_oid(SHARDLITE_SHARDS_SCHEMA, true);
	for (int i = 0; i < lengthof(relations); i++)
	{
		*relations[i].oid = get_relname_relid(relations[i].name, schema);
		if (!OidIsValid(*relations[i].oid))
		{
			memset(oids, 0, sizeof(*oids));
			return false;
		}
	}
	return OidIsValid(oids->shards_schema);
}
