/*
 * key_cache.h
 *		Rows of a scan for many values of its parameters, fetched at once.
 */
#ifndef SHARDLITE_KEY_CACHE_H
#define SHARDLITE_KEY_CACHE_H

#include "executor/dist_scan.h"

/* The rows for one set of parameter values. */
typedef struct KeyEntry KeyEntry;

/* Is it worth to collect keys for this scan?  Others fetch them one by one. */
extern bool key_cache_useful(DistScanState * scan);

/* Start to collect: what is kept of earlier keys may go. */
extern void key_cache_begin(DistScanState * scan);

/* Collect the scan's parameters as they are now. */
extern void key_cache_want(DistScanState * scan);

/*
 * In a rehearsal: are the rows for the scan's parameters here?  If not, they
 * are collected.
 */
extern bool key_cache_has_rows(DistScanState * scan);

/* Ask for what was collected; first for all scans, then wait for each. */
extern void key_cache_send(DistScanState * scan);
extern void key_cache_receive(DistScanState * scan);

/* What is kept for these parameters, NULL if nothing is. */
extern KeyEntry * key_cache_find(DistScanState * scan, const FragmentParams * params);

/* Add fragments with the rows that nodes have sent to a run that has the others. */
extern void key_cache_serve(KeyEntry * entry, const ShardGroup * group, FragmentRun * run);

#endif							/* SHARDLITE_KEY_CACHE_H */
