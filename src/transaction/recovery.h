/*
 * recovery.h
 *		Finishing two-phase commits that crashes or lost connections left.
 */
#ifndef SHARDLITE_RECOVERY_H
#define SHARDLITE_RECOVERY_H

/* What a pass could not finish. */
typedef enum RecoveryLeft
{
	RECOVERY_COMPLETE,
	RECOVERY_SESSIONS_LEFT,		/* sessions on nodes that may still prepare something */
	RECOVERY_NODES_LEFT,		/* a node could not be asked, or something is prepared */
}			RecoveryLeft;

/*
 * One pass over all nodes, for transactions that this server coordinated in
 * this database.  Needs a transaction.  Returns how many prepared
 * transactions were resolved.
 */
extern int	recovery_pass(RecoveryLeft * left);

/* The background process that has passes run by themselves (launcher.c). */
extern void launcher_init(void);

#endif							/* SHARDLITE_RECOVERY_H */
