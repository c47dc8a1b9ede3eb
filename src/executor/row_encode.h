/*
 * row_encode.h
 *		Rows as a stream of bytes between nodes; row_map_unpack() reads it.
 *
 * A row is the values of its columns in binary, each after its length (-1 for
 * NULL), as in the protocol's DataRow.
 */
#ifndef SHARDLITE_ROW_ENCODE_H
#define SHARDLITE_ROW_ENCODE_H

#include "executor/value_codec.h"
#include "lib/stringinfo.h"

typedef struct RowEncoder
{
	int			natts;
	WireForm   *forms;
	FmgrInfo   *send;			/* where the form does not say all */
}			RowEncoder;

/* For rows of these types; in the current context. */
extern RowEncoder * row_encoder_create(int natts, const Oid *types);

/* Append a row.  What functions leave behind stays in the current context. */
extern void row_encode(RowEncoder * encoder, StringInfo out, const Datum *values,
					   const bool *nulls);

#endif							/* SHARDLITE_ROW_ENCODE_H */
