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
#include "port/pg_bswap.h"

/* Does the OID of this type name the same type on every node? */
static inline bool
has_fixed_oid(Oid type)
{
	return type < FirstGenbkiObjectId;
}

/* Types whose binary form follows from their storage. */
typedef enum WireForm
{
	WIRE_BY_FUNCTION,			/* all others */
	WIRE_BOOL,
	WIRE_2,						/* by value, signed, so many bytes in network order */
	WIRE_4,
	WIRE_8,
	WIRE_BYTES,					/* the bytes of a varlena */
	WIRE_TEXT,					/* the same if both sides use one encoding */
}			WireForm;

extern WireForm wire_form(Oid type);

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
	WireForm	form;			/* WIRE_BY_FUNCTION for text */
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

/*
 * The same without a function call, for types that need none; false for others
 * and for what does not look right.  Nodes have the same encoding, so text was
 * checked when it was stored.
 */
static inline bool
value_decode_direct(const ValueDecoder * decoder, const char *wire, int length, Datum *value)
{
	uint16		bits16;
	uint32		bits32;
	uint64		bits64;
	struct varlena *bytes;

	switch (decoder->form)
	{
		case WIRE_BOOL:
			*value = BoolGetDatum(*wire != 0);
			return length == 1;
		case WIRE_2:
			memcpy(&bits16, wire, sizeof(bits16));
			*value = Int16GetDatum((int16) pg_ntoh16(bits16));
			return length == 2;
		case WIRE_4:
			memcpy(&bits32, wire, sizeof(bits32));
			*value = Int32GetDatum((int32) pg_ntoh32(bits32));
			return length == 4;
		case WIRE_8:
			memcpy(&bits64, wire, sizeof(bits64));
			*value = Int64GetDatum((int64) pg_ntoh64(bits64));
			return length == 8;
		case WIRE_BYTES:
		case WIRE_TEXT:
			bytes = palloc(length + VARHDRSZ);
			SET_VARSIZE(bytes, length + VARHDRSZ);
			memcpy(VARDATA(bytes), wire, length);
			*value = PointerGetDatum(bytes);
			return true;
		default:
			return false;
	}
}

#endif							/* SHARDLITE_VALUE_CODEC_H */
