/*
 * delegation_guard.h
 *		On a node: what a delegated call may not do.
 */
#ifndef SHARDLITE_DELEGATION_GUARD_H
#define SHARDLITE_DELEGATION_GUARD_H

extern void delegation_guard_init(void);

/*
 * For the coordinator: the command that makes now() on a node what it is here.
 * Within a transaction the node's transaction begins later than ours.
 */
extern char *transaction_time_command(void);

#endif							/* SHARDLITE_DELEGATION_GUARD_H */
