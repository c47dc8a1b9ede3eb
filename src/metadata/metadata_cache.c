/*
 * metadata_cache.c
 *		Begins, invalidates and frees generations of cached metadata.
 *
 * Whoever changes a table of schema shardlite fires the trigger below, which
 * sends a relcache invalidation for that table; every backend's callback then
 * marks its generation stale.  Relcache events of distributed tables (ALTER
 * TABLE) do the same.  Entries are made after their look-ups, because look-ups
 * can process invalidations; an entry that raced with one lands in the stale
 * generation and is not found again.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "metadata/dist_table.h"
#include "metadata/metadata_cache.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Ordinary tables remembered before the generation is begun anew. */
#define MAX_TABLE_ENTRIES 100000

static MetadataCache * current = NULL;
static MetadataCache * stale_caches = NULL;
static bool current_is_stale = false;
static uint64 generation = 1;

PG_FUNCTION_INFO_V1(shardlite_invalidate_metadata);

/* Is there a row in shardlite.distributed_table? */
static bool
any_distributed_table(Oid catalog)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	bool		found = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static MetadataCache *
begin_generation(void)
{
	MemoryContext cxt = AllocSetContextCreate(CacheMemoryContext,
											  "shardlite metadata",
											  ALLOCSET_SMALL_SIZES);
	MetadataCache *cache = MemoryContextAllocZero(cxt, sizeof(MetadataCache));
	HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(TableEntry),.hcxt = cxt};

	cache->cxt = cxt;
	cache->tables = hash_create("shardlite tables", 64, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ctl.entrysize = sizeof(GroupEntry);
	cache->groups = hash_create("shardlite groups", 16, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return cache;
}

MetadataCache *
metadata_cache(void)
{
	if (current && !current_is_stale &&
		hash_get_num_entries(current->tables) < MAX_TABLE_ENTRIES)
		return current;

	Assert(IsTransactionState());
	if (current)
	{
		current->next_stale = stale_caches;
		stale_caches = current;
	}
	generation++;
	current = begin_generation();
	current_is_stale = false;

	/* an invalidation from here on makes the new generation stale again */
	if (catalog_oids_load(&current->oids))
	{
		current->any_tables = any_distributed_table(current->oids.distributed_table);
		current->installed = true;
	}
	return current;
}

bool
dist_tables_exist(void)
{
	return metadata_cache()->any_tables;
}

uint64
metadata_generation(void)
{
	(void) metadata_cache();
	return generation;
}

static bool
is_metadata_table(const CatalogOids * oids, Oid relid)
{
	return relid == oids->node || relid == oids->local_node ||
		relid == oids->colocation || relid == oids->distributed_table ||
		relid == oids->shard || relid == oids->distributed_function;
}

static void
relcache_callback(Datum arg, Oid relid)
{
	TableEntry *entry;

	if (!current || current_is_stale)
		return;
	if (!OidIsValid(relid) || is_metadata_table(&current->oids, relid))
	{
		current_is_stale = true;
		return;
	}
	entry = hash_search(current->tables, &relid, HASH_FIND, NULL);
	if (entry && entry->table)
		current_is_stale = true;
}

/* The extension may have come or gone. */
static void
namespace_callback(Datum arg, int cacheid, uint32 hashvalue)
{
	current_is_stale = true;
}

/* Nothing points into stale generations any more. */
static void
free_stale_generations(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE ||
		event == XACT_EVENT_PARALLEL_PRE_COMMIT)
		return;
	while (stale_caches)
	{
		MetadataCache *next = stale_caches->next_stale;

		MemoryContextDelete(stale_caches->cxt);
		stale_caches = next;
	}
}

void
dist_table_cache_init(void)
{
	CacheRegisterRelcacheCallback(relcache_callback, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_callback, (Datum) 0);
	RegisterXactCallback(free_stale_generations, NULL);
}

/* Row of shardlite.distributed_table changed: plans over that table are stale. */
static void
invalidate_table(TriggerData *trigger, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		isnull;
	Oid			relid = DatumGetObjectId(heap_getattr(tuple, Anum_distributed_table_relid,
													  desc, &isnull));

	if (!isnull && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		CacheInvalidateRelcacheByRelid(relid);
}

/* SQL trigger function on the metadata tables. */
Datum
shardlite_invalidate_metadata(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called as a trigger",
						"shardlite_internal.invalidate_metadata")));
	CacheInvalidateRelcache(trigger->tg_relation);
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		invalidate_table(trigger, trigger->tg_trigtuple);
		if (trigger->tg_newtuple && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
			invalidate_table(trigger, trigger->tg_newtuple);
	}
	return PointerGetDatum(NULL);
}
