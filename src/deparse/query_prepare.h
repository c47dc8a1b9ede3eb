/*
 * query_prepare.h
 *		Makes a Query fit for pg_get_querydef(): markers instead of distributed
 *		tables, and nothing that a shard table would print differently.
 */
#ifndef SHARDLITE_QUERY_PREPARE_H
#define SHARDLITE_QUERY_PREPARE_H

#include "deparse/template.h"
#include "nodes/parsenodes.h"

/* Changes query in place and adds the markers that it needs. */
extern Query *query_prepare(Query *query, MarkerSet * markers);

#endif							/* SHARDLITE_QUERY_PREPARE_H */
