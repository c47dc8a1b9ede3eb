/*
 * key_cache.c
 *		Rows of a scan for many values of its parameters, fetched at once.
 *
 * A scan below a SubPlan or a nested loop runs once per outer row.  Whoever
 * knows outer rows before they are current (dist_batch.c) has their keys, the sets of
 * values of the scan's parameters, collected here; they travel as arrays, one
 * request per shard, and the rows are kept until their key is asked for.  Shards of this
 * server are read when that happens.
 *
 * A key may never be asked for, so an error that it raises must not be seen.
 * If a request fails its rows and those of the other keys are forgotten, and the
 * scan goes on key by key, as it does if the rows do not fit into work_mem: what
 * is too large to be kept is worth a round trip.  The scan has no volatile
 * functions, so rows that are kept are those that it would find again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/counters.h"
#include "executor/executor.h"
#include "executor/fragment_text.h"
#include "executor/key_cache.h"
#include "executor/shard_choice.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define BUCKETS 1024

typedef struct KeptRow
{
	int			shard_index;	/* of the fragment that sent it */
	MinimalTuple tuple;
}			KeptRow;

struct KeyEntry
{
	KeyEntry   *next;			/* in its bucket */
	uint32		hash;
	FragmentParams *params;
	FragmentParams *keys;		/* that choose shards */
	bool		complete;		/* rows are all there are */
	int			nrows;
	int			maxrows;
	KeptRow    *rows;			/* in the order of each fragment */
};

struct KeyCache
{
	MemoryContext cxt;			/* of entries and rows; reset when too large */
	Size		bytes;			/* of rows */
	KeyEntry  **buckets;
	List	   *wanted;			/* entries that are being fetched */
	FragmentRun *run;			/* that fetches them, or NULL */
	bool		overflow;
	bool		off;			/* given up */

	/* these live with the scan */
	const KeysText *text;
	Oid		   *array_types;
	Oid		   *text_types;		/* 0 for parameters that do not travel as text */
	RowMap	   *map;
	TupleTableSlot *slot;
};

/* Keys of one request. */
typedef struct KeySlice
{
	int			count;
	KeyEntry  **entries;
}			KeySlice;

static void
cache_clear(KeyCache * cache)
{
	MemoryContextReset(cache->cxt);
	cache->buckets = MemoryContextAllocZero(cache->cxt, sizeof(KeyEntry *) * BUCKETS);
	cache->bytes = 0;
	cache->wanted = NIL;
}

/* Does any other node have shards of the scan? */
static bool
reads_elsewhere(const DistScanState * scan)
{
	const ShardGroup *group = shard_group_get(scan->plan->colocation_id);

	for (int i = 0; i < group->nshards; i++)
		if (group->shards[i].node_id != local_node_id())
			return true;
	return false;
}

/*
 * How parameter n travels.  Arrays do not come apart from an array of them, and rows
 * would become columns: their texts are sent.
 */
static void
choose_carrier(KeyCache * cache, int n, Oid type)
{
	Oid			array = get_array_type(type);

	if (!OidIsValid(array) || OidIsValid(get_base_element_type(type)) || type_is_rowtype(type))
	{
		cache->array_types[n] = TEXTARRAYOID;
		cache->text_types[n] = type;
	}
	else
		cache->array_types[n] = array;
}

static KeyCache *
cache_create(DistScanState * scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->cxt);
	KeyCache   *cache = palloc0(sizeof(KeyCache));
	const DistPlan *plan = scan->plan;

	cache->cxt = AllocSetContextCreate(scan->cxt, "shardlite keys", ALLOCSET_DEFAULT_SIZES);
	cache->array_types = palloc(sizeof(Oid) * plan->nparams);
	cache->text_types = palloc0(sizeof(Oid) * plan->nparams);
	for (int i = 0; i < plan->nparams; i++)
		choose_carrier(cache, i, scan->share->spec->types[i]);
	cache->text = keys_text_create(plan, cache->array_types, cache->text_types);
	cache->map = row_map_create(scan->map->desc, plan->fill, plan->fill_tableoid, NIL, true, false);
	cache->slot = MakeSingleTupleTableSlot(scan->map->desc, &TTSOpsVirtual);
	cache_clear(cache);
	MemoryContextSwitchTo(old);
	return cache;
}

