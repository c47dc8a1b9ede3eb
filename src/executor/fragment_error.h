/*
 * fragment_error.h
 *		Errors of fragments: whose the user hears, and with which names.
 */
#ifndef SHARDLITE_FRAGMENT_ERROR_H
#define SHARDLITE_FRAGMENT_ERROR_H

#include "executor/fragment_run.h"

/* Users' names of what the fragment names; NULL when it names no shard. */
extern RemoteRename * fragment_rename(const Fragment * fragment);

/*
 * Throw the error of a remote fragment whose request has failed, or what has
 * caused it on another node.
 */
extern void fragment_raise(Fragment * fragment);

/*
 * Rows of an exchange between nodes are missing: throw the error of the node
 * that had them.  Waits for the run's requests; returns if none has failed.
 */
extern void fragment_raise_cause(FragmentRun * run);

#endif							/* SHARDLITE_FRAGMENT_ERROR_H */
