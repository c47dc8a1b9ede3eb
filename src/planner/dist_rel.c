/*
 * dist_rel.c
 *		The path tier's record of a relation that lives on shards, and the
 *		Query that fetches such a relation, rebuilt from planner state.
 *
 * The rebuilt Query keeps the level's range table with its indexes, so Vars
 * stay as they are; entries that the fragment does not read become dummies.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "optimizer/restrictinfo.h"
#include "parser/analyze.h"
#include "utils/lsyscache.h"

#include "deparse/shippable.h"
#include "planner/dist_rel.h"
#include "planner/shell_mark.h"
#include "planner/unsupported.h"

DistRel *
dist_rel_get(RelOptInfo *rel)
{
	return rel->fdwroutine == NULL ? rel->fdw_private : NULL;
}

/* Something that only the coordinator can compute, whatever its functions. */
static bool
local_only_walker(Node *node, void *context)
{
	const DistRel *dist = context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_SubLink:
		case T_PlaceHolderVar:
		case T_CurrentOfExpr:
			return true;
		case T_Var:
			return ((Var *) node)->varattno < 0;
		case T_Param:
			/* its value might come from a subplan that starts too late */
			return dist->before_writes &&
				((Param *) node)->paramkind == PARAM_EXEC;
		default:
			return expression_tree_walker(node, local_only_walker, context);
	}
}

bool
dist_rel_can_ship(const DistRel * dist, RelOptInfo *rel, RestrictInfo *clause)
{
	Node	   *expr = (Node *) clause->clause;
	List	   *params = NIL;

	return restriction_is_securely_promotable(clause, rel) &&
		!local_only_walker(expr, unconstify(DistRel *, dist)) &&
		!contain_volatile_functions(expr) &&
		is_shippable(extract_params(expr, &params));
}

/* Row mark clause that locks the relation in its fragment. */
static List *
base_row_marks(Index rti, const ShellMark * mark)
{
	RowMarkClause *clause;

	if (mark->strength == LCS_NONE)
		return NIL;
	clause = makeNode(RowMarkClause);
	clause->rti = rti;
	clause->strength = mark->strength;
	clause->waitPolicy = mark->wait_policy;
	clause->pushedDown = false;
	return list_make1(clause);
}

/*
 * The planner refuses this when it sees the row mark, which we took away.
 * Rows of a write's target are locked for our own reasons.
 */
static void
check_lockable(PlannerInfo *root, Index rti, LockClauseStrength strength)
{
	ListCell   *lc;

	if (strength == LCS_NONE || rti == root->parse->resultRelation)
		return;
	foreach(lc, root->join_info_list)
	{
		SpecialJoinInfo *join = lfirst_node(SpecialJoinInfo, lc);

		if (join->jointype != JOIN_LEFT && join->jointype != JOIN_FULL)
			continue;
		if (bms_is_member(rti, join->syn_righthand) ||
			(join->jointype == JOIN_FULL && bms_is_member(rti, join->syn_lefthand)))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("%s cannot be applied to the nullable side of an outer join",
							LCS_asString(strength))));
	}
}

static List *
base_keys(PlannerInfo *root, RelOptInfo *rel, const DistTable * table)
{
	Oid			type;
	int32		typmod;
	Oid			collation;

	if (table->kind != DIST_HASH)
		return NIL;
	get_atttypetypmodcoll(table->relid, table->key_attno, &type, &typmod, &collation);
	return list_make1(makeVar(rel->relid, table->key_attno, type, typmod, collation, 0));
}

DistRel *
dist_rel_make_base(PlannerInfo *root, RelOptInfo *rel, Index rti)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	DistTable  *table = dist_table_get(rte->relid);
	DistRel    *dist = palloc0(sizeof(DistRel));
	RangeTblRef *ref = makeNode(RangeTblRef);
	ShellMark	mark;
	ListCell   *lc;

	if (!shell_mark_get(rte, &mark))
		elog(ERROR, "relation %u is no marked shell", rte->relid);
	check_lockable(root, rti, mark.strength);
	ref->rtindex = rti;
	dist->colocation_id = table->colocation_id;
	dist->group = table->group;
	dist->relids = rel->relids;
	dist->from = list_make1(ref);
	dist->keys = base_keys(root, rel, table);
	dist->row_marks = base_row_marks(rti, &mark);
	dist->before_writes = mark.before_writes;
	dist->other_role = is_secured_for_other_role(root->parse, rte);
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (dist_rel_can_ship(dist, rel, clause))
			dist->conds = lappend(dist->conds, clause);
		else
			dist->local = lappend(dist->local, clause);
	}
	return dist;
}

