/*
 * exchange_write.h
 *		On a node: a session's own part in exchanges of rows (exchange.h).
 */
#ifndef SHARDLITE_EXCHANGE_WRITE_H
#define SHARDLITE_EXCHANGE_WRITE_H

/* Functions that the coordinator of the statement calls, in this order. */
#define EXCHANGE_BEGIN "shardlite_internal.exchange_begin"
#define EXCHANGE_ROWS "shardlite_internal.exchange_rows"
#define EXCHANGE_END "shardlite_internal.exchange_end"
#define EXCHANGE_DROP "shardlite_internal.exchange_drop"

/* Remove the files and the stores, if the exchange is there. */
extern void exchange_forget(int64 id);

#endif							/* SHARDLITE_EXCHANGE_WRITE_H */
