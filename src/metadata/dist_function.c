/*
 * dist_function.c
 *		Functions whose calls run where their key's shard is, through the
 *		metadata cache.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "metadata/dist_function.h"
#include "metadata/metadata_cache.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(shardlite_invalidate_function);

/* All rows, as a List of DistFunction * without group; its ids apart. */
static List *
read_functions(MetadataCache * cache, List **colocation_ids)
{
	Relation	rel = table_open(cache->oids.distributed_function, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	List	   *functions = NIL;
	HeapTuple	tup;

	while (HeapTupleIsValid(tup = systable_getnext(scan)))
	{
		Datum		values[Natts_distributed_function];
		bool		nulls[Natts_distributed_function];
		DistFunction *function;

		heap_deform_tuple(tup, RelationGetDescr(rel), values, nulls);
		function = MemoryContextAllocZero(cache->cxt, sizeof(DistFunction));
		function->funcid = DatumGetObjectId(values[Anum_distributed_function_function - 1]);
		functions = lappend(functions, function);
		if (nulls[Anum_distributed_function_argument - 1])
		{
			*colocation_ids = lappend_int(*colocation_ids, 0);
			continue;
		}
		function->argument = DatumGetInt32(values[Anum_distributed_function_argument - 1]);
		*colocation_ids = lappend_int(*colocation_ids,
									  DatumGetInt32(values[Anum_distributed_function_colocation_id - 1]));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return functions;
}

static void
load_functions(MetadataCache * cache)
{
	List	   *colocation_ids = NIL;
	List	   *functions = read_functions(cache, &colocation_ids);
	MemoryContext old;
	ListCell   *lc,
			   *id;

	forboth(lc, functions, id, colocation_ids)
	{
		DistFunction *function = lfirst(lc);

		if (lfirst_int(id) == 0)
			continue;
		function->group = shard_group_get(lfirst_int(id));
		if (!shard_hash_init(&function->hash, function->group->key_type,
							 function->group->key_collation, cache->cxt))
			elog(ERROR, "type %u of distribution column cannot be hashed",
				 function->group->key_type);
	}
	old = MemoryContextSwitchTo(cache->cxt);
	cache->functions = list_copy(functions);
	cache->functions_loaded = true;
	MemoryContextSwitchTo(old);
}

/* Of DistFunction *. */
static List *
all_functions(void)
{
	MetadataCache *cache = metadata_cache();

	if (!cache->installed)
		return NIL;
	if (!cache->functions_loaded)
		load_functions(cache);
	return cache->functions;
}

DistFunction *
dist_function_find(Oid funcid)
{
	ListCell   *lc;

	foreach(lc, all_functions())
	{
		DistFunction *function = lfirst(lc);

		if (function->funcid == funcid)
			return function->group != NULL ? function : NULL;
	}
	return NULL;
}

bool
dist_functions_dropped(void)
{
	ListCell   *lc;

	foreach(lc, all_functions())
	{
		if (!SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(((DistFunction *) lfirst(lc))->funcid)))
			return true;
	}
	return false;
}

int32
dist_function_node(DistFunction * function, Datum key)
{
	int32		hash = shard_hash_datum(&function->hash, key);

	return function->group->shards[shard_group_index(function->group, hash)].node_id;
}

/* Plans that call this function are stale. */
static void
invalidate_function(TriggerData *trigger, HeapTuple row)
{
	Relation	rel;
	HeapTuple	proc;
	bool		isnull;
	Datum		funcid = heap_getattr(row, Anum_distributed_function_function,
									  RelationGetDescr(trigger->tg_relation), &isnull);

	proc = SearchSysCache1(PROCOID, funcid);
	if (!HeapTupleIsValid(proc))
		return;
	rel = table_open(ProcedureRelationId, AccessShareLock);
	CacheInvalidateHeapTuple(rel, proc, NULL);
	table_close(rel, AccessShareLock);
	ReleaseSysCache(proc);
}

/* SQL trigger function, for each row of shardlite.distributed_function. */
Datum
shardlite_invalidate_function(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called as a trigger",
						"shardlite_internal.invalidate_function")));
	invalidate_function(trigger, trigger->tg_trigtuple);
	return PointerGetDatum(NULL);
}
