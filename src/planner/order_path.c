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
#include "planner/scan_path.h"

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

/* One key of an order that the nodes can produce. */
typedef struct OrderKey
{
	Expr	   *expr;
	Oid			operator;
	bool		nulls_first;
}			OrderKey;

/* May each node run one fragment for all its shards, and sort its rows? */
static bool
is_sortable(const DistRel * dist)
{
	return dist != NULL && !dist->everywhere && dist->row_marks == NIL &&
		!dist->other_role && !dist_rel_has_keyed_source(dist);
}

bool
order_can_sort(const DistRel * dist)
{
	return enable_sort_pushdown && is_sortable(dist);
}

/* ---- sort keys ---- */

/* The operator that sorts a member of a class as a pathkey wants it. */
static Oid
ordering_operator(const PathKey *pathkey, const EquivalenceMember *member)
{
	return get_opfamily_member(pathkey->pk_opfamily, member->em_datatype,
							   member->em_datatype, pathkey->pk_strategy);
}

bool
order_can_sort_by(const DistRel * dist, Expr *expr, Oid operator)
{
	Oid			collation = exprCollation((Node *) expr);
	Expr	   *comparison;

	if (!OidIsValid(operator) || !is_returnable_type(exprType((Node *) expr)) ||
		expression_returns_set((Node *) expr))
		return false;

	/* nodes have the collations of their columns; of others nobody is sure */
	if (collation >= FirstNormalObjectId && !IsA(expr, Var) && list_length(node_list()) > 1)
		return false;
	comparison = make_opclause(operator, BOOLOID, false, expr, expr, InvalidOid, collation);
	return dist_rel_can_compute(dist, (Node *) comparison);
}

static OrderKey *
make_key(const PathKey *pathkey, Expr *expr, Oid operator)
{
	OrderKey   *key = palloc(sizeof(OrderKey));

	key->expr = expr;
	key->operator = operator;
	key->nulls_first = pathkey->pk_nulls_first;
	return key;
}

/* A column instead of its relabelling, where that is only for show. */
static Expr *
strip_relabel(Expr *expr)
{
	Expr	   *bare = expr;

	while (IsA(bare, RelabelType))
		bare = ((RelabelType *) bare)->arg;
	return IsA(bare, Var) && exprCollation((Node *) bare) == exprCollation((Node *) expr) ?
		bare : expr;
}

/* May rows of a base or join relation be sorted by this member of a class? */
static bool
is_scan_key(RelOptInfo *rel, const DistRel * dist, const PathKey *pathkey,
			const EquivalenceMember *member)
{
	Node	   *expr = (Node *) member->em_expr;

	return !member->em_is_const && !member->em_is_child &&
		!bms_is_empty(member->em_relids) &&
		bms_is_subset(member->em_relids, rel->relids) &&
		!contain_agg_clause(expr) && !contain_window_function(expr) &&
		fragment_columns_visible(dist, expr) &&
		order_can_sort_by(dist, member->em_expr, ordering_operator(pathkey, member));
}

/*
 * Key for a pathkey, from what a base or join relation has; best one that is
 * sent anyway.
 */
static OrderKey *
scan_key(RelOptInfo *rel, const DistRel * dist, const PathKey *pathkey)
{
	OrderKey   *key = NULL;
	ListCell   *lc;

	foreach(lc, pathkey->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst_node(EquivalenceMember, lc);
		Expr	   *expr = strip_relabel(member->em_expr);
		bool		is_sent = list_member(rel->reltarget->exprs, expr);

		if ((key != NULL && !is_sent) || !is_scan_key(rel, dist, pathkey, member))
			continue;
		key = make_key(pathkey, expr, ordering_operator(pathkey, member));
		if (is_sent)
			break;
	}
	return key;
}

/* Key for a pathkey, from the sort columns of the statement's target. */
static OrderKey *
target_key(const PathTarget *target, const DistRel * dist, const PathKey *pathkey)
{
	ListCell   *lc;

	foreach(lc, target->exprs)
	{
		Expr	   *expr = lfirst(lc);
		EquivalenceMember *member;
		Oid			operator;

		if (get_pathtarget_sortgroupref(target, foreach_current_index(lc)) == 0)
			continue;
		member = find_ec_member_matching_expr(pathkey->pk_eclass, expr, NULL);
		if (member == NULL ||
			exprCollation((Node *) expr) != exprCollation((Node *) member->em_expr))
			continue;
		operator = ordering_operator(pathkey, member);
		if (order_can_sort_by(dist, expr, operator))
			return make_key(pathkey, expr, operator);
	}
	return NULL;
}

