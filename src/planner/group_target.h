/*
 * group_target.h
 *		What a grouping fragment delivers.
 */
#ifndef SHARDLITE_GROUP_TARGET_H
#define SHARDLITE_GROUP_TARGET_H

#include "planner/dist_rel.h"

/*
 * Target and GROUP BY of a fragment that groups: the grouping columns and the
 * aggregates that the expressions of grouped_rel's target are made of, and,
 * where the aggregates are partial, those of the HAVING clauses.  NULL when
 * the shards cannot compute one of them; *obstacle says why.
 */
extern DistUpper * group_target_make(PlannerInfo *root, const DistRel * dist,
									 PathTarget *grouped, List *having, bool partial,
									 const char **obstacle);

/*
 * Add a column that tells the grouping set of each row; returns its clause.
 * NULL when it cannot: two sets are the same, or there are too many columns.
 */
extern SortGroupClause *group_target_add_set(PlannerInfo *root, DistUpper * upper);

/*
 * Is the distribution column, or what equals it, among these clauses (of
 * SortGroupClause, referring to processed_tlist)?
 */
extern bool group_holds_key(PlannerInfo *root, const DistRel * dist, List *clauses);

/* Do rows that fall into one group always lie on the same shard? */
extern bool groups_within_shards(PlannerInfo *root, const DistRel * dist);

#endif							/* SHARDLITE_GROUP_TARGET_H */
