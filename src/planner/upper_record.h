/*
 * upper_record.h
 *		Records and targets of upper relations: what windows, DISTINCT, ORDER BY
 *		and LIMIT on the shards share.
 */
#ifndef SHARDLITE_UPPER_RECORD_H
#define SHARDLITE_UPPER_RECORD_H

#include "planner/dist_rel.h"

/*
 * May more be done on the shards with the rows of this record (NULL: of none)?
 * Not if something here has to come first, nor if shards get rows of their own
 * to join with, as then each has its fragment.
 */
extern bool upper_record_possible(const DistRel * dist);

/* Why not; NULL if it may. */
extern const char *upper_record_obstacle(const DistRel * dist);

/* Copy of a record that delivers target; its upper part may be changed. */
extern DistRel * upper_record_copy(const DistRel * dist, PathTarget *target,
								   DistUpper * *upper);

/*
 * The cheapest path of a relation; an ordered one has not been told which
 * that is.
 */
extern Path *upper_input_path(const RelOptInfo *rel);

/* A target with these columns. */
extern PathTarget *upper_target_make(PlannerInfo *root, List *columns);

/* Position of an expression in a target, appended if it is not there. */
extern int	upper_target_position(PathTarget *target, Expr *expr);

/* The number by which clauses refer to a column of a target. */
extern Index upper_target_reference(PathTarget *target, int position);

/* Do rows of this target have an identity?  Then each shard has its fragment. */
extern bool upper_target_has_identity(PlannerInfo *root, const PathTarget *target);

/* Can the shards deliver this expression? */
extern bool upper_can_deliver(const DistRel * dist, Expr *expr);

/* Can the shards compare values of this expression with this operator? */
extern bool upper_can_compare(const DistRel * dist, Expr *expr, Oid operator);

/* Both, to sort by it. */
extern bool upper_can_sort_by(const DistRel * dist, Expr *expr, Oid operator);

#endif							/* SHARDLITE_UPPER_RECORD_H */
