/*
 * scan_path.c
 *		DistScan: the path that reads a base relation or a join from its
 *		shards, and the CustomScan made of it.
 *
 * The scan's tuple (custom_scan_tlist) holds Vars and what a sub-SELECT of
 * the fragment computed; other expressions of the relation's target are
 * computed from them here.  For an upper relation it is the record's target.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"

#include "deparse/query_text.h"
#include "metadata/node.h"
#include "plan/dist_plan.h"
#include "planner/cost.h"
#include "planner/dist_rel.h"
#include "planner/fragment_query.h"
#include "planner/lock_path.h"
#include "planner/node_text.h"
#include "planner/order_path.h"
#include "planner/order_text.h"
#include "planner/refusal.h"
#include "planner/scan_keys.h"
#include "planner/scan_path.h"
#include "planner/shard_subquery.h"
#include "planner/source_join.h"
#include "planner/shell_mark.h"
#include "planner/strategy.h"

/*
 * A scan parameterized by an outer row costs a round trip each time.  Where the
 * planner expects one outer row and thousands come that is the worst of all
 * plans, and sending the outer rows along costs little more than it even if
 * there is one.  So it must look clearly better.
 */
#define TRIP_PER_ROW_RISK	3.0

/* PostgreSQL's estimate of how often a recursive term is repeated. */
#define RECURSION_ROUNDS	10.0

static Plan *plan_dist_scan(PlannerInfo *root, RelOptInfo *rel,
							CustomPath *best_path, List *tlist,
							List *clauses, List *custom_plans);

static const CustomPathMethods dist_scan_path_methods = {
	.CustomName = DIST_SCAN_NAME,
	.PlanCustomPath = plan_dist_scan,
};

/* Join clauses of a parameterized path that the shards can evaluate. */
static List *
shippable_join_clauses(const DistRel * dist, RelOptInfo *rel, ParamPathInfo *info)
{
	List	   *clauses = NIL;
	ListCell   *lc;

	if (info == NULL || dist->before_writes)
		return NIL;
	foreach(lc, info->ppi_clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (dist_rel_can_ship(dist, rel, clause))
			clauses = lappend(clauses, clause);
	}
	return clauses;
}

/* What the filters cost that are evaluated here, per row that arrives. */
static QualCost
local_quals_cost(PlannerInfo *root, RelOptInfo *rel, ParamPathInfo *param_info, List *shipped)
{
	List	   *local = list_difference_ptr(rel->baserestrictinfo, shipped);
	QualCost	cost;

	if (param_info != NULL)
		local = list_concat(local, list_difference_ptr(param_info->ppi_clauses, shipped));
	cost_qual_eval(&cost, local, root);
	return cost;
}

static int
shards_asked(const DistRel * dist, List *clauses)
{
	List	   *keys = NIL;

	return scan_keys_find(dist, clauses, &keys) ?
		Min(dist->group->nshards, Max(list_length(keys), 1)) : dist->group->nshards;
}

static void
cost_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *shipped,
		  const DistRel * dist)
{
	FragmentCost fragment;
	QualCost	local = local_quals_cost(root, rel, path->path.param_info, shipped);
	double		rows = path->path.param_info != NULL ?
		path->path.param_info->ppi_rows : rel->rows;

	fragment.rows = rows;
	fragment.width = rel->reltarget->width;
	fragment.nshards = shards_asked(dist, bare_clauses(shipped));
	fragment.work = path->path.param_info == NULL || rel->rtekind != RTE_RELATION ? dist->work :
		cost_table_work(root, rel, shipped);

	/* rows that a filter here removes arrive all the same */
	if (IS_SIMPLE_REL(rel) && list_length(shipped) < list_length(rel->baserestrictinfo))
		fragment.rows = Max(rows, clamp_row_est(rel->tuples *
												clauselist_selectivity(root, shipped, rel->relid, JOIN_INNER, NULL)));
	cost_fragment(&path->path, dist->group, &fragment);
	path->path.rows = rows;
	path->path.startup_cost += local.startup;
	path->path.total_cost += local.startup + local.per_tuple * fragment.rows +
		rel->reltarget->cost.startup + rel->reltarget->cost.per_tuple * rows;

	if (path->path.param_info != NULL)
	{
		path->path.startup_cost *= TRIP_PER_ROW_RISK;
		path->path.total_cost *= TRIP_PER_ROW_RISK;
	}
}