bool
key_cache_useful(DistScanState * scan)
{
	if (scan->keys == NULL)
	{
		if (scan->exchange_key != 0 || !reads_elsewhere(scan))
			return false;
		scan->keys = cache_create(scan);
	}
	return !scan->keys->off;
}

/* ---- keys ---- */

static uint32
hash_params(const DistScanState * scan, const FragmentParams * params)
{
	const ParamSpec *spec = scan->share->spec;
	uint32		hash = 0;

	for (int i = 0; i < params->count; i++)
		hash = hash_combine(hash, params->isnull[i] ? 0 :
							datum_image_hash(params->values[i], spec->typbyval[i], spec->typlen[i]));
	return hash;
}

static bool
same_params(const DistScanState * scan, const FragmentParams * a, const FragmentParams * b)
{
	const ParamSpec *spec = scan->share->spec;

	for (int i = 0; i < a->count; i++)
	{
		if (a->isnull[i] != b->isnull[i])
			return false;
		if (!a->isnull[i] && !datum_image_eq(a->values[i], b->values[i],
											 spec->typbyval[i], spec->typlen[i]))
			return false;
	}
	return true;
}

static KeyEntry *
find_entry(DistScanState * scan, const FragmentParams * params, uint32 hash)
{
	KeyEntry   *entry = scan->keys->buckets[hash % BUCKETS];

	while (entry != NULL &&
		   (entry->hash != hash || !same_params(scan, entry->params, params)))
		entry = entry->next;
	return entry;
}

KeyEntry *
key_cache_find(DistScanState * scan, const FragmentParams * params)
{
	KeyEntry   *entry = NULL;

	if (scan->keys != NULL && !scan->keys->off)
		entry = find_entry(scan, params, hash_params(scan, params));
	return entry != NULL && entry->complete ? entry : NULL;
}

void
key_cache_begin(DistScanState * scan)
{
	KeyCache   *cache = scan->keys;

	cache->wanted = NIL;
	if (cache->bytes > work_mem * (Size) 1024 / 2 ||
		MemoryContextMemAllocated(cache->cxt, false) > work_mem * (Size) 1024)
		cache_clear(cache);
}

void
key_cache_want(DistScanState * scan)
{
	KeyCache   *cache = scan->keys;
	ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
	MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	FragmentParams *params = dist_scan_eval(scan, 0, scan->plan->nparams);
	uint32		hash = hash_params(scan, params);
	KeyEntry   *entry = find_entry(scan, params, hash);

	if (entry == NULL)
	{
		MemoryContextSwitchTo(cache->cxt);
		entry = palloc0(sizeof(KeyEntry));
		entry->hash = hash;
		entry->params = dist_scan_eval(scan, 0, scan->plan->nparams);
		entry->keys = dist_scan_eval(scan, scan->plan->nparams, scan->plan->nkeys);
		entry->next = cache->buckets[hash % BUCKETS];
		cache->buckets[hash % BUCKETS] = entry;
		cache->wanted = lappend(cache->wanted, entry);
	}
	MemoryContextSwitchTo(old);
	ResetExprContext(econtext);
}

bool
key_cache_has_rows(DistScanState * scan)
{
	ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
	MemoryContext old;
	FragmentParams *params;
	bool		found;

	if (scan->keys == NULL || scan->keys->off)
		return false;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	params = dist_scan_eval(scan, 0, scan->plan->nparams);
	found = key_cache_find(scan, params) != NULL;
	MemoryContextSwitchTo(old);
	if (!found && MemoryContextMemAllocated(scan->keys->cxt, false) < work_mem * (Size) 1024)
		key_cache_want(scan);
	return found;
}

/* ---- fetching ---- */

