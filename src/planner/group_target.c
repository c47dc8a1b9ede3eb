/*
 * group_target.c
 *		What a grouping fragment delivers, and where its groups lie.
 *
 * Expressions over aggregates and grouping columns are computed here, from
 * these; so they may be anything.  A column that is neither grouped nor
 * aggregated depends on the grouping columns (the planner has checked that the
 * primary key is among them); the shard is told to group by it, too, which
 * changes no group.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_oper.h"
#include "utils/lsyscache.h"

#include "compat/aggregate_compat.h"
#include "deparse/shippable.h"
#include "planner/group_target.h"
#include "planner/key_value.h"
#include "planner/partial_aggregate.h"

/* State of the walk over target and HAVING. */
typedef struct TargetBuilder
{
	const DistRel *dist;
	DistUpper  *upper;
	List	   *grouped;		/* expressions of the grouping columns */
	bool		columns_only;	/* aggregates need not be delivered */
	const char *obstacle;		/* the first, or NULL */
}			TargetBuilder;

/* Say why not; returns false. */
static bool
refuse(TargetBuilder * builder, const char *why)
{
	if (builder->obstacle == NULL)
		builder->obstacle = why;
	return false;
}

/* A column that the shard can compute and send. */
static bool
can_deliver(const DistRel * dist, Node *expr)
{
	return is_returnable_type(exprType(expr)) && dist_rel_can_compute(dist, expr);
}

/* Can the shard group by an expression of this type, as it would here? */
static bool
can_group(const SortGroupClause *clause)
{
	OpExpr	   *equality = makeNode(OpExpr);

	equality->opno = clause->eqop;
	equality->opfuncid = get_opcode(clause->eqop);
	return is_shippable((Node *) equality);
}

/* Append a grouping column; false when it cannot be one. */
static bool
add_group_column(TargetBuilder * builder, Expr *expr, SortGroupClause *clause)
{
	if (!can_deliver(builder->dist, (Node *) expr) || !can_group(clause))
		return refuse(builder, "a column that nodes cannot compute or compare");
	add_column_to_pathtarget(builder->upper->target, expr, clause->tleSortGroupRef);
	builder->upper->group = lappend(builder->upper->group, clause);
	builder->grouped = lappend(builder->grouped, expr);
	return true;
}

