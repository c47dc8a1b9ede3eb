/*
 * dist_join.c
 *		Which joins can the shards compute on their own?
 *
 * Joins of colocated tables on the distribution key, because rows that match
 * lie on the same shard; and joins with reference tables, which are whole on
 * every node, unless that would null-extend or repeat their rows per shard.
 *
 * The nullable side of an outer join is a sub-SELECT of the fragment: its
 * filters, PlaceHolderVars and whole rows keep their meaning without rules of
 * their own.  Semi-joins and anti-joins are EXISTS.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "planner/cost.h"
#include "planner/dist_rel.h"
#include "planner/refusal.h"
#include "planner/scan_keys.h"
#include "planner/shard_subquery.h"

/* Does this equivalence class hold the column? */
static bool
class_has_key(const EquivalenceClass *class, const Var *key)
{
	ListCell   *lc;

	foreach(lc, class->ec_members)
	{
		EquivalenceMember *member = lfirst_node(EquivalenceMember, lc);
		Node	   *expr = (Node *) member->em_expr;

		while (IsA(expr, RelabelType))
			expr = (Node *) ((RelabelType *) expr)->arg;
		if (!member->em_is_child && IsA(expr, Var) &&
			((Var *) expr)->varno == key->varno &&
			((Var *) expr)->varattno == key->varattno)
			return true;
	}
	return false;
}

/*
 * Are two keys known to be equal?  An equivalence class may know it though no
 * clause says so (a.k = b.k AND a.k = 7 leaves two constants).
 */
static bool
class_joins_keys(PlannerInfo *root, const Var *left, const Var *right)
{
	ListCell   *lc;

	foreach(lc, root->eq_classes)
	{
		EquivalenceClass *class = lfirst_node(EquivalenceClass, lc);

		if (class->ec_has_volatile || class->ec_below_outer_join ||
			(OidIsValid(class->ec_collation) &&
			 !get_collation_isdeterministic(class->ec_collation)))
			continue;
		if (class_has_key(class, left) && class_has_key(class, right))
			return true;
	}
	return false;
}

/* Does one of the clauses say that a key of each side are equal? */
static bool
clauses_join_keys(const DistRel * outer, List *left, List *right, List *clauses)
{
	ListCell   *lc,
			   *lc2,
			   *lc3;

	foreach(lc, left)
	{
		foreach(lc2, right)
		{
			foreach(lc3, clauses)
			{
				if (scan_keys_are_equal(outer, lfirst(lc), lfirst(lc2),
										lfirst_node(RestrictInfo, lc3)->clause))
					return true;
			}
		}
	}
	return false;
}

static bool
classes_join_keys(PlannerInfo *root, List *left, List *right)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, left)
	{
		foreach(lc2, right)
		{
			if (class_joins_keys(root, lfirst(lc), lfirst(lc2)))
				return true;
		}
	}
	return false;
}

/* Clauses that decide what matches, and those that filter the result. */
typedef struct JoinClauses
{
	List	   *on;
	List	   *where;
}			JoinClauses;

/* Do rows that match lie on the same shard, and does none appear twice? */
static bool
joins_within_shards(const JoinSides * sides, const JoinClauses * clauses)
{
	const DistRel *outer = sides->outer;
	const DistRel *inner = sides->inner;
	List	   *left = list_concat_copy(outer->keys, outer->weak_keys);
	List	   *right = list_concat_copy(inner->keys, inner->weak_keys);

	if (inner->everywhere)
		return outer->everywhere || sides->jointype != JOIN_FULL;
	if (outer->everywhere)
		return sides->jointype == JOIN_INNER;
	if (outer->colocation_id != inner->colocation_id)
		return false;
	if (!OidIsValid(outer->group->key_type))
		return true;
	if ((sides->jointype == JOIN_INNER || sides->jointype == JOIN_SEMI) &&
		classes_join_keys(sides->root, left, right))
		return true;
	return clauses_join_keys(outer, left, right, clauses->on);
}

/* No base relation may see the clause before its security quals are done. */
static bool
clauses_can_ship(PlannerInfo *root, const DistRel * dist, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		int			relid = -1;

		while ((relid = bms_next_member(dist->relids, relid)) >= 0)
		{
			if (!dist_rel_can_ship(dist, find_base_rel(root, relid), lfirst(lc)))
				return false;
		}
	}
	return true;
}

static int
count_system_columns(PlannerInfo *root, const DistRel * dist)
{
	int			count = 0;
	int			relid = -1;

	while ((relid = bms_next_member(dist->relids, relid)) >= 0)
		count += dist_rel_needs_system_columns(root, find_base_rel(root, relid));
	return count;
}

/* May this side disappear in a sub-SELECT? */
static bool
can_hide(PlannerInfo *root, const DistRel * dist)
{
	return dist->row_marks == NIL && count_system_columns(root, dist) == 0;
}

