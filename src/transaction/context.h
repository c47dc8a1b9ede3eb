/*
 * context.h
 *		The context in which fragments run on a node: effective role, session
 *		user, and the settings that can change a result or an error.
 */
#ifndef SHARDLITE_CONTEXT_H
#define SHARDLITE_CONTEXT_H

#include "nodes/parsenodes.h"

/*
 * The command that gives a node session this backend's present context, and
 * its generation (never 0).  Both stay the same until something in it
 * changes; finding that out is cheap.  The text is valid until the next call.
 */
extern const char *context_current(uint64 *generation);

/*
 * From now on the context is this one, until called with 0: for what belongs to
 * a statement that began earlier.
 */
extern void context_use(uint64 generation, const char *command);

/* The text of SET name = '...', or NULL if the statement is something else. */
extern const char *context_setting_text(Node *statement, const char *name);

/* Comment behind BEGIN: number and start of the distributed transaction. */
#define BEGIN_DTX_MARK		"/* dtx "
#define BEGIN_DTX_FORMAT	BEGIN_DTX_MARK UINT64_FORMAT " " INT64_FORMAT " */"

extern void context_init(void);

#endif							/* SHARDLITE_CONTEXT_H */
