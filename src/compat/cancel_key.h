/*
 * cancel_key.h
 *		The key that cancels a statement of this backend.
 */
#ifndef SHARDLITE_CANCEL_KEY_H
#define SHARDLITE_CANCEL_KEY_H

#include "miscadmin.h"
#include "port/pg_bswap.h"

/* 18: keys are longer than four bytes. */
#define CANCEL_KEY_MAX 256

/* Bytes of the key as they travel; returns how many. */
static inline int
compat_cancel_key(char *bytes)
{
#if PG_VERSION_NUM >= 180000
	memcpy(bytes, MyCancelKey, MyCancelKeyLength);
	return MyCancelKeyLength;
#else
	uint32		key = pg_hton32((uint32) MyCancelKey);

	memcpy(bytes, &key, sizeof(key));
	return sizeof(key);
#endif
}

#endif							/* SHARDLITE_CANCEL_KEY_H */
