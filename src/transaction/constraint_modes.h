/*
 * constraint_modes.h
 *		What SET CONSTRAINTS has said in this transaction, for its nodes.
 */
#ifndef SHARDLITE_CONSTRAINT_MODES_H
#define SHARDLITE_CONSTRAINT_MODES_H

/*
 * Run a statement that sets modes on the nodes that take part in the
 * transaction, waits and raises what they report; other nodes get it when they
 * join.
 */
extern void constraint_modes_set(const char *sql);

/*
 * Call queue for each statement of one transaction level; the node has just
 * begun that level.
 */
typedef void (*ConstraintModeQueue) (void *arg, const char *sql);
extern void constraint_modes_replay(int level, ConstraintModeQueue queue, void *arg);

extern void constraint_modes_init(void);

#endif							/* SHARDLITE_CONSTRAINT_MODES_H */