/* The column of the outer side that one of a semi-join's inner side equals, or NULL. */
static Var *
stand_in(const JoinSides * sides, const Var *hidden)
{
	ListCell   *lc;

	foreach(lc, sides->restrictlist)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);
		OpExpr	   *op = (OpExpr *) clause->clause;

		for (int i = 0; clause->mergeopfamilies != NIL && i < 2; i++)
		{
			Var		   *other = list_nth(op->args, 1 - i);

			if (equal(list_nth(op->args, i), hidden) && IsA(other, Var) &&
				bms_is_member(other->varno, sides->outer->relids) &&
				other->vartype == hidden->vartype && other->varcollid == hidden->varcollid)
				return other;
		}
	}
	return NULL;
}

/*
 * The inner side of a semi-join disappears in an EXISTS.  Nobody sees its columns,
 * but a clause above may be written with one, because it equals a column of the
 * outer side: which can stand in for it.  False if there is another need.
 */
static bool
find_stand_ins(const JoinSides * sides, List **stand_ins)
{
	ListCell   *lc;

	foreach(lc, sides->joinrel->reltarget->exprs)
	{
		Node	   *expr = lfirst(lc);
		Var		   *other;

		if (!bms_overlap(pull_varnos(sides->root, expr), sides->inner->relids))
			continue;
		other = IsA(expr, Var) ? stand_in(sides, (Var *) expr) : NULL;
		if (other == NULL)
			return false;
		*stand_ins = lappend(*stand_ins, list_make2(expr, other));
	}
	return true;
}

/* Why rows that match are not together on a shard. */
static const char *
distance(const JoinSides * sides)
{
	if ((sides->outer->everywhere && sides->outer->sources != NIL) ||
		(sides->inner->everywhere && sides->inner->sources != NIL))
		return "each shard would repeat or null-extend them";
	if (sides->outer->everywhere || sides->inner->everywhere)
		return "each shard would repeat or null-extend rows of a reference table";
	if (sides->outer->colocation_id != sides->inner->colocation_id)
		return "tables that are not colocated";
	return "not on the distribution column";
}

/* What keeps the shards from computing the join, NULL if nothing is known yet. */
static const char *
join_obstacle(const JoinSides * sides, const JoinClauses * clauses)
{
	const DistRel *outer = sides->outer;
	const DistRel *inner = sides->inner;

	if (outer == NULL || inner == NULL)
		return "rows that are computed here";
	if (outer->upper != NULL || inner->upper != NULL)
		return "a side that nodes sort, limit or group first";
	if (outer->local != NIL || inner->local != NIL)
		return "a filter that is evaluated here";
	if (outer->other_role || inner->other_role)
		return "row security of another role";
	if (!bms_is_empty(sides->joinrel->lateral_relids) ||
		!bms_is_empty(sides->outerrel->lateral_relids) ||
		!bms_is_empty(sides->innerrel->lateral_relids))
		return "a lateral reference";
	if (!joins_within_shards(sides, clauses))
		return distance(sides);

	switch (sides->jointype)
	{
		case JOIN_INNER:
			return NULL;
		case JOIN_FULL:
			if (!can_hide(sides->root, outer))
				return "system columns or row locks of an optional side";
			/* fall through */
		case JOIN_LEFT:
		case JOIN_ANTI:
		case JOIN_SEMI:
			return can_hide(sides->root, inner) ? NULL :
				"system columns or row locks of an optional side";
		default:
			return "a kind of join that has no SQL";
	}
}

/*
 * The sub-SELECT that stands for one side; NULL if a shard cannot compute its
 * columns.
 */
static DistFrom *
make_wrap(PlannerInfo *root, const DistRel * dist, RelOptInfo *rel)
{
	DistFrom   *item = palloc0(sizeof(DistFrom));
	ListCell   *lc;

	item->wrap = palloc0(sizeof(DistWrap));
	item->wrap->dist = dist;
	foreach(lc, rel->reltarget->exprs)
	{
		Node	   *expr = lfirst(lc);

		/* a ctid or whole row that nobody looks at, see can_hide() */
		if ((IsA(expr, Var) && ((Var *) expr)->varattno < 0) || shard_subquery_is_junk(root, expr))
			continue;
		if (!IsA(expr, Var) && !dist_rel_can_compute(dist, expr))
			return NULL;
		item->wrap->exprs = lappend(item->wrap->exprs, expr);
	}
	return item;
}

/* Combine the FROM clauses as an outer join. */
static bool
join_outer(DistRel * dist, const JoinSides * sides, List *on)
{
	DistFrom   *join = palloc0(sizeof(DistFrom));

	join->jointype = sides->jointype;
	join->left = sides->outer->from;
	join->right = make_wrap(sides->root, sides->inner, sides->innerrel);
	join->quals = bare_clauses(on);
	if (sides->jointype == JOIN_FULL)
	{
		DistFrom   *left = make_wrap(sides->root, sides->outer, sides->outerrel);

		if (left == NULL)
			return false;
		join->left = list_make1(left);
	}
	dist->from = list_make1(join);
	return join->right != NULL;
}

