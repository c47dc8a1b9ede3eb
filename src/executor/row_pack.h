/*
 * row_pack.h
 *		Many rows in one message between nodes.
 *
 * libpq makes an object of each row that it streams, which costs more than the
 * row itself.  A SELECT whose results are asked for in format
 * REMOTE_FORMAT_PACKED therefore sends its rows in packs of a few kilobytes: a
 * message with the result's columns, the first of which holds the rows
 * (row_encode.h) and the others NULL.
 *
 * A pack is as large as the buffer that PostgreSQL fills before it sends
 * anything, so rows leave the node about as early as they would one by one.
 * row_map_unpack() reads packs.
 */
#ifndef SHARDLITE_ROW_PACK_H
#define SHARDLITE_ROW_PACK_H

/* Node sessions send packs to who asks for them. */
extern void row_pack_init(void);

#endif							/* SHARDLITE_ROW_PACK_H */
