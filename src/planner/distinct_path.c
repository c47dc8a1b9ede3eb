/*
 * distinct_path.c
 *		Path tier: DISTINCT and DISTINCT ON on the shards.
 *
 * If the distribution column is among the distinct ones, no duplicate lies on
 * another shard, and what the nodes deliver is the result.  Else each node
 * removes the duplicates among the rows of all its shards, and a second pass
 * here removes the rest.
 */
#include "postgres.h"

#include <math.h>

#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/guc.h"
#include "utils/typcache.h"

#include "metadata/node.h"
#include "planner/cost.h"
#include "planner/distinct_path.h"
#include "planner/group_target.h"
#include "planner/refusal.h"
#include "planner/scan_path.h"
#include "planner/sort_keys.h"
#include "planner/upper_record.h"

#define NOT_COMPARABLE "a column that nodes cannot compute or compare"

/* Settings */
static bool enable_distinct_pushdown = true;

void
distinct_path_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_distinct_pushdown",
							 "Lets nodes remove duplicates among the rows of their shards.",
							 NULL, &enable_distinct_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}

/* One DISTINCT over a relation with a record. */
typedef struct Distinct
{
	PlannerInfo *root;
	const DistRel *dist;		/* of the input */
	RelOptInfo *input;
	RelOptInfo *output;
	PathTarget *wanted;
	bool		complete;		/* no duplicates on different shards */
	double		rows;			/* estimate of the result */
}			Distinct;

/* Is the operator the one that DISTINCT in a text stands for? */
static bool
is_usual_equality(Expr *expr, Oid eqop)
{
	return lookup_type_cache(exprType((Node *) expr), TYPECACHE_EQ_OPR)->eq_opr == eqop;
}

/* Can fragments deliver the columns and compare them? */
static bool
can_compare_all(const Distinct * distinct, bool every_column)
{
	List	   *clauses = distinct->root->parse->distinctClause;

	for (int i = 0; i < list_length(distinct->wanted->exprs); i++)
	{
		Expr	   *expr = list_nth(distinct->wanted->exprs, i);
		Index		reference = get_pathtarget_sortgroupref(distinct->wanted, i);
		SortGroupClause *clause = reference == 0 ? NULL :
			get_sortgroupref_clause_noerr(reference, clauses);

		if (clause == NULL && !every_column)
			continue;
		if (clause == NULL || !upper_can_deliver(distinct->dist, expr) ||
			!is_usual_equality(expr, clause->eqop) ||
			!upper_can_compare(distinct->dist, expr, clause->eqop))
			return false;
	}
	return true;
}

/* Record that delivers target, with the old one for clauses to refer to. */
static DistRel *
distinct_record(const Distinct * distinct, PathTarget *target, DistUpper * *upper)
{
	DistRel    *dist = upper_record_copy(distinct->dist, target, upper);

	if (distinct->dist->upper != NULL)
		(*upper)->referred = distinct->dist->upper->target;
	return dist;
}

/* Rows that nodes keep of the input, each for itself. */
static double
rows_of_nodes(const Distinct * distinct, double input)
{
	double		nodes = Max(list_length(node_list()), 1);
	double		groups = Max(distinct->rows, 1);

	return clamp_row_est(Min(input, nodes * groups *
							 (1 - pow(1 - 1 / groups, input / nodes))));
}

/* A scan that delivers rows without duplicates. */
static Path *
distinct_scan(const Distinct * distinct, DistRel * dist, double rows)
{
	Path	   *input = upper_input_path(distinct->input);
	Path	   *path = scan_path_make(distinct->output, dist, distinct->wanted, dist->conds);
	Cost		work = cpu_operator_cost * input->rows *
		list_length(distinct->root->parse->distinctClause) /
		Max(list_length(node_list()), 1);

	path->rows = rows;
	path->startup_cost = input->total_cost -
		input->rows * cost_transfer(input->pathtarget->width) + work;
	path->startup_cost = Max(path->startup_cost, input->startup_cost);
	path->total_cost = path->startup_cost + rows * cost_transfer(distinct->wanted->width);
	return path;
}

/* Remove what is left of duplicates from a sorted path. */
static void
add_unique(const Distinct * distinct, Path *path)
{
	add_path(distinct->output, (Path *)
			 create_upper_unique_path(distinct->root, distinct->output, path,
									  list_length(distinct->root->distinct_pathkeys),
									  distinct->rows));
}

/* The records made from now on say why there is one here. */
static void
note_second_pass(const Distinct * distinct)
{
	if (!distinct->complete)
		refusal_note(dist_rel_get(distinct->input), "finished DISTINCT",
					 "duplicates may lie on several shards");
}

/* ---- DISTINCT ---- */

static void
push_complete(const Distinct * distinct)
{
	DistUpper  *upper;
	DistRel    *dist = distinct_record(distinct, copy_pathtarget(distinct->wanted), &upper);

	upper->distinct = distinct->root->parse->distinctClause;
	distinct->output->fdw_private = dist;
	distinct->output->pathlist = NIL;
	add_path(distinct->output, distinct_scan(distinct, dist, distinct->rows));
}

