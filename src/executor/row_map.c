/*
 * row_map.c
 *		Makes tuples of a plan node from rows of fragments.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/row_map.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

/* Mark the columns of fill, pairs (resno, kind). */
static void
apply_fill(RowMap * map, List *fill, Oid fill_tableoid)
{
	for (int i = 0; i < list_length(fill); i += 2)
	{
		int			column = list_nth_int(fill, i) - 1;

		switch (list_nth_int(fill, i + 1))
		{
			case FILL_ROW_ID:
				map->row_id = column;
				break;
			case FILL_PARTITION:
				map->partition = column;
				map->parent = fill_tableoid;
				break;
			case FILL_TABLEOID:
				map->filled[column] = true;
				map->fill_values[column] = ObjectIdGetDatum(fill_tableoid);
				map->fill_nulls[column] = false;
				break;
			default:
				map->filled[column] = true;
				break;
		}
	}
}

/* What a node sends for a column of the tuple. */
static Oid
sent_type(const RowMap * map, int target)
{
	return target == map->partition ? TEXTOID : TupleDescAttr(map->desc, target)->atttypid;
}

static bool
all_binary(const RowMap * map)
{
	for (int i = 0; i < map->nsent; i++)
		if (map->target[i] >= 0 && !value_binary_result(sent_type(map, map->target[i])))
			return false;
	return true;
}

RowMap *
row_map_create(TupleDesc desc, List *fill, Oid fill_tableoid, List *child_fill,
			   bool position, bool leaf)
{
	RowMap	   *map = palloc0(sizeof(RowMap));
	int			natts = desc->natts;

	map->desc = desc;
	map->row_id = -1;
	map->partition = -1;
	map->target = palloc(sizeof(int) * (natts + 2));
	map->filled = palloc0(sizeof(bool) * (natts + 1));
	map->fill_values = palloc0(sizeof(Datum) * (natts + 1));
	map->fill_nulls = palloc0(sizeof(bool) * (natts + 1));
	memset(map->fill_nulls, true, natts);
	apply_fill(map, fill, fill_tableoid);
	for (int i = 0; i < list_length(child_fill); i += 2)
		map->filled[list_nth_int(child_fill, i) - 1] = true;

	if (position)
		map->target[map->nsent++] = ROW_MAP_POSITION;
	for (int i = 0; i < natts; i++)
		if (!map->filled[i])
			map->target[map->nsent++] = i;
	if (leaf)
		map->target[map->nsent++] = ROW_MAP_LEAF;
	for (int i = 0; i < natts; i++)
		map->has_filled |= map->filled[i];
	map->binary = all_binary(map);
	return map;
}

static void
init_decoders(RowMap * map)
{
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(map));

	map->decoders = palloc0(sizeof(ValueDecoder) * Max(map->nsent, 1));
	for (int i = 0; i < map->nsent; i++)
	{
		int			target = map->target[i];

		if (target >= 0)
			value_decoder_init(&map->decoders[i], sent_type(map, target),
							   TupleDescAttr(map->desc, target)->atttypmod, map->binary);
		else
			value_decoder_init(&map->decoders[i],
							   target == ROW_MAP_POSITION ? INT4OID : OIDOID, -1,
							   map->binary);
	}
	MemoryContextSwitchTo(old);
}

/* The logical partition of a shard's partition, which rows mostly share with the row before. */
static Datum
partition_from_name(RowMap * map, Datum value)
{
	text	   *name = DatumGetTextPP(value);
	Size		len = VARSIZE_ANY_EXHDR(name);

	if (map->last_name == NULL || VARSIZE_ANY_EXHDR(map->last_name) != len ||
		memcmp(VARDATA_ANY(map->last_name), VARDATA_ANY(name), len) != 0)
	{
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(map));

		map->last_name = NULL;
		map->last_partition = partition_of_shard_table(map->parent, name);
		map->last_name = cstring_to_text_with_len(VARDATA_ANY(name), len);
		MemoryContextSwitchTo(old);
	}
	return ObjectIdGetDatum(map->last_partition);
}