/* Context of outer_vars_mutator. */
typedef struct BindContext
{
	Relids		relids;
	List	  **params;
}			BindContext;

/* The parameter that stands for an expression computed here. */
static Param *
param_for(Node *node, List **params)
{
	Param	   *param = makeNode(Param);
	int			position = 0;
	ListCell   *lc;

	foreach(lc, *params)
	{
		if (equal(lfirst(lc), node))
			position = foreach_current_index(lc) + 1;
	}
	if (position == 0)
	{
		*params = lappend(*params, copyObject(node));
		position = list_length(*params);
	}
	param->paramkind = PARAM_EXTERN;
	param->paramid = position;
	param->paramtype = exprType(node);
	param->paramtypmod = exprTypmod(node);
	param->paramcollid = exprCollation(node);
	param->location = -1;
	return param;
}

static Node *
outer_vars_mutator(Node *node, void *context)
{
	BindContext *bind = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && !bms_is_member(((Var *) node)->varno, bind->relids))
		return (Node *) param_for(node, bind->params);
	return expression_tree_mutator(node, outer_vars_mutator, context);
}

Node *
dist_rel_bind(const DistRel * dist, Node *node, List **params)
{
	BindContext bind = {dist->relids, params};

	node = extract_params(node, params);
	return outer_vars_mutator(node, &bind);
}

/* Copy of a range table entry for the fragment. */
static RangeTblEntry *
fragment_rte(const DistRel * dist, const RangeTblEntry *source, List **params)
{
	RangeTblEntry *rte = copyObject(unconstify(RangeTblEntry *, source));
	ShellMark	mark;

	rte->securityQuals = NIL;
	rte->requiredPerms = 0;
	rte->inh = true;
	if (shell_mark_get(rte, &mark))
	{
		rte->inh = !mark.only;
		if (mark.partitioned)
			rte->relkind = RELKIND_PARTITIONED_TABLE;
	}
	rte->ctelevelsup = 0;
	if (rte->tablesample != NULL)
		rte->tablesample = (TableSampleClause *)
			dist_rel_bind(dist, (Node *) rte->tablesample, params);
	return rte;
}

/* Stands where the fragment reads nothing. */
static RangeTblEntry *
dummy_rte(void)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_RESULT;
	rte->eref = makeAlias("*RESULT*", NIL);
	return rte;
}

static List *
fragment_rtable(PlannerInfo *root, const DistRel * dist, List **params)
{
	List	   *rtable = NIL;

	for (int rti = 1; rti < root->simple_rel_array_size; rti++)
	{
		if (bms_is_member(rti, dist->relids))
			rtable = lappend(rtable,
							 fragment_rte(dist, planner_rt_fetch(rti, root), params));
		else
			rtable = lappend(rtable, dummy_rte());
	}
	return rtable;
}

Query *
dist_rel_query(PlannerInfo *root, const DistRel * dist, List *columns,
			   List *quals, List **params)
{
	Query	   *query = makeNode(Query);
	Node	   *bound = dist_rel_bind(dist, (Node *) quals, params);
	ListCell   *lc;

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->rtable = fragment_rtable(root, dist, params);
	query->jointree = makeFromExpr(copyObject(dist->from),
								   bound == NULL ? NULL :
								   (Node *) make_ands_explicit((List *) bound));
	foreach(lc, columns)
	{
		int			resno = foreach_current_index(lc) + 1;
		Expr	   *expr = (Expr *) copyObject((Node *) lfirst(lc));

		query->targetList = lappend(query->targetList,
									makeTargetEntry(expr, resno, psprintf("c%d", resno), false));
	}
	query->rowMarks = copyObject(dist->row_marks);
	query->hasForUpdate = query->rowMarks != NIL;
	return query;
}

bool
dist_rel_ctid_is_junk(PlannerInfo *root, Index rti)
{
	RelOptInfo *rel = find_base_rel(root, rti);
	Relids		needed = rel->attr_needed[SelfItemPointerAttributeNumber - rel->min_attr];
	Var		   *ctid = makeVar(rti, SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0);
	bool		marked = false;
	ListCell   *lc;

	foreach(lc, root->rowMarks)
	{
		PlanRowMark *mark = lfirst_node(PlanRowMark, lc);

		marked |= mark->rti == rti && !RowMarkRequiresRowShareLock(mark->markType);
	}
	if (!marked || !bms_is_subset(needed, bms_make_singleton(0)))
		return false;
	foreach(lc, root->processed_tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk && list_member(pull_var_clause((Node *) tle->expr,
														 PVC_RECURSE_AGGREGATES |
														 PVC_RECURSE_WINDOWFUNCS |
														 PVC_RECURSE_PLACEHOLDERS),
										 ctid))
			return false;
	}
	return true;
}
