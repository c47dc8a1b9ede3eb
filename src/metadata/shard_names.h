/*
 * shard_names.h
 *		Names of the objects that belong to a shard table, and the way back.
 */
#ifndef SHARDLITE_SHARD_NAMES_H
#define SHARDLITE_SHARD_NAMES_H

/*
 * Name of a shard's index that belongs to the shell table's index, palloc'd,
 * at most 63 bytes: <index>_<4 hex digits from the prefix>_<shard id>, the
 * index name clipped if need be; then the digits come from the full name, too.
 * The digits keep apart the indexes of same-named tables of two schemas, whose
 * shards share their ids.  Extended statistics are named the same way.
 */
extern char *shard_index_name(const char *index_name, const char *prefix,
							  int64 shard_id);

/*
 * Replace the quoted names of shard tables and their indexes in a message by
 * the names that the user knows.  Returns text itself when there is nothing
 * to replace; NULL stays NULL.  Reads metadata: needs a valid transaction.
 */
extern char *logical_names_in_text(char *text);

#endif							/* SHARDLITE_SHARD_NAMES_H */
