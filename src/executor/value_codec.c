/*
 * value_codec.c
 *		Binary and text forms of values between nodes.
 *
 * The binary form of arrays and composite values names the types of the
 * elements by OID.  The receiver knows which types it expects, so it writes
 * its own OIDs over the sender's before calling the receive function.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/value_codec.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* What the catalog says of a type, as far as the wire is concerned. */
typedef struct TypeFacts
{
	char		typtype;
	Oid			send;
	Oid			receive;
	Oid			element;		/* of true arrays, else 0 */
	Oid			base;			/* of domains */
}			TypeFacts;

static TypeFacts
type_facts(Oid type)
{
	HeapTuple	tup = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;
	TypeFacts	facts;

	if (!HeapTupleIsValid(tup))
		elog(ERROR, "cache lookup failed for type %u", type);
	form = (Form_pg_type) GETSTRUCT(tup);
	facts.typtype = form->typtype;
	facts.send = form->typsend;
	facts.receive = form->typreceive;
	facts.element = IsTrueArrayType(form) ? form->typelem : InvalidOid;
	facts.base = form->typbasetype;
	ReleaseSysCache(tup);
	return facts;
}

WireForm
wire_form(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return WIRE_BOOL;
		case INT2OID:
			return WIRE_2;
		case INT4OID:
		case DATEOID:
		case FLOAT4OID:
			return WIRE_4;
		case INT8OID:
		case CASHOID:
		case FLOAT8OID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return WIRE_8;
		case BYTEAOID:
			return WIRE_BYTES;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID:
			return WIRE_TEXT;
		default:
			return WIRE_BY_FUNCTION;
	}
}

/* Types whose binary form is the OID of an object of the sending node. */
static bool
is_reg_type(Oid type)
{
	switch (type)
	{
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGTYPEOID:
		case REGROLEOID:
		case REGNAMESPACEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
			return true;
		default:
			return false;
	}
}

/* May a parameter of this type be sent in binary? */
static bool
binary_param(Oid type)
{
	TypeFacts	facts;

	if (!has_fixed_oid(type) || is_reg_type(type))
		return false;
	facts = type_facts(type);
	if (facts.typtype == TYPTYPE_PSEUDO || facts.typtype == TYPTYPE_COMPOSITE)
		return false;
	if (OidIsValid(facts.element))
		return binary_param(facts.element);
	return OidIsValid(facts.send) && OidIsValid(facts.receive);
}

void
value_encoder_init(ValueEncoder * encoder, Oid type)
{
	Oid			function;
	bool		varlena;

	encoder->wire_type = has_fixed_oid(type) ? type : InvalidOid;
	encoder->binary = binary_param(type);
	if (encoder->binary)
		getTypeBinaryOutputInfo(type, &function, &varlena);
	else
		getTypeOutputInfo(type, &function, &varlena);
	fmgr_info(function, &encoder->function);
}

char *
value_encode(ValueEncoder * encoder, Datum value, int *length)
{
	bytea	   *sent;

	*length = 0;
	if (!encoder->binary)
		return OutputFunctionCall(&encoder->function, value);
	sent = SendFunctionCall(&encoder->function, value);
	*length = VARSIZE(sent) - VARHDRSZ;
	return VARDATA(sent);
}

