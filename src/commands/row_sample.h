/*
 * row_sample.h
 *		Random rows of tables on this node, as ANALYZE takes them, in a form
 *		that travels to the node that computes statistics from them.
 */
#ifndef SHARDLITE_ROW_SAMPLE_H
#define SHARDLITE_ROW_SAMPLE_H

#include "lib/stringinfo.h"

/* Values longer than this are too wide for PostgreSQL's ANALYZE ... */
#define SAMPLE_WIDTH_LIMIT		1024
/* ... and for the functions that some types, such as arrays, bring along. */
#define SAMPLE_TYPE_WIDTH_LIMIT 65536

/* In place of a value's length. */
#define SAMPLE_NULL		(-1)
#define SAMPLE_WIDE		(-2)

/* Takes one row of the table with this index; the row is reused. */
typedef void (*SampleRowConsumer) (StringInfo row, void *arg);

/* What is to be sampled. */
typedef struct SampleRequest
{
	int			ntables;
	Oid		   *tables;
	int		   *quotas;			/* rows wanted of each */
	const char *items;			/* expressions over a row, as in a SELECT list */
} SampleRequest;

/*
 * Each row is: index of its table (int32), where in the table it lies from 0
 * to 1 (float8), and for each item a length (int32) and that many bytes of
 * text; SAMPLE_NULL, or SAMPLE_WIDE and the bytes (int32) that the value
 * would have had.  Byte order is the network's.  Expressions are evaluated as
 * the table's owner.
 */
extern void row_sample_take(const SampleRequest *request, SampleRowConsumer consumer, void *arg);

/* Pages and rows of a table, by its size now and its statistics. */
typedef struct TableSize
{
	double		pages;
	double		rows;
	double		auto_analyzed;	/* when autovacuum has, as TimestampTz; 0: never */
} TableSize;

extern void row_sample_size(Oid relid, TableSize *size);

#endif							/* SHARDLITE_ROW_SAMPLE_H */