/*
 * Keys that give the order of pathkeys, in *keys; false if there are none.
 * They come from target or, if that is NULL, from rel.
 */
static bool
find_keys(RelOptInfo *rel, const PathTarget *target, const DistRel * dist,
		  List *pathkeys, List **keys)
{
	ListCell   *lc;

	*keys = NIL;
	foreach(lc, pathkeys)
	{
		PathKey    *pathkey = lfirst_node(PathKey, lc);
		OrderKey   *key = NULL;

		if (pathkey->pk_eclass->ec_has_volatile)
			return false;
		key = target != NULL ? target_key(target, dist, pathkey) :
			scan_key(rel, dist, pathkey);
		if (key == NULL)
			return false;
		*keys = lappend(*keys, key);
	}
	return true;
}

/* ---- records ---- */

/* Position of an expression in a target, appended if it is not there. */
static int
target_position(PathTarget *target, Expr *expr)
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

/* The number by which clauses refer to a column of a target. */
static Index
column_reference(PathTarget *target, int position)
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

/* ORDER BY of keys; puts them into the target. */
static List *
sort_clauses(PathTarget *target, List *keys)
{
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		OrderKey   *key = lfirst(lc);
		SortGroupClause *clause = makeNode(SortGroupClause);

		clause->tleSortGroupRef = column_reference(target, target_position(target, key->expr));
		clause->sortop = key->operator;
		clause->nulls_first = key->nulls_first;
		clauses = lappend(clauses, clause);
	}
	return clauses;
}

/* Copy of a record that delivers target; its upper part may be changed. */
static DistRel *
copy_record(const DistRel * dist, PathTarget *target, DistUpper * *upper)
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

/* Target with the columns of the record that expressions are computed from. */
static PathTarget *
columns_target(PlannerInfo *root, const DistRel * dist, List *columns)
{
	PathTarget *target = create_empty_pathtarget();

	target->exprs = columns;
	return set_pathtarget_cost_width(root, target);
}

/*
 * What a record without upper part must deliver for the statement's final
 * target: sort keys, as they stand there, and columns for the rest.
 */
static PathTarget *
final_columns(PlannerInfo *root, const DistRel * dist, List *keys)
{
	List	   *columns = NIL;
	ListCell   *lc,
			   *lc2;

	foreach(lc, root->upper_targets[UPPERREL_FINAL]->exprs)
	{
		bool		is_key = false;

		foreach(lc2, keys)
			is_key |= equal(((OrderKey *) lfirst(lc2))->expr, lfirst(lc));
		if (is_key)
			columns = list_append_unique(columns, lfirst(lc));
		else
			columns = fragment_columns(dist, columns, list_make1(lfirst(lc)));
	}
	return columns_target(root, dist, columns);
}

/*
 * Rows with identity cannot be merged: their fragments must be one per shard.
 */
static bool
has_row_identity(PlannerInfo *root, const PathTarget *target)
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

/* ---- bounds ---- */

static bool
is_const(const Node *node)
{
	return node != NULL && IsA(node, Const);
}

