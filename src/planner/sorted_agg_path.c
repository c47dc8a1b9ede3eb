/*
 * sorted_agg_path.c
 *		Path tier: aggregates that take their input in order, or only once.
 *
 * Such aggregates have no partial states: their input comes here.  But the
 * nodes can compute their arguments and sort the rows, by the groups first and
 * then as the first of the aggregates wants it, whose own sort then finds
 * nothing to do.  If no aggregate minds duplicates, nodes drop them, too: with a
 * hash table before they sort, where few rows remain, else from what is sorted.
 * Large groups of plain values are left to the aggregate's own sort, where nodes
 * are too few to be faster with whole rows.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_aggregate.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "parser/parse_oper.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "deparse/shippable.h"
#include "metadata/node.h"
#include "planner/cost.h"
#include "planner/order_path.h"
#include "planner/scan_path.h"
#include "planner/sorted_agg_path.h"
#include "planner/upper_record.h"

/* Duplicates are dropped if less than this part of the rows is expected to remain. */
#define WORTH_DROPPING 0.7

/* The same for hashing what can be sorted as plain values, which is fast. */
#define WORTH_HASHING_VALUES 0.05

/*
 * Sorting rows by a second column, where the first has few values, takes a node
 * so many times as long as sorting each group's plain values takes here.
 */
#define SECOND_COLUMN_SORT 3.5

/* The groups that such few values make have at least so many rows. */
#define LARGE_GROUP 1000

/* What the aggregates of a grouping take. */
typedef struct AggregateInput
{
	const DistRel *dist;
	PathTarget *target;
	Index		last_reference;
	Aggref	   *ordered;		/* the first that wants an order */
	bool		once;			/* duplicates do not matter */
}			AggregateInput;

/* ---- columns ---- */

static bool
can_deliver(const AggregateInput * input, Expr *expr)
{
	return is_returnable_type(exprType((Node *) expr)) &&
		dist_rel_can_compute(input->dist, (Node *) expr);
}

/* The column's number for sort clauses; 0 if there is none. */
static Index
column_reference(const AggregateInput * input, const Expr *expr)
{
	ListCell   *lc;

	foreach(lc, input->target->exprs)
	{
		if (equal(lfirst(lc), expr))
			return get_pathtarget_sortgroupref(input->target, foreach_current_index(lc));
	}
	return 0;
}

static bool
add_column(AggregateInput * input, Expr *expr)
{
	if (column_reference(input, expr) != 0)
		return true;
	if (!can_deliver(input, expr))
		return false;
	add_column_to_pathtarget(input->target, expr, ++input->last_reference);
	return true;
}

/* Something that an aggregate takes: as a column or, if need be, its columns. */
static bool
add_value(AggregateInput * input, Expr *expr)
{
	ListCell   *lc;

	if (contain_volatile_functions((Node *) expr))
		input->once = false;
	if (!contain_var_clause((Node *) expr) || add_column(input, expr))
		return true;
	input->once = false;
	foreach(lc, pull_var_clause((Node *) expr, PVC_INCLUDE_PLACEHOLDERS))
	{
		if (!add_column(input, lfirst(lc)))
			return false;
	}
	return true;
}

/* Would this aggregate give the same if a row came twice? */
static bool
ignores_duplicates(const Aggref *aggref)
{
	HeapTuple	tuple;
	bool		extreme;

	if (aggref->aggkind != AGGKIND_NORMAL)
		return false;
	if (aggref->aggdistinct != NIL || aggref->aggfnoid == F_BOOL_AND ||
		aggref->aggfnoid == F_BOOL_OR || aggref->aggfnoid == F_EVERY)
		return true;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	/* min() and max() say by which operator */
	extreme = OidIsValid(((Form_pg_aggregate) GETSTRUCT(tuple))->aggsortop);
	ReleaseSysCache(tuple);
	return extreme;
}

static bool
add_aggregate(AggregateInput * input, Aggref *aggref)
{
	ListCell   *lc;

	input->once &= ignores_duplicates(aggref);
	if (input->ordered == NULL && (aggref->aggdistinct != NIL || aggref->aggorder != NIL))
		input->ordered = aggref;
	foreach(lc, aggref->args)
	{
		if (!add_value(input, lfirst_node(TargetEntry, lc)->expr))
			return false;
	}
	return aggref->aggfilter == NULL || add_value(input, aggref->aggfilter);
}

