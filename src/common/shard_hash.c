/*
 * shard_hash.c
 *		The hash that assigns a row to a shard; format in the header.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/shard_hash.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include <xxhash.h>

static bool hash_is_portable(Oid type);

/* XXH3 of some bytes, folded to 32 bits. */
int32
shard_hash_bytes(const void *data, size_t len)
{
	uint64		h = XXH3_64bits(data, len);

	return (int32) ((uint32) (h >> 32) ^ (uint32) h);
}

/* Hash of the 8 bytes of an integer in little-endian order. */
static int32
hash_int64(int64 value)
{
	unsigned char bytes[8];
	uint64		bits = (uint64) value;

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char) (bits >> (8 * i));
	return shard_hash_bytes(bytes, sizeof(bytes));
}

/* Enum OIDs differ between nodes, labels do not. */
static int32
hash_enum(Oid value)
{
	HeapTuple	tup = SearchSysCache1(ENUMOID, ObjectIdGetDatum(value));
	const char *label;
	int32		h;

	if (!HeapTupleIsValid(tup))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u", value)));
	label = NameStr(((Form_pg_enum) GETSTRUCT(tup))->enumlabel);
	h = shard_hash_bytes(label, strlen(label));
	ReleaseSysCache(tup);
	return h;
}

static int32
hash_varlena(Datum value, bool strip_blanks)
{
	text	   *t = DatumGetTextPP(value);
	const char *data = VARDATA_ANY(t);
	int			len = VARSIZE_ANY_EXHDR(t);
	int32		h;

	while (strip_blanks && len > 0 && data[len - 1] == ' ')
		len--;
	h = shard_hash_bytes(data, len);
	if ((Pointer) t != DatumGetPointer(value))
		pfree(t);
	return h;
}

/* Which canonical form serves a base type. */
static ShardHashForm
hash_form(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return SHARD_HASH_INT2;
		case INT4OID:
			return SHARD_HASH_INT4;
		case INT8OID:
			return SHARD_HASH_INT8;
		case DATEOID:
			return SHARD_HASH_INT4;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return SHARD_HASH_INT8;
		case TEXTOID:
		case VARCHAROID:
			return SHARD_HASH_VARLENA;
		case BPCHAROID:
			return SHARD_HASH_BPCHAR;
		case UUIDOID:
			return SHARD_HASH_UUID;
		default:
			return type_is_enum(type) ? SHARD_HASH_ENUM : SHARD_HASH_EXTENDED;
	}
}

/* Has every value of a base type a hash that is the same on all nodes? */
static bool
can_hash(Oid type)
{
	return hash_form(type) != SHARD_HASH_EXTENDED ||
		(OidIsValid(lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC)->hash_extended_proc) &&
		 hash_is_portable(type));
}

bool
shard_hash_init(ShardHashInfo * info, Oid type, Oid collation, MemoryContext cxt)
{
	memset(info, 0, sizeof(*info));
	info->type = getBaseType(type);
	info->collation = collation;
	info->form = hash_form(info->type);

	/* equal strings may differ in their bytes under such a collation */
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		return false;

	if (!can_hash(info->type))
		return false;
	if (info->form == SHARD_HASH_EXTENDED)
		fmgr_info_cxt(lookup_type_cache(info->type, TYPECACHE_HASH_EXTENDED_PROC)->hash_extended_proc,
					  &info->extended, cxt);
	return true;
}

Oid
shard_hash_common_type(Oid type)
{
	TypeCacheEntry *tce;

	type = getBaseType(type);
	if (!OidIsValid(type) || !can_hash(type))
		return InvalidOid;
	switch (type)
	{
		case INT2OID:
		case INT4OID:
			return INT8OID;
		case FLOAT4OID:
			return FLOAT8OID;
		default:
			/* as varchar, which is hashed as text */
			tce = lookup_type_cache(type, TYPECACHE_HASH_OPFAMILY);
			return IsPolymorphicType(tce->hash_opintype) ? type : tce->hash_opintype;
	}
}

int32
shard_hash_datum(ShardHashInfo * info, Datum value)
{
	switch (info->form)
	{
		case SHARD_HASH_INT2:
			return hash_int64(DatumGetInt16(value));
		case SHARD_HASH_INT4:
			return hash_int64(DatumGetInt32(value));
		case SHARD_HASH_INT8:
			return hash_int64(DatumGetInt64(value));
		case SHARD_HASH_VARLENA:
			return hash_varlena(value, false);
		case SHARD_HASH_BPCHAR:
			return hash_varlena(value, true);
		case SHARD_HASH_UUID:
			return shard_hash_bytes(DatumGetUUIDP(value)->data, UUID_LEN);
		case SHARD_HASH_ENUM:
			return hash_enum(DatumGetObjectId(value));
		case SHARD_HASH_EXTENDED:
			return hash_int64(DatumGetInt64(FunctionCall2Coll(&info->extended,
															  info->collation,
															  value,
															  Int64GetDatum(0))));
	}
	pg_unreachable();
}

/* Are all columns of a composite type hashed the same on every node? */
static bool
composite_is_portable(Oid type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	bool		ok = true;

	for (int i = 0; i < desc->natts && ok; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		ok = att->attisdropped || hash_is_portable(getBaseType(att->atttypid));
	}
	ReleaseTupleDesc(desc);
	return ok;
}

/*
 * Does a type's own hash give one value for equal values on every node?  Not
 * when object identifiers of user objects enter it.
 */
static bool
hash_is_portable(Oid type)
{
	Oid			element = get_element_type(type);

	if (OidIsValid(element))
		return hash_is_portable(getBaseType(element));
	switch (get_typtype(type))
	{
		case TYPTYPE_ENUM:
			return false;
		case TYPTYPE_COMPOSITE:
			return composite_is_portable(type);
		case TYPTYPE_RANGE:
			return hash_is_portable(getBaseType(get_range_subtype(type)));
		case TYPTYPE_MULTIRANGE:
			return hash_is_portable(get_multirange_range(type));
		default:
			/* the reg* types are in the category of numbers, but no numbers */
			return type == OIDOID ||
				!(get_typlen(type) == 4 && TypeCategory(type) == TYPCATEGORY_NUMERIC &&
				  type != INT4OID && type != FLOAT4OID);
	}
}
