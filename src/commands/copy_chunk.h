/*
 * copy_chunk.h
 *		Rows of a COPY, as bytes, on their way to one shard.
 */
#ifndef SHARDLITE_COPY_CHUNK_H
#define SHARDLITE_COPY_CHUNK_H

#include "lib/stringinfo.h"
#include "metadata/dist_table.h"
#include "nodes/parsenodes.h"

/*
 * data: whole rows in the format of the statement, each ending in a newline;
 * rows: for each row a CopyRow, in the same order.
 */
typedef struct CopyChunk
{
	StringInfoData data;
	StringInfoData rows;
}			CopyChunk;

/* Where a row ends in data, and the line of the user's input it began at. */
typedef struct CopyRow
{
	uint32		end;
	uint32		line;
}			CopyRow;

extern void copy_chunk_init(CopyChunk * chunk);
extern void copy_chunk_reset(CopyChunk * chunk);
extern void copy_chunk_add(CopyChunk * chunk, const char *row, int length, uint32 line);

/*
 * COPY ... FROM STDIN under the table's own name, with explicit columns and
 * options; what every chunk of a COPY is to be read by.  options: DefElems of
 * the user that describe the format, NIL for PostgreSQL's text format.
 */
extern char *copy_chunk_statement(Oid relid, List *attnums, List *options);

/*
 * Load a chunk into a shard of this server, or into the table itself if it is
 * a reference table (shard_id 0).  Errors name the user's line and table.
 */
extern void copy_chunk_load(const char *statement, int64 shard_id, CopyChunk * chunk);

#endif							/* SHARDLITE_COPY_CHUNK_H */
