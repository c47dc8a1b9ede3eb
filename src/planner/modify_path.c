/*
 * modify_path.c
 *		DistModify: rows that PostgreSQL's executor computes are written to the
 *		shards of a table, or to every copy of a reference table.
 *
 * Takes the place of ModifyTable at the top of a query level.  The source
 * delivers what ModifyTable would get (the processed target list); the plan
 * says which of its columns are sent.  RETURNING is computed here, from plain
 * columns that the shards send back and from columns of the source row.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "optimizer/paramassign.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

#include "compat/query_compat.h"
#include "metadata/dist_table.h"
#include "planner/lock_path.h"
#include "planner/modify_path.h"
#include "planner/modify_text.h"
#include "planner/shell_mark.h"
#include "planner/target_table.h"
#include "planner/unsupported.h"

static Plan *plan_dist_modify(PlannerInfo *root, RelOptInfo *rel,
							  CustomPath *best_path, List *tlist,
							  List *clauses, List *custom_plans);

static const CustomPathMethods dist_modify_path_methods = {
	.CustomName = DIST_MODIFY_NAME,
	.PlanCustomPath = plan_dist_modify,
};

/*
 * Lock the local rows of a reference table before new values are computed
 * from them; other nodes' copies are then written under the same lock.
 */
static Path *
lock_reference_rows(PlannerInfo *root, RelOptInfo *final_rel, Path *source)
{
	Query	   *parse = root->parse;
	PlanRowMark *mark = makeNode(PlanRowMark);

	mark->rti = mark->prti = parse->resultRelation;
	mark->rowmarkId = REFERENCE_ROWMARK_ID(mark->rti);
	mark->markType = ROW_MARK_EXCLUSIVE;
	mark->strength = target_table_lock_strength(parse);
	if (mark->strength == LCS_FORNOKEYUPDATE)
		mark->markType = ROW_MARK_NOKEYEXCLUSIVE;
	mark->allMarkTypes = 1 << mark->markType;
	mark->waitPolicy = LockWaitBlock;
	if (mark->strength == LCS_NONE)
		return source;
	if (parse->commandType == CMD_MERGE)
		mark->prti = 0;			/* looks at the tableoid: may be no row */
	root->rowMarks = lappend(root->rowMarks, mark);
	return (Path *) create_lockrows_path(root, final_rel, source, root->rowMarks,
										 assign_special_exec_param(root));
}

static CustomPath *
make_modify_path(PlannerInfo *root, RelOptInfo *final_rel,
				 ModifyTablePath *modify, const DistTable * table)
{
	CustomPath *path = makeNode(CustomPath);
	Path	   *source = modify->subpath;

	if (table->kind == DIST_REFERENCE && modify->operation != CMD_INSERT)
		source = lock_reference_rows(root, final_rel, source);
	else
		source = lock_path_for_target(root, source);
	path->path = modify->path;
	path->path.type = T_CustomPath;
	path->path.pathtype = T_CustomScan;
	path->custom_paths = list_make1(source);
	path->custom_private = list_make1(modify);
	path->methods = &dist_modify_path_methods;
	return path;
}

void
modify_paths_replace(PlannerInfo *root, RelOptInfo *final_rel)
{
	Query	   *parse = root->parse;
	RangeTblEntry *target;
	DistTable  *table;
	ListCell   *lc;

	if (parse->commandType == CMD_SELECT || parse->resultRelation == 0)
		return;
	target = planner_rt_fetch(parse->resultRelation, root);
	if (!shell_mark_is_target(target))
		return;
	table = dist_table_get(target->relid);
	foreach(lc, final_rel->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (IsA(path, ModifyTablePath))
			lfirst(lc) = make_modify_path(root, final_rel,
										  (ModifyTablePath *) path, table);
	}
}

/* Label the source's columns, so that row marks find their junk columns. */
static void
label_columns(List *tlist, List *labels)
{
	ListCell   *lc,
			   *lc2;

	forboth(lc, tlist, lc2, labels)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		TargetEntry *label = lfirst_node(TargetEntry, lc2);

		tle->resname = label->resname;
		tle->resjunk = label->resjunk;
	}
}

static void
send_column(ModifyPlan * plan, int resno, Oid type)
{
	plan->sent = lappend_int(plan->sent, resno);
	plan->row_types = lappend(plan->row_types, makeString(modify_type_name(type)));
}

