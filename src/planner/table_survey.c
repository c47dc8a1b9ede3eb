/*
 * table_survey.c
 *		Walks a statement's Query levels and collects its distributed tables
 *		with the facts about their keys.
 *
 * Which rows a fact speaks of, and why a table whose key must have a value can
 * be read from that value's shard only, is argued in README.md.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "compat/query_compat.h"
#include "deparse/shippable.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "planner/key_value.h"
#include "planner/table_survey.h"
#include "planner/unsupported.h"
#include "utils/lsyscache.h"

/* One Query level while it is surveyed. */
typedef struct SurveyLevel
{
	int			number;
	Query	   *query;
	KeyScope   *scope;
	struct SurveyLevel *parent;
	List	   *ctes;			/* of SurveyLevel *, as in cteList */
}			SurveyLevel;

typedef struct SurveyContext
{
	TableSurvey *survey;
	int			nlevels;
	bool		unsupported;

	/* for the sublink walker */
	SurveyLevel *level;
	KeyScope   *scope;
}			SurveyContext;

static SurveyLevel * survey_query(SurveyContext * context, Query *query,
								  SurveyLevel * parent, KeyScope * outer);
static void survey_sublinks(SurveyContext * context, SurveyLevel * level,
							KeyScope * scope, Node *node);

/* Pseudo column: the n-th output column of a level. */
static KeyColumn
output_column(const SurveyLevel * level, AttrNumber attno)
{
	KeyColumn	column = {level->number, 0, attno};

	return column;
}

/* The column that a Var means, through join aliases; false if it is none. */
static bool
resolve_column(SurveyLevel * level, Node *node, KeyColumn *column)
{
	Var		   *var = (Var *) node;
	RangeTblEntry *rte;

	if (node == NULL || !IsA(node, Var) || var->varattno <= 0)
		return false;
	for (Index up = var->varlevelsup; up > 0; up--)
		level = level->parent;
	rte = rt_fetch(var->varno, level->query->rtable);
	if (rte->rtekind == RTE_JOIN)
		return resolve_column(level, list_nth(rte->joinaliasvars, var->varattno - 1), column);
	column->level = level->number;
	column->varno = var->varno;
	column->attno = var->varattno;
	return true;
}

/* Record that a column equals an expression, if that is a column or a value. */
static void
add_equality(SurveyLevel * level, KeyScope * scope, KeyColumn column, Node *node, Oid opfamily)
{
	KeyFact		fact = {0};

	fact.opfamily = opfamily;
	fact.left = column;
	if (!resolve_column(level, node, &fact.right))
	{
		if (!can_evaluate_here(node))
			return;
		fact.value = node;
	}
	key_scope_add(scope, fact);
}

/* Facts from conditions that all surviving rows satisfy. */
static void
add_qual_facts(SurveyLevel * level, KeyScope * scope, Node *qual)
{
	ListCell   *lc;

	if (qual == NULL)
		return;
	if (IsA(qual, List))
	{
		foreach(lc, (List *) qual)
			add_qual_facts(level, scope, lfirst(lc));
	}
	else if (is_andclause(qual))
	{
		foreach(lc, ((BoolExpr *) qual)->args)
			add_qual_facts(level, scope, lfirst(lc));
	}
	else if (IsA(qual, OpExpr) && list_length(((OpExpr *) qual)->args) == 2)
	{
		OpExpr	   *op = (OpExpr *) qual;
		Node	   *left = strip_relabel(linitial(op->args));
		Node	   *right = strip_relabel(lsecond(op->args));
		Oid			opfamily = equality_opfamily(op->opno, op->inputcollid);
		KeyColumn	column;

		if (!OidIsValid(opfamily))
			return;
		if (resolve_column(level, left, &column))
			add_equality(level, scope, column,
						 IsA(right, Var) ? right : lsecond(op->args), opfamily);
		else if (resolve_column(level, right, &column))
			add_equality(level, scope, column, linitial(op->args), opfamily);
	}
}

static bool
is_grouped_by(Query *query, TargetEntry *tle)
{
	return tle->ressortgroupref != 0 &&
		get_sortgroupref_clause_noerr(tle->ressortgroupref, query->groupClause) != NULL;
}

