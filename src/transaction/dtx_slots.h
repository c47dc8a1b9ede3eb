/*
 * dtx_slots.h
 *		Which two-phase commits are in progress on this server (shared memory).
 */
#ifndef SHARDLITE_DTX_SLOTS_H
#define SHARDLITE_DTX_SLOTS_H

/*
 * Publish a new dtx number of this backend; unique on this server for ever,
 * as long as its clock does not run backwards across a restart.
 */
extern uint64 dtx_slot_begin(void);

/*
 * Withdraw it.  complete: nothing was left prepared anywhere; otherwise the
 * recovery of this database is asked to look at once.
 */
extern void dtx_slot_end(bool complete);

/* Is this number of this backend published?  Never an error. */
extern bool dtx_slot_is_active(int pid, uint64 number);

/*
 * For the recovery launcher: a database with two-phase commits since it was
 * last returned, or InvalidOid.
 */
extern Oid	dtx_slots_next_database(void);

/* Recovery of this database has something left to do. */
extern void dtx_slots_note_database(Oid database);

/* From a recovery worker to its launcher: the pass left nothing to do. */
extern void dtx_slots_set_pass_complete(bool complete);
extern bool dtx_slots_pass_complete(void);

/* Is every database to be looked at (at start, or too many were noted)? Once. */
extern bool dtx_slots_take_scan_all(void);

/* This process is the launcher: its latch is set when there is urgent work. */
extern void dtx_slots_register_launcher(void);

extern void dtx_slots_init(void);

#endif							/* SHARDLITE_DTX_SLOTS_H */
