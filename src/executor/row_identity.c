/*
 * row_identity.c
 *		Packs (place, ctid) into a tid.
 *
 * Bits of the place: the low ones stand above the line pointer number in the
 * offset, the high ones at the top of the block number.  That leaves room for
 * 8192 places and tables of 512 GB per shard with 8 kB pages.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/row_identity.h"

#define BLOCK_PLACE_BITS	6
#define BLOCK_BITS			(32 - BLOCK_PLACE_BITS)

/* Bits that a heap's line pointer numbers need. */
static int
offset_bits(void)
{
	int			bits = 1;

	while ((1 << bits) <= MaxHeapTuplesPerPage)
		bits++;
	return bits;
}

/* Number of a place in this statement. */
static uint32
place_number(StatementState * statement, RowPlace place)
{
	RowPlace   *places = statement->places;
	MemoryContext old;

	/* rows come shard by shard: the last hit is the likeliest */
	if (statement->last_place < statement->nplaces &&
		places[statement->last_place].shard_index == place.shard_index &&
		places[statement->last_place].leaf == place.leaf)
		return statement->last_place;
	for (int i = 0; i < statement->nplaces; i++)
		if (places[i].shard_index == place.shard_index && places[i].leaf == place.leaf)
			return statement->last_place = i;

	old = MemoryContextSwitchTo(statement->cxt);
	if (places == NULL)
		statement->places = palloc(sizeof(RowPlace) * (statement->max_places = 32));
	else if (statement->nplaces == statement->max_places)
		statement->places = repalloc(places, sizeof(RowPlace) * (statement->max_places *= 2));
	MemoryContextSwitchTo(old);
	((RowPlace *) statement->places)[statement->nplaces] = place;
	return statement->last_place = statement->nplaces++;
}

void
row_identity_encode(StatementState * statement, RowPlace place, ItemPointer tid)
{
	uint32		number = place_number(statement, place);
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	uint32		offset = ItemPointerGetOffsetNumberNoCheck(tid);
	int			bits = offset_bits();
	uint32		low = number & ((1 << (16 - bits)) - 1);
	uint32		high = number >> (16 - bits);

	if ((block >> BLOCK_BITS) != 0 || (offset >> bits) != 0 || (high >> BLOCK_PLACE_BITS) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row of a shard cannot be addressed in a statement that joins or filters before it writes"),
				 errdetail("The shard table is too large, or the statement touches too many shards and partitions.")));
	ItemPointerSet(tid, block | (high << BLOCK_BITS), offset | (low << bits));
}

RowPlace
row_identity_decode(StatementState * statement, ItemPointer tid)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	uint32		offset = ItemPointerGetOffsetNumberNoCheck(tid);
	int			bits = offset_bits();
	uint32		number = (offset >> bits) | ((block >> BLOCK_BITS) << (16 - bits));

	if (number >= statement->nplaces)
		elog(ERROR, "row identity (%u,%u) was not made by this statement", block, offset);
	ItemPointerSet(tid, block & ((1U << BLOCK_BITS) - 1), offset & ((1 << bits) - 1));
	return ((RowPlace *) statement->places)[number];
}
