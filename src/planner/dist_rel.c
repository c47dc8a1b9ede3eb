/*
 * dist_rel.c
 *		The path tier's record of a base relation that lives on shards, and what
 *		shards can compute over a record.  Records of joins: dist_join.c.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "deparse/shippable.h"
#include "planner/colocated_query.h"
#include "planner/cost.h"
#include "planner/dist_rel.h"
#include "planner/refusal.h"
#include "planner/shard_condition.h"
#include "planner/shard_subquery.h"
#include "planner/shell_mark.h"
#include "planner/unsupported.h"

/* Is this a scan with the sources of a record? */
static bool
is_scan_of(Path *path, const DistRel * dist)
{
	if (IsA(path, ProjectionPath))
		path = ((ProjectionPath *) path)->subpath;
	return IsA(path, CustomPath) &&
		strcmp(((CustomPath *) path)->methods->CustomName, DIST_SCAN_NAME) == 0 &&
		((DistRel *) linitial(((CustomPath *) path)->custom_private))->sources == dist->sources;
}

Path *
dist_rel_path(RelOptInfo *rel, const DistRel * dist)
{
	ListCell   *lc;

	/* an ordered relation has not been told which is the cheapest */
	if (rel->cheapest_total_path != NULL || !IS_UPPER_REL(rel))
		return rel->cheapest_total_path != NULL && is_scan_of(rel->cheapest_total_path, dist) ?
			rel->cheapest_total_path : NULL;
	foreach(lc, rel->pathlist)
	{
		if (is_scan_of(lfirst(lc), dist))
			return lfirst(lc);
	}
	return NULL;
}

DistRel *
dist_rel_get(RelOptInfo *rel)
{
	DistRel    *dist = rel->fdwroutine == NULL ? rel->fdw_private : NULL;

	if (dist == NULL || dist->sources == NIL || dist_rel_path(rel, dist) != NULL)
		return dist;
	return NULL;
}

DistRel *
dist_rel_rival(RelOptInfo *rel)
{
	DistRel    *dist = rel->fdwroutine == NULL ? rel->fdw_private : NULL;

	return dist != NULL && dist->sources != NIL && dist_rel_get(rel) == NULL ? dist : NULL;
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
dist_rel_can_compute(const DistRel * dist, Node *expr)
{
	List	   *params = NIL;

	return !local_only_walker(expr, unconstify(DistRel *, dist)) &&
		!contain_volatile_functions(expr) &&
		is_shippable(extract_params(expr, &params));
}

bool
dist_rel_can_ship(const DistRel * dist, RelOptInfo *rel, RestrictInfo *clause)
{
	return restriction_is_securely_promotable(clause, rel) &&
		dist_rel_can_compute(dist, (Node *) clause->clause);
}

const char *
dist_rel_obstacle(const DistRel * dist, Node *expr)
{
	List	   *params = NIL;
	DistRel		plain = {0};

	if (contain_subplans(expr))
		return "a sub-SELECT that is computed here";
	if (contain_volatile_functions(expr))
		return "a volatile function";
	if (local_only_walker(expr, &plain))
		return "a system column";
	if (local_only_walker(expr, unconstify(DistRel *, dist)))
		return "a value that comes after the statement began to write";
	return shipping_obstacle(extract_params(expr, &params));
}

const char *
dist_rel_clause_obstacle(const DistRel * dist, RelOptInfo *rel, RestrictInfo *clause)
{
	const char *obstacle = dist_rel_obstacle(dist, (Node *) clause->clause);

	return obstacle != NULL ? obstacle : "a condition that row security puts after others";
}

bool
dist_rel_has_keyed_source(const DistRel * dist)
{
	ListCell   *lc;

	/* a group of nodes has one per node */
	if (dist->colocation_id < 0)
		return false;
	foreach(lc, dist->sources)
	{
		if (((DistWrap *) lfirst(lc))->key_resno > 0)
			return true;
	}
	return false;
}

List *
bare_clauses(List *restrictinfos)
{
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, restrictinfos)
		clauses = lappend(clauses, lfirst_node(RestrictInfo, lc)->clause);
	return clauses;
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

/* What is common to tables of all kinds. */
static DistRel *
make_base(RelOptInfo *rel)
{
	DistRel    *dist = palloc0(sizeof(DistRel));
	DistFrom   *item = palloc0(sizeof(DistFrom));

	item->rti = rel->relid;
	dist->from = list_make1(item);
	dist->relids = rel->relids;
	return dist;
}

/* Which filters of a relation do the shards evaluate? */
static void
split_conditions(DistRel * dist, RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (dist_rel_can_ship(dist, rel, clause))
			dist->conds = lappend(dist->conds, clause);
		else
			dist->local = lappend(dist->local, clause);
	}
}

