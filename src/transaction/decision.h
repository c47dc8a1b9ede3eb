/*
 * decision.h
 *		Decision records: rows of shardlite.dtx.
 */
#ifndef SHARDLITE_DECISION_H
#define SHARDLITE_DECISION_H

#include "nodes/pg_list.h"

/* Add the record to the current transaction; nodes is an IntList of participants. */
extern void decision_insert(const char *dtx_id, List *nodes);

#endif							/* SHARDLITE_DECISION_H */