/* INSERT: the source has one column per attribute, dropped ones included. */
static List *
send_inserted(ModifyPlan * plan, Relation relation, const DistTable * table)
{
	TupleDesc	desc = RelationGetDescr(relation);
	List	   *attnos = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || att->attgenerated != '\0')
			continue;
		attnos = lappend_int(attnos, att->attnum);
		send_column(plan, att->attnum, att->atttypid);
		if (table->kind == DIST_HASH && att->attnum == table->key_attno)
			plan->key_resno = att->attnum;
	}
	return attnos;
}

/* What identifies a row to be changed comes first. */
static List *
send_identity(ModifyPlan * plan, Relation relation, const DistTable * table,
			  List *source)
{
	List	   *key_attnos = NIL;
	ListCell   *lc;

	if (table->kind != DIST_REFERENCE)
	{
		plan->row_id_resno = target_list_junk(source, "ctid");
		plan->row_id_leaf = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
		if (plan->row_id_resno == 0)
			elog(ERROR, "source of the changed rows has no ctid");
		send_column(plan, plan->row_id_resno, TIDOID);
		if (plan->row_id_leaf)
			plan->row_types = lappend(plan->row_types, makeString(modify_type_name(OIDOID)));
		return NIL;
	}
	key_attnos = target_table_row_key(relation);
	foreach(lc, key_attnos)
	{
		AttrNumber	attno = lfirst_int(lc);

		send_column(plan, target_list_junk(source, old_column_name(attno)),
					TupleDescAttr(RelationGetDescr(relation), attno - 1)->atttypid);
	}
	plan->nkeycols = list_length(key_attnos);
	return key_attnos;
}

/* UPDATE: the assigned columns come first in the source. */
static void
send_assigned(ModifyPlan * plan, Relation relation, const DistTable * table,
			  List *assigned)
{
	ListCell   *lc;

	foreach(lc, assigned)
	{
		AttrNumber	attno = lfirst_int(lc);
		int			resno = foreach_current_index(lc) + 1;
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), attno - 1);

		send_column(plan, resno, att->atttypid);
		if (table->kind == DIST_HASH && attno == table->key_attno)
			plan->key_resno = resno;
	}
}

/* The whole new row, for rows that move to another shard. */
static List *
send_moved(ModifyPlan * plan, Relation relation, List *assigned, List *source)
{
	TupleDesc	desc = RelationGetDescr(relation);
	List	   *attnos = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		int			resno = 0;
		ListCell   *lc;

		if (att->attisdropped || att->attgenerated != '\0')
			continue;
		foreach(lc, assigned)
		{
			if (lfirst_int(lc) == att->attnum)
				resno = foreach_current_index(lc) + 1;
		}
		if (resno == 0)
			resno = target_list_junk(source, old_column_name(att->attnum));
		attnos = lappend_int(attnos, att->attnum);
		plan->move_sent = lappend_int(plan->move_sent, resno);
		plan->move_types = lappend(plan->move_types,
								   makeString(modify_type_name(att->atttypid)));
	}
	return attnos;
}

/*
 * Columns that RETURNING is computed from.  Those of the target go to
 * *returning when the shards send them; returns the scan tuple's target list.
 */
static List *
returning_columns(PlannerInfo *root, ModifyPlan * plan, List *returning_list,
				  List **returning)
{
	List	   *vars = pull_var_clause((Node *) returning_list,
									   PVC_RECURSE_AGGREGATES |
									   PVC_RECURSE_WINDOWFUNCS |
									   PVC_INCLUDE_PLACEHOLDERS);
	List	   *tlist = NIL;
	ListCell   *lc;

	foreach(lc, vars)
	{
		Expr	   *expr = lfirst(lc);
		Var		   *var = (Var *) expr;
		int			resno = list_length(tlist) + 1;

		if (tlist_member(expr, tlist) != NULL)
			continue;
		tlist = lappend(tlist, makeTargetEntry(expr, resno, NULL, false));
		if (!IsA(expr, Var) || var->varno != plan->result_rti)
		{
			TargetEntry *source = tlist_member(expr, root->processed_tlist);

			if (source == NULL)
				elog(ERROR, "RETURNING column is missing from the source");
			plan->child_fill = lappend_int(lappend_int(plan->child_fill, resno),
										   source->resno);
		}
		else if (var->varattno == TableOidAttributeNumber)
		{
			bool		many = get_rel_relkind(plan->relid) == RELKIND_PARTITIONED_TABLE;

			plan->fill = lappend_int(lappend_int(plan->fill, resno),
									 many ? FILL_PARTITION : FILL_TABLEOID);
			plan->fill_tableoid = plan->relid;
			if (many)
				*returning = lappend(*returning, var);
		}
		else
			*returning = lappend(*returning, var);
	}
	return tlist;
}

