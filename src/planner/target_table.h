/*
 * target_table.h
 *		The table that a select-then-write statement changes: what its source
 *		query must deliver beyond the new values.
 */
#ifndef SHARDLITE_TARGET_TABLE_H
#define SHARDLITE_TARGET_TABLE_H

#include "nodes/parsenodes.h"
#include "utils/rel.h"

/*
 * Append junk columns to the target list of an UPDATE, DELETE or MERGE: the old
 * values of the other columns when the distribution key is assigned, the
 * primary key and a row mark's ctid for reference tables, and what MERGE's
 * actions read of the target's row.
 */
extern void target_table_prepare(Query *query);

/* Lock that the statement's scan of its target must take. */
extern LockClauseStrength target_table_lock_strength(const Query *query);

/* Column numbers of the primary key or replica identity; NIL: none. */
extern List *target_table_row_key(Relation relation);

/* Does an UPDATE assign this column? */
extern bool target_table_assigns(const Query *query, AttrNumber attno);

/* Position in the target list of the junk column with this name; 0: none. */
extern int	target_list_junk(List *tlist, const char *name);

/* Name of the junk column with the old value of a column, palloc'd. */
extern char *old_column_name(AttrNumber attno);

/* Row mark id of the local lock on a reference table that is changed. */
#define REFERENCE_ROWMARK_ID(rti) (1000000 + (rti))

#endif							/* SHARDLITE_TARGET_TABLE_H */
