/*
 * fragment_merge.c
 *		k-way merge of sorted fragments with a binary heap.
 *
 * Each fragment's next row is held here, in memory of its own.  Fragments that
 * share a connection can be merged, but then the later ones' first rows have to
 * wait in queues for the earlier ones' last; so sorted plans have one fragment
 * per node (DistPlan.node_head), which sorts the rows of all its shards.
 */
#include "postgres.h"

#include "executor/fragment_merge.h"
#include "lib/binaryheap.h"
#include "plan/dist_plan.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"

/* A fragment and its next row. */
typedef struct MergeSource
{
	Fragment   *fragment;
	TupleTableSlot *slot;
}			MergeSource;

struct FragmentMerge
{
	int			nkeys;
	SortSupport keys;
	int			nsources;
	MergeSource *sources;
	binaryheap *heap;			/* of positions in sources */
	bool		started;		/* the top's row was handed out */
};

static int
compare_sources(Datum a, Datum b, void *arg)
{
	FragmentMerge *merge = arg;
	TupleTableSlot *left = merge->sources[DatumGetInt32(a)].slot;
	TupleTableSlot *right = merge->sources[DatumGetInt32(b)].slot;

	for (int i = 0; i < merge->nkeys; i++)
	{
		SortSupport key = &merge->keys[i];
		int			column = key->ssup_attno - 1;
		int			order = ApplySortComparator(left->tts_values[column],
												left->tts_isnull[column],
												right->tts_values[column],
												right->tts_isnull[column], key);

		/* the heap has its greatest element on top */
		if (order != 0)
			return order < 0 ? 1 : -1;
	}
	return 0;
}

static void
set_keys(FragmentMerge * merge, List *sort)
{
	merge->nkeys = list_length(sort) / SORT_FIELDS;
	merge->keys = palloc0(sizeof(SortSupportData) * merge->nkeys);
	for (int i = 0; i < merge->nkeys; i++)
	{
		SortSupport key = &merge->keys[i];
		int			at = i * SORT_FIELDS;

		key->ssup_cxt = CurrentMemoryContext;
		key->ssup_attno = list_nth_int(sort, at);
		key->ssup_collation = (Oid) list_nth_int(sort, at + 2);
		key->ssup_nulls_first = list_nth_int(sort, at + 3) != 0;
		PrepareSortSupportFromOrderingOp((Oid) list_nth_int(sort, at + 1), key);
	}
}

FragmentMerge *
fragment_merge_create(FragmentRun * run, List *sort)
{
	MemoryContext old = MemoryContextSwitchTo(run->cxt);
	FragmentMerge *merge = palloc0(sizeof(FragmentMerge));
	int			count = list_length(run->fragments);

	set_keys(merge, sort);
	merge->nsources = count;
	merge->sources = palloc0(sizeof(MergeSource) * count);
	merge->heap = binaryheap_allocate(Max(count, 1), compare_sources, merge);
	for (int i = 0; i < count; i++)
	{
		MergeSource *source = &merge->sources[i];

		source->fragment = list_nth(run->fragments, i);
		source->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(run->map->desc),
												&TTSOpsVirtual);
		source->fragment->row_cxt = AllocSetContextCreate(run->cxt, "shardlite merged row",
														  ALLOCSET_SMALL_SIZES);
	}
	MemoryContextSwitchTo(old);
	return merge;
}

static bool
advance(MergeSource * source)
{
	return fragment_next(source->fragment, source->slot);
}

/* First rows: those of this server while the nodes still work on theirs. */
static void
fill_heap(FragmentMerge * merge)
{
	for (int local = 1; local >= 0; local--)
		for (int i = 0; i < merge->nsources; i++)
			if (merge->sources[i].fragment->local == (local == 1) &&
				advance(&merge->sources[i]))
				binaryheap_add_unordered(merge->heap, Int32GetDatum(i));
	binaryheap_build(merge->heap);
}

/* The row on top was used: replace it by its fragment's next one. */
static void
replace_top(FragmentMerge * merge)
{
	Datum		top = binaryheap_first(merge->heap);

	if (advance(&merge->sources[DatumGetInt32(top)]))
		binaryheap_replace_first(merge->heap, top);
	else
		(void) binaryheap_remove_first(merge->heap);
}

bool
fragment_merge_next(FragmentMerge * merge, TupleTableSlot *slot)
{
	TupleTableSlot *row;
	int			natts = slot->tts_tupleDescriptor->natts;

	ExecClearTuple(slot);
	if (!merge->started)
		fill_heap(merge);
	else if (!binaryheap_empty(merge->heap))
		replace_top(merge);
	merge->started = true;
	if (binaryheap_empty(merge->heap))
		return false;
	row = merge->sources[DatumGetInt32(binaryheap_first(merge->heap))].slot;
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(slot);
	return true;
}
