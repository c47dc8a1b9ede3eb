/*
 * shard_condition.c
 *		Path tier: conditions with sublinks that shards evaluate for rows of one
 *		table.
 *
 * A level that shards cannot run as a whole, because it writes or locks rows, or
 * because of another table in it, may have conditions that they can evaluate: all
 * that the sublinks read is on the shard of the row.  PostgreSQL's planner would
 * make SubPlans of them, which are computed here.  So it sees a call
 *
 *		shardlite_internal.on_shard('condition', column, ...)
 *
 * that no node executes: with all its columns of one table of shards, which no
 * outer join makes NULL, it is a filter of that table's scan, and becomes the
 * condition again when the text of the fragment is made.  In the condition the
 * n-th column is column 1 of entry n.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"

#include "metadata/dist_table.h"
#include "planner/cost.h"
#include "planner/shard_condition.h"
#include "planner/shard_level.h"
#include "planner/shard_subquery.h"

static Oid
condition_function(void)
{
	return LookupFuncName(list_make2(makeString("shardlite_internal"), makeString("on_shard")),
						  -1, NULL, false);
}

/* ---- which ---- */

/* Can no outer join of the level make the entry NULL? */
static bool
is_preserved(Node *node, int varno)
{
	ListCell   *lc;

	if (IsA(node, RangeTblRef))
		return ((RangeTblRef *) node)->rtindex == varno;
	if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		return (join->jointype != JOIN_RIGHT && join->jointype != JOIN_FULL &&
				is_preserved(join->larg, varno)) ||
			(join->jointype != JOIN_LEFT && join->jointype != JOIN_FULL &&
			 is_preserved(join->rarg, varno));
	}
	foreach(lc, castNode(FromExpr, node)->fromlist)
	{
		if (is_preserved(lfirst(lc), varno))
			return true;
	}
	return false;
}

/* The only entry that a condition looks at; 0 if there are several. */
static int
only_entry(Node *qual)
{
	List	   *vars = pull_vars_of_level(qual, 0);
	int			varno = 0;
	ListCell   *lc;

	foreach(lc, vars)
	{
		Var		   *var = lfirst_node(Var, lc);

		if (var->varattno <= 0 || (varno != 0 && var->varno != varno))
			return 0;
		varno = var->varno;
	}
	return varno;
}

/* An entry as a Query of its own sees it; NULL if its rows are not on shards. */
static RangeTblEntry *
entry_of_shards(RangeTblEntry *rte)
{
	DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;
	RangeTblEntry *copy;

	if (table != NULL)
		return table->kind == DIST_REFERENCE ? NULL : rte;
	if (shard_subquery_get(rte) == NULL)
		return NULL;
	copy = makeNode(RangeTblEntry);
	memcpy(copy, rte, sizeof(RangeTblEntry));
	copy->subquery = shard_subquery_get(rte);
	copy->values_lists = NIL;
	return copy;
}

/* SELECT 1 FROM (the entry) WHERE qual */
static Query *
query_of_entry(const Query *query, int varno, Node *qual)
{
	Query	   *result = makeNode(Query);
	RangeTblEntry *rte = entry_of_shards(rt_fetch(varno, query->rtable));
	RangeTblRef *ref = makeNode(RangeTblRef);

	if (rte == NULL)
		return NULL;
	ref->rtindex = varno;
	result->commandType = CMD_SELECT;
	result->canSetTag = true;
	result->rtable = list_copy(query->rtable);
	lfirst(list_nth_cell(result->rtable, varno - 1)) = rte;
	result->jointree = makeFromExpr(list_make1(ref), qual);
	result->hasSubLinks = true;
	result->targetList =
		list_make1(makeTargetEntry((Expr *) makeBoolConst(true, false), 1, "c1", false));
	return result;
}

/* ---- the call ---- */

/* Columns of the level that a condition belongs to. */
typedef struct ConditionColumns
{
	List	   *vars;
	Index		depth;			/* of Queries that we are in */
}			ConditionColumns;

static Node *
number_mutator(Node *node, void *context)
{
	ConditionColumns *columns = context;
	Node	   *result;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == columns->depth)
	{
		Var		   *var = copyObject((Var *) node);
		ListCell   *lc;
		int			number = 0;

		var->varlevelsup = 0;
		foreach(lc, columns->vars)
		{
			number++;
			if (equal(lfirst(lc), var))
				break;
		}
		if (lc == NULL)
		{
			columns->vars = lappend(columns->vars, var);
			number = list_length(columns->vars);
		}
		return (Node *) makeVar(number, 1, var->vartype, var->vartypmod, var->varcollid,
								columns->depth);
	}
	if (IsA(node, Query))
	{
		columns->depth++;
		result = (Node *) query_tree_mutator((Query *) node, number_mutator, context, 0);
		columns->depth--;
		return result;
	}
	return expression_tree_mutator(node, number_mutator, context);
}

