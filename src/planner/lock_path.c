/*
 * lock_path.c
 *		DistLock: rows of distributed tables are locked after they were chosen.
 *
 * A fragment that locks what it finds locks the right rows only if all of them
 * come out of the query level.  With LIMIT, with filters or joins that are
 * computed here, or for a cursor, one server would lock fewer.  Such a statement is planned
 * again with its row marks left in: PostgreSQL adds the rows' ctids and a
 * LockRows at the top of the level, below LIMIT, as for plain tables.  The
 * scans deliver synthetic ctids, as for UPDATE, and a ShardliteLock takes the
 * place of LockRows, which remains for tables of this server.  The target of a
 * write in such a statement is locked above its scan, too: often these are the
 * rows that the statement has just chosen, while others hold the rest.
 *
 * Between being read and being locked a row may be changed.  So that its
 * newest version can be found, a node keeps the snapshot of the reading
 * fragment: nothing that it saw is vacuumed before the transaction ends.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paramassign.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "utils/typcache.h"

#include "deparse/query_text.h"
#include "metadata/dist_table.h"
#include "planner/lock_path.h"
#include "planner/shell_mark.h"
#include "planner/target_table.h"

static Plan *plan_dist_lock(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
							List *tlist, List *clauses, List *custom_plans);

static const CustomPathMethods dist_lock_path_methods = {
	.CustomName = DIST_LOCK_NAME,
	.PlanCustomPath = plan_dist_lock,
};

/* ---- when ---- */

static bool
asked_walker(Node *node, void *context)
{
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, asked_walker, context);
	foreach(lc, ((Query *) node)->rowMarks)
	{
		RowMarkClause *clause = lfirst_node(RowMarkClause, lc);
		RangeTblEntry *rte = rt_fetch(clause->rti, ((Query *) node)->rtable);
		DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;

		if (table != NULL && table->kind != DIST_REFERENCE)
			return true;
	}
	return query_tree_walker((Query *) node, asked_walker, context, 0);
}

bool
lock_paths_asked(Query *parse)
{
	return asked_walker((Node *) parse, NULL);
}

/* Does this node hand on all the rows of its children? */
static bool
passes_all_rows(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Sort:
		case T_IncrementalSort:
		case T_Material:
		case T_LockRows:
		case T_Agg:
		case T_WindowAgg:
		case T_Append:
		case T_ModifyTable:
			return true;
		case T_Result:
			return plan->qual == NIL && ((Result *) plan)->resconstantqual == NULL;
		case T_SubqueryScan:
			return plan->qual == NIL;
		case T_CustomScan:
			return is_dist_modify((CustomScan *) plan);
		default:
			return false;
	}
}

static List *
plan_children(const Plan *plan)
{
	if (IsA(plan, Append))
		return ((Append *) plan)->appendplans;
	if (IsA(plan, CustomScan))
		return ((CustomScan *) plan)->custom_plans;
	if (IsA(plan, SubqueryScan))
		return list_make1(((SubqueryScan *) plan)->subplan);
	return list_make2(plan->lefttree, plan->righttree);
}

static bool
excessive_walker(Plan *plan, bool all_rows)
{
	ListCell   *lc;

	if (plan == NULL)
		return false;
	if (IsA(plan, CustomScan) && is_dist_scan((CustomScan *) plan))
	{
		const DistPlan *scan = dist_plan_decode(((CustomScan *) plan)->custom_private);

		/* a write's target has the rows' identity */
		if (scan->writes && scan->operation == CMD_SELECT && scan->row_id_rti == 0)
			return !all_rows || plan->qual != NIL;
	}
	all_rows &= passes_all_rows(plan);
	foreach(lc, plan_children(plan))
	{
		if (excessive_walker(lfirst(lc), all_rows))
			return true;
	}
	return false;
}

bool
lock_paths_excessive(const PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->subplans)
	{
		if (excessive_walker(lfirst(lc), true))
			return true;
	}
	return excessive_walker(stmt->planTree, true);
}

/* ---- paths ---- */

/* Must rows of this entry be locked on their shards, above their scan? */
static bool
is_ours(PlannerInfo *root, const PlanRowMark *mark)
{
	ShellMark	shell;

	return RowMarkRequiresRowShareLock(mark->markType) &&
		shell_mark_get(planner_rt_fetch(mark->rti, root), &shell) && shell.locked_above;
}

