/*
 * metadata_cache.h
 *		One generation of cached metadata; private to src/metadata.
 */
#ifndef SHARDLITE_METADATA_CACHE_H
#define SHARDLITE_METADATA_CACHE_H

#include "metadata/catalog.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

/*
 * Everything lives in cxt.  A generation is only ever added to; when an
 * invalidation arrives, a new one is begun and this one is freed at the end of
 * the top-level transaction, so that pointers into it stay good until then.
 */
typedef struct MetadataCache
{
	MemoryContext cxt;
	struct MetadataCache *next_stale;
	bool		installed;		/* the extension exists in this database */
	bool		any_tables;		/* and at least one table is distributed */
	CatalogOids oids;
	HTAB	   *tables;			/* Oid -> TableEntry, ordinary tables too */
	HTAB	   *groups;			/* colocation id -> GroupEntry */
	List	   *functions;		/* of DistFunction *; NIL until first asked for */
	bool		functions_loaded;
	List	   *nodes;			/* of ClusterNode *, by id; NIL until first asked for */
	int32		local_node_id;	/* 0 until first asked for */
	Oid			owner;			/* of the extension; as above */
}			MetadataCache;

typedef struct TableEntry
{
	Oid			relid;			/* hash key, first */
	struct DistTable *table;	/* NULL: an ordinary table */
}			TableEntry;

typedef struct GroupEntry
{
	int32		colocation_id;	/* hash key, first */
	struct ShardGroup *group;
}			GroupEntry;

/* The current generation, begun anew if stale.  Needs a transaction. */
extern MetadataCache * metadata_cache(void);

#endif							/* SHARDLITE_METADATA_CACHE_H */
