/*
 * copy_route.h
 *		Rows of a COPY to the shards, through chunks.
 */
#ifndef SHARDLITE_COPY_ROUTE_H
#define SHARDLITE_COPY_ROUTE_H

#include "metadata/dist_table.h"

typedef struct CopyRoute CopyRoute;

/*
 * Begin to send rows of a table; statement as copy_chunk_statement() made it.
 * whole: send every shard's rows in one piece, for foreign keys within the
 * table, which are checked at the end of a piece.
 */
extern CopyRoute * copy_route_begin(DistTable * table, const char *statement, bool whole);

/*
 * Add a row (without newline) that began at a line of the input.  shard: index
 * into the table's group; ignored for reference tables.  May send.
 */
extern void copy_route_add(CopyRoute * route, int shard, const char *row, int length,
						   uint32 line);

/* Send the rest and wait until all nodes have taken their rows. */
extern void copy_route_finish(CopyRoute * route);

#endif							/* SHARDLITE_COPY_ROUTE_H */