/*
 * May rows with other values of this output column be left out below without
 * a change to the rows that stay?
 */
static bool
can_import(Query *query, TargetEntry *tle)
{
	ListCell   *lc;

	if (query->commandType != CMD_SELECT || query->limitCount != NULL ||
		query->limitOffset != NULL || query->rowMarks != NIL || query->groupingSets != NIL)
		return false;
	if ((query->hasAggs || query->havingQual != NULL || query->groupClause != NIL) &&
		!is_grouped_by(query, tle))
		return false;
	if (query->hasDistinctOn &&
		(tle->ressortgroupref == 0 ||
		 get_sortgroupref_clause_noerr(tle->ressortgroupref, query->distinctClause) == NULL))
		return false;
	foreach(lc, query->windowClause)
	{
		WindowClause *window = lfirst_node(WindowClause, lc);

		if (tle->ressortgroupref == 0 ||
			get_sortgroupref_clause_noerr(tle->ressortgroupref, window->partitionClause) == NULL)
			return false;
	}
	return true;
}

static List *
output_list(Query *query)
{
	return query->commandType == CMD_SELECT ? query->targetList : query->returningList;
}

/*
 * Do the facts of this subquery hold for the rows around each of its rows?  An
 * aggregate without groups has a row even when nothing satisfies them.
 */
static bool
can_hoist(Query *query)
{
	return query->groupingSets == NIL &&
		(query->groupClause != NIL || (!query->hasAggs && query->havingQual == NULL));
}

/* Connect the columns of a range table entry with its subquery's. */
static void
link_subquery(SurveyLevel * level, KeyScope * scope, int rti, SurveyLevel * sub, bool cte)
{
	ListCell   *lc;

	foreach(lc, output_list(sub->query))
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		KeyFact		fact = {0};

		if (tle->resjunk)
			continue;
		fact.left.level = level->number;
		fact.left.varno = rti;
		fact.left.attno = tle->resno;
		fact.right = output_column(sub, tle->resno);
		fact.subquery_level = sub->number;
		fact.imports = !cte && can_import(sub->query, tle);
		fact.exports = true;
		key_scope_add(scope, fact);
	}
	if (can_hoist(sub->query))
		scope->facts = list_concat_unique_ptr(scope->facts, sub->scope->facts);
}

/* Arms of a set operation: each must satisfy what the whole must. */
static void
survey_set_operation(SurveyContext * context, SurveyLevel * level, Node *node)
{
	SurveyLevel *arm;
	RangeTblEntry *rte;
	ListCell   *lc;

	if (IsA(node, SetOperationStmt))
	{
		survey_set_operation(context, level, ((SetOperationStmt *) node)->larg);
		survey_set_operation(context, level, ((SetOperationStmt *) node)->rarg);
		return;
	}
	rte = rt_fetch(castNode(RangeTblRef, node)->rtindex, level->query->rtable);
	arm = survey_query(context, rte->subquery, level, level->scope);
	foreach(lc, rte->subquery->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		KeyFact		fact = {0};

		if (tle->resjunk)
			continue;
		fact.left = output_column(level, tle->resno);
		fact.right = output_column(arm, tle->resno);
		fact.subquery_level = arm->number;
		fact.imports = can_import(rte->subquery, tle);
		key_scope_add(level->scope, fact);
	}
}

/* Remember an occurrence of a hash or single-shard table. */
static void
add_table(SurveyContext * context, SurveyLevel * level, KeyScope * scope, int rti,
		  DistTable *table)
{
	SurveyedTable *surveyed = palloc0(sizeof(SurveyedTable));

	surveyed->table = table;
	surveyed->scope = scope;
	surveyed->key.level = level->number;
	surveyed->key.varno = rti;
	surveyed->key.attno = table->key_attno;
	context->survey->tables = lappend(context->survey->tables, surveyed);
}