/* Add what expressions over groups take; true: something cannot be delivered. */
static bool
add_input_walker(Node *node, void *context)
{
	AggregateInput *input = context;

	if (node == NULL || column_reference(input, (Expr *) node) != 0)
		return false;
	if (IsA(node, Aggref))
		return !add_aggregate(input, (Aggref *) node) ||
			expression_tree_walker((Node *) ((Aggref *) node)->aggdirectargs,
								   add_input_walker, context);
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
		return !add_column(input, (Expr *) node);
	return expression_tree_walker(node, add_input_walker, context);
}

/* ---- order ---- */

/* Append a key; false if the nodes cannot sort by it. */
static bool
add_key(const AggregateInput * input, List **keys, const SortGroupClause *clause, Expr *expr)
{
	Index		reference = column_reference(input, expr);
	SortGroupClause *key;
	ListCell   *lc;

	if (reference == 0 || !upper_can_sort_by(input->dist, expr, clause->sortop))
		return false;
	foreach(lc, *keys)
	{
		if (lfirst_node(SortGroupClause, lc)->tleSortGroupRef == reference)
			return true;
	}
	key = copyObject(unconstify(SortGroupClause *, clause));
	key->tleSortGroupRef = reference;
	*keys = lappend(*keys, key);
	return true;
}

/* Do the nodes together sort the values of few large groups slower than this server? */
static bool
sorts_faster_here(const Grouping * grouping, const AggregateInput * input)
{
	return grouping->clauses != NIL &&
		grouping->groups * LARGE_GROUP <= grouping->input->rows &&
		grouping->dist->group->nnodes < SECOND_COLUMN_SORT &&
		list_length(input->ordered->args) == 1 &&
		get_typbyval(exprType((Node *) linitial_node(TargetEntry, input->ordered->args)->expr)) &&
		list_length(grouping->root->group_pathkeys) <= list_length(grouping->clauses);
}

/*
 * The grouping columns, then what the first ordered aggregate sorts by, unless
 * that is left to the aggregate.
 */
static bool
find_keys(const Grouping * grouping, const AggregateInput * input, bool only_groups, List **keys)
{
	List	   *clauses = input->ordered->aggdistinct != NIL ?
		input->ordered->aggdistinct : input->ordered->aggorder;
	ListCell   *lc;

	foreach(lc, grouping->clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);

		if (!add_key(input, keys, clause, (Expr *)
					 get_sortgroupclause_expr(clause, grouping->root->processed_tlist)))
			return false;
	}
	if (only_groups)
		return true;
	foreach(lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);

		if (!add_key(input, keys, clause, (Expr *)
					 get_sortgroupclause_expr(clause, input->ordered->args)))
			break;
	}
	return *keys != NIL;
}

/* ---- duplicates ---- */

/* Clauses for all columns; NIL if the nodes cannot compare all of them. */
static List *
distinct_clauses(const AggregateInput * input, List *keys)
{
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, input->target->exprs)
	{
		Expr	   *expr = lfirst(lc);
		Oid			collation = exprCollation((Node *) expr);
		SortGroupClause *clause = makeNode(SortGroupClause);

		get_sort_group_operators(exprType((Node *) expr), false, false, false,
								 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
		/* a key with a collation of its own is not the column that is distinct */
		if (!OidIsValid(clause->eqop) || !upper_can_sort_by(input->dist, expr, clause->sortop) ||
			(OidIsValid(collation) && !IsA(expr, Var)))
			return NIL;
		clause->tleSortGroupRef = get_pathtarget_sortgroupref(input->target,
															  foreach_current_index(lc));
		clauses = lappend(clauses, clause);
	}
	return clauses;
}

/* Rows that remain if each node drops its duplicates, with so many different rows in all. */
static double
rows_without_duplicates(const Grouping * grouping, double distinct)
{
	double		rows = grouping->input->rows;
	double		nodes = grouping->dist->group->nnodes;

	distinct = Max(distinct, 1);
	return clamp_row_est(Min(rows, nodes * distinct * (1 - pow(1 - 1 / distinct, rows / nodes))));
}

/*
 * Will hashing the rows leave few of them, even if every value comes with every
 * other?  Else it is a guess: PostgreSQL takes columns of one table to depend on
 * each other.
 */
static bool
surely_repeats(const Grouping * grouping, const AggregateInput * input)
{
	List	   *columns = input->target->exprs;
	double		part = WORTH_DROPPING;
	double		distinct = 1;
	ListCell   *lc;

	if (list_length(columns) == 1 && get_typbyval(exprType(linitial(columns))))
		part = WORTH_HASHING_VALUES;
	foreach(lc, columns)
		distinct *= estimate_num_groups(grouping->root, list_make1(lfirst(lc)),
										grouping->input->rows, NULL, NULL);
	return rows_without_duplicates(grouping, distinct) < part * grouping->input->rows;
}

