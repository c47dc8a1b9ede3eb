/*
 * executor_init.h
 *		Start of this folder's modules.
 */
#ifndef SHARDLITE_EXECUTOR_INIT_H
#define SHARDLITE_EXECUTOR_INIT_H

/* Register the plan nodes; from _PG_init. */
extern void shardlite_executor_init(void);

#endif							/* SHARDLITE_EXECUTOR_INIT_H */