static void
survey_relation(SurveyContext * context, SurveyLevel * level, KeyScope * scope, int rti)
{
	RangeTblEntry *rte = rt_fetch(rti, level->query->rtable);
	DistTable  *table = dist_table_find(rte->relid);

	if (table == NULL || is_secured_for_other_role(level->query, rte))
		context->unsupported = true;
	else if (table->kind == DIST_REFERENCE)
		context->survey->has_reference = true;
	else if (!rte->inh && rte->relkind == RELKIND_PARTITIONED_TABLE)
		context->unsupported = true;
	else
		add_table(context, level, scope, rti, table);
}

static SurveyLevel *
find_cte(SurveyLevel * level, RangeTblEntry *rte)
{
	ListCell   *cte;
	ListCell   *sub;

	for (Index up = rte->ctelevelsup; up > 0; up--)
		level = level->parent;
	forboth(cte, level->query->cteList, sub, level->ctes)
	{
		if (strcmp(lfirst_node(CommonTableExpr, cte)->ctename, rte->ctename) == 0)
			return lfirst(sub);
	}
	return NULL;
}

static void
survey_entry(SurveyContext * context, SurveyLevel * level, KeyScope * scope, int rti)
{
	RangeTblEntry *rte = rt_fetch(rti, level->query->rtable);
	SurveyLevel *sub;
	AttrNumber	attno = 0;
	ListCell   *lc;

	switch (rte->rtekind)
	{
		case RTE_RELATION:
			survey_relation(context, level, scope, rti);
			break;
		case RTE_SUBQUERY:
			sub = survey_query(context, rte->subquery, level, scope);
			link_subquery(level, scope, rti, sub, false);
			break;
		case RTE_CTE:
			sub = find_cte(level, rte);
			if (sub != NULL && !rte->self_reference)
				link_subquery(level, scope, rti, sub, true);
			break;
		case RTE_VALUES:
			survey_sublinks(context, level, scope, (Node *) rte->values_lists);
			if (list_length(rte->values_lists) != 1)
				break;
			foreach(lc, linitial_node(List, rte->values_lists))
			{
				KeyColumn	column = {level->number, rti, ++attno};

				add_equality(level, scope, column, lfirst(lc), InvalidOid);
			}
			break;
		case RTE_FUNCTION:
			survey_sublinks(context, level, scope, (Node *) rte->functions);
			break;
		case RTE_TABLEFUNC:
			survey_sublinks(context, level, scope, (Node *) rte->tablefunc);
			break;
		case RTE_RESULT:
			break;
		default:
			context->unsupported = true;
			break;
	}
}

/*
 * Survey a join tree.  Conditions of inner joins hold in the scope around
 * them; those of an outer join only on its nullable side.
 */
static void
survey_jointree(SurveyContext * context, SurveyLevel * level, KeyScope * scope, Node *node)
{
	ListCell   *lc;

	if (node == NULL)
		return;
	if (IsA(node, RangeTblRef))
		survey_entry(context, level, scope, ((RangeTblRef *) node)->rtindex);
	else if (IsA(node, FromExpr))
	{
		foreach(lc, ((FromExpr *) node)->fromlist)
			survey_jointree(context, level, scope, lfirst(lc));
		add_qual_facts(level, scope, ((FromExpr *) node)->quals);
		survey_sublinks(context, level, scope, ((FromExpr *) node)->quals);
	}
	else
	{
		JoinExpr   *join = castNode(JoinExpr, node);
		KeyScope   *left = scope;
		KeyScope   *right = scope;

		if (join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL)
			right = key_scope(scope, level->number);
		if (join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL)
			left = key_scope(scope, level->number);
		survey_jointree(context, level, left, join->larg);
		survey_jointree(context, level, right, join->rarg);
		if (join->jointype == JOIN_FULL)
		{
			survey_sublinks(context, level, scope, join->quals);
			return;
		}
		add_qual_facts(level, join->jointype == JOIN_RIGHT ? left : right, join->quals);
		survey_sublinks(context, level, join->jointype == JOIN_RIGHT ? left : right, join->quals);
	}
}

static bool
has_outer_join_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, JoinExpr) && ((JoinExpr *) node)->jointype != JOIN_INNER)
		return true;
	if (!IsA(node, JoinExpr) && !IsA(node, FromExpr) && !IsA(node, List))
		return false;
	return expression_tree_walker(node, has_outer_join_walker, arg);
}

