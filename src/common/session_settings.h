/*
 * session_settings.h
 *		The settings of a session that can change a result or an error of a
 *		fragment, as one text that another node can apply.
 */
#ifndef SHARDLITE_SESSION_SETTINGS_H
#define SHARDLITE_SESSION_SETTINGS_H

#include "lib/stringinfo.h"

/*
 * A number, never 0, that changes whenever one of them has another value than
 * at the last call; cheap enough for every statement.
 */
extern uint64 session_settings_generation(void);

/* Append name and value of each of them, as packed strings. */
extern void session_settings_pack(StringInfo out);

/*
 * Apply what follows in a packed text, in the current transaction.  Throws
 * what SET would throw.
 */
extern void session_settings_apply(const char **cursor);

/* A packed string is its length in decimal, a colon, its bytes. */
extern void pack_string(StringInfo out, const char *value);

/*
 * Take the next one and advance, palloc'd; NULL at the end.  Error (08P01)
 * when the text is not well-formed.
 */
extern char *unpack_string(const char **cursor);

#endif							/* SHARDLITE_SESSION_SETTINGS_H */
