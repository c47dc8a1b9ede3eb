/*
 * dtx_slots.h
 *		Shared memory: which distributed transactions backends of this server
 *		coordinate or work for, and what recovery has to look at.
 */
#ifndef SHARDLITE_DTX_SLOTS_H
#define SHARDLITE_DTX_SLOTS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "storage/proc.h"

/* ------------------------------------------------- the coordinating backend */

/*
 * Number of this backend's distributed transaction; publishes a new one if
 * there is none.  Unique on this server for ever, as long as its clock does
 * not run backwards across a restart.
 */
extern uint64 dtx_slot_number(void);

/* For people: what its commit is doing. */
typedef enum DtxPhase
{
	DTX_RUNNING,
	DTX_PREPARING,
	DTX_COMMITTING,
}			DtxPhase;
extern void dtx_slot_set_phase(DtxPhase phase);

/* Withdraw the number; the local transaction has ended. */
extern void dtx_slot_end(void);

/* Is this number of this backend published?  Never an error. */
extern bool dtx_slot_is_active(int pid, uint64 number);

/* ------------------------------------------------------------ node sessions */

/* This backend works for a session of another node. */
extern void dtx_slot_serve(int32 node_id, int pid);

/* It has begun (0: ended) its part of that session's dtx of this number. */
extern void dtx_slot_join(uint64 number, TimestampTz started);

/* ------------------------------------------------------------------ readers */

/* What a backend does; all zero if it has never told anything. */
typedef struct DtxInfo
{
	uint64		number;			/* of the dtx that it coordinates; 0 = none */
	TimestampTz started;
	DtxPhase	phase;
	int32		served_node;	/* of the session it works for; 0 = none */
	int			served_pid;
	uint64		served_number;	/* of that session's dtx; 0 = no block here */
	TimestampTz served_started;
}			DtxInfo;

/* Without locking: the numbers are right, the rest may be of another moment. */
extern DtxInfo dtx_slot_read(const PGPROC *proc);

/* Text that a backend shows with its next deadlock error; room for DTX_TEXT_MAX. */
#define DTX_TEXT_MAX 1024
extern char *dtx_slot_text(const PGPROC *proc);

/* -------------------------------------------------------------- the launcher */

/* This process is the launcher: its latch is set when there is urgent work. */
extern void dtx_slots_register_launcher(void);

/* Has a transaction begun since the last call that found none running? */
extern bool dtx_slots_watched(void);

/*
 * What the backends did at the last call, for the next one; the caller keeps
 * this much memory for it, all zero at first.
 */
typedef struct DtxWatch DtxWatch;
extern Size dtx_watch_size(void);

/*
 * Databases (an OID list) in which a distributed transaction coordinated here
 * has been in one and the same wait, for nodes or for a lock, since the
 * previous call.
 */
extern List *dtx_watch_stuck(DtxWatch *watch);

/* ------------------------------------------------------------- for recovery */

/*
 * This database had a two-phase commit.  complete: nothing was left prepared
 * anywhere; otherwise its recovery is asked to look at once.
 */
extern void dtx_slots_two_phase(bool complete);

/* Was recovery asked to look at once?  Once. */
extern bool dtx_slots_take_urgent(void);

/* A database with two-phase commits since it was last returned, or InvalidOid. */
extern Oid	dtx_slots_next_database(void);

/* Recovery of this database has something left to do. */
extern void dtx_slots_note_database(Oid database);

/* From a recovery worker to its launcher: the pass left nothing to do. */
extern void dtx_slots_set_pass_complete(bool complete);
extern bool dtx_slots_pass_complete(void);

/* Is every database to be looked at (at start, or too many were noted)? Once. */
extern bool dtx_slots_take_scan_all(void);

extern void dtx_slots_init(void);

#endif							/* SHARDLITE_DTX_SLOTS_H */
