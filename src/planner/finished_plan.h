/*
 * finished_plan.h
 *		What plan nodes consist of, after planning.
 */
#ifndef SHARDLITE_FINISHED_PLAN_H
#define SHARDLITE_FINISHED_PLAN_H

#include "nodes/plannodes.h"

/* The plan of a SubPlan or CTE. */
extern Plan *plan_of_subplan(const PlannedStmt *stmt, int plan_id);

/* Children of a node, not its InitPlans. */
extern List *plan_children(Plan *plan);

/* Aggregates and window functions, which compute their arguments from the input. */
extern bool plan_is_aggregate(Node *node);

/* SubPlans of an expression, but not those within an aggregate. */
extern List *plan_subplans(Node *expr);

/* What the aggregates of an expression compute from their input, as one expression. */
extern Node *plan_aggregate_inputs(Node *expr);

/* SubPlans in a node's expressions, wherever in them, and its InitPlans. */
extern List *plan_own_subplans(Plan *plan);

/*
 * May more rows be read of a plan than are asked for, if no error comes and
 * rows may be locked?  *harmless becomes false when that could happen.
 */
extern bool plan_has_no_effects(const PlannedStmt *stmt, Plan *plan, bool *harmless);

#endif							/* SHARDLITE_FINISHED_PLAN_H */
