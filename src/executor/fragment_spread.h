/*
 * fragment_spread.h
 *		Long work of one node over several connections; for fragment_run.c, and
 *		for who makes fragments.
 */
#ifndef SHARDLITE_FRAGMENT_SPREAD_H
#define SHARDLITE_FRAGMENT_SPREAD_H

#include "executor/fragment_run.h"

/*
 * How many of the new fragments of a node, with which the first connection
 * begins; the others are to be held back.  INT_MAX: short work, or more
 * connections are not allowed.
 */
extern int	fragment_spread_share(FragmentRun * run, int32 node_id);

/* The last fragment that the first connection got at once. */
extern void fragment_spread_begun(FragmentRun * run, Fragment * last);

/* Hold a fragment back; its node's share is on its way. */
extern void fragment_spread_hold(FragmentRun * run, Fragment * fragment);

/* Send what connections that are free, or soon will be, can take. */
extern void fragment_spread_step(FragmentRun * run);

/*
 * Wait for any of these requests, or until there is a connection more; opens
 * some when waiting takes long.
 */
extern void fragment_spread_wait(FragmentRun * run, RemoteRequest **requests, int count);

/* Send everything to the first connections now. */
extern void fragment_spread_send_all(FragmentRun * run);

/* Is work of this cost on one node enough for several connections? */
extern bool fragment_spread_is_long(double cost);

/*
 * How many fragments the work on a node's shards, of this cost all together,
 * should be divided into.
 */
extern int	fragment_spread_parts(int32 node_id, int nshards, double cost);

extern void fragment_spread_init(void);

#endif							/* SHARDLITE_FRAGMENT_SPREAD_H */