/* Do equal neighbours in this order, of all columns, stand for all duplicates? */
static bool
sorts_duplicates(List *keys, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		SortGroupClause *key = get_sortgroupref_clause_noerr(clause->tleSortGroupRef, keys);

		if (key == NULL || key->eqop != clause->eqop)
			return false;
	}
	return true;
}

/*
 * Have the nodes drop duplicates, if that seems worth while.  Nodes would hash
 * all rows for it, and sort what is left; if that may be most of them, the
 * duplicates are rather dropped in passing from what is sorted anyway.
 */
static void
drop_duplicates(const Grouping * grouping, const AggregateInput * input, DistUpper * upper,
				bool hashed, double *rows)
{
	double		distinct = estimate_num_groups(grouping->root, input->target->exprs, *rows,
											   NULL, NULL);
	double		left = rows_without_duplicates(grouping, distinct);
	List	   *clauses;

	if (!input->once || left >= WORTH_DROPPING * *rows)
		return;
	clauses = distinct_clauses(input, upper->sort);
	if (clauses == NIL || (!hashed && !sorts_duplicates(upper->sort, clauses)))
		return;
	upper->node_distinct = hashed ? clauses : upper->sort;
	upper->distinct_on = !hashed;
	*rows = left;
}

/* ---- the path ---- */

static DistUpper *
make_upper(const Grouping * grouping, AggregateInput * input, double *rows)
{
	DistUpper  *upper = palloc0(sizeof(DistUpper));
	bool		hashed = input->once && surely_repeats(grouping, input);

	upper->target = input->target;
	if (!find_keys(grouping, input, !hashed && sorts_faster_here(grouping, input), &upper->sort))
		return NULL;
	*rows = grouping->input->rows;
	drop_duplicates(grouping, input, upper, hashed, rows);
	set_pathtarget_cost_width(grouping->root, upper->target);
	return upper;
}

static Path *
input_path(const Grouping * grouping, DistUpper * upper, double rows)
{
	DistRel    *dist = palloc(sizeof(DistRel));
	RelOptInfo *rel = fetch_upper_rel(grouping->root, UPPERREL_PARTIAL_GROUP_AGG, NULL);
	Path	   *path;

	*dist = *grouping->dist;
	dist->upper = upper;
	rel->consider_parallel = false;
	path = scan_path_make_upper(rel, dist, rows);
	path->pathkeys = grouping->root->group_pathkeys;
	cost_sort_on_nodes(path, -1);
	return path;
}

void
sorted_agg_path_add(const Grouping * grouping)
{
	PlannerInfo *root = grouping->root;
	PathTarget *grouped = grouping->output->reltarget;
	AggregateInput input = {.dist = grouping->dist, .once = true};
	AggClauseCosts costs;
	DistUpper  *upper;
	Path	   *path;
	double		rows;

	if (root->numOrderedAggs == 0 || !order_can_sort(grouping->dist) ||
		root->parse->groupingSets != NIL || !grouping_is_sortable(grouping->clauses) ||
		expression_returns_set((Node *) grouped->exprs))
		return;
	input.target = create_empty_pathtarget();
	for (int i = 0; i < list_length(grouped->exprs); i++)
	{
		Index		reference = get_pathtarget_sortgroupref(grouped, i);

		if (reference == 0 || get_sortgroupref_clause_noerr(reference, grouping->clauses) == NULL)
			continue;
		if (!can_deliver(&input, list_nth(grouped->exprs, i)))
			return;
		add_column_to_pathtarget(input.target, list_nth(grouped->exprs, i), reference);
		input.last_reference = Max(input.last_reference, reference);
	}
	if (add_input_walker((Node *) grouped->exprs, &input) ||
		add_input_walker((Node *) grouping->having, &input) || input.ordered == NULL)
		return;
	upper = make_upper(grouping, &input, &rows);
	if (upper == NULL)
		return;
	memset(&costs, 0, sizeof(costs));
	get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
	path = (Path *)
		create_agg_path(root, grouping->output, input_path(grouping, upper, rows), grouped,
						grouping->clauses == NIL ? AGG_PLAIN : AGG_SORTED, AGGSPLIT_SIMPLE,
						grouping->clauses, grouping->having, &costs, grouping->groups);
	path->total_cost += agg_path_ordered_cost(grouping, rows);
	grouping->output->pathlist = NIL;
	add_path(grouping->output, path);
}