Path *
scan_path_make(RelOptInfo *rel, DistRel * dist, PathTarget *target, List *shipped)
{
	CustomPath *path = makeNode(CustomPath);
	ListCell   *lc;

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = target;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &dist_scan_path_methods;
	path->custom_private = list_make2(dist, shipped);
	foreach(lc, dist->sources)
		path->custom_paths = lappend(path->custom_paths, ((DistWrap *) lfirst(lc))->path);
	return (Path *) path;
}

/*
 * What every fragment reads in full: reference tables, and rows of sources,
 * which are computed and sent before.
 */
static void
add_source_costs(Path *path, const DistRel * dist)
{
	double		nnodes = dist->group->nnodes;
	Cost		cost = dist->copies_cost * dist->group->nshards / nnodes;
	ListCell   *lc;

	foreach(lc, dist->sources)
	{
		const DistWrap *source = lfirst(lc);
		double		copies = source->key_resno > 0 ? 1 : nnodes;
		double		reads = source->key_resno > 0 ? 1 / nnodes : dist->group->nshards / nnodes;

		cost += source->exchange ? cost_exchange(source->path, nnodes) :
			cost_source(source->path, nnodes, copies, reads);
	}
	path->startup_cost += cost;
	path->total_cost += cost;
}

/*
 * The rows of a scan that does not change are fetched once for all rounds of a
 * recursive CTE.
 */
static void
share_among_rounds(PlannerInfo *root, Path *path)
{
	if (root->parent_root == NULL || root->parent_root->non_recursive_path == NULL)
		return;
	path->startup_cost /= RECURSION_ROUNDS;
	path->total_cost /= RECURSION_ROUNDS;
}

static Path *
make_scan_path(PlannerInfo *root, RelOptInfo *rel, DistRel * dist,
			   ParamPathInfo *param_info)
{
	List	   *shipped = list_concat_copy(dist->conds,
										   shippable_join_clauses(dist, rel, param_info));
	Path	   *path = scan_path_make(rel, dist, rel->reltarget, shipped);

	path->param_info = param_info;
	cost_scan(root, rel, (CustomPath *) path, shipped, dist);
	if (param_info == NULL && dist->sources == NIL)
		share_among_rounds(root, path);
	add_source_costs(path, dist);
	return path;
}

/* Add DistScans, unsorted and sorted; param_info may be NULL. */
static void
add_scan_path(PlannerInfo *root, RelOptInfo *rel, DistRel * dist,
			  ParamPathInfo *param_info)
{
	Path	   *path = make_scan_path(root, rel, dist, param_info);

	order_paths_add_sorted(root, rel, dist, path);
	add_path(rel, path);
}

/* State of match_column: one column expression of an equivalence class. */
typedef struct ColumnMatch
{
	Expr	   *current;
	List	   *done;
}			ColumnMatch;

static bool
match_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
			 EquivalenceMember *em, void *arg)
{
	ColumnMatch *match = arg;

	if (match->current != NULL)
		return equal(match->current, em->em_expr);
	if (list_member(match->done, em->em_expr))
		return false;
	match->current = em->em_expr;
	return true;
}

