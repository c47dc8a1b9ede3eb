/*
 * window_path.c
 *		Path tier: window functions on the shards.
 *
 * A window whose PARTITION BY holds a distribution column that no outer join
 * made NULL sees whole partitions on each shard.  If that is so for every
 * window, the fragments compute all of them; else the rows come here, sorted
 * where that helps.
 *
 * Filters of an outer level on a window function (row_number() <= 3) may have
 * become run conditions of its window, and then stand nowhere else: the
 * fragment gets them as a filter around it.
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"
#include "utils/guc.h"

#include "compat/window_compat.h"
#include "metadata/node.h"
#include "planner/fragment_query.h"
#include "planner/group_target.h"
#include "planner/refusal.h"
#include "planner/scan_path.h"
#include "planner/upper_record.h"
#include "planner/window_path.h"

/* Settings */
static bool enable_window_pushdown = true;

void
window_path_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_window_pushdown",
							 "Lets shards compute windows whose partitions lie on one shard.",
							 NULL, &enable_window_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}

/* Window functions of the statement and what their fragments deliver. */
typedef struct WindowBuilder
{
	PlannerInfo *root;
	const DistRel *dist;		/* of the input */
	PathTarget *wanted;			/* after the windows */
	PathTarget *target;			/* of the fragments */
	List	   *functions;		/* of WindowFunc */
	List	   *windows;		/* of WindowClause, those in use */
}			WindowBuilder;

/* ---- windows ---- */

/* Can the shards compare the columns of PARTITION BY or ORDER BY? */
static bool
can_compare(const WindowBuilder * builder, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		Expr	   *expr = (Expr *) get_sortgroupclause_expr(clause, builder->root->processed_tlist);

		if (!dist_rel_can_compute(builder->dist, (Node *) expr) ||
			!upper_can_compare(builder->dist, expr, clause->eqop) ||
			(OidIsValid(clause->sortop) &&
			 !upper_can_compare(builder->dist, expr, clause->sortop)))
			return false;
	}
	return true;
}

static bool
can_push_window(const WindowBuilder * builder, const WindowClause *window)
{
	const DistRel *dist = builder->dist;

	return (dist->group->nshards == 1 ||
			group_holds_key(builder->root, dist, window->partitionClause)) &&
		can_compare(builder, window->partitionClause) &&
		can_compare(builder, window->orderClause) &&
		dist_rel_can_compute(dist, window->startOffset) &&
		dist_rel_can_compute(dist, window->endOffset) &&
		(list_length(node_list()) == 1 ||
		 (window->startInRangeFunc < FirstNormalObjectId &&
		  window->endInRangeFunc < FirstNormalObjectId));
}

static bool
is_used(const WindowBuilder * builder, const WindowClause *window)
{
	ListCell   *lc;

	foreach(lc, builder->functions)
	{
		if (lfirst_node(WindowFunc, lc)->winref == window->winref)
			return true;
	}
	return false;
}

/* Find the functions and their windows; false if some cannot be pushed. */
static bool
find_windows(WindowBuilder * builder)
{
	List	   *found = pull_var_clause((Node *) builder->wanted->exprs,
										PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS |
										PVC_INCLUDE_PLACEHOLDERS);
	ListCell   *lc;

	foreach(lc, found)
	{
		if (!IsA(lfirst(lc), WindowFunc))
			continue;
		if (!upper_can_deliver(builder->dist, lfirst(lc)))
			return false;
		builder->functions = list_append_unique(builder->functions, lfirst(lc));
	}
	foreach(lc, builder->root->parse->windowClause)
	{
		WindowClause *window = lfirst_node(WindowClause, lc);

		if (!is_used(builder, window))
			continue;
		if (!can_push_window(builder, window))
			return false;
		builder->windows = lappend(builder->windows, window);
	}
	return builder->functions != NIL;
}

/* ---- what fragments deliver ---- */

/* Does a window refer to the column of this number? */
static bool
is_referred(const WindowBuilder * builder, Index reference)
{
	ListCell   *lc;

	foreach(lc, builder->windows)
	{
		WindowClause *window = lfirst_node(WindowClause, lc);

		if (reference != 0 &&
			(get_sortgroupref_clause_noerr(reference, window->partitionClause) != NULL ||
			 get_sortgroupref_clause_noerr(reference, window->orderClause) != NULL))
			return true;
	}
	return false;
}

/* Add a column that a window refers to; false if the number is taken. */
static bool
add_referred(WindowBuilder * builder, Expr *expr, Index reference)
{
	PathTarget *target = builder->target;
	int			position;

	for (int i = 0; i < list_length(target->exprs); i++)
	{
		if (get_pathtarget_sortgroupref(target, i) == reference)
			return equal(list_nth(target->exprs, i), expr);
	}
	if (!upper_can_deliver(builder->dist, expr))
		return false;
	position = upper_target_position(target, expr);
	if (get_pathtarget_sortgroupref(target, position) != 0)
		return false;
	(void) upper_target_reference(target, position);
	target->sortgrouprefs[position] = reference;
	return true;
}

