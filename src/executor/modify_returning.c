/*
 * modify_returning.c
 *		RETURNING rows of a ShardliteModify, in the order of the child's rows.
 *
 * Each row returned by a shard is known to belong to one child row.  The rows
 * are sorted by the number of that row, which one INSERT fragment alone need
 * not be; then columns of the child are filled in by a second, parallel pass
 * over it.
 */
#include "postgres.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/dist_modify.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Fragments that deliver rows; sets *only when there is just one. */
static int
count_sources(DistModifyState * state, Fragment * *only)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, state->run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (!fragment->counted || fragment->map == NULL)
			continue;
		*only = fragment;
		count++;
	}
	return count;
}

/* The RETURNING columns behind the number of the child's row. */
static TupleDesc
numbered_desc(TupleDesc desc)
{
	TupleDesc	result = CreateTemplateTupleDesc(desc->natts + 1);

	TupleDescInitEntry(result, 1, "row", INT8OID, -1, 0);
	for (int i = 0; i < desc->natts; i++)
		TupleDescCopyEntry(result, i + 2, desc, i + 1);
	return result;
}

static void
sort_fragment(DistModifyState * state, Fragment * fragment)
{
	TupleTableSlot *slot = state->sorted_slot;
	BatchTag   *tag = fragment->tag;
	int			row = 0;

	for (;;)
	{
		ExecClearTuple(slot);
		if (!fragment_take(fragment, slot->tts_values + 1, slot->tts_isnull + 1))
			break;
		slot->tts_values[0] = Int64GetDatum(tag->row_numbers[Min(tag->positions[row], tag->nrows - 1)]);
		slot->tts_isnull[0] = false;
		row++;
		ExecStoreVirtualTuple(slot);
		tuplesort_puttupleslot(state->sorted, slot);
	}
}

void
modify_returning_start(DistModifyState * state)
{
	MemoryContext old = MemoryContextSwitchTo(state->cxt);
	AttrNumber	column = 1;
	Oid			operator = Int8LessOperator;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;
	Fragment   *only = NULL;
	TupleDesc	desc;
	ListCell   *lc;

	if (count_sources(state, &only) <= 1 && state->plan->operation == CMD_INSERT)
	{
		state->single = only;
		MemoryContextSwitchTo(old);
		return;
	}
	desc = numbered_desc(state->map->desc);
	state->sorted = tuplesort_begin_heap(desc, 1, &column, &operator, &collation,
										 &nulls_first, work_mem, NULL, TUPLESORT_NONE);
	state->sorted_slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	foreach(lc, state->run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->counted && fragment->map != NULL)
			sort_fragment(state, fragment);
	}
	tuplesort_performsort(state->sorted);
	ExecDropSingleTupleTableSlot(state->sorted_slot);
	state->sorted_slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	if (state->rows != NULL)
		tuplestore_rescan(state->rows);
	state->row_at = -1;
	MemoryContextSwitchTo(old);
}

/* Columns that come from the child's row of this number. */
static void
fill_from_child(DistModifyState * state, int64 number, TupleTableSlot *slot)
{
	List	   *fill = state->plan->child_fill;

	if (fill == NIL)
		return;
	while (state->row_at < number)
	{
		if (!tuplestore_gettupleslot(state->rows, true, false, state->row_slot))
			elog(ERROR, "row " INT64_FORMAT " of the child is gone", number);
		state->row_at++;
	}
	slot_getallattrs(state->row_slot);
	for (int i = 0; i < list_length(fill); i += 2)
	{
		int			column = list_nth_int(fill, i) - 1;
		int			source = list_nth_int(fill, i + 1) - 1;

		slot->tts_values[column] = state->row_slot->tts_values[source];
		slot->tts_isnull[column] = state->row_slot->tts_isnull[source];
	}
}

bool
modify_returning_next(DistModifyState * state, TupleTableSlot *slot)
{
	int			natts = slot->tts_tupleDescriptor->natts;
	TupleTableSlot *sorted = state->sorted_slot;

	ExecClearTuple(slot);
	if (state->sorted == NULL)
	{
		if (state->single == NULL ||
			!fragment_take(state->single, slot->tts_values, slot->tts_isnull))
			return false;
		ExecStoreVirtualTuple(slot);
		return true;
	}
	if (!tuplesort_gettupleslot(state->sorted, true, false, sorted, NULL))
		return false;
	slot_getallattrs(sorted);
	memcpy(slot->tts_values, sorted->tts_values + 1, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, sorted->tts_isnull + 1, sizeof(bool) * natts);
	fill_from_child(state, DatumGetInt64(sorted->tts_values[0]), slot);
	ExecStoreVirtualTuple(slot);
	return true;
}