/*
 * "column = ANY (subquery)": rows of the subquery with other values do not
 * matter, provided that it cannot return NULL there.
 */
static void
add_any_sublink_fact(SurveyLevel * level, SurveyLevel * sub, SubLink *link)
{
	OpExpr	   *op = (OpExpr *) link->testexpr;
	TargetEntry *tle;
	KeyFact		fact = {0};
	Node	   *right;

	if (link->subLinkType != ANY_SUBLINK || op == NULL || !IsA(op, OpExpr))
		return;
	tle = linitial_node(TargetEntry, sub->query->targetList);
	if (list_length(op->args) != 2 || !IsA(tle->expr, Var) || !can_import(sub->query, tle) ||
		has_outer_join_walker((Node *) sub->query->jointree, NULL))
		return;
	right = strip_relabel(lsecond(op->args));
	fact.opfamily = equality_opfamily(op->opno, op->inputcollid);
	fact.left = output_column(sub, tle->resno);
	if (!OidIsValid(fact.opfamily) || !IsA(right, Param) ||
		!resolve_column(level, strip_relabel(linitial(op->args)), &fact.right))
		return;
	fact.subquery_level = sub->number;
	fact.imports = true;
	key_scope_add(sub->scope, fact);
}

static bool
sublink_walker(Node *node, void *arg)
{
	SurveyContext *context = arg;

	if (node == NULL || IsA(node, Query))
		return false;
	if (IsA(node, SubLink))
	{
		SubLink    *link = (SubLink *) node;
		SurveyLevel *level = context->level;
		KeyScope   *scope = context->scope;
		SurveyLevel *sub = survey_query(context, castNode(Query, link->subselect), level, scope);

		add_any_sublink_fact(level, sub, link);
		context->level = level;
		context->scope = scope;
		return sublink_walker(link->testexpr, context);
	}
	return expression_tree_walker(node, sublink_walker, arg);
}

/* Survey the sublinks of an expression that is evaluated in this scope. */
static void
survey_sublinks(SurveyContext * context, SurveyLevel * level, KeyScope * scope, Node *node)
{
	SurveyLevel *saved_level = context->level;
	KeyScope   *saved_scope = context->scope;

	context->level = level;
	context->scope = scope;
	(void) sublink_walker(node, context);
	context->level = saved_level;
	context->scope = saved_scope;
}

/* Does SET key = expr leave the key as it is, or give it an equal value? */
static bool
keeps_key(SurveyLevel * level, KeyScope * scope, DistTable *table, List *targetlist)
{
	KeyColumn	key = {level->number, level->query->resultRelation, table->key_attno};
	KeyColumn	column;
	List	   *columns;
	List	   *values;
	ListCell   *lc;

	if (table->kind != DIST_HASH)
		return true;
	values = key_scope_values(scope, key, key_opfamily(table->group->key_type), &columns);
	foreach(lc, targetlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resjunk || tle->resno != table->key_attno)
			continue;
		if (resolve_column(level, (Node *) tle->expr, &column) ?
			!key_column_member(columns, column) :
			!list_member(values, tle->expr))
			return false;
	}
	return true;
}

/* A new row's key is as good as a table whose key has that value. */
static void
add_inserted_key(SurveyContext * context, SurveyLevel * level, KeyScope * scope,
				 DistTable *table, List *targetlist, int pseudo_varno)
{
	KeyColumn	key = {level->number, pseudo_varno, table->key_attno};
	ListCell   *lc;

	foreach(lc, targetlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk && tle->resno == table->key_attno)
			add_equality(level, scope, key, strip_relabel((Node *) tle->expr), InvalidOid);
	}
	add_table(context, level, scope, pseudo_varno, table);
}