/* Join clauses that could restrict this scan by values of other relations. */
static List *
movable_clauses(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *result = NIL;
	ColumnMatch match = {NULL, NIL};
	ListCell   *lc;

	foreach(lc, rel->joininfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (join_clause_is_movable_to(clause, rel))
			result = lappend(result, clause);
	}
	if (!rel->has_eclass_joins)
		return result;
	for (;;)
	{
		List	   *clauses;

		match.current = NULL;
		clauses = generate_implied_equalities_for_column(root, rel, match_column,
														 &match, rel->lateral_referencers);
		if (match.current == NULL)
			return result;
		foreach(lc, clauses)
		{
			RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

			if (join_clause_is_movable_to(clause, rel))
				result = lappend(result, clause);
		}
		match.done = lappend(match.done, match.current);
	}
}

/* Add scans parameterized by the relations that join clauses mention. */
static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel, DistRel * dist)
{
	List	   *seen = NIL;
	ListCell   *lc;

	foreach(lc, movable_clauses(root, rel))
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);
		Relids		outer;
		ListCell   *lc2;
		bool		known = false;

		if (!dist_rel_can_ship(dist, rel, clause))
			continue;
		outer = bms_union(clause->clause_relids, rel->lateral_relids);
		outer = bms_del_member(outer, rel->relid);
		foreach(lc2, seen)
			known |= bms_equal(lfirst(lc2), outer);
		if (known || bms_is_empty(outer))
			continue;
		seen = lappend(seen, outer);
		add_scan_path(root, rel, dist, get_baserel_parampathinfo(root, rel, outer));
	}
}

void
scan_paths_replace(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	ShellMark	mark;
	DistRel    *dist;

	if (!IS_SIMPLE_REL(rel) || IS_DUMMY_REL(rel))
		return;
	if (shell_mark_is_reference(rte) && rel->rtekind == RTE_RELATION)
		rel->fdw_private = dist_rel_make_reference(root, rel, rti);
	if (shard_subquery_get(rte) != NULL)
		dist = dist_rel_make_subquery(root, rel, rti);
	else if (shell_mark_get(rte, &mark))
		dist = dist_rel_make_base(root, rel, rti);
	else
		return;
	rel->fdw_private = dist;
	rel->pathlist = NIL;
	rel->partial_pathlist = NIL;
	rel->consider_parallel = false;

	add_scan_path(root, rel, dist,
				  get_baserel_parampathinfo(root, rel, rel->lateral_relids));
	if (rel->reloptkind == RELOPT_BASEREL && !dist->before_writes)
		add_parameterized_paths(root, rel, dist);
}

Path *
scan_path_make_upper(RelOptInfo *rel, DistRel * dist, double rows)
{
	Path	   *path = scan_path_make(rel, dist, dist->upper->target, dist->conds);
	FragmentCost fragment;

	fragment.rows = rows;
	fragment.width = dist->upper->target->width;
	fragment.nshards = shards_asked(dist, bare_clauses(dist->conds));
	fragment.work = dist->work;
	cost_fragment(path, dist->group, &fragment);
	add_source_costs(path, dist);
	return path;
}

/*
 * Estimates of joins are too rough to let cost decide: a join that needs no
 * row of its inputs here is always pushed, so at every call for this relation
 * the path is all there is.  It is made anew because add_path may free it.
 */
static void
force_path(PlannerInfo *root, RelOptInfo *joinrel, DistRel * dist)
{
	joinrel->fdw_private = dist;
	if (dist->everywhere)
		return;
	joinrel->pathlist = NIL;
	joinrel->partial_pathlist = NIL;
	add_scan_path(root, joinrel, dist, NULL);
	dist->cost = ((Path *) linitial(joinrel->pathlist))->total_cost;
}

/* Does the path ask shards once per row of its outer side? */
static bool
takes_trips(Path *path)
{
	Path	   *inner;

	if (!IsA(path, NestPath))
		return false;
	inner = ((JoinPath *) path)->innerjoinpath;
	if (IsA(inner, ProjectionPath))
		inner = ((ProjectionPath *) inner)->subpath;
	return inner->param_info != NULL && IsA(inner, CustomPath) &&
		((CustomPath *) inner)->methods == &dist_scan_path_methods;
}

