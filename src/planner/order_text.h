/*
 * order_text.h
 *		What a node does with the rows of all its shards, as text.
 */
#ifndef SHARDLITE_ORDER_TEXT_H
#define SHARDLITE_ORDER_TEXT_H

#include "planner/dist_rel.h"

/*
 * Set plan->node_head, node_tail and sort, if the record has an order, a
 * limit or something else that a node does with all its rows.  tuple is the scan's (custom_scan_tlist), sent what fragments send of
 * it, in the order of their columns.  A limit that is computed at execution is
 * appended to *params.
 */
extern void order_text_set(const DistRel * dist, List *tuple, List *sent,
						   DistPlan * plan, List **params);

#endif							/* SHARDLITE_ORDER_TEXT_H */