/* A row has come: keep it for its key. */
static bool
keep_row(Fragment * fragment, const RowExtras * extras, Datum *values, bool *nulls)
{
	KeyCache   *cache = fragment->run->hook_arg;
	KeySlice   *slice = fragment->tag;
	KeyEntry   *entry;
	MemoryContext old;

	if (extras->position < 1 || extras->position > slice->count)
		elog(ERROR, "a node answers for a key that it was not asked for");
	entry = slice->entries[extras->position - 1];
	cache->overflow |= cache->bytes > work_mem * (Size) 1024;
	if (!cache->overflow)
	{
		old = MemoryContextSwitchTo(cache->cxt);
		if (entry->nrows == entry->maxrows)
		{
			entry->maxrows = Max(entry->maxrows * 2, 4);
			entry->rows = entry->rows == NULL ? palloc(sizeof(KeptRow) * entry->maxrows) :
				repalloc_huge(entry->rows, sizeof(KeptRow) * entry->maxrows);
		}
		entry->rows[entry->nrows].shard_index = fragment->shard_index;
		entry->rows[entry->nrows].tuple = heap_form_minimal_tuple(cache->map->desc, values, nulls);
		cache->bytes += entry->rows[entry->nrows++].tuple->t_len + sizeof(KeptRow);
		MemoryContextSwitchTo(old);
	}
	MemoryContextReset(fragment->run->row_cxt);
	return false;
}

/* Put the values' texts in their places. */
static void
values_to_text(Oid type, int count, Datum *values, const bool *nulls)
{
	int			level = value_encode_settings();
	FmgrInfo	output;
	Oid			function;
	bool		varlena;

	getTypeOutputInfo(type, &function, &varlena);
	fmgr_info(function, &output);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			values[i] = CStringGetTextDatum(OutputFunctionCall(&output, values[i]));
	AtEOXact_GUC(true, level);
}

/* The n-th parameter of the keys, as an array. */
static Datum
param_array(const DistScanState * scan, const KeySlice * slice, int n)
{
	Oid			type = scan->share->spec->types[n];
	Datum	   *values = palloc(sizeof(Datum) * slice->count);
	bool	   *nulls = palloc(sizeof(bool) * slice->count);
	int			count = slice->count;
	int			lower = 1;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	for (int i = 0; i < slice->count; i++)
	{
		values[i] = slice->entries[i]->params->values[n];
		nulls[i] = slice->entries[i]->params->isnull[n];
	}
	if (OidIsValid(scan->keys->text_types[n]))
	{
		values_to_text(type, count, values, nulls);
		type = TEXTOID;
	}
	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower,
											  type, typlen, typbyval, typalign));
}

static KeySlice *
make_slice(List *entries)
{
	KeySlice   *slice = palloc(sizeof(KeySlice));
	ListCell   *lc;

	slice->count = list_length(entries);
	slice->entries = palloc(sizeof(KeyEntry *) * slice->count);
	foreach(lc, entries)
		slice->entries[foreach_current_index(lc)] = lfirst(lc);
	return slice;
}

static FragmentParams *
slice_params(const DistScanState * scan, const KeySlice * slice)
{
	FragmentParams *params = fragment_params_create(scan->plan->nparams);

	for (int i = 0; i < params->count; i++)
	{
		params->types[i] = scan->keys->array_types[i];
		params->values[i] = param_array(scan, slice, i);
	}
	return params;
}

/* One request: keys of a slice, to one shard or those of one node. */
static void
add_request(DistScanState * scan, const ShardGroup * group, List *shards,
			KeySlice * slice, FragmentParams * params)
{
	KeyCache   *cache = scan->keys;
	int			first = linitial_int(shards);
	Fragment   *fragment = fragment_run_add(cache->run, group->shards[first].node_id, first,
											keys_text_sql(cache->text, group, shards), params);

	fragment->tag = slice;
	fragment->prepare = true;
	fragment->packed = true;
}

