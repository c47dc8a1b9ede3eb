/*
 * exchange_read.h
 *		On a node: fetching the rows of an exchange (exchange.h) that belong to
 *		this node's shards.
 */
#ifndef SHARDLITE_EXCHANGE_READ_H
#define SHARDLITE_EXCHANGE_READ_H

#include "postgres.h"

/* What the coordinator of the statement calls on other nodes. */
#define EXCHANGE_FETCH "shardlite_internal.exchange_fetch"

/* SQLSTATE of a node that misses rows because another one has failed. */
#define ERRCODE_EXCHANGE_GONE MAKE_SQLSTATE('S', 'L', '0', '0', '2')
#define EXCHANGE_GONE_STATE "SL002"

typedef struct ExchangeFetch
{
	int64		id;				/* number of the first shard's store */
	const char *token;
	int			nshards;
	const int32 *nodes;			/* of each shard */
	int			nsources;
	const int32 *sources;		/* nodes that have rows, maybe this one, too */
	char	  **locations;		/* of their files */
	int			ncolumns;
	const Oid  *types;
}			ExchangeFetch;

/*
 * Complete the stores of this node's shards, made if need be, with rows from
 * the other nodes.
 */
extern void exchange_fetch(const ExchangeFetch * fetch);

#endif							/* SHARDLITE_EXCHANGE_READ_H */