/*
 * Fill in what the operation needs.  source: the columns of the rows to write;
 * assigned: column numbers, for UPDATE.  Returns ON CONFLICT's parameters.
 */
static List *
fill_operation(PlannerInfo *root, ModifyPlan * plan, List *source,
			   List *assigned, List *returning)
{
	DistTable  *table = dist_table_get(plan->relid);
	Relation	relation = table_open(plan->relid, NoLock);
	List	   *tail_params = NIL;

	if (plan->operation == CMD_INSERT)
	{
		List	   *attnos = send_inserted(plan, relation, table);

		modify_text_insert(plan, root, relation, attnos, returning, &tail_params);
	}
	else
	{
		List	   *key_attnos = send_identity(plan, relation, table, source);

		send_assigned(plan, relation, table, assigned);
		modify_text_update(plan, relation, assigned, key_attnos, returning);
		if (plan->key_resno != 0)
			modify_text_move(plan, relation,
							 send_moved(plan, relation, assigned, source),
							 returning);
	}
	table_close(relation, NoLock);
	return tail_params;
}

/* What the plan of any write of this target starts from. */
static void
init_plan(ModifyPlan * plan, PlannerInfo *root, CmdType operation)
{
	memset(plan, 0, sizeof(ModifyPlan));
	plan->operation = operation;
	plan->result_rti = root->parse->resultRelation;
	plan->relid = planner_rt_fetch(plan->result_rti, root)->relid;
	plan->colocation_id = dist_table_get(plan->relid)->colocation_id;
}

/* Append a copy of the source's junk column of this name to an action's row. */
static List *
append_source_column(List *row, List *source, char *name)
{
	int			resno = target_list_junk(source, name);
	TargetEntry *tle;

	if (resno == 0)
		return row;
	tle = copyObject(list_nth_node(TargetEntry, source, resno - 1));
	tle->resno = list_length(row) + 1;
	return lappend(row, tle);
}

/* Columns of the row that an action of MERGE writes. */
static List *
action_row(PlannerInfo *root, const ModifyPlan * plan, MergeAction *action)
{
	List	   *source = root->processed_tlist;
	int			natts = find_base_rel(root, plan->result_rti)->max_attr;
	List	   *row = NIL;

	if (action->commandType == CMD_NOTHING)
		return NIL;
	if (action->commandType != CMD_DELETE)
		row = copyObject(action->targetList);
	if (action->commandType == CMD_INSERT)
		return row;
	row = append_source_column(row, source, "ctid");
	if (plan->colocation_id != 0 &&
		!list_member_int(action->updateColnos, dist_table_get(plan->relid)->key_attno))
		return row;
	for (AttrNumber attno = 1; attno <= natts; attno++)
		row = append_source_column(row, source, old_column_name(attno));
	return row;
}

/* Plan one action; appends its condition and values to *exprs. */
static List *
plan_action(PlannerInfo *root, MergeAction *action, List **exprs)
{
	ModifyPlan	plan;
	List	   *row;
	ListCell   *lc;

	unsupported_merge_action_check(action);
	init_plan(&plan, root, action->commandType);
	plan.matched = action->matched;
	row = action_row(root, &plan, action);
	plan.ncolumns = list_length(row);
	if (action->commandType != CMD_NOTHING)
		fill_operation(root, &plan, row, action->updateColnos, NIL);
	*exprs = lappend(*exprs, make_ands_explicit(copyObject((List *) action->qual)));
	foreach(lc, row)
		*exprs = lappend(*exprs, lfirst_node(TargetEntry, lc)->expr);
	return modify_plan_encode(&plan);
}

/* MERGE: the scan tuple is the source's row, of which actions make theirs. */
static void
plan_merge(PlannerInfo *root, ModifyPlan * plan, ModifyTablePath *modify,
		   CustomScan *scan)
{
	ListCell   *lc;

	plan->row_id_resno = target_list_junk(root->processed_tlist, "ctid");
	scan->custom_scan_tlist = copyObject(root->processed_tlist);
	foreach(lc, linitial(modify->mergeActionLists))
		plan->actions = lappend(plan->actions,
								plan_action(root, lfirst_node(MergeAction, lc),
											&scan->custom_exprs));
}

/*
 * Conditions of the views that the statement writes through.  Policies are
 * checked on the shards, which have them, too.
 */
