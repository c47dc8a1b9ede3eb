/*
 * fragment_query.h
 *		The Query that fetches a relation from a shard, rebuilt from its record.
 */
#ifndef SHARDLITE_FRAGMENT_QUERY_H
#define SHARDLITE_FRAGMENT_QUERY_H

#include "planner/dist_rel.h"

/*
 * Columns of the relation that are visible outside the fragment, as Vars and
 * PlaceHolderVars, out of those that exprs need.  Appends the new ones to
 * columns and returns it.
 */
extern List *fragment_columns(const DistRel * dist, List *columns, List *exprs);

/*
 * Are all columns of the relation that an expression needs visible?  Those of
 * the right side of a semi-join are not.
 */
extern bool fragment_columns_visible(const DistRel * dist, Node *expr);

/*
 * Copy of an expression whose outermost cast is printed even if nobody wrote
 * it: where nothing else says what type is wanted it would not come back.
 */
extern Expr *fragment_written_cast(Expr *expr);

/*
 * Query that reads targets (of TargetEntry, over the relation; sortgrouprefs
 * as dist->upper needs them) of the rows that satisfy quals (bare clauses).
 * Values computed here, outer Vars included, become $1.. and are appended to
 * *params.
 */
extern Query *fragment_query(PlannerInfo *root, const DistRel * dist,
							 List *targets, List *quals, List **params);

/* The parameter that stands for an expression computed here. */
extern Param *fragment_param(Node *node, List **params);

/*
 * What stands in params for the number under which a fragment finds the rows
 * of dist->sources[index]; the executor puts the number in.
 */
extern Const *fragment_source_number(int index);

#endif							/* SHARDLITE_FRAGMENT_QUERY_H */
