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
