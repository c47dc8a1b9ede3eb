/*
 * row_map.h
 *		How the columns that a fragment sends make up a tuple of the plan node.
 *
 * Sent columns are, in order: an optional leading position (int4), then the
 * tuple's columns without the filled ones, then an optional leaf table OID.
 */
#ifndef SHARDLITE_ROW_MAP_H
#define SHARDLITE_ROW_MAP_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "executor/value_codec.h"
#include "libpq-fe.h"
#include "nodes/pg_list.h"

#define ROW_MAP_POSITION	(-1)
#define ROW_MAP_LEAF		(-2)

typedef struct RowMap
{
	TupleDesc	desc;			/* of the tuple made */
	int			nsent;
	int		   *target;			/* per sent column: index in desc or ROW_MAP_... */
	int			row_id;			/* index of the identity column, or -1 */
	int			partition;		/* of the column for which FILL_PARTITION stands */
	Oid			parent;			/* whose partition it is */
	text	   *last_name;		/* what the last row brought for it, */
	Oid			last_partition; /* and what that means; in the map's context */
	bool	   *filled;			/* per column of desc: not sent */
	Datum	   *fill_values;	/* constants for the filled ones */
	bool	   *fill_nulls;
	bool		has_filled;		/* any */
	bool		binary;			/* results of nodes are asked for in binary */
	ValueDecoder *decoders;		/* per sent column; made on first need */
}			RowMap;

/* Rows of a pack (row_pack.h) that were not read yet; the bytes belong to others. */
typedef struct RowPack
{
	char	   *at;
	char	   *end;
}			RowPack;

static inline bool
row_pack_is_empty(const RowPack * pack)
{
	return pack->at == pack->end;
}

/* What a row brought besides the tuple. */
typedef struct RowExtras
{
	int32		position;
	Oid			leaf;
}			RowExtras;

/*
 * fill as in DistPlan; child_fill names columns (resno, anything pairs) that
 * somebody else fills in.  Allocated in the current context.
 */
extern RowMap * row_map_create(TupleDesc desc, List *fill, Oid fill_tableoid,
							   List *child_fill, bool position, bool leaf);

/* Throws if a fragment's result has not the columns that are expected. */
extern void row_map_check_width(const RowMap * map, int got);

/* Row number row of a node's result; values go to the current context. */
extern void row_map_decode(RowMap * map, PGresult *result, int row,
						   Datum *values, bool *nulls, RowExtras * extras);

/* The same with the next row of a pack, which must not be empty. */
extern void row_map_unpack(RowMap * map, RowPack * pack,
						   Datum *values, bool *nulls, RowExtras * extras);

/* The same from a slot of a local plan; values stay where the slot has them. */
extern void row_map_copy(RowMap * map, TupleTableSlot *slot,
						 Datum *values, bool *nulls, RowExtras * extras);

#endif							/* SHARDLITE_ROW_MAP_H */