static void
add_hashed(const Distinct * distinct, double rows)
{
	PlannerInfo *root = distinct->root;
	DistUpper  *upper;
	DistRel    *dist = distinct_record(distinct, copy_pathtarget(distinct->wanted), &upper);
	Path	   *path;

	upper->node_distinct = root->parse->distinctClause;
	path = distinct_scan(distinct, dist, rows);
	add_path(distinct->output, (Path *)
			 create_agg_path(root, distinct->output, path, distinct->wanted, AGG_HASHED,
							 AGGSPLIT_SIMPLE, root->parse->distinctClause, NIL, NULL,
							 distinct->rows));
}

static void
add_sorted(const Distinct * distinct, double rows)
{
	PlannerInfo *root = distinct->root;
	PathTarget *target = copy_pathtarget(distinct->wanted);
	List	   *keys;
	DistUpper  *upper;
	DistRel    *dist;
	Path	   *path;

	if (!sort_keys_find(NULL, target, distinct->dist, root->distinct_pathkeys, &keys))
		return;
	dist = distinct_record(distinct, target, &upper);
	upper->node_distinct = root->parse->distinctClause;
	upper->sort = sort_keys_clauses(target, keys);
	path = distinct_scan(distinct, dist, rows);
	path->pathkeys = root->distinct_pathkeys;
	cost_sort_on_nodes(path, -1);
	add_unique(distinct, path);
}

static void
push_distinct(const Distinct * distinct)
{
	List	   *clauses = distinct->root->parse->distinctClause;
	double		rows = rows_of_nodes(distinct, upper_input_path(distinct->input)->rows);

	if (!can_compare_all(distinct, true))
	{
		refusal_note(dist_rel_get(distinct->input), "DISTINCT", NOT_COMPARABLE);
		return;
	}
	note_second_pass(distinct);
	if (distinct->complete && (distinct->dist->upper == NULL ||
							   distinct->dist->upper->filter == NIL))
	{
		push_complete(distinct);
		return;
	}
	if (grouping_is_hashable(clauses))
		add_hashed(distinct, rows);
	if (grouping_is_sortable(clauses) && distinct->root->distinct_pathkeys != NIL)
		add_sorted(distinct, rows);
}

/* ---- DISTINCT ON ---- */

/* DISTINCT ON takes the first rows in the order of these. */
static List *
needed_pathkeys(PlannerInfo *root)
{
	return list_length(root->distinct_pathkeys) < list_length(root->sort_pathkeys) ?
		root->sort_pathkeys : root->distinct_pathkeys;
}

static void
push_distinct_on(const Distinct * distinct)
{
	PlannerInfo *root = distinct->root;
	List	   *pathkeys = needed_pathkeys(root);
	double		rows = rows_of_nodes(distinct, upper_input_path(distinct->input)->rows);
	PathTarget *target;
	List	   *keys;
	DistUpper  *upper;
	DistRel    *dist;
	Path	   *path;

	if (root->distinct_pathkeys == NIL || !can_compare_all(distinct, false) ||
		!sort_keys_find(NULL, distinct->wanted, distinct->dist, pathkeys, &keys))
	{
		refusal_note(dist_rel_get(distinct->input), "DISTINCT", NOT_COMPARABLE);
		return;
	}
	note_second_pass(distinct);
	target = distinct->dist->upper != NULL ? copy_pathtarget(distinct->dist->upper->target) :
		sort_keys_target(root, distinct->dist, distinct->wanted, keys);
	dist = upper_record_copy(distinct->dist, target, &upper);
	upper->sort = sort_keys_clauses(target, keys);
	upper->node_distinct = list_copy_head(upper->sort, list_length(root->distinct_pathkeys));
	upper->distinct_on = true;
	if (upper_target_has_identity(root, target))
		return;
	path = distinct_scan(distinct, dist, distinct->complete ? distinct->rows : rows);
	path->pathkeys = pathkeys;
	cost_sort_on_nodes(path, -1);
	if (!distinct->complete)
	{
		add_unique(distinct, path);
		return;
	}
	distinct->output->fdw_private = dist;
	distinct->output->pathlist = NIL;
	add_path(distinct->output, path);
}

/* Why the nodes do not do it, NULL if they may. */
static const char *
distinct_obstacle(const Distinct * distinct)
{
	if (!enable_distinct_pushdown)
		return "shardlite.enable_distinct_pushdown is off";
	if (upper_record_obstacle(distinct->dist) != NULL)
		return upper_record_obstacle(distinct->dist);
	if (distinct->dist->local != NIL)
		return "a filter that is evaluated here";
	if (distinct->root->parse->hasTargetSRFs)
		return "a set-returning function";
	return NULL;
}

void
distinct_paths_add(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *distinct_rel)
{
	Distinct	distinct = {
		.root = root, .dist = dist_rel_get(input_rel),
		.input = input_rel, .output = distinct_rel,
		.wanted = root->upper_targets[UPPERREL_DISTINCT]
	};

	const char *obstacle;

	if (distinct.dist == NULL || distinct.dist->everywhere)
		return;
	obstacle = distinct_obstacle(&distinct);
	if (obstacle != NULL)
	{
		refusal_note(dist_rel_get(input_rel), "DISTINCT", obstacle);
		return;
	}
	distinct.rows = upper_input_path(distinct_rel)->rows;
	distinct.complete = distinct.dist->group->nshards == 1 ||
		group_holds_key(root, distinct.dist, root->parse->distinctClause);
	if (root->parse->hasDistinctOn)
		push_distinct_on(&distinct);
	else
		push_distinct(&distinct);
}
