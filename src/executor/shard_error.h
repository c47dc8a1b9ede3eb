/*
 * shard_error.h
 *		Errors and plans of fragments speak of the users' tables.
 *
 * A shard table is called <prefix>_<shard id>, an index or constraint of it
 * <logical name>_<4 hex digits>_<shard id>.
 */
#ifndef SHARDLITE_SHARD_ERROR_H
#define SHARDLITE_SHARD_ERROR_H

#include "nodes/pg_list.h"
#include "remote/connection.h"

/*
 * The names behind the markers of a fragment (OID list of shell tables), in
 * the current context.  writes: the fragment may violate constraints, so also
 * indexes whose names are clipped on shards and tables behind foreign keys.
 */
extern RemoteRename * shard_rename_create(List *markers, int64 shard_id, bool writes);

/*
 * Call in PG_CATCH: throw the current error again with logical names.  rename
 * may be NULL; only then metadata is read, if a name looks like a shard's.
 */
extern void shard_error_rethrow(const RemoteRename * rename) pg_attribute_noreturn();

#endif							/* SHARDLITE_SHARD_ERROR_H */