/*
 * A trip per outer row must not win over sending these rows along for an order
 * it has, while their costs are all but the same because of other parts.
 */
static void
drop_paths_with_trips(PlannerInfo *root, RelOptInfo *joinrel, const Path *rival)
{
	const Query *parse = root->parse;
	ListCell   *lc;

	/* the first rows of the join may be all that is wanted */
	if (joinrel->consider_startup && !parse->hasAggs && !parse->hasWindowFuncs &&
		parse->groupClause == NIL && parse->distinctClause == NIL)
		return;
	foreach(lc, joinrel->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (takes_trips(path) && path->param_info == NULL &&
			path->total_cost >= rival->total_cost)
			joinrel->pathlist = foreach_delete_current(joinrel->pathlist, lc);
	}
}

/* A join of shards with rows from here competes; the best record is kept. */
static void
offer_path(PlannerInfo *root, RelOptInfo *joinrel, DistRel * dist)
{
	DistRel    *best = joinrel->fdw_private;
	Path	   *path = make_scan_path(root, joinrel, dist, NULL);

	dist->cost = path->total_cost;
	if (best == NULL || dist->cost < best->cost)
		joinrel->fdw_private = dist;
	drop_paths_with_trips(root, joinrel, path);
	order_paths_add_sorted(root, joinrel, dist, path);
	add_path(joinrel, path);
}

void
join_paths_push(const JoinSides * sides)
{
	DistRel    *dist = sides->joinrel->fdwroutine == NULL ? sides->joinrel->fdw_private : NULL;
	const char *obstacle = NULL;
	JoinSides	asking = *sides;
	List	   *records;
	ListCell   *lc;

	asking.obstacle = &obstacle;
	if (dist == NULL || dist->sources != NIL)
	{
		dist = dist_rel_make_join(&asking);
		refusal_note_join(sides, obstacle, source_join_sends());
		obstacle = NULL;
	}
	if (dist != NULL && dist->sources == NIL)
	{
		force_path(sides->root, sides->joinrel, dist);
		dist = source_join_reference(sides);
		if (dist != NULL)
			offer_path(sides->root, sides->joinrel, dist);
		return;
	}
	if (dist != NULL)
		offer_path(sides->root, sides->joinrel, dist);
	records = source_join_records(&asking);
	if (records == NIL && source_join_sends())
		refusal_note_sending(sides, obstacle);
	foreach(lc, records)
		offer_path(sides->root, sides->joinrel, lfirst(lc));
}

/* Is this one of the columns that fragments do not send as they are? */
static bool
is_system_column(Node *node)
{
	return IsA(node, Var) && ((Var *) node)->varattno < 0;
}

/* The name of the shard table that holds a row, which tells the partition. */
static Expr *
shard_name(Var *tableoid)
{
	CoerceViaIO *name = makeNode(CoerceViaIO);

	name->arg = (Expr *) makeRelabelType((Expr *) tableoid, REGCLASSOID, -1, InvalidOid,
										 COERCE_EXPLICIT_CAST);
	name->resulttype = TEXTOID;
	name->resultcollid = DEFAULT_COLLATION_OID;
	name->coerceformat = COERCE_EXPLICIT_CAST;
	name->location = -1;
	return (Expr *) name;
}

/*
 * A system column: returns what fragments send for it, NULL when the scan
 * fills it in by itself, as plan->fill says.
 */
