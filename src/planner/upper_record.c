/*
 * upper_record.c
 *		Records and targets of upper relations.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"

#include "deparse/shippable.h"
#include "metadata/node.h"
#include "planner/upper_record.h"

const char *
upper_record_obstacle(const DistRel * dist)
{
	if (dist->row_marks != NIL)
		return "rows that are locked";
	if (dist->other_role)
		return "row security of another role";
	if (dist_rel_has_keyed_source(dist))
		return "rows that are sent to the shards of their keys";
	return NULL;
}

bool
upper_record_possible(const DistRel * dist)
{
	return dist != NULL && !dist->everywhere && upper_record_obstacle(dist) == NULL;
}

DistRel *
upper_record_copy(const DistRel * dist, PathTarget *target, DistUpper * *upper)
{
	DistRel    *copy = palloc(sizeof(DistRel));

	*copy = *dist;
	*upper = palloc0(sizeof(DistUpper));
	if (dist->upper != NULL)
		**upper = *dist->upper;
	(*upper)->target = target;
	copy->upper = *upper;
	return copy;
}

Path *
upper_input_path(const RelOptInfo *rel)
{
	Path	   *best = rel->cheapest_total_path;
	ListCell   *lc;

	/* some may be paths of the relation above, too, and have been freed by that */
	if (best != NULL)
		return best;
	best = linitial(rel->pathlist);
	foreach(lc, rel->pathlist)
	{
		if (compare_path_costs(lfirst(lc), best, TOTAL_COST) < 0)
			best = lfirst(lc);
	}
	return best;
}

PathTarget *
upper_target_make(PlannerInfo *root, List *columns)
{
	PathTarget *target = create_empty_pathtarget();

	target->exprs = columns;
	return set_pathtarget_cost_width(root, target);
}

int
upper_target_position(PathTarget *target, Expr *expr)
{
	ListCell   *lc;

	foreach(lc, target->exprs)
	{
		if (equal(lfirst(lc), expr))
			return foreach_current_index(lc);
	}
	add_column_to_pathtarget(target, expr, 0);
	return list_length(target->exprs) - 1;
}

Index
upper_target_reference(PathTarget *target, int position)
{
	int			count = list_length(target->exprs);
	Index		highest = 0;

	if (target->sortgrouprefs == NULL)
		target->sortgrouprefs = palloc0(sizeof(Index) * count);
	if (target->sortgrouprefs[position] != 0)
		return target->sortgrouprefs[position];
	for (int i = 0; i < count; i++)
		highest = Max(highest, target->sortgrouprefs[i]);
	return target->sortgrouprefs[position] = highest + 1;
}

bool
upper_target_has_identity(PlannerInfo *root, const PathTarget *target)
{
	ListCell   *lc;

	foreach(lc, target->exprs)
	{
		Var		   *var = lfirst(lc);

		if (IsA(var, Var) && var->varattno < 0 &&
			var->varattno != TableOidAttributeNumber &&
			!dist_rel_ctid_is_junk(root, var->varno))
			return true;
	}
	return false;
}

bool
upper_can_deliver(const DistRel * dist, Expr *expr)
{
	return is_returnable_type(exprType((Node *) expr)) &&
		!expression_returns_set((Node *) expr) &&
		dist_rel_can_compute(dist, (Node *) expr);
}

bool
upper_can_compare(const DistRel * dist, Expr *expr, Oid operator)
{
	Oid			collation = exprCollation((Node *) expr);
	Expr	   *comparison;

	if (!OidIsValid(operator))
		return false;

	/* nodes have the collations of their columns; of others nobody is sure */
	if (collation >= FirstNormalObjectId && !IsA(expr, Var) && list_length(node_list()) > 1)
		return false;
	comparison = make_opclause(operator, BOOLOID, false, expr, expr, InvalidOid, collation);
	return dist_rel_can_compute(dist, (Node *) comparison);
}

bool
upper_can_sort_by(const DistRel * dist, Expr *expr, Oid operator)
{
	return upper_can_deliver(dist, expr) && upper_can_compare(dist, expr, operator);
}