static void
survey_merge(SurveyContext * context, SurveyLevel * level, DistTable *table)
{
	Query	   *query = level->query;
	KeyScope   *matched = level->scope;
	Node	   *condition = compat_merge_condition(query);
	int			pseudo_varno = -1;
	ListCell   *lc;

	if (compat_merge_keeps_target(query))
		context->unsupported = true;
	if (compat_merge_keeps_source(query))
		matched = key_scope(level->scope, level->number);
	add_qual_facts(level, matched, condition);
	survey_sublinks(context, level, matched, condition);
	survey_entry(context, level, matched, query->resultRelation);

	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst_node(MergeAction, lc);

		survey_sublinks(context, level, level->scope, action->qual);
		survey_sublinks(context, level, level->scope, (Node *) action->targetList);
		if (action->commandType == CMD_INSERT)
			add_inserted_key(context, level, level->scope, table,
							 action->targetList, pseudo_varno--);
		else if (action->commandType == CMD_UPDATE &&
				 !keeps_key(level, matched, table, action->targetList))
			context->unsupported = true;
	}
}

static bool
has_view_check(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->withCheckOptions)
	{
		if (lfirst_node(WithCheckOption, lc)->kind == WCO_VIEW_CHECK)
			return true;
	}
	return false;
}

/*
 * Writing through a security barrier view makes the view's conditions security
 * quals of the table, which are not printed.
 */
static bool
has_barrier_quals(Query *query)
{
	ListCell   *lc;

	if (rt_fetch(query->resultRelation, query->rtable)->securityQuals == NIL)
		return false;
	foreach(lc, query->rtable)
	{
		if (lfirst_node(RangeTblEntry, lc)->relkind == RELKIND_VIEW)
			return true;
	}
	return false;
}

/* The target of a data-modifying level. */
static void
survey_target(SurveyContext * context, SurveyLevel * level)
{
	Query	   *query = level->query;
	RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
	DistTable  *table = dist_table_find(rte->relid);

	context->survey->writes = true;
	if (table == NULL || table->kind == DIST_REFERENCE || has_view_check(query) ||
		has_barrier_quals(query) || is_secured_for_other_role(query, rte) ||
		(!rte->inh && rte->relkind == RELKIND_PARTITIONED_TABLE))
	{
		context->unsupported = true;
		return;
	}
	switch (query->commandType)
	{
		case CMD_INSERT:
			add_inserted_key(context, level, level->scope, table, query->targetList, -1);
			if (query->onConflict != NULL &&
				!keeps_key(level, level->scope, table, query->onConflict->onConflictSet))
				context->unsupported = true;
			break;
		case CMD_UPDATE:
			if (!keeps_key(level, level->scope, table, query->targetList))
				context->unsupported = true;
			break;
		case CMD_MERGE:
			survey_merge(context, level, table);
			break;
		default:
			break;
	}
}

/* A row of a reference table is locked on all nodes or not at all. */
static void
survey_row_marks(SurveyContext * context, Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rowMarks)
	{
		RowMarkClause *mark = lfirst_node(RowMarkClause, lc);
		RangeTblEntry *rte = rt_fetch(mark->rti, query->rtable);
		DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;

		context->survey->writes = true;
		if (table != NULL && table->kind == DIST_REFERENCE)
			context->unsupported = true;
	}
}

/* Say what the columns that a level returns are equal to. */
static void
add_output_facts(SurveyLevel * level)
{
	Query	   *query = level->query;
	ListCell   *lc;

	if (query->commandType == CMD_INSERT || query->setOperations != NULL)
		return;
	foreach(lc, output_list(query))
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Var		   *var = (Var *) tle->expr;

		/* an UPDATE returns new values */
		if (tle->resjunk || (query->commandType != CMD_SELECT && IsA(var, Var) &&
							 var->varno == query->resultRelation &&
							 get_tle_by_resno(query->targetList, var->varattno) != NULL))
			continue;
		add_equality(level, level->scope, output_column(level, tle->resno),
					 (Node *) tle->expr, InvalidOid);
	}
}