static Node *
make_call(Node *qual)
{
	ConditionColumns columns = {NIL, 0};
	char	   *text = nodeToString(number_mutator(qual, &columns));
	Const	   *condition = makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
									  CStringGetTextDatum(text), false, false);

	/* no user can write a call of this format, hence no condition */
	return (Node *) makeFuncExpr(condition_function(), BOOLOID,
								 lcons(condition, columns.vars),
								 InvalidOid, InvalidOid, COERCE_SQL_SYNTAX);
}

Node *
shard_condition_get(Node *node, List **args)
{
	FuncExpr   *call = (FuncExpr *) node;

	if (!IsA(node, FuncExpr) || call->funcformat != COERCE_SQL_SYNTAX ||
		call->funcid < FirstNormalObjectId || call->funcid != condition_function())
		return NULL;
	*args = list_copy_tail(call->args, 1);
	return stringToNode(TextDatumGetCString(linitial_node(Const, call->args)->constvalue));
}

static Node *
fill_mutator(Node *node, void *context)
{
	ConditionColumns *columns = context;
	Node	   *result;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == columns->depth)
	{
		result = copyObject(list_nth(columns->vars, ((Var *) node)->varno - 1));
		IncrementVarSublevelsUp(result, columns->depth, 0);
		return result;
	}
	if (IsA(node, Query))
	{
		columns->depth++;
		result = (Node *) query_tree_mutator((Query *) node, fill_mutator, context, 0);
		columns->depth--;
		return result;
	}
	return expression_tree_mutator(node, fill_mutator, context);
}

Node *
shard_condition_fill(Node *condition, List *args)
{
	ConditionColumns columns = {args, 0};

	return fill_mutator(condition, &columns);
}

/* ---- a level ---- */

/* Collect the Queries of sublinks. */
static bool
sublinks_walker(Node *node, void *context)
{
	List	  **queries = context;

	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		*queries = lappend(*queries, ((SubLink *) node)->subselect);
	return expression_tree_walker(node, sublinks_walker, context);
}

/* The call that stands for a condition; NULL if shards cannot evaluate it. */
static Node *
hide_condition(Query *query, Node *qual)
{
	int			varno;
	Query	   *alone;

	if (!checkExprHasSubLink(qual) || shard_level_becomes_join(qual) ||
		shard_level_computes_once(qual, NULL))
		return NULL;
	qual = flatten_join_alias_vars(query, qual);
	varno = only_entry(qual);
	if (varno == 0 || !is_preserved((Node *) query->jointree, varno))
		return NULL;
	alone = query_of_entry(query, varno, qual);
	return alone != NULL && shard_subquery_possible(alone) ? make_call(qual) : NULL;
}

List *
shard_conditions_hide(Query *query)
{
	List	   *quals = NIL;
	List	   *queries = NIL;
	ListCell   *lc;

	if (!query->hasSubLinks || query->setOperations != NULL || query->commandType == CMD_MERGE)
		return NIL;
	foreach(lc, make_ands_implicit((Expr *) query->jointree->quals))
	{
		Node	   *call = hide_condition(query, lfirst(lc));

		if (call != NULL)
			(void) sublinks_walker(lfirst(lc), &queries);
		quals = lappend(quals, call != NULL ? call : lfirst(lc));
	}
	if (queries != NIL)
		query->jointree->quals = (Node *) make_ands_explicit(quals);
	return queries;
}

/* ---- what it costs ---- */

static bool
cost_walker(Node *node, void *context)
{
	Cost	   *cost = context;

	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;
		DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;

		if (table != NULL && table->kind != DIST_REFERENCE)
			*cost += cost_lookup(table);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, cost_walker, context, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, cost_walker, context);
}

Cost
shard_conditions_cost(List *clauses, double rows)
{
	Cost		cost = 0;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		List	   *args;
		Node	   *condition = shard_condition_get(lfirst(lc), &args);

		if (condition != NULL)
			(void) cost_walker(condition, &cost);
	}
	return cost * rows;
}

/*
 * shardlite_internal.on_shard(condition text, VARIADIC columns "any")
 *
 * Stands for a condition while a statement is planned.
 */
PG_FUNCTION_INFO_V1(shardlite_on_shard);
Datum
shardlite_on_shard(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("function \"%s\" cannot be called", "on_shard")));
}
