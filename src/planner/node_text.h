/*
 * node_text.h
 *		Grouping over the rows of all shards of a node, as text.
 */
#ifndef SHARDLITE_NODE_TEXT_H
#define SHARDLITE_NODE_TEXT_H

#include "planner/dist_rel.h"

/*
 * Set plan->text to what shards deliver for a record whose upper part says
 * on_nodes, plan->node_head and node_tail to what their node makes of it; sent
 * is the node's target list.
 */
extern void node_text_set(PlannerInfo *root, const DistRel * dist, List *sent,
						  DistPlan * plan, List **params);

#endif							/* SHARDLITE_NODE_TEXT_H */
