/*
 * scan_keys.h
 *		Which shards can hold rows that satisfy some quals?
 */
#ifndef SHARDLITE_SCAN_KEYS_H
#define SHARDLITE_SCAN_KEYS_H

#include "planner/dist_rel.h"

/*
 * Look for "key = value" and "key = ANY (values)" among bare clauses.  True:
 * *keys are expressions of the key's type, or arrays of it, without Vars of
 * the relation; only shards of these values matter.
 */
extern bool scan_keys_find(const DistRel * dist, List *clauses, List **keys);

/* Is this clause an equality of two keys, as their hash sees it? */
extern bool scan_keys_are_equal(const DistRel * dist, const Var *left,
								const Var *right, Expr *clause);

/*
 * The column that this clause says is equal, as the hash sees it, to one of
 * the keys, maybe of another type; NULL if it says no such thing.
 */
extern Var *scan_keys_partner(const DistRel * dist, List *keys, Expr *clause);

#endif							/* SHARDLITE_SCAN_KEYS_H */
