/*
 * ddl_fill.h
 *		ALTER TABLE ADD COLUMN whose default is not the same for every row and
 *		node: values of sequences, random(), now().
 */
#ifndef SHARDLITE_DDL_FILL_H
#define SHARDLITE_DDL_FILL_H

#include "metadata/dist_table.h"
#include "nodes/parsenodes.h"

/* What fill_columns_finish() has to do. */
typedef struct FillColumns
{
	Oid			relid;
	bool		reference;
	List	   *columns;		/* of char *; NIL: nothing to do */
}			FillColumns;

extern FillColumns fill_columns_prepare(const DistTable * table,
										const AlterTableStmt *stmt);
/* DdlName entries that keep the shards from filling the columns themselves. */
extern List *fill_columns_names(const FillColumns * fill);

/* Fill the columns of the rows that are there. */
extern void fill_columns_finish(const FillColumns * fill);

/* Does an ALTER TABLE give a column a default that calls nextval()? */
extern bool ddl_calls_sequence(Node *stmt);

/*
 * Let a foreign key be added to an empty shell without looking at rows: the
 * shards check theirs.
 */
extern void ddl_skip_validation(Node *stmt);

#endif							/* SHARDLITE_DDL_FILL_H */
