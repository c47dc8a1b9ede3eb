/*
 * table_sample.h
 *		A random sample of the rows of distributed tables, from all nodes.
 */
#ifndef SHARDLITE_TABLE_SAMPLE_H
#define SHARDLITE_TABLE_SAMPLE_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* An expression to be evaluated for each row of the sample. */
typedef struct SampleItem
{
	const char *text;			/* over the columns of the table */
	Oid			type;
} SampleItem;

/* What a value is that was too wide to travel. */
typedef struct SampleItemFacts
{
	int			nulls;
	int			wide;
	double		wide_bytes;		/* of all of them */
	bool		wide_is_null;	/* else a stand-in that only has a size */
} SampleItemFacts;

typedef struct TableSample
{
	double		pages;			/* of all shards */
	double		rows;
	int			nrows;			/* in the sample */
	int			nitems;
	Datum	   *values;			/* nrows * nitems, row by row, in physical order */
	bool	   *nulls;
	SampleItemFacts *facts;		/* per item */
} TableSample;

/* All shards of a table. */
typedef struct TableExtent
{
	double		pages;
	double		rows;
	TimestampTz since;			/* given by the caller, */
	double		newer_rows;		/* of shards that autovacuum has analyzed since */
} TableExtent;

/*
 * Sizes of these tables (hash or single-shard, not partitioned), as their
 * nodes estimate them.  Asks all nodes at the same time.
 */
extern void table_sizes_fetch(List *relids, TableExtent *extents);

/*
 * About `wanted` rows of these tables together; allocated in the current
 * context.  items: List of SampleItem *, valid for each of the tables.
 */
extern TableSample *table_sample_fetch(List *relids, List *items, int wanted);

/*
 * A value that was too wide to travel: it has a size but no content, which is
 * all that PostgreSQL asks for before it leaves such a value alone.
 */
extern bool is_stand_in(Datum value, Oid type);

#endif							/* SHARDLITE_TABLE_SAMPLE_H */
