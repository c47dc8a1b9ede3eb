/*
 * scan_cache.c
 *		Keeps decoded plans, type information and fragment texts for the next
 *		execution of the same plan.
 *
 * A plan is known by its serial number, and kept from its second execution on:
 * most plans have only one.  What is kept depends, beside the plan, on the
 * metadata (its generation) and on types (their invalidations); whoever is
 * being executed keeps what it began with.
 */
#include "postgres.h"

#include "executor/fragment_text.h"
#include "executor/scan_cache.h"
#include "metadata/node.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Plans that are kept, and fragment texts of all of them together. */
#define MAX_SHARES	256
#define MAX_TEXTS	8192

typedef struct ShareEntry
{
	uint64		serial;			/* hash key */
	ScanShare  *share;
}			ShareEntry;

static HTAB *cache = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);
static int	ntexts = 0;
static uint64 type_changes = 0;

/* Take it out of the cache. */
static void
share_forget(ScanShare * share)
{
	(void) hash_search(cache, &share->plan->serial, HASH_REMOVE, NULL);
	dlist_delete(&share->link);
	share->current = false;
	ntexts -= share->nshards;
	if (share->users == 0)
		MemoryContextDelete(share->cxt);
}

static void
release_share(void *arg)
{
	ScanShare  *share = arg;

	if (--share->users == 0 && !share->current)
		MemoryContextDelete(share->cxt);
}

/* Types may be sent in another way or have another name. */
static void
type_callback(Datum arg, int cacheid, uint32 hashvalue)
{
	dlist_mutable_iter iter;

	type_changes++;
	dlist_foreach_modify(iter, &by_use)
		share_forget(dlist_container(ScanShare, link, iter.cur));
}

/* Fill a share in the current context; private_list lives as long as it. */
static ScanShare *
share_make(CustomScan *scan, List *private_list, TupleDesc desc)
{
	ScanShare  *share = palloc0(sizeof(ScanShare));
	const DistPlan *plan = dist_plan_decode(private_list);

	share->cxt = CurrentMemoryContext;
	share->generation = metadata_generation();
	share->plan = plan;
	share->spec = param_spec_create(scan->custom_exprs);
	if (plan->returns_rows)
		share->map = row_map_create(desc, plan->fill, plan->fill_tableoid,
									NIL, false, plan->row_id_leaf);
	share->wire_text = fragment_text_with_casts(&plan->text, plan->nparams, share->spec->types);
	return share;
}

/* One that outlives this execution. */
static ScanShare *
share_make_lasting(CustomScan *scan, TupleDesc desc)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite scan",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	ScanShare  *share = share_make(scan, copyObject(scan->custom_private),
								   CreateTupleDescCopy(desc));

	if (share->plan->colocation_id != 0)
		share->nshards = shard_group_get(share->plan->colocation_id)->nshards;
	share->sql = palloc0(sizeof(char *) * Max(share->nshards, 1));
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(cxt, CacheMemoryContext);
	return share;
}

static void
share_enter(ScanShare * share)
{
	ShareEntry *entry;

	while (hash_get_num_entries(cache) >= MAX_SHARES ||
		   (ntexts > MAX_TEXTS && !dlist_is_empty(&by_use)))
		share_forget(dlist_tail_element(ScanShare, link, &by_use));
	entry = hash_search(cache, &share->plan->serial, HASH_ENTER, NULL);
	entry->share = share;
	dlist_push_head(&by_use, &share->link);
	share->current = true;
	ntexts += share->nshards;
}

static ScanShare *
share_find(uint64 serial)
{
	/* Finding it out may look at catalogs, and that may empty the cache. */
	uint64		generation = metadata_generation();
	ShareEntry *entry = hash_search(cache, &serial, HASH_FIND, NULL);

	if (entry == NULL)
		return NULL;
	if (entry->share->generation == generation)
	{
		dlist_move_head(&by_use, &entry->share->link);
		return entry->share;
	}
	share_forget(entry->share);
	return NULL;
}

/* Has this plan been executed before?  False once too often does no harm. */
static bool
seen_before(uint64 serial)
{
	static uint64 seen[MAX_SHARES];
	uint64	   *place = &seen[serial % MAX_SHARES];
	bool		result = *place == serial;

	*place = serial;
	return result;
}

ScanShare *
scan_share_get(CustomScan *scan, TupleDesc desc, MemoryContext user)
{
	uint64		serial = dist_plan_serial(scan->custom_private);
	uint64		changes = type_changes;
	ScanShare  *share = share_find(serial);
	MemoryContextCallback *callback;

	if (share == NULL && !seen_before(serial))
	{
		MemoryContext old = MemoryContextSwitchTo(user);

		share = share_make(scan, scan->custom_private, desc);
		MemoryContextSwitchTo(old);
		return share;
	}
	callback = MemoryContextAlloc(user, sizeof(MemoryContextCallback));
	if (share == NULL)
	{
		share = share_make_lasting(scan, desc);
		if (changes == type_changes)
			share_enter(share);
	}
	share->users++;
	callback->func = release_share;
	callback->arg = share;
	MemoryContextRegisterResetCallback(user, callback);
	return share;
}

const char *
scan_share_sql(ScanShare * share, const ShardGroup * group, int index)
{
	const Shard *shard = &group->shards[index];
	const FragmentText *text = shard->node_id == local_node_id() ?
		&share->plan->text : share->wire_text;
	MemoryContext old;

	/* A cursor may have been opened before the shards changed. */
	if (share->sql == NULL || share->generation != metadata_generation())
		return fragment_text_sql(text, shard->shard_id);
	if (share->sql[index] == NULL)
	{
		old = MemoryContextSwitchTo(share->cxt);
		share->sql[index] = fragment_text_sql(text, shard->shard_id);
		MemoryContextSwitchTo(old);
	}
	return share->sql[index];
}

void
scan_cache_init(void)
{
	HASHCTL		ctl = {.keysize = sizeof(uint64),.entrysize = sizeof(ShareEntry)};

	cache = hash_create("shardlite scans", MAX_SHARES, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterSyscacheCallback(TYPEOID, type_callback, (Datum) 0);
}
