/*
 * key_rehearsal.h
 *		Running plans for rows that are not current yet, to learn keys.
 */
#ifndef SHARDLITE_KEY_REHEARSAL_H
#define SHARDLITE_KEY_REHEARSAL_H

#include "executor/dist_scan.h"

typedef struct KeyRehearsal KeyRehearsal;

/* Makes row n current: sets the batch's parameters in the statement's EState. */
typedef void (*RehearsedRow) (void *arg, int n);

/*
 * Prepare to rehearse what a batch says; scans: those of the statement whose keys are
 * wanted.  In the current context; NULL if the plans are not found.
 */
extern KeyRehearsal * key_rehearsal_create(EState *estate, const BatchPlan * plan, List *scans);

/* Run the plans for each row.  Keys that are not cached yet are collected. */
extern void key_rehearsal_run(KeyRehearsal * rehearsal, int nrows, RehearsedRow show, void *arg);

/* Not worth another try: running them asks nodes, or takes too long. */
extern bool key_rehearsal_is_off(const KeyRehearsal * rehearsal);

#endif							/* SHARDLITE_KEY_REHEARSAL_H */
