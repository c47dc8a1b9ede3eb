/*
 * agg_path.c
 *		Grouping and aggregates on the shards.
 *
 * Whole, if every group lies on one shard: the fragments have GROUP BY and
 * HAVING, and the coordinator hands their rows on.  Else in two phases: the
 * fragments deliver transition states per group, PostgreSQL's Finalize Agg
 * combines them.  Where neither is possible rows are fetched and grouped here,
 * in the order that the aggregates want (sorted_agg_path.c).
 */
#include "postgres.h"

#include <math.h>

#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "utils/guc.h"
#include "utils/selfuncs.h"

#include "compat/aggregate_compat.h"
#include "planner/agg_path.h"
#include "planner/cost.h"
#include "planner/exchange_agg_path.h"
#include "planner/group_target.h"
#include "planner/refusal.h"
#include "planner/scan_keys.h"
#include "planner/scan_path.h"
#include "planner/sorted_agg_path.h"

/* Settings */
static bool enable_aggregate_pushdown = true;
static bool enable_partial_aggregate = true;

/* Below this it does not matter how often a group arrives. */
#define MANY_ROWS 1000

void
agg_path_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_aggregate_pushdown",
							 "Lets shards aggregate groups that lie on one shard.",
							 NULL, &enable_aggregate_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomBoolVariable("shardlite.enable_partial_aggregate",
							 "Lets shards aggregate their part of groups that lie on several.",
							 NULL, &enable_partial_aggregate, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}

/* A record for what the shards do to the input. */
static DistRel *
upper_record(const Grouping * grouping, const DistUpper * upper)
{
	DistRel    *dist = palloc(sizeof(DistRel));

	*dist = *grouping->dist;
	dist->upper = upper;
	return dist;
}

/* Groups that are expected among a part of the input, of so many equal ones. */
static double
groups_of_part(const Grouping * grouping, double parts)
{
	double		rows = grouping->input->rows / parts;

	if (grouping->clauses == NIL)
		return 1;
	return clamp_row_est(grouping->groups *
						 (1 - pow(1 - 1 / Max(grouping->groups, 1), rows)));
}

void
agg_path_add_cost(const Grouping * grouping, Path *path, AggSplit split, double parts)
{
	double		rows = grouping->input->rows / parts;
	AggClauseCosts costs;
	Cost		work;

	memset(&costs, 0, sizeof(costs));
	get_agg_clause_costs(grouping->root, split, &costs);
	work = costs.transCost.startup + costs.finalCost.startup + rows *
		(costs.transCost.per_tuple + cpu_operator_cost * list_length(grouping->clauses)) +
		groups_of_part(grouping, parts) * costs.finalCost.per_tuple;

	/* scans of a join here can start together, rows that are sent come first */
	if (grouping->rival)
		work += cost_round_trip();
	path->startup_cost += work;
	path->total_cost += work;
}

/* PostgreSQL's own cost of an aggregation knows nothing of that. */
Cost
agg_path_ordered_cost(const Grouping * grouping, double rows)
{
	double		in_group = grouping->input->rows / Max(grouping->groups, 1);

	return grouping->root->numOrderedAggs * 2 * cpu_operator_cost * rows *
		log2(Max(in_group, 2));
}

/*
 * Without GROUP BY, and for an empty grouping set, there is a row even if no
 * shard is asked, as when the key is compared with NULL.
 */
static bool
may_miss_row(const Grouping * grouping)
{
	List	   *keys = NIL;

	return (grouping->clauses == NIL ||
			list_member_ptr(grouping->root->parse->groupingSets, NIL)) &&
		scan_keys_find(grouping->dist, bare_clauses(grouping->dist->conds), &keys);
}

/* ---- whole ---- */


/* False if they cannot; *obstacle says why. */
static bool
push_whole(const Grouping * grouping, const char **obstacle)
{
	PlannerInfo *root = grouping->root;
	RelOptInfo *output = grouping->output;
	DistUpper  *upper;
	DistRel    *dist;
	Path	   *path;

	*obstacle = "shardlite.enable_aggregate_pushdown is off";
	if (!enable_aggregate_pushdown)
		return false;
	*obstacle = "they lie on several shards";
	if (!groups_within_shards(root, grouping->dist))
		return false;
	*obstacle = "a row is wanted even if no shard is asked";
	if (may_miss_row(grouping))
		return false;
	upper = group_target_make(root, grouping->dist, output->reltarget,
							  grouping->having, false, obstacle);
	if (upper == NULL)
		return false;
	dist = upper_record(grouping, upper);
	path = scan_path_make_upper(output, dist, grouping->groups);
	agg_path_add_cost(grouping, path, AGGSPLIT_SIMPLE, grouping->dist->group->nnodes);
	output->fdw_private = dist;
	if (!grouping->rival)
		output->pathlist = output->partial_pathlist = NIL;
	add_path(output, apply_projection_to_path(root, output, path, output->reltarget));
	return true;
}

/* ---- in two phases ---- */

/* Finalize Agg over a path that delivers states. */
static void
add_final_path(const Grouping * grouping, Path *path, AggStrategy strategy, List *clauses)
{
	AggClauseCosts costs;

	memset(&costs, 0, sizeof(costs));
	get_agg_clause_costs(grouping->root, AGGSPLIT_FINAL_DESERIAL, &costs);
	add_path(grouping->output, (Path *)
			 create_agg_path(grouping->root, grouping->output, path,
							 grouping->output->reltarget, strategy,
							 AGGSPLIT_FINAL_DESERIAL, clauses,
							 grouping->having, &costs, grouping->groups));
}

