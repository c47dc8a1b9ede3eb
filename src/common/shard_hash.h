/*
 * shard_hash.h
 *		The hash that assigns a row to a shard.
 *
 * XXH3 64-bit over a canonical form of the value, folded to 32 bits by
 * exclusive-or of its halves.  The canonical forms:
 *
 *	int2, int4, int8		 8 bytes, little-endian two's complement
 *	text, varchar			 the bytes, without header
 *	bpchar					 the bytes without trailing blanks
 *	uuid					 16 bytes
 *	date					 days since 2000-01-01, as an integer
 *	timestamp, timestamptz	 microseconds since 2000-01-01, as an integer
 *	everything else			 the type's extended hash function with seed 0,
 *							 its 8 bytes little-endian
 *
 * This is on-disk format: the same on every architecture and version, pinned
 * by golden values in the regression tests.
 */
#ifndef SHARDLITE_SHARD_HASH_H
#define SHARDLITE_SHARD_HASH_H

#include "fmgr.h"

typedef enum ShardHashForm
{
	SHARD_HASH_INT2,
	SHARD_HASH_INT4,
	SHARD_HASH_INT8,
	SHARD_HASH_VARLENA,
	SHARD_HASH_BPCHAR,
	SHARD_HASH_UUID,
	SHARD_HASH_ENUM,
	SHARD_HASH_EXTENDED,
}			ShardHashForm;

/* How to hash the values of one key type; plain data, copyable. */
typedef struct ShardHashInfo
{
	ShardHashForm form;
	Oid			type;			/* the key's type, domains resolved */
	Oid			collation;
	FmgrInfo	extended;		/* SHARD_HASH_EXTENDED only */
}			ShardHashInfo;

/*
 * Fill *info for a key of the given type and collation.  Returns false when
 * the type has no hash operator class, when its hash would differ between
 * nodes (object identifiers inside), or the collation is nondeterministic.  Memory of the FmgrInfo belongs to cxt.
 */
extern bool shard_hash_init(ShardHashInfo * info, Oid type, Oid collation,
							MemoryContext cxt);

/*
 * A type such that equal values of all types for which it is the same have the
 * same hash, if the operator that calls them equal belongs to its hash operator
 * family.  InvalidOid when values of the type cannot be hashed.
 */
extern Oid	shard_hash_common_type(Oid type);

/* Hash of a non-null value of info's type. */
extern int32 shard_hash_datum(ShardHashInfo * info, Datum value);

extern int32 shard_hash_bytes(const void *data, size_t len);

#endif							/* SHARDLITE_SHARD_HASH_H */
