/*
 * flight.h
 *		Which scans of a statement start together.
 */
#ifndef SHARDLITE_FLIGHT_H
#define SHARDLITE_FLIGHT_H

#include "executor/dist_scan.h"

/*
 * A scan is about to ask its nodes for the first time: start it and the others
 * of its statement that can start now, in the order in which they will be read.
 */
extern void flight_depart(DistScanState * first);

/*
 * Find out which scans of a statement will be read, and how.  Others call it
 * before they read what it notes: DistBatchState.to_end.
 */
extern void flight_prepare(StatementState * statement);

/*
 * Have the scan's parameters values that do not depend on rows, and can they
 * be had without running anything?
 */
extern bool flight_params_known(const DistScanState * scan);

#endif							/* SHARDLITE_FLIGHT_H */
