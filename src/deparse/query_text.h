/*
 * query_text.h
 *		Query tree -> fragment template.
 */
#ifndef SHARDLITE_QUERY_TEXT_H
#define SHARDLITE_QUERY_TEXT_H

#include "nodes/parsenodes.h"
#include "plan/dist_plan.h"

/*
 * Deparse a rewritten Query into a template; hash and single-shard tables
 * become markers, every other name comes out qualified.  Scribbles on query
 * (pass a copy).  All Params in it must be PARAM_EXTERN numbered as the
 * fragment's parameters.  Output columns are printed as they are; whole-row
 * and system columns, TABLESAMPLE, ONLY, row marks and ON CONFLICT ON
 * CONSTRAINT are handled (see the file's header).
 */
extern FragmentText query_text(Query *query);

/*
 * Deparse a Query whose FROM clause is one entry, rti, as the text before its
 * FROM and the text that follows the entry, with the alias: "head FROM (any
 * SELECT) tail".  Scribbles on query.
 */
extern void query_text_around(Query *query, Index rti, char **head, char **tail);

/* The same text, for a fragment whose rows the caller checks itself. */
extern FragmentText fragment_text_without_policies(FragmentText text);

/* Join pieces and real names; for EXPLAIN, logical names when shard_id is 0. */
extern char *fragment_text_resolve(const FragmentText * text, int64 shard_id);

#endif							/* SHARDLITE_QUERY_TEXT_H */
