/*
 * recovery.h
 *		Finishing two-phase commits that crashes or lost connections left.
 */
#ifndef SHARDLITE_RECOVERY_H
#define SHARDLITE_RECOVERY_H

/*
 * One pass over all nodes, for transactions that this server coordinated in
 * this database.  Needs a transaction.  Returns how many prepared
 * transactions were resolved; *complete is false when a node could not be
 * asked or something is left.
 */
extern int	recovery_pass(bool *complete);

/* The background process that has passes run by themselves (launcher.c). */
extern void launcher_init(void);

#endif							/* SHARDLITE_RECOVERY_H */
