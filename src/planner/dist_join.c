/*
 * dist_join.c
 *		Which joins can the shards compute on their own?
 *
 * Inner joins of colocated tables on the distribution key, and of anything
 * with reference tables.  Nothing in such a fragment is null-extended, so
 * every column means inside what it means outside, and PlaceHolderVars can be
 * computed above.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "planner/dist_rel.h"
#include "planner/scan_keys.h"
#include "planner/unsupported.h"

/* Does the statement want a system column of this relation? */
static bool
needs_system_columns(PlannerInfo *root, const RelOptInfo *rel)
{
	for (AttrNumber attno = rel->min_attr; attno < 0; attno++)
	{
		if (!bms_is_empty(rel->attr_needed[attno - rel->min_attr]) &&
			!(attno == SelfItemPointerAttributeNumber &&
			  dist_rel_ctid_is_junk(root, rel->relid)))
			return true;
	}
	return false;
}

DistRel *
dist_rel_make_reference(PlannerInfo *root, RelOptInfo *rel, Index rti)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	DistRel    *dist;
	RangeTblRef *ref;
	ListCell   *lc;

	/* row marks that lock show as system columns */
	if (rel->reloptkind != RELOPT_BASEREL || rte->inh || rte->tablesample != NULL ||
		rte->securityQuals != NIL || rti == root->parse->resultRelation ||
		is_secured_for_other_role(root->parse, rte) || needs_system_columns(root, rel))
		return NULL;
	dist = palloc0(sizeof(DistRel));
	dist->everywhere = true;
	dist->relids = rel->relids;
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (!dist_rel_can_ship(dist, rel, clause))
			return NULL;
		dist->conds = lappend(dist->conds, clause);
	}
	ref = makeNode(RangeTblRef);
	ref->rtindex = rti;
	dist->from = list_make1(ref);
	return dist;
}

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

/* Do rows that join lie on the same shard? */
static bool
joins_within_shards(PlannerInfo *root, const DistRel * outer, const DistRel * inner,
					List *restrictlist)
{
	ListCell   *lc,
			   *lc2,
			   *lc3;

	if (outer->everywhere || inner->everywhere)
		return true;
	if (outer->colocation_id != inner->colocation_id)
		return false;
	if (!OidIsValid(outer->group->key_type))
		return true;
	foreach(lc, outer->keys)
	{
		foreach(lc2, inner->keys)
		{
			if (class_joins_keys(root, lfirst(lc), lfirst(lc2)))
				return true;
			foreach(lc3, restrictlist)
			{
				if (scan_keys_are_equal(outer, lfirst(lc), lfirst(lc2),
										lfirst_node(RestrictInfo, lc3)->clause))
					return true;
			}
		}
	}
	return false;
}

/* No base relation may see the clause before its security quals are done. */
static bool
clause_can_ship(PlannerInfo *root, const DistRel * dist, RestrictInfo *clause)
{
	int			relid = -1;

	while ((relid = bms_next_member(dist->relids, relid)) >= 0)
	{
		if (!dist_rel_can_ship(dist, find_base_rel(root, relid), clause))
			return false;
	}
	return true;
}

/* The scan can fill in the system columns of one table only. */
static int
count_system_columns(PlannerInfo *root, const DistRel * dist)
{
	int			count = 0;
	int			relid = -1;

	while ((relid = bms_next_member(dist->relids, relid)) >= 0)
		count += needs_system_columns(root, find_base_rel(root, relid));
	return count;
}

DistRel *
dist_rel_make_join(PlannerInfo *root, RelOptInfo *joinrel, const DistRel * outer,
				   const DistRel * inner, List *restrictlist)
{
	const DistRel *placed = outer->everywhere ? inner : outer;
	DistRel    *dist;
	ListCell   *lc;

	if (outer->local != NIL || inner->local != NIL ||
		outer->other_role || inner->other_role ||
		!bms_is_empty(joinrel->lateral_relids) ||
		!joins_within_shards(root, outer, inner, restrictlist))
		return NULL;
	dist = palloc0(sizeof(DistRel));
	dist->everywhere = placed->everywhere;
	dist->colocation_id = placed->colocation_id;
	dist->group = placed->group;
	dist->relids = bms_union(outer->relids, inner->relids);
	dist->from = list_concat_copy(outer->from, inner->from);
	dist->conds = list_concat_copy(outer->conds, inner->conds);
	dist->keys = list_concat_copy(outer->keys, inner->keys);
	dist->row_marks = list_concat_copy(outer->row_marks, inner->row_marks);
	dist->before_writes = outer->before_writes || inner->before_writes;
	if (count_system_columns(root, dist) > 1)
		return NULL;
	foreach(lc, restrictlist)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (!clause_can_ship(root, dist, clause))
			return NULL;
		dist->conds = lappend(dist->conds, clause);
	}
	return dist;
}