static List *
view_checks(ModifyPlan * plan, const ModifyTablePath *modify)
{
	List	   *conditions = NIL;
	ListCell   *lc;

	if (modify->withCheckOptionLists == NIL)
		return NIL;
	foreach(lc, linitial(modify->withCheckOptionLists))
	{
		WithCheckOption *option = lfirst_node(WithCheckOption, lc);

		if (option->kind != WCO_VIEW_CHECK || option->qual == NULL)
			continue;
		plan->checks = lappend(plan->checks, makeString(pstrdup(option->relname)));
		conditions = lappend(conditions, make_ands_explicit(copyObject((List *) option->qual)));
	}
	return conditions;
}

/* All columns of the target: an error shows the row that a view does not take. */
static List *
checked_columns(const ModifyPlan * plan)
{
	Relation	relation = table_open(plan->relid, NoLock);
	TupleDesc	desc = RelationGetDescr(relation);
	List	   *vars = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		vars = lappend(vars, att->attisdropped ? NULL :
					   makeVar(plan->result_rti, att->attnum, att->atttypid,
							   att->atttypmod, att->attcollation, 0));
	}
	table_close(relation, NoLock);
	return vars;
}

/* Note where these columns are in the scan tuple, and which ones the user gave. */
static void
note_checked_row(PlannerInfo *root, ModifyPlan * plan, List *columns, List *scan_tlist)
{
	RangeTblEntry *rte = planner_rt_fetch(plan->result_rti, root);
	Bitmapset  *given = compat_given_columns(root->parse, rte);
	int			column = -1;
	ListCell   *lc;

	foreach(lc, columns)
	{
		TargetEntry *tle = lfirst(lc) ? tlist_member(lfirst(lc), scan_tlist) : NULL;

		plan->check_row = lappend_int(plan->check_row, tle ? tle->resno : 0);
	}
	while ((column = bms_next_member(given, column)) >= 0)
		plan->check_given = lappend_int(plan->check_given, column);
}

/* INSERT, UPDATE, DELETE: the scan tuple is what RETURNING is made of. */
static void
plan_values(PlannerInfo *root, ModifyPlan * plan, ModifyTablePath *modify,
			CustomScan *scan, List *returning_list)
{
	List	   *checks = view_checks(plan, modify);
	List	   *columns = checks != NIL ? checked_columns(plan) : NIL;
	List	   *shown = list_concat(list_concat_copy(returning_list, checks), columns);
	List	   *returning = NIL;
	List	   *assigned = NIL;

	if (plan->operation == CMD_UPDATE)
		assigned = linitial(modify->updateColnosLists);
	scan->custom_scan_tlist = returning_columns(root, plan, shown, &returning);
	if (checks != NIL)
		note_checked_row(root, plan, columns, scan->custom_scan_tlist);
	scan->custom_exprs = fill_operation(root, plan, root->processed_tlist,
										assigned, returning);
	plan->ntailparams = list_length(scan->custom_exprs);
	scan->custom_exprs = list_concat(scan->custom_exprs, checks);
}

static Plan *
plan_dist_modify(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
				 List *tlist, List *clauses, List *custom_plans)
{
	ModifyTablePath *modify = linitial(best_path->custom_private);
	List	   *returning_list = NIL;
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *source = linitial(custom_plans);
	ModifyPlan	plan;

	init_plan(&plan, root, modify->operation);
	plan.can_set_tag = modify->canSetTag;
	if (modify->returningLists != NIL)
	{
		returning_list = linitial(modify->returningLists);
		plan.returns_rows = true;
	}
	if (modify->onconflict != NULL)
	{
		plan.do_nothing = modify->onconflict->action == ONCONFLICT_NOTHING;
		plan.do_update = modify->onconflict->action == ONCONFLICT_UPDATE;
	}

	label_columns(source->targetlist, root->processed_tlist);
	if (plan.operation == CMD_MERGE)
		plan_merge(root, &plan, modify, scan);
	else
		plan_values(root, &plan, modify, scan, returning_list);
	scan->scan.plan.targetlist = copyObject(returning_list);
	scan->custom_plans = custom_plans;
	scan->custom_private = modify_plan_encode(&plan);
	scan->methods = GetCustomScanMethods(DIST_MODIFY_NAME, false);

	/*
	 * create_plan labels the top plan's columns from here, as it must for any
	 * node but ModifyTable; what comes out are the RETURNING columns.
	 */
	root->processed_tlist = returning_list;
	return (Plan *) scan;
}