/* Add a semi-join or anti-join to the outer side's WHERE clause. */
static void
join_exists(DistRel * dist, const JoinSides * sides, List *on)
{
	DistExists *exists = palloc0(sizeof(DistExists));

	exists->dist = sides->inner;
	exists->quals = bare_clauses(on);
	exists->anti = sides->jointype == JOIN_ANTI;
	dist->exists = lappend(list_copy(dist->exists), exists);
	if (exists->anti)
		dist->nulled = bms_union(dist->nulled, sides->inner->relids);
}

static void
join_inner(DistRel * dist, const DistRel * inner)
{
	dist->from = list_concat_copy(dist->from, inner->from);
	dist->exists = list_concat_copy(dist->exists, inner->exists);
	dist->conds = list_concat_copy(dist->conds, inner->conds);
	dist->keys = list_concat_copy(dist->keys, inner->keys);
	dist->weak_keys = list_concat_copy(dist->weak_keys, inner->weak_keys);
	if (dist->key_values == NIL)
		dist->key_values = inner->key_values;
	dist->row_marks = list_concat_copy(dist->row_marks, inner->row_marks);
	dist->nulled = bms_union(dist->nulled, inner->nulled);
	dist->stand_ins = list_concat_copy(dist->stand_ins, inner->stand_ins);
}

/* What may be null-extended on a shard is no key for grouping. */
static void
weaken_keys(DistRel * dist, const DistRel * side)
{
	dist->weak_keys = list_concat_copy(dist->weak_keys, side->keys);
	dist->weak_keys = list_concat(dist->weak_keys, side->weak_keys);
}

/* A copy of the outer side, with all that concerns both. */
static DistRel *
begin_join(const JoinSides * sides)
{
	const DistRel *outer = sides->outer;
	const DistRel *inner = sides->inner;
	const DistRel *placed = outer->everywhere ? inner : outer;
	DistRel    *dist = palloc(sizeof(DistRel));

	*dist = *outer;
	refusal_forget(dist);
	if (dist->refused_level == NULL)
	{
		dist->refused_level = inner->refused_level;
		dist->refused_level_why = inner->refused_level_why;
	}
	dist->everywhere = placed->everywhere;
	dist->colocation_id = placed->colocation_id;
	dist->group = placed->group;
	dist->relids = bms_union(outer->relids, inner->relids);
	dist->before_writes = outer->before_writes || inner->before_writes;
	dist->work = cost_join_work(sides);
	dist->locked_above = outer->locked_above || inner->locked_above;
	dist->copies_cost = outer->copies_cost + inner->copies_cost;
	dist->sources = list_concat_copy(outer->sources, inner->sources);
	return dist;
}

static JoinClauses
split_clauses(const JoinSides * sides)
{
	JoinClauses clauses = {NIL, NIL};
	ListCell   *lc;

	foreach(lc, sides->restrictlist)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (IS_OUTER_JOIN(sides->jointype) &&
			RINFO_IS_PUSHED_DOWN(clause, sides->joinrel->relids))
			clauses.where = lappend(clauses.where, clause);
		else
			clauses.on = lappend(clauses.on, clause);
	}
	return clauses;
}

/* No record; says why to whoever wants to know. */
static DistRel *
refuse(const JoinSides * sides, const char *why)
{
	if (sides->obstacle != NULL)
		*sides->obstacle = why;
	return NULL;
}

DistRel *
dist_rel_make_join(const JoinSides * sides)
{
	JoinClauses clauses = split_clauses(sides);
	const char *obstacle = join_obstacle(sides, &clauses);
	DistRel    *dist;

	if (obstacle != NULL)
		return refuse(sides, obstacle);
	dist = begin_join(sides);
	if (!clauses_can_ship(sides->root, dist, sides->restrictlist))
		return refuse(sides, "a condition that nodes cannot evaluate");
	switch (sides->jointype)
	{
		case JOIN_INNER:
			join_inner(dist, sides->inner);
			dist->conds = list_concat(dist->conds, list_copy(clauses.on));
			break;
		case JOIN_SEMI:
			dist->stand_ins = list_copy(dist->stand_ins);
			if (!find_stand_ins(sides, &dist->stand_ins))
				return refuse(sides, "a column of a semi-join's inner side is needed");
			/* fall through */
		case JOIN_ANTI:
			join_exists(dist, sides, clauses.on);
			break;
		default:
			if (!join_outer(dist, sides, clauses.on))
				return refuse(sides, "an expression that nodes cannot compute");
			if (sides->jointype == JOIN_FULL)
			{
				dist->conds = dist->exists = dist->keys = dist->weak_keys = NIL;
				dist->key_values = NIL;
				dist->nulled = NULL;
				dist->stand_ins = NIL;
				weaken_keys(dist, sides->outer);
			}
			weaken_keys(dist, sides->inner);
	}
	dist->conds = list_concat_copy(dist->conds, clauses.where);

	/* the scan can fill in the system columns of one table only */
	return count_system_columns(sides->root, dist) > 1 ?
		refuse(sides, "system columns of several tables") : dist;
}