/* Every shard gets every key. */
static void
add_for_all(DistScanState * scan, const ShardGroup * group)
{
	KeySlice   *slice = make_slice(scan->keys->wanted);
	FragmentParams *params = slice_params(scan, slice);
	Bitmapset  *seen = NULL;

	for (int i = 0; i < group->nshards; i++)
	{
		List	   *shards = NIL;

		if (group->shards[i].node_id == local_node_id() || bms_is_member(i, seen))
			continue;
		for (int j = i; j < group->nshards; j++)
		{
			if (j != i && (scan->plan->node_head == NULL ||
						   group->shards[j].node_id != group->shards[i].node_id))
				continue;
			shards = lappend_int(shards, j);
			seen = bms_add_member(seen, j);
		}
		add_request(scan, group, shards, slice, params);
	}
}

/* A shard gets its own keys.  False if one key needs several shards at once. */
static bool
add_by_key(DistScanState * scan, const ShardGroup * group)
{
	List	  **entries = palloc0(sizeof(List *) * group->nshards);
	ListCell   *lc,
			   *lc2;

	foreach(lc, scan->keys->wanted)
	{
		KeyEntry   *entry = lfirst(lc);
		List	   *shards = shard_choice(scan->plan, group, entry->keys);

		if (scan->plan->node_head != NULL && list_length(shards) > 1)
			return false;
		foreach(lc2, shards)
			entries[lfirst_int(lc2)] = lappend(entries[lfirst_int(lc2)], entry);
	}
	for (int i = 0; i < group->nshards; i++)
	{
		KeySlice   *slice;

		if (entries[i] == NIL || group->shards[i].node_id == local_node_id())
			continue;
		slice = make_slice(entries[i]);
		add_request(scan, group, list_make1_int(i), slice, slice_params(scan, slice));
	}
	return true;
}

void
key_cache_send(DistScanState * scan)
{
	KeyCache   *cache = scan->keys;
	const ShardGroup *group = shard_group_get(scan->plan->colocation_id);
	MemoryContext old;

	RemoteCounters before = remote_counters;

	if (cache->wanted == NIL)
		return;
	cache->run = fragment_run_create(scan->cxt, scan->css.ss.ps.state, cache->map, DIST_ACCESS_READ);
	cache->run->tentative = true;
	cache->run->on_row = keep_row;
	cache->run->hook_arg = cache;
	old = MemoryContextSwitchTo(cache->run->cxt);
	if (scan->plan->target == TARGET_ALL_SHARDS)
		add_for_all(scan, group);
	else
		cache->off = !add_by_key(scan, group);
	MemoryContextSwitchTo(old);
	if (cache->off)
		return;
	scan->total_fragments += list_length(cache->run->fragments);
	scan->remote_fragments += list_length(cache->run->fragments);
	fragment_run_flush(cache->run);
	if (scan->css.ss.ps.instrument != NULL)
		remote_counters_add(&scan->counters, &before);
}

void
key_cache_receive(DistScanState * scan)
{
	KeyCache   *cache = scan->keys;
	RemoteCounters before = remote_counters;
	ListCell   *lc;

	if (cache->run == NULL)
		return;
	if (!cache->off)
		while (fragment_run_next(cache->run, cache->slot))
			elog(ERROR, "a row was not kept");
	cache->off |= cache->run->failed || cache->overflow;
	scan->connections = Max(scan->connections, cache->run->most_lanes);
	fragment_run_end(cache->run);
	cache->run = NULL;
	if (scan->css.ss.ps.instrument != NULL)
		remote_counters_add(&scan->counters, &before);
	foreach(lc, cache->wanted)
		((KeyEntry *) lfirst(lc))->complete = true;
	cache->wanted = NIL;
	if (cache->off)
		cache_clear(cache);
}

/* ---- handing out ---- */

void
key_cache_serve(KeyEntry * entry, const ShardGroup * group, FragmentRun * run)
{
	Fragment  **fragments = palloc0(sizeof(Fragment *) * group->nshards);

	for (int i = 0; i < entry->nrows; i++)
	{
		int			index = entry->rows[i].shard_index;

		if (fragments[index] == NULL)
			fragments[index] = fragment_run_add(run, group->shards[index].node_id, index,
												NULL, NULL);
		fragment_serve(fragments[index], entry->rows[i].tuple);
	}
}
