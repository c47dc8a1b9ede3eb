/*
 * exchange_file.h
 *		On a node: the rows of an exchange that others will fetch, and where
 *		they are.  Inside of exchange_write.c and exchange_read.c.
 *
 * There is one file per node that fetches, in packs: the length of a pack
 * (int32), then so many bytes of rows (row_encode.h), each with the index of
 * its shard as one more column in front.  A pack of length 0 is the end: what
 * lacks it is not whole.
 */
#ifndef SHARDLITE_EXCHANGE_FILE_H
#define SHARDLITE_EXCHANGE_FILE_H

#include "storage/buffile.h"
#include "utils/array.h"

/* Hexadecimal digits of the secret that the names of an exchange's files hold. */
#define EXCHANGE_TOKEN_LENGTH	32

/* Name of a node's file in the set; error (22023) if the token is none. */
extern char *exchange_file_name(const char *token, int32 node_id);

/*
 * Where the set is, for other backends of this server; and back, error (22023)
 * if the text is none of ours.
 */
extern char *exchange_location(const FileSet *files);
extern void exchange_location_parse(const char *location, FileSet *files);

/* Node ids or hashes given as an array; error (22023) if it is no plain list. */
extern const int32 *exchange_numbers(ArrayType *array, int *count);

#endif							/* SHARDLITE_EXCHANGE_FILE_H */
