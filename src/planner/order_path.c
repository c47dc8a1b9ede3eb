/*
 * order_path.c
 *		Path tier: ORDER BY and LIMIT on the shards, merged here.
 *
 * Each node sorts the rows of all its shards and the scan merges the nodes'
 * streams.  No node sends more than the first count + offset rows; the
 * planner's own Limit on top takes the right ones of all of them.  So a LIMIT
 * can go to the nodes only if nothing between them and it removes, adds or
 * locks rows: no filter evaluated here, no set-returning function, no row mark.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "deparse/shippable.h"
#include "metadata/node.h"
#include "planner/cost.h"
#include "planner/fragment_query.h"
#include "planner/order_path.h"
#include "planner/refusal.h"
#include "planner/scan_path.h"
#include "planner/sort_keys.h"
#include "planner/upper_record.h"

/* Settings */
static bool enable_sort_pushdown = true;
static bool enable_limit_pushdown = true;

void
order_path_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_sort_pushdown",
							 "Lets nodes sort the rows of their shards.",
							 NULL, &enable_sort_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomBoolVariable("shardlite.enable_limit_pushdown",
							 "Lets nodes apply LIMIT to the rows of their shards.",
							 NULL, &enable_limit_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}

bool
order_can_sort(const DistRel * dist)
{
	return enable_sort_pushdown && upper_record_possible(dist);
}

/* ---- bounds ---- */

static bool
is_const(const Node *node)
{
	return node != NULL && IsA(node, Const);
}

static Node *
bigint_const(int64 value)
{
	return (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
							  Int64GetDatum(value), false, FLOAT8PASSBYVAL);
}

