/*
 * value_codec.h
 *		How values of a type travel to and from nodes.
 *
 * Types whose OID PostgreSQL assigns by hand mean the same on every node; all
 * others are known there by name only.  Binary is used where the type's own
 * format holds no OIDs, or only such that are put right on arrival.
 */
#ifndef SHARDLITE_VALUE_CODEC_H
#define SHARDLITE_VALUE_CODEC_H

#include "access/transam.h"
#include "fmgr.h"

/* Does the OID of this type name the same type on every node? */
static inline bool
has_fixed_oid(Oid type)
{
	return type < FirstGenbkiObjectId;
}

/* Sends values of one type. */
typedef struct ValueEncoder
{
	Oid			wire_type;		/* 0: the node infers it from the text's cast */
	bool		binary;
	FmgrInfo	function;		/* send or output function */
}			ValueEncoder;

extern void value_encoder_init(ValueEncoder * encoder, Oid type);

/* Wire form of a non-null value, palloc'd; *length is set for binary. */
extern char *value_encode(ValueEncoder * encoder, Datum value, int *length);

/*
 * Settings under which text forms lose nothing; returns a GUC nest level for
 * AtEOXact_GUC.  Wrap calls of value_encode for non-binary encoders in it.
 */
extern int	value_encode_settings(void);

/* Receives values of one type. */
typedef struct ValueDecoder
{
	Oid			type;
	int32		typmod;
	Oid			ioparam;
	bool		patch;			/* binary form holds OIDs of the sending node */
	FmgrInfo	function;		/* receive or input function */
}			ValueDecoder;

/* Can results of this type be received in binary? */
extern bool value_binary_result(Oid type);

extern void value_decoder_init(ValueDecoder * decoder, Oid type, int32 typmod,
							   bool binary);

/*
 * Value from its wire form, allocated in the current context.  Scribbles on
 * the input, which must be zero-terminated.
 */
extern Datum value_decode(ValueDecoder * decoder, bool binary, char *wire, int length);

#endif							/* SHARDLITE_VALUE_CODEC_H */