DistRel *
dist_rel_make_base(PlannerInfo *root, RelOptInfo *rel, Index rti)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	DistTable  *table = dist_table_get(rte->relid);
	DistRel    *dist = make_base(rel);
	ShellMark	mark;

	if (!shell_mark_get(rte, &mark))
		elog(ERROR, "relation %u is no marked shell", rte->relid);
	check_lockable(root, rti, mark.strength);
	dist->colocation_id = table->colocation_id;
	dist->group = table->group;
	dist->keys = base_keys(root, rel, table);
	dist->row_marks = base_row_marks(rti, &mark);
	dist->locked_above = mark.locked_above;
	dist->before_writes = mark.before_writes;
	dist->other_role = is_secured_for_other_role(root->parse, rte);
	refusal_note_level(dist, mark.refused_level, mark.refused_why);
	split_conditions(dist, rel);
	dist->work = cost_table_work(root, rel, dist->conds) +
		shard_conditions_cost(bare_clauses(dist->conds), rel->tuples);
	return dist;
}

/* Does this level have scans that are read before the statement writes? */
static bool
reads_before_writes(PlannerInfo *root)
{
	for (int rti = 1; rti < root->simple_rel_array_size; rti++)
	{
		ShellMark	mark;

		RangeTblEntry *rte = root->simple_rte_array[rti];

		if ((shell_mark_get(rte, &mark) && mark.before_writes) ||
			(shard_subquery_get(rte) != NULL && shard_subquery_reads_first(rte)))
			return true;
	}
	return false;
}

DistRel *
dist_rel_make_reference(PlannerInfo *root, RelOptInfo *rel, Index rti)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	DistRel    *dist;
	ListCell   *lc;

	/* row marks that lock show as system columns */
	if (rel->reloptkind != RELOPT_BASEREL || rte->inh || rte->tablesample != NULL ||
		rte->securityQuals != NIL || rti == root->parse->resultRelation ||
		is_secured_for_other_role(root->parse, rte) ||
		dist_rel_needs_system_columns(root, rel))
		return NULL;
	dist = make_base(rel);
	dist->everywhere = true;
	dist->before_writes = reads_before_writes(root);
	dist->copies_cost = rel->pages * seq_page_cost +
		rel->tuples * (cpu_tuple_cost + rel->baserestrictcost.per_tuple);
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (!dist_rel_can_ship(dist, rel, clause))
			return NULL;
		dist->conds = lappend(dist->conds, clause);
	}
	return dist;
}

/*
 * What the inside of a sub-SELECT costs: tables are read once, or once per row
 * of the others.
 */
static void
measure_subquery(DistRel * dist, const ColocatedQuery * facts)
{
	double		outer_rows = 0;
	double		pages;
	double		rows;
	ListCell   *lc;

	dist->work = 0;
	foreach(lc, facts->tables)
	{
		cost_measure_table(lfirst(lc), &pages, &rows);
		dist->work += pages * seq_page_cost + rows * cpu_tuple_cost;
		outer_rows = Max(outer_rows, rows);
	}
	foreach(lc, facts->lookups)
		dist->work += outer_rows * cost_lookup(lfirst(lc));
	foreach(lc, facts->copies)
	{
		cost_measure_table(dist_table_get(lfirst_oid(lc)), &pages, &rows);
		dist->copies_cost += pages * seq_page_cost + rows * cpu_tuple_cost;
	}
}

/* Output columns of an entry as Vars. */
static List *
output_vars(Index rti, const Query *query, List *resnos)
{
	List	   *vars = NIL;
	ListCell   *lc;

	foreach(lc, resnos)
		vars = lappend(vars, makeVarFromTargetEntry(rti, get_tle_by_resno(query->targetList,
																		  lfirst_int(lc))));
	return vars;
}

DistRel *
dist_rel_make_subquery(PlannerInfo *root, RelOptInfo *rel, Index rti)
{
	Query	   *query = shard_subquery_get(planner_rt_fetch(rti, root));
	DistRel    *dist = make_base(rel);
	ColocatedQuery facts;
	ListCell   *lc;

	if (!colocated_query(query, &facts))
		elog(ERROR, "subquery of range table entry %u cannot run on shards", rti);
	dist->colocation_id = facts.group->colocation_id;
	dist->group = facts.group;
	dist->before_writes = shard_subquery_reads_first(planner_rt_fetch(rti, root));
	dist->keys = output_vars(rti, query, facts.keys);
	dist->weak_keys = output_vars(rti, query, facts.weak_keys);
	foreach(lc, facts.values)
		dist->key_values = lappend(dist->key_values, expression_planner(copyObject(lfirst(lc))));
	measure_subquery(dist, &facts);
	split_conditions(dist, rel);
	dist->work += shard_conditions_cost(bare_clauses(dist->conds), rel->rows);
	return dist;
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

bool
dist_rel_needs_system_columns(PlannerInfo *root, const RelOptInfo *rel)
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