/* marks: of PlanRowMark; that of a write's target has no number. */
static CustomPath *
lock_path_over(Path *source, List *marks, int epq_param)
{
	CustomPath *path = makeNode(CustomPath);

	path->path = *source;
	path->path.type = T_CustomPath;
	path->path.pathtype = T_CustomScan;
	path->path.pathkeys = NIL;
	path->custom_paths = list_make1(source);
	path->custom_private = list_make2(marks, makeInteger(epq_param));
	path->methods = &dist_lock_path_methods;
	return path;
}

Path *
lock_path_for_target(PlannerInfo *root, Path *source)
{
	Query	   *parse = root->parse;
	PlanRowMark *mark = makeNode(PlanRowMark);
	ShellMark	shell;

	mark->rti = mark->prti = parse->resultRelation;
	if (!shell_mark_get(planner_rt_fetch(mark->rti, root), &shell) || !shell.locked_above)
		return source;
	mark->strength = target_table_lock_strength(parse);
	mark->waitPolicy = LockWaitBlock;
	if (mark->strength == LCS_NONE)
		return source;
	return (Path *) lock_path_over(source, list_make1(mark), assign_special_exec_param(root));
}

static Path *
make_lock_path(PlannerInfo *root, RelOptInfo *final_rel, LockRowsPath *lockrows)
{
	CustomPath *path;
	List	   *ours = NIL;
	List	   *others = NIL;
	bool		lock_others = false;
	ListCell   *lc;

	foreach(lc, lockrows->rowMarks)
	{
		PlanRowMark *mark = lfirst_node(PlanRowMark, lc);

		if (is_ours(root, mark))
		{
			ours = lappend(ours, mark);
			continue;
		}
		others = lappend(others, mark);
		lock_others |= RowMarkRequiresRowShareLock(mark->markType);
	}
	if (ours == NIL)
		return (Path *) lockrows;
	path = lock_path_over(lockrows->subpath, ours, lockrows->epqParam);
	path->path.rows = lockrows->path.rows;
	path->path.startup_cost = lockrows->path.startup_cost;
	path->path.total_cost = lockrows->path.total_cost;
	if (!lock_others)
		return (Path *) path;
	return (Path *) create_lockrows_path(root, final_rel, (Path *) path, others,
										 assign_special_exec_param(root));
}

void
lock_paths_replace(PlannerInfo *root, RelOptInfo *final_rel)
{
	ListCell   *lc;

	if (root->parse->rowMarks == NIL)
		return;
	foreach(lc, final_rel->pathlist)
	{
		Path	   *path = lfirst(lc);
		LimitPath  *limit = (LimitPath *) path;

		if (IsA(path, LockRowsPath))
			lfirst(lc) = make_lock_path(root, final_rel, (LockRowsPath *) path);
		else if (IsA(path, LimitPath) && IsA(limit->subpath, LockRowsPath))
			limit->subpath = make_lock_path(root, final_rel, (LockRowsPath *) limit->subpath);
	}
}

/* ---- the plan ---- */

/* Can this be computed a second time, before the Limit does? */
static bool
is_repeatable(Node *expr)
{
	return !contain_volatile_functions(expr) && !contain_subplans(expr) &&
		!contain_var_clause(expr);
}

/* How many rows does a LIMIT above take?  Fills in the plan; the expressions. */
static List *
limit_bound(const Query *parse, LockPlan * plan)
{
	plan->limited = parse->limitCount != NULL;
	if (!plan->limited || parse->limitOption != LIMIT_OPTION_COUNT ||
		!is_repeatable(parse->limitCount) || !is_repeatable(parse->limitOffset))
		return NIL;
	plan->bounded = true;
	if (parse->limitOffset == NULL)
		return list_make1(copyObject(parse->limitCount));
	plan->skips = true;
	return list_make2(copyObject(parse->limitCount), copyObject(parse->limitOffset));
}

