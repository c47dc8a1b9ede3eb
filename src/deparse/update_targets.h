/*
 * update_targets.h
 *		SET lists as the user wrote them, from what the rewriter made of them.
 */
#ifndef SHARDLITE_UPDATE_TARGETS_H
#define SHARDLITE_UPDATE_TARGETS_H

#include "nodes/pg_list.h"

/* The SET list of an UPDATE, for ruleutils to print.  Shares its expressions. */
extern List *update_targets_unmerge(List *targetlist);

#endif							/* SHARDLITE_UPDATE_TARGETS_H */
