/*
 * sort_keys.c
 *		From the planner's pathkeys to what nodes can sort by.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

#include "planner/fragment_query.h"
#include "planner/sort_keys.h"
#include "planner/upper_record.h"

/* One key of an order that the nodes can produce. */
typedef struct OrderKey
{
	Expr	   *expr;
	Oid			operator;
	bool		nulls_first;
}			OrderKey;

/* The operator that sorts a member of a class as a pathkey wants it. */
static Oid
ordering_operator(const PathKey *pathkey, const EquivalenceMember *member)
{
	return get_opfamily_member(pathkey->pk_opfamily, member->em_datatype,
							   member->em_datatype, pathkey->pk_strategy);
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
		upper_can_sort_by(dist, member->em_expr, ordering_operator(pathkey, member));
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
		if (upper_can_sort_by(dist, expr, operator))
			return make_key(pathkey, expr, operator);
	}
	return NULL;
}

bool
sort_keys_find(RelOptInfo *rel, const PathTarget *target, const DistRel * dist,
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

List *
sort_keys_clauses(PathTarget *target, List *keys)
{
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		OrderKey   *key = lfirst(lc);
		SortGroupClause *clause = makeNode(SortGroupClause);

		clause->tleSortGroupRef = upper_target_reference(target, upper_target_position(target, key->expr));
		clause->sortop = key->operator;
		clause->nulls_first = key->nulls_first;
		clauses = lappend(clauses, clause);
	}
	return clauses;
}

PathTarget *
sort_keys_target(PlannerInfo *root, const DistRel * dist, const PathTarget *wanted,
				 List *keys)
{
	List	   *columns = NIL;
	ListCell   *lc,
			   *lc2;

	foreach(lc, wanted->exprs)
	{
		bool		is_key = false;

		foreach(lc2, keys)
			is_key |= equal(((OrderKey *) lfirst(lc2))->expr, lfirst(lc));
		if (is_key)
			columns = list_append_unique(columns, lfirst(lc));
		else
			columns = fragment_columns(dist, columns, list_make1(lfirst(lc)));
	}
	return upper_target_make(root, columns);
}