/* Put one sent value where it belongs. */
static inline void
store(RowMap * map, int column, Datum value, bool isnull,
	  Datum *values, bool *nulls, RowExtras * extras)
{
	int			target = map->target[column];

	if (target == ROW_MAP_POSITION)
		extras->position = DatumGetInt32(value);
	else if (target == ROW_MAP_LEAF)
		extras->leaf = DatumGetObjectId(value);
	else
	{
		if (target == map->partition && !isnull)
			value = partition_from_name(map, value);
		values[target] = value;
		nulls[target] = isnull;
	}
}

static inline void
store_filled(RowMap * map, Datum *values, bool *nulls)
{
	for (int i = 0; map->has_filled && i < map->desc->natts; i++)
		if (map->filled[i])
		{
			values[i] = map->fill_values[i];
			nulls[i] = map->fill_nulls[i];
		}
}

/* RETURNING cannot be empty: one column that nobody reads stands for none. */
void
row_map_check_width(const RowMap * map, int got)
{
	if (got != map->nsent && !(map->nsent == 0 && got == 1))
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("fragment returned %d columns instead of %d", got, map->nsent)));
}

void
row_map_decode(RowMap * map, PGresult *result, int row,
			   Datum *values, bool *nulls, RowExtras * extras)
{
	row_map_check_width(map, PQnfields(result));
	if (map->decoders == NULL)
		init_decoders(map);
	for (int i = 0; i < map->nsent; i++)
	{
		bool		isnull = PQgetisnull(result, row, i);
		Datum		value = (Datum) 0;

		if (!isnull)
			value = value_decode(&map->decoders[i], map->binary,
								 PQgetvalue(result, row, i),
								 PQgetlength(result, row, i));
		store(map, i, value, isnull, values, nulls, extras);
	}
	store_filled(map, values, nulls);
}

static inline void
require_bytes(const RowPack * pack, int64 count)
{
	if (count < 0 || pack->end - pack->at < count)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("a node sent a malformed pack of rows")));
}

/*
 * The value of length bytes at the pack's position.  A function that reads it
 * wants a zero byte behind it, in the place of something that is still needed.
 */
static inline Datum
unpack_value(RowPack * pack, ValueDecoder * decoder, int length)
{
	char	   *end = pack->at + length;
	char		saved;
	Datum		value;

	if (value_decode_direct(decoder, pack->at, length, &value))
		return value;
	saved = *end;
	*end = '\0';
	value = value_decode(decoder, true, pack->at, length);
	*end = saved;
	return value;
}

void
row_map_unpack(RowMap * map, RowPack * pack, Datum *values, bool *nulls, RowExtras * extras)
{
	if (map->decoders == NULL)
		init_decoders(map);
	for (int i = 0; i < map->nsent; i++)
	{
		int32		length;
		Datum		value = (Datum) 0;

		require_bytes(pack, sizeof(length));
		memcpy(&length, pack->at, sizeof(length));
		length = (int32) pg_ntoh32(length);
		pack->at += sizeof(length);
		if (length >= 0)
		{
			require_bytes(pack, length);
			value = unpack_value(pack, &map->decoders[i], length);
			pack->at += length;
		}
		store(map, i, value, length < 0, values, nulls, extras);
	}
	store_filled(map, values, nulls);
}

void
row_map_copy(RowMap * map, TupleTableSlot *slot,
			 Datum *values, bool *nulls, RowExtras * extras)
{
	row_map_check_width(map, slot->tts_tupleDescriptor->natts);
	slot_getallattrs(slot);
	for (int i = 0; i < map->nsent; i++)
		store(map, i, slot->tts_values[i], slot->tts_isnull[i], values, nulls, extras);
	store_filled(map, values, nulls);
}