static SurveyLevel *
survey_query(SurveyContext * context, Query *query, SurveyLevel * parent, KeyScope * outer)
{
	SurveyLevel *level = palloc0(sizeof(SurveyLevel));
	ListCell   *lc;

	check_stack_depth();
	level->number = ++context->nlevels;
	level->query = query;
	level->parent = parent;
	level->scope = key_scope(outer, level->number);

	foreach(lc, query->cteList)
	{
		Query	   *cte = castNode(Query, lfirst_node(CommonTableExpr, lc)->ctequery);

		level->ctes = lappend(level->ctes, survey_query(context, cte, level, outer));
	}
	survey_row_marks(context, query);
	if (query->setOperations != NULL)
		survey_set_operation(context, level, query->setOperations);
	else if (query->commandType == CMD_MERGE)
	{
		foreach(lc, query->jointree->fromlist)
			survey_jointree(context, level, level->scope, lfirst(lc));
	}
	else
		survey_jointree(context, level, level->scope, (Node *) query->jointree);
	add_output_facts(level);
	if (query->resultRelation != 0)
		survey_target(context, level);

	survey_sublinks(context, level, level->scope, (Node *) query->targetList);
	survey_sublinks(context, level, level->scope, (Node *) query->returningList);
	survey_sublinks(context, level, level->scope, (Node *) query->onConflict);
	survey_sublinks(context, level, level->scope, query->havingQual);
	survey_sublinks(context, level, level->scope, query->limitCount);
	survey_sublinks(context, level, level->scope, query->limitOffset);
	return level;
}

bool
survey_tables(Query *query, TableSurvey * survey)
{
	SurveyContext context = {0};

	memset(survey, 0, sizeof(TableSurvey));
	context.survey = survey;
	(void) survey_query(&context, query, NULL, NULL);
	return !context.unsupported;
}

const ShardGroup *
survey_group(const TableSurvey * survey)
{
	const ShardGroup *group = NULL;
	ListCell   *lc;

	foreach(lc, survey->tables)
	{
		SurveyedTable *surveyed = lfirst(lc);

		if (group != NULL && group->colocation_id != surveyed->table->colocation_id)
			return NULL;
		group = surveyed->table->group;
	}
	return group;
}

/* Values of a table's key, coerced to the key's type. */
static List *
key_values(const SurveyedTable * surveyed, const ShardGroup * group)
{
	List	   *result = NIL;
	List	   *values = key_scope_values(surveyed->scope, surveyed->key,
										  key_opfamily(group->key_type), NULL);
	ListCell   *lc;

	foreach(lc, values)
	{
		Node	   *value = key_value_coerce(lfirst(lc), group);

		if (value != NULL)
			result = lappend(result, value);
	}
	return result;
}

/* Shard index of the first constant among values, or -1. */
static int
constant_shard(DistTable *table, List *values)
{
	ListCell   *lc;

	foreach(lc, values)
	{
		Const	   *value = lfirst(lc);

		if (IsA(value, Const) && !value->constisnull)
			return dist_table_shard_index(table, value->constvalue);
	}
	return -1;
}

Node *
survey_single_key(const TableSurvey * survey, const ShardGroup * group)
{
	SurveyedTable *first = linitial(survey->tables);
	List	   *common = key_values(first, group);
	int			shard = constant_shard(first->table, common);
	ListCell   *lc;
	Node	   *constant = NULL;

	foreach(lc, common)
	{
		if (IsA(lfirst(lc), Const) && !((Const *) lfirst(lc))->constisnull)
		{
			constant = lfirst(lc);
			break;
		}
	}
	for_each_from(lc, survey->tables, 1)
	{
		SurveyedTable *surveyed = lfirst(lc);
		List	   *values = key_values(surveyed, group);

		if (shard < 0 || constant_shard(surveyed->table, values) != shard)
			constant = NULL;
		common = list_intersection(common, values);
	}
	if (constant != NULL)
		return constant;
	return common == NIL ? NULL : linitial(common);
}

bool
survey_is_colocated(const TableSurvey * survey)
{
	SurveyedTable *first = linitial(survey->tables);
	Oid			opfamily;
	List	   *columns;
	ListCell   *lc;

	if (first->table->kind != DIST_HASH)
		return true;
	opfamily = key_opfamily(first->table->group->key_type);
	for_each_from(lc, survey->tables, 1)
	{
		SurveyedTable *surveyed = lfirst(lc);

		(void) key_scope_values(surveyed->scope, surveyed->key, opfamily, &columns);
		if (!key_column_member(columns, first->key))
			return false;
	}
	return true;
}