/* Add what an expression is computed from, above the windows. */
static bool
add_parts(WindowBuilder * builder, Node *node)
{
	List	   *parts;
	ListCell   *lc;

	if (list_member(builder->target->exprs, node))
		return true;
	parts = pull_var_clause(node, PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS |
							PVC_INCLUDE_PLACEHOLDERS);
	foreach(lc, parts)
	{
		Node	   *part = lfirst(lc);

		if (IsA(part, WindowFunc))
			(void) upper_target_position(builder->target, (Expr *) part);
		else if (builder->dist->upper == NULL)
		{
			ListCell   *lc2;

			foreach(lc2, fragment_columns(builder->dist, NIL, list_make1(part)))
				(void) upper_target_position(builder->target, lfirst(lc2));
		}
		else if (!list_member(builder->target->exprs, part))
			return false;
	}
	return true;
}

static bool
build_target(WindowBuilder * builder)
{
	const PathTarget *wanted = builder->wanted;

	builder->target = builder->dist->upper == NULL ? create_empty_pathtarget() :
		copy_pathtarget(builder->dist->upper->target);
	for (int i = 0; i < list_length(wanted->exprs); i++)
	{
		Index		reference = get_pathtarget_sortgroupref(wanted, i);

		if (is_referred(builder, reference) &&
			!add_referred(builder, list_nth(wanted->exprs, i), reference))
			return false;
	}
	for (int i = 0; i < list_length(wanted->exprs); i++)
	{
		if (!add_parts(builder, list_nth(wanted->exprs, i)))
			return false;
	}
	set_pathtarget_cost_width(builder->root, builder->target);
	return !upper_target_has_identity(builder->root, builder->target);
}

/* Windows for the fragments, and the filters that came with them. */
static bool
set_windows(const WindowBuilder * builder, DistUpper * upper)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, builder->windows)
	{
		WindowClause *window = lfirst_node(WindowClause, lc);

		upper->windows = lappend(upper->windows, compat_bare_window(window));
		foreach(lc2, builder->functions)
		{
			WindowFunc *function = lfirst_node(WindowFunc, lc2);

			if (function->winref == window->winref)
				upper->filter = list_union(upper->filter,
										   compat_run_conditions(window, function));
		}
	}
	return upper->filter == NIL || dist_rel_can_compute(builder->dist, (Node *) upper->filter);
}

/* ---- the path ---- */

/* What sorting and computing costs on the shards of one node; nodes work side by side. */
static Cost
window_cost(const WindowBuilder * builder, double rows)
{
	double		share = Max(rows / builder->dist->group->nshards, 1);

	return cpu_operator_cost * rows / builder->dist->group->nnodes *
		(2 * log2(share) * list_length(builder->windows) + list_length(builder->functions));
}

/* Why the windows are computed here, if they are. */
static const char *
window_refusal(const WindowBuilder * builder)
{
	ListCell   *lc;

	if (!enable_window_pushdown)
		return "shardlite.enable_window_pushdown is off";
	if (builder->dist->local != NIL)
		return "a filter that is evaluated here";
	if (upper_record_obstacle(builder->dist) != NULL)
		return upper_record_obstacle(builder->dist);
	if (builder->root->parse->hasTargetSRFs)
		return "a set-returning function";
	foreach(lc, builder->root->parse->windowClause)
	{
		if (builder->dist->group != NULL && builder->dist->group->nshards > 1 &&
			!group_holds_key(builder->root, builder->dist,
							 lfirst_node(WindowClause, lc)->partitionClause))
			return "partitions lie on several shards";
	}
	return "an expression that nodes cannot compute or compare";
}

void
window_paths_push(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *window_rel)
{
	WindowBuilder builder = {
		.root = root, .dist = dist_rel_get(input_rel),
		.wanted = root->upper_targets[UPPERREL_WINDOW]
	};
	DistUpper  *upper;
	DistRel    *dist;
	Path	   *input;
	Path	   *path;

	if (builder.dist != NULL)
		refusal_note(dist_rel_get(input_rel), "windows", window_refusal(&builder));
	if (!enable_window_pushdown || !upper_record_possible(builder.dist) ||
		builder.dist->local != NIL || root->parse->hasTargetSRFs ||
		(builder.dist->upper != NULL && builder.dist->upper->partial) ||
		!find_windows(&builder) || !build_target(&builder))
		return;
	dist = upper_record_copy(builder.dist, builder.target, &upper);
	refusal_forget(dist);
	if (!set_windows(&builder, upper))
		return;
	input = upper_input_path(input_rel);
	path = scan_path_make(window_rel, dist, builder.wanted, dist->conds);
	path->rows = input->rows;
	path->startup_cost = input->startup_cost + window_cost(&builder, input->rows);
	path->total_cost = input->total_cost + window_cost(&builder, input->rows);
	window_rel->fdw_private = dist;
	window_rel->pathlist = NIL;
	add_path(window_rel, path);
}