/* A clause that groups by one more column; NULL if the type has no equality. */
static SortGroupClause *
new_clause(List *clauses, Oid type)
{
	SortGroupClause *clause = makeNode(SortGroupClause);
	ListCell   *lc;

	get_sort_group_operators(type, false, false, false,
							 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
	if (!OidIsValid(clause->eqop) || (!OidIsValid(clause->sortop) && !clause->hashable))
		return NULL;
	foreach(lc, clauses)
		clause->tleSortGroupRef = Max(clause->tleSortGroupRef,
									  lfirst_node(SortGroupClause, lc)->tleSortGroupRef);
	clause->tleSortGroupRef++;
	return clause;
}

/* A column that depends on the grouping columns. */
static bool
add_dependent_column(TargetBuilder * builder, Node *column)
{
	SortGroupClause *clause = new_clause(builder->upper->group, exprType(column));

	/* grouping sets that leave out what it depends on would need a column of their own */
	if (builder->upper->grouping_sets != NIL || clause == NULL)
		return refuse(builder, "a column that depends on the grouping columns");
	return add_group_column(builder, (Expr *) copyObject(column), clause);
}

static bool
add_aggregate(TargetBuilder * builder, Aggref *aggref)
{
	if (!dist_rel_can_compute(builder->dist, (Node *) aggref))
		return refuse(builder, "an aggregate that nodes cannot compute");
	if (builder->upper->partial)
	{
		const char *obstacle = partial_aggregate_obstacle(aggref);

		if (obstacle != NULL)
			return refuse(builder, obstacle);
		aggref = partial_aggregate_make(aggref);
	}
	else if (!is_returnable_type(aggref->aggtype))
		return refuse(builder, "an aggregate whose type nodes do not have");
	if (!builder->columns_only)
		add_new_column_to_pathtarget(builder->upper->target, (Expr *) aggref);
	return true;
}

/* Add what an expression is made of; true: it cannot be delivered. */
static bool
add_parts_walker(Node *node, void *context)
{
	TargetBuilder *builder = context;

	if (node == NULL || list_member(builder->grouped, node))
		return false;
	if (IsA(node, Aggref))
		return !add_aggregate(builder, (Aggref *) node);
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
		return !add_dependent_column(builder, node);
	if (IsA(node, GroupingFunc))
	{
		if (!builder->columns_only)
			add_new_column_to_pathtarget(builder->upper->target, (Expr *) node);
		return false;
	}
	return expression_tree_walker(node, add_parts_walker, context);
}

/* All grouping columns, in the order of the target. */
static bool
add_group_columns(TargetBuilder * builder, List *clauses, PathTarget *grouped)
{
	for (int i = 0; i < list_length(grouped->exprs); i++)
	{
		Index		ref = get_pathtarget_sortgroupref(grouped, i);
		SortGroupClause *clause = ref == 0 ? NULL :
			get_sortgroupref_clause_noerr(ref, clauses);

		if (clause != NULL &&
			!add_group_column(builder, list_nth(grouped->exprs, i), clause))
			return false;
	}
	return true;
}

/* The planner has expanded GROUPING SETS to lists of references; as a clause. */
static List *
grouping_sets_clause(List *sets)
{
	GroupingSet *all = makeGroupingSet(GROUPING_SET_SETS, NIL, -1);
	ListCell   *lc;

	if (sets == NIL)
		return NIL;
	foreach(lc, sets)
	{
		List	   *set = lfirst(lc);

		all->content = lappend(all->content,
							   makeGroupingSet(set == NIL ? GROUPING_SET_EMPTY :
											   GROUPING_SET_SIMPLE, set, -1));
	}
	return list_make1(all);
}

DistUpper *
group_target_make(PlannerInfo *root, const DistRel * dist, PathTarget *grouped,
				  List *having, bool partial, const char **obstacle)
{
	DistUpper  *upper = palloc0(sizeof(DistUpper));
	TargetBuilder builder = {.dist = dist, .upper = upper};

	upper->target = create_empty_pathtarget();
	upper->grouped = true;
	upper->partial = partial;
	upper->grouping_sets = grouping_sets_clause(root->parse->groupingSets);
	*obstacle = "a set-returning function";
	if (expression_returns_set((Node *) grouped->exprs))
		return NULL;
	if (!add_group_columns(&builder, compat_group_clause(root), grouped) ||
		add_parts_walker((Node *) grouped->exprs, &builder))
	{
		*obstacle = builder.obstacle;
		return NULL;
	}
	builder.columns_only = !partial;
	*obstacle = "HAVING with what nodes cannot compute";
	if (add_parts_walker((Node *) having, &builder))
		return NULL;
	if (!partial)
	{
		upper->having = having;
		if (having != NIL && !dist_rel_can_compute(dist, (Node *) having))
			return NULL;
	}
	set_pathtarget_cost_width(root, upper->target);
	return upper;
}

/* Are two of the sets the same? */
static bool
repeats_a_set(List *sets)
{
	List	   *seen = NIL;
	ListCell   *lc,
			   *lc2;

	foreach(lc, sets)
	{
		Bitmapset  *set = NULL;

		foreach(lc2, (List *) lfirst(lc))
			set = bms_add_member(set, lfirst_int(lc2));
		foreach(lc2, seen)
		{
			if (bms_equal(set, lfirst(lc2)))
				return true;
		}
		seen = lappend(seen, set);
	}
	return false;
}

SortGroupClause *
group_target_add_set(PlannerInfo *root, DistUpper * upper)
{
	GroupingFunc *function = makeNode(GroupingFunc);
	SortGroupClause *clause = new_clause(upper->group, INT4OID);
	ListCell   *lc;

	/* GROUPING() returns an integer of a bit per argument */
	if (repeats_a_set(root->parse->groupingSets) || list_length(upper->group) > 31)
		return NULL;
	foreach(lc, upper->group)
	{
		SortGroupClause *column = lfirst_node(SortGroupClause, lc);

		function->args = lappend(function->args,
								 get_sortgroupclause_expr(column, root->processed_tlist));
		function->refs = lappend_int(function->refs, column->tleSortGroupRef);
	}
	function->location = -1;
	add_column_to_pathtarget(upper->target, (Expr *) function, clause->tleSortGroupRef);
	return clause;
}

/* ---- where groups lie ---- */

static bool
is_key(const DistRel * dist, Node *expr)
{
	ListCell   *lc;

	expr = strip_relabel(expr);
	if (!IsA(expr, Var))
		return false;
	foreach(lc, dist->keys)
	{
		Var		   *key = lfirst_node(Var, lc);

		if (key->varno == ((Var *) expr)->varno && key->varattno == ((Var *) expr)->varattno)
			return true;
	}
	return false;
}

/* Is the expression equal to a key in all rows, as this operator sees it? */
static bool
equals_key(PlannerInfo *root, const DistRel * dist, Node *expr, Oid eqop)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, root->eq_classes)
	{
		EquivalenceClass *class = lfirst_node(EquivalenceClass, lc);
		bool		has_key = false;
		bool		has_expr = false;

		if (class->ec_has_volatile || class->ec_below_outer_join ||
			!equal(class->ec_opfamilies, get_mergejoin_opfamilies(eqop)))
			continue;
		foreach(lc2, class->ec_members)
		{
			EquivalenceMember *member = lfirst_node(EquivalenceMember, lc2);

			if (member->em_is_child)
				continue;
			has_key |= is_key(dist, (Node *) member->em_expr);
			has_expr |= equal(member->em_expr, expr);
		}
		if (has_key && has_expr)
			return true;
	}
	return false;
}

bool
group_holds_key(PlannerInfo *root, const DistRel * dist, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		Node	   *expr = get_sortgroupclause_expr(clause, root->processed_tlist);

		if (equality_opfamily(clause->eqop, exprCollation(expr)) !=
			key_opfamily(dist->group->key_type))
			continue;
		if (is_key(dist, expr) || equals_key(root, dist, expr, clause->eqop))
			return true;
	}
	return false;
}

bool
groups_within_shards(PlannerInfo *root, const DistRel * dist)
{
	List	   *clauses = compat_group_clause(root);
	ListCell   *lc,
			   *lc2;

	if (dist->group->nshards == 1)
		return true;
	foreach(lc, root->parse->groupingSets)
	{
		List	   *set = NIL;

		foreach(lc2, (List *) lfirst(lc))
			set = lappend(set, get_sortgroupref_clause(lfirst_int(lc2), clauses));
		if (!group_holds_key(root, dist, set))
			return false;
	}
	return group_holds_key(root, dist, clauses);
}
