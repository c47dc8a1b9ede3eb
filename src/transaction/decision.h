/*
 * decision.h
 *		Decision records: rows of shardlite.dtx.
 */
#ifndef SHARDLITE_DECISION_H
#define SHARDLITE_DECISION_H

#include "nodes/pg_list.h"

/* Columns of shardlite.dtx. */
#define Anum_dtx_dtx_id		1
#define Anum_dtx_nodes		2
#define Anum_dtx_created	3
#define Natts_dtx			3

/* Add the record to the current transaction; nodes is an IntList of participants. */
extern void decision_insert(const char *dtx_id, List *nodes);

#endif							/* SHARDLITE_DECISION_H */