/*
 * States per shard or, where groups that occur on most shards would arrive
 * from each of them, per node.
 */
static Path *
partial_path(const Grouping * grouping, DistUpper * upper)
{
	RelOptInfo *rel = fetch_upper_rel(grouping->root, UPPERREL_PARTIAL_GROUP_AGG, NULL);
	double		shards = grouping->dist->group->nshards;
	double		nodes = grouping->dist->group->nnodes;
	double		by_shard = groups_of_part(grouping, shards) * shards;
	double		by_node = groups_of_part(grouping, nodes) * nodes;
	Path	   *path;

	upper->on_nodes = !grouping->dist->other_role &&
		!dist_rel_has_keyed_source(grouping->dist) && by_shard - by_node > MANY_ROWS;
	rel->reltarget = upper->target;
	rel->consider_parallel = false;
	rel->rows = grouping->clauses == NIL ? shards :
		Min(upper->on_nodes ? by_node : by_shard, grouping->input->rows);
	path = scan_path_make_upper(rel, upper_record(grouping, upper), rel->rows);
	agg_path_add_cost(grouping, path, AGGSPLIT_INITIAL_SERIAL, nodes);
	return path;
}

/*
 * Rows of the shards for one group of one set have the same columns and the
 * same set: to the Finalize Agg the set is one more column.
 */
static const char *
push_partial_sets(const Grouping * grouping, DistUpper * upper)
{
	SortGroupClause *set;

	if (grouping->clauses == NIL || !grouping_is_hashable(grouping->clauses) ||
		may_miss_row(grouping))
		return "sets that nodes cannot tell apart";
	set = group_target_add_set(grouping->root, upper);
	if (set == NULL)
		return "sets that nodes cannot tell apart";
	add_final_path(grouping, partial_path(grouping, upper), AGG_HASHED,
				   lappend(list_copy(grouping->clauses), set));
	return NULL;
}

/* Returns why not, NULL if there are paths now. */
static const char *
push_partial(const Grouping * grouping)
{
	PlannerInfo *root = grouping->root;
	const char *obstacle;
	DistUpper  *upper;
	Path	   *path;

	if (!enable_partial_aggregate)
		return "shardlite.enable_partial_aggregate is off";
	upper = group_target_make(root, grouping->dist, grouping->output->reltarget,
							  grouping->having, true, &obstacle);
	if (upper == NULL)
		return obstacle;
	if (root->parse->groupingSets != NIL)
		return push_partial_sets(grouping, upper);
	path = partial_path(grouping, upper);
	if (grouping->clauses == NIL)
	{
		/* one row per shard: nothing is better */
		if (!grouping->rival)
			grouping->output->pathlist = NIL;
		add_final_path(grouping, path, AGG_PLAIN, NIL);
		return NULL;
	}
	if (grouping_is_hashable(grouping->clauses))
		add_final_path(grouping, path, AGG_HASHED, grouping->clauses);
	if (grouping_is_sortable(grouping->clauses))
		add_final_path(grouping, (Path *)
					   create_sort_path(root, grouping->output, path, root->group_pathkeys, -1),
					   AGG_SORTED, grouping->clauses);
	return NULL;
}

/* ---- both ---- */

static bool
can_push(const Grouping * grouping)
{
	const DistRel *dist = grouping->dist;

	return dist != NULL && !dist->everywhere && dist->local == NIL &&
		dist->upper == NULL && dist->row_marks == NIL &&
		!IS_DUMMY_REL(grouping->input);
}

/* Groups over all shards. */
static double
estimate_groups(const Grouping * grouping)
{
	PlannerInfo *root = grouping->root;
	double		rows = grouping->input->rows;
	double		groups = 0;
	ListCell   *lc;

	if (root->parse->groupingSets == NIL)
		return grouping->clauses == NIL ? 1 :
			estimate_num_groups(root, get_sortgrouplist_exprs(grouping->clauses,
															  root->processed_tlist),
								rows, NULL, NULL);
	foreach(lc, root->parse->groupingSets)
	{
		List	   *exprs = NIL;
		ListCell   *lc2;

		foreach(lc2, (List *) lfirst(lc))
			exprs = lappend(exprs, get_sortgroupref_tle(lfirst_int(lc2),
														root->processed_tlist)->expr);
		groups += exprs == NIL ? 1 : estimate_num_groups(root, exprs, rows, NULL, NULL);
	}
	return groups;
}

void
agg_paths_add(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *grouped_rel,
			  GroupPathExtraData *extra)
{
	Grouping	grouping = {
		.root = root, .dist = dist_rel_get(input_rel),
		.input = input_rel, .output = grouped_rel,
		.having = (List *) extra->havingQual,
		.clauses = compat_group_clause(root)
	};

	const char *why;
	DistRel    *input;

	if (grouping.dist == NULL)
	{
		grouping.dist = dist_rel_rival(input_rel);
		grouping.rival = grouping.dist != NULL;
	}
	if (!can_push(&grouping))
	{
		if (!grouping.rival && grouping.dist != NULL && grouping.dist->local != NIL)
			refusal_note(dist_rel_get(input_rel), "groups", "a filter that is evaluated here");
		return;
	}
	grouping.groups = estimate_groups(&grouping);
	if (push_whole(&grouping, &why))
		return;

	/* the records of the parts get the first refusal, the scan of rows the other */
	input = grouping.dist;
	refusal_set(input, "finished groups", why);
	why = push_partial(&grouping);
	if (grouping.rival)
		return;
	refusal_set(input, "groups", why != NULL ? why : "fetching the rows is cheaper");
	sorted_agg_path_add(&grouping);
	exchange_agg_path_add(&grouping);
}