static Expr *
place_system_column(PlannerInfo *root, Var *var, int resno, DistPlan * plan)
{
	RangeTblEntry *rte = planner_rt_fetch(var->varno, root);
	ShellMark	mark = {0};

	if (var->varattno == SelfItemPointerAttributeNumber &&
		dist_rel_ctid_is_junk(root, var->varno))
	{
		plan->fill = lappend_int(lappend_int(plan->fill, resno), FILL_NULL);
		return NULL;
	}
	if (!shell_mark_get(rte, &mark))
		elog(ERROR, "relation %u is no marked shell", rte->relid);
	if (var->varattno == TableOidAttributeNumber)
	{
		bool		many = mark.partitioned && !mark.only;

		plan->fill = lappend_int(lappend_int(plan->fill, resno),
								 many ? FILL_PARTITION : FILL_TABLEOID);
		plan->fill_tableoid = rte->relid;
		return many ? shard_name(var) : NULL;
	}
	if (var->varattno == SelfItemPointerAttributeNumber)
	{
		plan->fill = lappend_int(lappend_int(plan->fill, resno), FILL_ROW_ID);
		plan->row_id_rti = var->varno;
		plan->row_id_leaf = mark.partitioned;
	}
	return (Expr *) var;
}

/* What fragments send for the scan's tuple. */
static List *
place_columns(PlannerInfo *root, List *tuple, DistPlan * plan)
{
	List	   *sent = NIL;
	ListCell   *lc;

	foreach(lc, tuple)
	{
		TargetEntry *entry = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));

		if (shard_subquery_is_junk(root, (Node *) entry->expr))
		{
			plan->fill = lappend_int(lappend_int(plan->fill, entry->resno), FILL_NULL);
			continue;
		}
		if (is_system_column((Node *) entry->expr))
			entry->expr = place_system_column(root, (Var *) entry->expr, entry->resno, plan);
		if (entry->expr == NULL)
			continue;
		entry->resno = list_length(sent) + 1;
		sent = lappend(sent, entry);
	}
	if (plan->row_id_leaf)
		sent = lappend(sent, makeTargetEntry((Expr *) makeVar(plan->row_id_rti, TableOidAttributeNumber,
															  OIDOID, -1, InvalidOid, 0),
											 list_length(sent) + 1, NULL, false));
	return sent;
}

/* Clauses that remain for this node, in the order that core chose. */
static List *
local_quals(List *clauses, List *shipped)
{
	List	   *rest = NIL;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (!list_member_ptr(shipped, clause) && !clause->pseudoconstant)
			rest = lappend(rest, clause->clause);
	}
	return rest;
}

static List *
plain_tlist(List *columns)
{
	List	   *tlist = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		tlist = lappend(tlist, makeTargetEntry(lfirst(lc),
											   foreach_current_index(lc) + 1,
											   NULL, false));
	return tlist;
}

/*
 * The scan's tuple as setrefs may see it.  Parameters of the fragment must not
 * be found among its columns: a value that is computed here stands for itself.
 */
static List *
hide_values(List *tuple)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, tuple)
	{
		TargetEntry *entry = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		Node	   *expr = (Node *) entry->expr;

		if (pull_var_clause(expr, PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS |
							PVC_INCLUDE_PLACEHOLDERS) == NIL)
			entry->expr = (Expr *) makeNullConst(exprType(expr), exprTypmod(expr),
												 exprCollation(expr));
		result = lappend(result, entry);
	}
	return result;
}

/*
 * Set the scan's tuple; returns what fragments send, as a target list.
 *
 * The plan's target list may be tlist, or the relation's final target if a
 * projection on top replaces it; tlist is NIL when core does not care yet.
 * All that can come is made of the path's and the relation's targets.
 */
static List *
set_scan_tuple(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
			   CustomScan *scan, DistPlan * plan)
{
	DistRel    *dist = linitial(path->custom_private);
	List	   *tuple;
	List	   *columns;

	if (dist->upper != NULL)
		tuple = make_tlist_from_pathtarget(dist->upper->target);
	else
	{
		columns = fragment_columns(dist, NIL, path->path.pathtarget->exprs);
		columns = fragment_columns(dist, columns, rel->reltarget->exprs);
		columns = fragment_columns(dist, columns, scan->scan.plan.qual);
		tuple = plain_tlist(columns);
	}
	scan->custom_scan_tlist = hide_values(tuple);
	return place_columns(root, tuple, plan);
}