int
value_encode_settings(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("extra_float_digits", "3", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* Does the binary form of this type contain OIDs that must be replaced? */
static bool
holds_oids(Oid type)
{
	TypeFacts	facts = type_facts(type);

	if (facts.typtype == TYPTYPE_DOMAIN)
		return holds_oids(getBaseType(type));
	if (OidIsValid(facts.element))
		return !has_fixed_oid(facts.element) || holds_oids(facts.element);
	return facts.typtype == TYPTYPE_COMPOSITE;
}

/* All columns of a composite type can be received in binary? */
static bool
binary_columns(Oid type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	bool		result = true;

	for (int i = 0; i < desc->natts && result; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			result = value_binary_result(TupleDescAttr(desc, i)->atttypid);
	ReleaseTupleDesc(desc);
	return result;
}

bool
value_binary_result(Oid type)
{
	TypeFacts	facts;

	if (is_reg_type(type))
		return false;
	facts = type_facts(type);
	if (!OidIsValid(facts.send) || !OidIsValid(facts.receive))
		return false;
	if (OidIsValid(facts.element))
		return value_binary_result(facts.element);
	switch (facts.typtype)
	{
		case TYPTYPE_DOMAIN:
			return value_binary_result(getBaseType(type));
		case TYPTYPE_COMPOSITE:
			return binary_columns(type);
		case TYPTYPE_RANGE:
		case TYPTYPE_MULTIRANGE:
			return has_fixed_oid(type);
		case TYPTYPE_PSEUDO:
			return type == VOIDOID || type == RECORDOID;
		default:
			return true;
	}
}

void
value_decoder_init(ValueDecoder * decoder, Oid type, int32 typmod, bool binary)
{
	Oid			function;

	decoder->type = type;
	decoder->typmod = typmod;
	if (binary)
		getTypeBinaryInputInfo(type, &function, &decoder->ioparam);
	else
		getTypeInputInfo(type, &function, &decoder->ioparam);
	fmgr_info(function, &decoder->function);
	decoder->form = binary ? wire_form(type) : WIRE_BY_FUNCTION;
	decoder->patch = binary && type != RECORDOID && holds_oids(type);
}

/* Walks over a binary value. */
typedef struct WireCursor
{
	char	   *at;
	char	   *end;
}			WireCursor;

static void
require_bytes(const WireCursor * cursor, int64 count)
{
	if (count < 0 || cursor->end - cursor->at < count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a node sent a malformed binary value")));
}

static int32
read_int32(WireCursor * cursor)
{
	uint32		value;

	require_bytes(cursor, 4);
	memcpy(&value, cursor->at, 4);
	cursor->at += 4;
	return (int32) pg_ntoh32(value);
}

static void
write_oid(WireCursor * cursor, Oid oid)
{
	uint32		value = pg_hton32(oid);

	require_bytes(cursor, 4);
	memcpy(cursor->at, &value, 4);
	cursor->at += 4;
}

static void patch_value(Oid type, WireCursor cursor);

/* A length word and so many bytes, of the given type. */
static void
patch_item(WireCursor * cursor, Oid type, bool nested)
{
	int32		length = read_int32(cursor);

	if (length < 0)
		return;
	require_bytes(cursor, length);
	if (nested)
		patch_value(type, (WireCursor) {cursor->at, cursor->at + length});
	cursor->at += length;
}

static void
patch_array(Oid element, WireCursor cursor)
{
	int			ndim = read_int32(&cursor);
	int64		nitems = ndim > 0 ? 1 : 0;
	bool		nested = holds_oids(element);

	(void) read_int32(&cursor); /* flags */
	write_oid(&cursor, element);
	for (int i = 0; i < ndim; i++)
	{
		nitems *= read_int32(&cursor);
		(void) read_int32(&cursor); /* lower bound */
	}
	for (int64 i = 0; i < nitems && nested; i++)
		patch_item(&cursor, element, true);
}

static void
patch_composite(Oid type, WireCursor cursor)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);

	(void) read_int32(&cursor); /* number of columns */
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		write_oid(&cursor, att->atttypid);
		patch_item(&cursor, att->atttypid, holds_oids(att->atttypid));
	}
	ReleaseTupleDesc(desc);
}

/* Write this node's type OIDs over the sender's. */
static void
patch_value(Oid type, WireCursor cursor)
{
	Oid			base = getBaseType(type);
	TypeFacts	facts = type_facts(base);

	if (OidIsValid(facts.element))
		patch_array(facts.element, cursor);
	else if (facts.typtype == TYPTYPE_COMPOSITE)
		patch_composite(base, cursor);
}

/* Receive functions want a zero byte behind the value. */
static char *
copy_terminated(const char *bytes, int size)
{
	char	   *copy = palloc(size + 1);

	memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

/*
 * An anonymous record: PostgreSQL cannot receive it, but the wire form names
 * the columns' types.  Those without fixed OID cannot be told.
 */
static Datum
receive_record(char *wire, int length)
{
	WireCursor	cursor = {wire, wire + length};
	int			natts = read_int32(&cursor);
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;

	require_bytes(&cursor, (int64) natts * 8);
	desc = CreateTemplateTupleDesc(natts);
	values = palloc(sizeof(Datum) * Max(natts, 1));
	nulls = palloc(sizeof(bool) * Max(natts, 1));
	for (int i = 0; i < natts; i++)
	{
		Oid			type = (Oid) read_int32(&cursor);
		int32		size = read_int32(&cursor);
		ValueDecoder decoder;

		if (!has_fixed_oid(type))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("anonymous record from a node holds a value of a user-defined type"),
					 errhint("Cast the record to a named composite type, or select its columns one by one.")));
		TupleDescInitEntry(desc, i + 1, psprintf("f%d", i + 1), type, -1, 0);
		nulls[i] = size < 0;
		values[i] = (Datum) 0;
		if (nulls[i])
			continue;
		require_bytes(&cursor, size);
		value_decoder_init(&decoder, type, -1, true);
		values[i] = value_decode(&decoder, true, copy_terminated(cursor.at, size), size);
		cursor.at += size;
	}
	desc = BlessTupleDesc(desc);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

Datum
value_decode(ValueDecoder * decoder, bool binary, char *wire, int length)
{
	StringInfoData buf;
	Datum		value;

	if (!binary)
		return InputFunctionCall(&decoder->function, wire, decoder->ioparam,
								 decoder->typmod);
	if (value_decode_direct(decoder, wire, length, &value))
		return value;
	if (decoder->type == RECORDOID)
		return receive_record(wire, length);
	if (decoder->patch)
		patch_value(decoder->type, (WireCursor) {wire, wire + length});
	buf.data = wire;
	buf.len = length;
	buf.maxlen = length + 1;
	buf.cursor = 0;
	return ReceiveFunctionCall(&decoder->function, &buf, decoder->ioparam,
							   decoder->typmod);
}