/* count + offset, NULL (no bound) if it is too large. */
static Node *
checked_sum(Node *count, Node *offset)
{
	Node	   *none = (Node *) makeNullConst(INT8OID, -1, InvalidOid);
	Node	   *most = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
										  Int64GetDatum(PG_INT64_MAX), false, FLOAT8PASSBYVAL);
	Node	   *zero = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
										  Int64GetDatum(0), false, FLOAT8PASSBYVAL);
	CoalesceExpr *skipped = makeNode(CoalesceExpr);
	CaseExpr   *sum = makeNode(CaseExpr);
	CaseWhen   *overflow = makeNode(CaseWhen);
	Node	   *rest;

	skipped->coalescetype = INT8OID;
	skipped->args = list_make2(offset, zero);
	skipped->location = -1;
	rest = (Node *) makeFuncExpr(F_INT8MI, INT8OID, list_make2(most, skipped),
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	overflow->expr = (Expr *) makeFuncExpr(F_INT8GT, BOOLOID, list_make2(count, rest),
										   InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	overflow->result = (Expr *) none;
	overflow->location = -1;
	sum->casetype = INT8OID;
	sum->args = list_make1(overflow);
	sum->defresult = (Expr *) makeFuncExpr(F_INT8PL, INT8OID, list_make2(count, skipped),
										   InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
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

/*
 * Number of rows that the statement's LIMIT and OFFSET need of this record, as
 * an expression; NULL if there is no bound that the nodes may apply.  Where
 * count or offset are negative the planner's Limit has complained before a
 * node is asked.
 */
static Node *
limit_bound(const DistRel * dist, Query *parse)
{
	Node	   *count = parse->limitCount;
	Node	   *offset = parse->limitOffset;
	Node	   *sum;

	if (!enable_limit_pushdown || parse->commandType != CMD_SELECT ||
		parse->rowMarks != NIL || parse->hasTargetSRFs || dist->local != NIL)
		return NULL;
	if (count == NULL || (is_const(count) && ((Const *) count)->constisnull) ||
		!is_repeatable(dist, count) || !is_repeatable(dist, offset))
		return NULL;
	if (offset == NULL)
		return count;
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

	if (!enable_sort_pushdown || !is_sortable(dist) || root->query_pathkeys == NIL ||
		unsorted->param_info != NULL ||
		!find_keys(rel, NULL, dist, root->query_pathkeys, &keys))
		return;
	columns = fragment_columns(dist, NIL, rel->reltarget->exprs);
	columns = fragment_columns(dist, columns, bare_clauses(dist->local));
	target = columns_target(root, dist, columns);
	if (has_row_identity(root, target))
		return;
	sorted = copy_record(dist, target, &upper);
	upper->sort = sort_clauses(target, keys);
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

/* An ordered relation has not been told which of its paths is the cheapest. */
static Path *
cheapest_path(const RelOptInfo *rel)
{
	Path	   *best = linitial(rel->pathlist);
	ListCell   *lc;

	foreach(lc, rel->pathlist)
	{
		if (compare_path_costs(lfirst(lc), best, TOTAL_COST) < 0)
			best = lfirst(lc);
	}
	return best;
}

/*
 * A scan that delivers a record's rows in the final target of the statement;
 * it costs what the input costs.
 */
static Path *
final_scan(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *input_rel, DistRel * dist)
{
	PathTarget *target = root->upper_targets[UPPERREL_FINAL];
	Path	   *input = cheapest_path(input_rel);
	Path	   *path = scan_path_make(rel, dist, target, dist->conds);

	path->rows = input->rows;
	path->startup_cost = input->startup_cost;
	path->total_cost = input->total_cost;
	if (dist->upper->sort != NIL)
		path->pathkeys = root->sort_pathkeys;
	return path;
}

/* UPPERREL_ORDERED: the nodes sort what the input delivers. */
static void
push_sort(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *ordered_rel)
{
	DistRel    *dist = dist_rel_get(input_rel);
	PathTarget *target;
	DistUpper  *upper;
	List	   *keys;
	Path	   *path;

	if (!enable_sort_pushdown || !is_sortable(dist) || dist->local != NIL ||
		root->parse->hasTargetSRFs ||
		!find_keys(NULL, root->upper_targets[UPPERREL_FINAL], dist,
				   root->sort_pathkeys, &keys))
		return;
	target = dist->upper != NULL ? copy_pathtarget(dist->upper->target) :
		final_columns(root, dist, keys);
	if (has_row_identity(root, target))
		return;
	dist = copy_record(dist, target, &upper);
	upper->sort = sort_clauses(target, keys);
	ordered_rel->fdw_private = dist;
	path = final_scan(root, ordered_rel, input_rel, dist);
	if (upper->sort != NIL)
		cost_sort_on_nodes(path, root->limit_tuples);
	ordered_rel->pathlist = NIL;
	add_path(ordered_rel, path);
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

	if (!limit_needed(parse) || !is_sortable(dist))
		return;
	if (with_ties && (dist->upper == NULL || dist->upper->sort == NIL))
		return;
	bound = limit_bound(dist, parse);
	if (bound == NULL)
		return;
	target = dist->upper != NULL ? dist->upper->target : final_columns(root, dist, NIL);
	if (has_row_identity(root, target))
		return;
	dist = copy_record(dist, target, &upper);
	upper->limit = bound;
	upper->with_ties = with_ties;
	path = final_scan(root, input_rel, input_rel, dist);
	bound_rows(path, bound);
	final_rel->pathlist = NIL;
	add_path(final_rel, (Path *)
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