static Node *
bigint_call(Oid function, Oid type, Node *left, Node *right)
{
	return (Node *) makeFuncExpr(function, type, list_make2(left, right),
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

static CaseWhen *
case_when(Node *condition, Node *result)
{
	CaseWhen   *when = makeNode(CaseWhen);

	when->expr = (Expr *) condition;
	when->result = (Expr *) result;
	when->location = -1;
	return when;
}

/*
 * count + offset, NULL (no bound) if count is or the sum is too large.  The
 * planner's Limit complains about negative ones, perhaps later than this is
 * computed, so they are taken for zero.
 */
static Node *
checked_sum(Node *count, Node *offset)
{
	MinMaxExpr *skipped = makeNode(MinMaxExpr);
	CaseExpr   *sum = makeNode(CaseExpr);
	Node	   *rest;

	skipped->minmaxtype = INT8OID;
	skipped->op = IS_GREATEST;
	skipped->args = list_make1(bigint_const(0));
	if (offset != NULL)
		skipped->args = lappend(skipped->args, offset);
	skipped->location = -1;
	rest = bigint_call(F_INT8MI, INT8OID, bigint_const(PG_INT64_MAX), (Node *) skipped);
	sum->casetype = INT8OID;
	sum->args = list_make2(case_when(bigint_call(F_INT8GT, BOOLOID, count, rest),
									 (Node *) makeNullConst(INT8OID, -1, InvalidOid)),
						   case_when(bigint_call(F_INT8LT, BOOLOID, count, bigint_const(0)),
									 bigint_const(0)));
	sum->defresult = (Expr *) bigint_call(F_INT8PL, INT8OID, count, (Node *) skipped);
	sum->location = -1;
	return (Node *) sum;
}

/* Is this something that can be computed a second time, before the Limit? */
static bool
is_repeatable(const DistRel * dist, Node *expr)
{
	return !contain_volatile_functions(expr) && !contain_subplans(expr) &&
		!contain_var_clause(expr) && dist_rel_can_compute(dist, expr);
}

/* Why the nodes do not apply LIMIT, NULL if they may. */
static const char *
limit_obstacle(const DistRel * dist, const Query *parse)
{
	if (!enable_limit_pushdown)
		return "shardlite.enable_limit_pushdown is off";
	if (upper_record_obstacle(dist) != NULL)
		return upper_record_obstacle(dist);
	if (parse->rowMarks != NIL)
		return "rows that are locked";
	if (parse->hasTargetSRFs)
		return "a set-returning function";
	if (dist->local != NIL)
		return "a filter that is evaluated here";
	if (!is_repeatable(dist, parse->limitCount) || !is_repeatable(dist, parse->limitOffset))
		return "a number of rows that must be computed only once";
	if (parse->limitOption == LIMIT_OPTION_WITH_TIES &&
		(dist->upper == NULL || dist->upper->sort == NIL))
		return "ties in an order that is made here";
	return NULL;
}

/*
 * Number of rows that the statement's LIMIT and OFFSET need of this record, as
 * an expression; NULL if there is no bound that the nodes may apply.
 */
static Node *
limit_bound(const DistRel * dist, Query *parse)
{
	Node	   *count = parse->limitCount;
	Node	   *offset = parse->limitOffset;
	Node	   *sum;

	if (parse->commandType != CMD_SELECT || count == NULL ||
		(is_const(count) && ((Const *) count)->constisnull) ||
		limit_obstacle(dist, parse) != NULL)
		return NULL;
	sum = eval_const_expressions(NULL, checked_sum(count, offset));
	return is_const(sum) && ((Const *) sum)->constisnull ? NULL : sum;
}

/* Expect no more rows than each node's bound. */
static void
bound_rows(Path *path, Node *bound)
{
	if (is_const(bound))
		path->rows = clamp_row_est(Min(path->rows,
									   (double) DatumGetInt64(((Const *) bound)->constvalue) *
									   list_length(node_list())));
}

/* ---- sorted scans ---- */

/*
 * The bound of a statement that wants the first rows of this relation, and
 * nothing else.  The planner makes such ones for min() and max().
 */
static Node *
scan_bound(PlannerInfo *root, RelOptInfo *rel, const DistRel * dist)
{
	Query	   *parse = root->parse;

	if (!bms_equal(rel->relids, root->all_baserels) || parse->hasAggs ||
		parse->groupClause != NIL || parse->groupingSets != NIL ||
		parse->havingQual != NULL || parse->hasWindowFuncs ||
		parse->distinctClause != NIL || parse->limitOption == LIMIT_OPTION_WITH_TIES)
		return NULL;
	return limit_bound(dist, parse);
}

void
order_paths_add_sorted(PlannerInfo *root, RelOptInfo *rel, const DistRel * dist,
					   const Path *unsorted)
{
	List	   *keys;
	List	   *columns;
	PathTarget *target;
	DistUpper  *upper;
	DistRel    *sorted;
	Path	   *path;

	if (!enable_sort_pushdown || !upper_record_possible(dist) || root->query_pathkeys == NIL ||
		unsorted->param_info != NULL ||
		!sort_keys_find(rel, NULL, dist, root->query_pathkeys, &keys))
		return;
	columns = fragment_columns(dist, NIL, rel->reltarget->exprs);
	columns = fragment_columns(dist, columns, bare_clauses(dist->local));
	target = upper_target_make(root, columns);
	if (upper_target_has_identity(root, target))
		return;
	sorted = upper_record_copy(dist, target, &upper);
	upper->sort = sort_keys_clauses(target, keys);
	upper->limit = scan_bound(root, rel, dist);
	path = scan_path_make(rel, sorted, rel->reltarget, dist->conds);
	path->rows = unsorted->rows;
	path->startup_cost = unsorted->startup_cost;
	path->total_cost = unsorted->total_cost;
	path->pathkeys = root->query_pathkeys;
	cost_sort_on_nodes(path, upper->limit != NULL ? root->limit_tuples : -1);
	if (upper->limit != NULL)
		bound_rows(path, upper->limit);
	add_path(rel, path);
}

/*
 * A scan that delivers a record's rows in the final target of the statement;
 * it costs what the input costs.
 */
static Path *
final_scan(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *input_rel, DistRel * dist)
{
	PathTarget *target = root->upper_targets[UPPERREL_FINAL];
	Path	   *input = dist->sources != NIL ? dist_rel_path(input_rel, dist) :
		upper_input_path(input_rel);
	Path	   *path = scan_path_make(rel, dist, target, dist->conds);

	path->rows = input->rows;
	path->startup_cost = input->startup_cost;
	path->total_cost = input->total_cost;
	if (dist->upper->sort != NIL)
		path->pathkeys = root->sort_pathkeys;
	return path;
}

/* Why the nodes do not sort; NULL if they can, by these keys. */
static const char *
sort_obstacle(PlannerInfo *root, const DistRel * dist, List **keys)
{
	if (!enable_sort_pushdown)
		return "shardlite.enable_sort_pushdown is off";
	if (upper_record_obstacle(dist) != NULL)
		return upper_record_obstacle(dist);
	if (dist->local != NIL)
		return "a filter that is evaluated here";
	if (root->parse->hasTargetSRFs)
		return "a set-returning function";
	if (!sort_keys_find(NULL, root->upper_targets[UPPERREL_FINAL], dist,
						root->sort_pathkeys, keys))
		return "an expression that nodes cannot compute or compare";
	return NULL;
}

/*
 * The nodes do it: nothing is better, unless rows are sent for it, where an input
 * that costs more in all may deliver the first rows sooner.
 */
static void
offer(RelOptInfo *rel, const DistRel * dist, Path *path)
{
	if (dist->sources == NIL)
		rel->pathlist = NIL;
	add_path(rel, path);
}

/* UPPERREL_ORDERED: the nodes sort what the input delivers. */
static void
push_sort(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *ordered_rel)
{
	DistRel    *dist = dist_rel_get(input_rel);
	PathTarget *target;
	DistUpper  *upper;
	const char *obstacle;
	List	   *keys;
	Path	   *path;

	if (dist == NULL || dist->everywhere)
		return;
	obstacle = sort_obstacle(root, dist, &keys);
	if (obstacle != NULL)
	{
		refusal_note(dist, "ORDER BY", obstacle);
		return;
	}
	if (dist->upper != NULL && dist->upper->sort != NIL)
	{
		/* DISTINCT ON has chosen an order that fits */
		ordered_rel->fdw_private = dist;
		return;
	}
	target = dist->upper != NULL ? copy_pathtarget(dist->upper->target) :
		sort_keys_target(root, dist, root->upper_targets[UPPERREL_FINAL], keys);
	if (upper_target_has_identity(root, target))
		return;
	dist = upper_record_copy(dist, target, &upper);
	upper->sort = sort_keys_clauses(target, keys);
	ordered_rel->fdw_private = dist;
	path = final_scan(root, ordered_rel, input_rel, dist);
	if (upper->sort != NIL)
		cost_sort_on_nodes(path, root->limit_tuples);
	offer(ordered_rel, dist, path);
}

/* What create_limit_path wants to know of LIMIT or OFFSET. */
static int64
limit_estimate(Node *expr)
{
	Const	   *value = (Const *) expr;

	if (expr == NULL)
		return 0;
	if (!is_const(expr))
		return -1;
	return value->constisnull ? 0 : Max(DatumGetInt64(value->constvalue), 1);
}

/* No LIMIT over a path that can have its own: they would look the same. */
static void
drop_limits(RelOptInfo *final_rel, const Path *path)
{
	ListCell   *lc;

	foreach(lc, final_rel->pathlist)
	{
		if (IsA(lfirst(lc), LimitPath) && ((LimitPath *) lfirst(lc))->subpath == path)
			final_rel->pathlist = foreach_delete_current(final_rel->pathlist, lc);
	}
}

/* UPPERREL_FINAL: the nodes deliver no more rows than LIMIT and OFFSET need. */
static void
push_limit(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *final_rel)
{
	Query	   *parse = root->parse;
	DistRel    *dist = dist_rel_get(input_rel);
	bool		with_ties = parse->limitOption == LIMIT_OPTION_WITH_TIES;
	PathTarget *target;
	DistUpper  *upper;
	Node	   *bound;
	Path	   *path;

	if (!limit_needed(parse) || dist == NULL || dist->everywhere)
		return;
	refusal_note(dist, "LIMIT", limit_obstacle(dist, parse));
	bound = limit_bound(dist, parse);
	if (bound == NULL)
		return;
	target = dist->upper != NULL ? dist->upper->target : sort_keys_target(root, dist, root->upper_targets[UPPERREL_FINAL], NIL);
	if (upper_target_has_identity(root, target))
		return;
	dist = upper_record_copy(dist, target, &upper);
	upper->limit = bound;
	upper->with_ties = with_ties;
	path = final_scan(root, input_rel, input_rel, dist);
	bound_rows(path, bound);
	if (dist->sources != NIL)
		drop_limits(final_rel, dist_rel_path(input_rel, dist));
	offer(final_rel, dist, (Path *)
		  create_limit_path(root, final_rel, path, parse->limitOffset,
							parse->limitCount, parse->limitOption,
							limit_estimate(parse->limitOffset),
							limit_estimate(parse->limitCount)));
}

void
order_paths_push(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
				 RelOptInfo *output_rel)
{
	if (stage == UPPERREL_ORDERED)
		push_sort(root, input_rel, output_rel);
	else if (stage == UPPERREL_FINAL)
		push_limit(root, input_rel, output_rel);
}