static Plan *
plan_dist_lock(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
			   List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *child = linitial(custom_plans);
	LockPlan	plan = {0};
	ListCell   *lc;

	foreach(lc, linitial(best_path->custom_private))
	{
		PlanRowMark *mark = lfirst_node(PlanRowMark, lc);
		RangeTblEntry *rte = planner_rt_fetch(mark->rti, root);
		int			resno = target_list_junk(root->processed_tlist, mark->rowmarkId == 0 ?
											 "ctid" : psprintf("ctid%u", mark->rowmarkId));
		ShellMark	shell;

		if (resno == 0 || !shell_mark_get(rte, &shell))
			elog(ERROR, "rows to be locked have no ctid");
		plan.marks = lappend_int(plan.marks, (int) rte->relid);
		plan.marks = lappend_int(plan.marks, resno);
		plan.marks = lappend_int(plan.marks, mark->strength);
		plan.marks = lappend_int(plan.marks, mark->waitPolicy);
		plan.marks = lappend_int(plan.marks, shell.partitioned);
	}
	plan.epq_param = intVal(lsecond(best_path->custom_private));
	if (root->parse->commandType == CMD_SELECT)
		scan->custom_exprs = limit_bound(root->parse, &plan);
	scan->custom_scan_tlist = copyObject(child->targetlist);
	scan->scan.plan.targetlist = copyObject(child->targetlist);
	scan->custom_plans = custom_plans;
	scan->custom_private = lock_plan_encode(&plan);
	scan->methods = GetCustomScanMethods(DIST_LOCK_NAME, false);
	return (Plan *) scan;
}

/* Let this param's change be known on the way to the scan of the locked table. */
static void
add_epq_param(Plan *plan, int param)
{
	while (plan != NULL)
	{
		plan->extParam = bms_add_member(plan->extParam, param);
		plan->allParam = bms_add_member(plan->allParam, param);
		plan = plan->lefttree;
	}
}

static void
finish_walker(Plan *plan)
{
	ListCell   *lc;

	if (plan == NULL)
		return;
	if (IsA(plan, CustomScan) && is_dist_lock((CustomScan *) plan))
		add_epq_param(linitial(((CustomScan *) plan)->custom_plans),
					  lock_plan_decode(((CustomScan *) plan)->custom_private)->epq_param);
	foreach(lc, plan_children(plan))
		finish_walker(lfirst(lc));
}

void
lock_paths_finish(PlannedStmt *stmt)
{
	ListCell   *lc;

	finish_walker(stmt->planTree);
	foreach(lc, stmt->subplans)
		finish_walker(lfirst(lc));
}

/* ---- texts of the scans ---- */

static void
add_condition(Query *query, Node *condition)
{
	FromExpr   *from = query->jointree;

	from->quals = from->quals == NULL ? condition :
		(Node *) make_andclause(list_make2(condition, from->quals));
}

/* (SELECT shardlite_internal.hold_snapshot()), which is true. */
static Node *
hold_snapshot(void)
{
	List	   *name = list_make2(makeString("shardlite_internal"), makeString("hold_snapshot"));
	Query	   *query = makeNode(Query);
	SubLink    *sublink = makeNode(SubLink);
	FuncExpr   *call = makeFuncExpr(LookupFuncName(name, 0, NULL, false), BOOLOID, NIL,
									InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);

	query->commandType = CMD_SELECT;
	query->canSetTag = true;
	query->jointree = makeFromExpr(NIL, NULL);
	query->targetList = list_make1(makeTargetEntry((Expr *) call, 1, pstrdup("held"), false));
	sublink->subLinkType = EXPR_SUBLINK;
	sublink->subselect = (Node *) query;
	sublink->location = -1;
	return (Node *) sublink;
}

/* column = $n for a system column, with a new parameter. */
static Node *
equals_param(Index rti, AttrNumber attno, Oid type, List **params)
{
	Oid			operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	Param	   *param = makeNode(Param);

	*params = lappend(*params, makeNullConst(type, -1, InvalidOid));
	param->paramkind = PARAM_EXTERN;
	param->paramid = list_length(*params);
	param->paramtype = type;
	param->paramtypmod = -1;
	param->location = -1;
	return (Node *) make_opclause(operator, BOOLOID, false,
								  (Expr *) makeVar(rti, attno, type, -1, InvalidOid, 0),
								  (Expr *) param, InvalidOid, InvalidOid);
}

void
lock_path_set_text(PlannerInfo *root, const DistRel * dist, Query *query,
				   DistPlan * plan, List **params)
{
	Query	   *refetch = copyObject(query);
	int			rti = plan->row_id_rti;

	add_condition(query, hold_snapshot());
	query->hasSubLinks = true;
	plan->text = query_text(query);
	if (rti == 0 || bms_membership(root->all_baserels) != BMS_SINGLETON)
		return;
	add_condition(refetch, equals_param(rti, SelfItemPointerAttributeNumber, TIDOID, params));
	plan->refetch_param = list_length(*params);
	if (plan->row_id_leaf)
		add_condition(refetch, equals_param(rti, TableOidAttributeNumber, OIDOID, params));
	plan->refetch = query_text(refetch);
}