/* Is there a parameter that only execution sets? */
static bool
depends_on_rows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, depends_on_rows, context);
}

/* Tell the executor where the rows of the children go. */
static void
describe_sources(const DistRel * dist, List *params, DistPlan * plan)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, dist->sources)
	{
		const DistWrap *source = lfirst(lc);
		Const	   *number = fragment_source_number(foreach_current_index(lc));
		int			position = 0;

		foreach(lc2, params)
		{
			if (equal(lfirst(lc2), number))
				position = foreach_current_index(lc2) + 1;
		}
		if (position == 0)
			elog(ERROR, "a fragment does not read its source");
		plan->source_keys = lappend_int(plan->source_keys, source->key_resno);
		plan->source_params = lappend_int(plan->source_params, position);
		plan->source_exchanges = lappend_int(plan->source_exchanges, source->exchange);
	}
}

static Plan *
plan_dist_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
			   List *tlist, List *clauses, List *custom_plans)
{
	DistRel    *dist = linitial(best_path->custom_private);
	List	   *shipped = lsecond(best_path->custom_private);
	List	   *quals = bare_clauses(shipped);
	CustomScan *scan = makeNode(CustomScan);
	DistPlan	plan;
	List	   *params = NIL;
	List	   *keys = NIL;
	List	   *sent;

	memset(&plan, 0, sizeof(plan));
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = local_quals(clauses, shipped);
	scan->flags = best_path->flags;
	scan->methods = GetCustomScanMethods(DIST_SCAN_NAME, false);

	sent = set_scan_tuple(root, rel, best_path, scan, &plan);

	plan.operation = CMD_SELECT;
	plan.tier = 3;
	plan.colocation_id = dist->colocation_id;
	plan.target = TARGET_ALL_SHARDS;
	if (scan_keys_find(dist, quals, &keys))
		plan.target = TARGET_KEYS;
	plan.returns_rows = true;
	plan.locks = dist->row_marks != NIL;
	plan.writes = plan.locks || dist->locked_above;
	plan.before_writes = dist->before_writes;
	if (plan.target == TARGET_ALL_SHARDS && (dist->upper == NULL || dist->upper->limit == NULL))
		plan.fragment_cost = cost_on_shard(&best_path->path, dist->group);
	if (dist->upper != NULL && dist->upper->grouped)
		plan.aggregate = dist->upper->partial ? AGGREGATE_PARTIAL : AGGREGATE_COMPLETE;
	scan->custom_plans = custom_plans;
	if (dist->upper != NULL && dist->upper->on_nodes)
		node_text_set(root, dist, sent, &plan, &params);
	else if (dist->locked_above)
		lock_path_set_text(root, dist, fragment_query(root, dist, sent, quals, &params),
						   &plan, &params);
	else
		plan.text = query_text(fragment_query(root, dist, sent, quals, &params));
	if (dist->other_role)
	{
		plan.text = fragment_text_without_policies(plan.text);
		if (plan.refetch.pieces != NIL)
			plan.refetch = fragment_text_without_policies(plan.refetch);
	}
	describe_sources(dist, params, &plan);
	order_text_set(dist, scan->custom_scan_tlist, sent, &plan, &params);
	plan.nparams = list_length(params);
	plan.nkeys = list_length(keys);
	plan.does = strategy_of(root, dist, &best_path->path);
	refusal_describe(root, rel, dist, list_difference_ptr(clauses, shipped), &plan);

	scan->custom_exprs = list_concat(params, keys);
	if (plan.before_writes && depends_on_rows((Node *) scan->custom_exprs, NULL))
		elog(ERROR, "a scan ahead of writes depends on values of the execution");
	scan->custom_private = dist_plan_encode(&plan);
	return (Plan *) scan;
}
