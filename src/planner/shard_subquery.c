/*
 * shard_subquery.c
 *		Path tier: sub-SELECTs that shards run as they are.
 *
 * PostgreSQL would plan the inside of a sub-SELECT, and we see its joins and
 * aggregates one by one.  What cannot be pulled apart like that (sublinks,
 * set operations, LATERAL, CTEs, several levels of grouping) is left whole where
 * colocated_query() says that the shards can run it: the entry keeps the
 * Query for the text, and joins, aggregates and the rest treat it as a table.
 *
 * Where it is not an entry in FROM yet it is made one (shard_level.c).
 *
 * For estimates, the planner gets a stand-in for the sub-SELECT: without
 * sublinks, whose plans would be in the way, and behind OFFSET 0, lest it
 * be pulled up or filters be lost in it.  It is never executed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/guc.h"

#include "metadata/dist_table.h"
#include "planner/batch_plan.h"
#include "planner/colocated_query.h"
#include "planner/entry_row.h"
#include "planner/shard_condition.h"
#include "planner/shard_level.h"
#include "planner/shard_subquery.h"
#include "planner/shell_mark.h"
#include "planner/whole_statement.h"

/* Setting */
static bool enable_subquery_pushdown = true;

void
shard_subquery_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_subquery_pushdown",
							 "Lets shards run sub-SELECTs whose rows stay on their shard.",
							 NULL, &enable_subquery_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}

/* ---- the stand-in ---- */

/* Something that the planner knows nothing of. */
static Node *
unknown_value(Node *expr)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = PG_INT32_MAX;
	param->paramtype = exprType(expr);
	param->paramtypmod = exprTypmod(expr);
	param->paramcollid = exprCollation(expr);
	param->location = -1;
	return (Node *) param;
}

/* Conditions without those that have sublinks. */
static Node *
without_sublinks(Node *quals)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, make_ands_implicit((Expr *) quals))
	{
		if (!checkExprHasSubLink(lfirst(lc)))
			kept = lappend(kept, lfirst(lc));
	}
	return kept == NIL ? NULL : (Node *) make_ands_explicit(kept);
}

/* The CTE can be put where it is read, a recursive one by its first rows. */
static void
simplify_cte(CommonTableExpr *cte)
{
	Query	   *query = castNode(Query, cte->ctequery);
	SetOperationStmt *set = (SetOperationStmt *) query->setOperations;

	cte->ctematerialized = CTEMaterializeNever;
	if (!cte->cterecursive)
		return;
	query = rt_fetch(castNode(RangeTblRef, set->larg)->rtindex, query->rtable)->subquery;
	IncrementVarSublevelsUp((Node *) query, -1, 1);
	cte->ctequery = (Node *) query;
	cte->cterecursive = false;
}

static Node *
simplify_mutator(Node *node, void *context)
{
	ListCell   *lc;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
	{
		Query	   *query = query_tree_mutator((Query *) node, simplify_mutator, context, 0);

		query->havingQual = without_sublinks(query->havingQual);
		query->hasSubLinks = false;
		foreach(lc, query->cteList)
			simplify_cte(lfirst_node(CommonTableExpr, lc));
		return (Node *) query;
	}
	if (IsA(node, SubLink))
		return unknown_value(node);
	if (IsA(node, FromExpr))
	{
		FromExpr   *from = makeFromExpr(((FromExpr *) node)->fromlist,
										without_sublinks(((FromExpr *) node)->quals));

		return expression_tree_mutator((Node *) from, simplify_mutator, context);
	}
	return expression_tree_mutator(node, simplify_mutator, context);
}

static Query *
stand_in(Query *query)
{
	Query	   *result = castNode(Query, simplify_mutator((Node *) query, NULL));

	result->limitOffset = (Node *) makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
											 Int64GetDatum(0), false, FLOAT8PASSBYVAL);
	return result;
}

/* ---- entries ---- */

/*
 * The Query is kept in a field that entries of this kind do not use, so that it
 * goes wherever the planner takes the entry.  A second member of the list says that
 * it is read before the statement writes.
 */
static void
set_subquery(RangeTblEntry *rte, Query *query)
{
	rte->values_lists = list_make1(query);
	rte->subquery = stand_in(query);
}

Query *
shard_subquery_get(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_SUBQUERY && rte->values_lists != NIL ?
		linitial_node(Query, rte->values_lists) : NULL;
}

bool
shard_subquery_reads_first(const RangeTblEntry *rte)
{
	return list_length(rte->values_lists) > 1;
}

bool
shard_subquery_is_junk(PlannerInfo *root, Node *node)
{
	Var		   *var = (Var *) node;

	return IsA(node, Var) && var->varattno == InvalidAttrNumber &&
		shard_subquery_get(planner_rt_fetch(var->varno, root)) != NULL;
}

ColocatedObstacle
shard_subquery_obstacle(Query *query)
{
	ColocatedQuery facts;

	if (colocated_query(query, &facts))
		return COLOCATED_YES;
	return facts.obstacle == COLOCATED_YES ? COLOCATED_NOT_SAID : facts.obstacle;
}

bool
shard_subquery_possible(Query *query)
{
	return shard_subquery_obstacle(query) == COLOCATED_YES;
}

RangeTblEntry *
shard_subquery_entry(Query *query)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	ListCell   *lc;

	rte->rtekind = RTE_SUBQUERY;
	rte->eref = makeAlias("part", NIL);
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk)
			rte->eref->colnames = lappend(rte->eref->colnames,
										  makeString(pstrdup(tle->resname != NULL ? tle->resname : "?column?")));
	}
	rte->inFromCl = true;
	set_subquery(rte, query);
	return rte;
}

/* ---- sub-SELECTs in FROM ---- */

static bool
has_dropped_column(const RangeTblEntry *rte)
{
	ListCell   *lc;

	foreach(lc, rte->eref->colnames)
	{
		if (strVal(lfirst(lc))[0] == '\0')
			return true;
	}
	return false;
}

/* The CTE of an entry if it is of this level and read only there. */
static CommonTableExpr *
only_read_here(const Query *query, const RangeTblEntry *rte)
{
	ListCell   *lc;

	if (rte->rtekind != RTE_CTE || rte->ctelevelsup > 0)
		return NULL;
	foreach(lc, query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (strcmp(cte->ctename, rte->ctename) == 0)
			return !cte->cterecursive && cte->cterefcount == 1 &&
				cte->ctematerialized != CTEMaterializeAlways ? cte : NULL;
	}
	return NULL;
}

/* The statement under way. */
typedef struct MarkContext
{
	const Query *top;
	bool		before_writes;
	bool		secret;			/* row security decides what conditions may see */
	List	   *found;			/* of Query */
}			MarkContext;

/* Does a level do more with its only entry than to hand its rows on? */
static bool
gains_from_table(Query *query)
{
	return !shard_level_is_plain(query) || list_length(query->jointree->fromlist) > 1 ||
		!IsA(linitial(query->jointree->fromlist), RangeTblRef);
}

static void
mark_entry(const MarkContext * context, Query *query, int varno)
{
	RangeTblEntry *rte = rt_fetch(varno, query->rtable);
	CommonTableExpr *cte = only_read_here(query, rte);
	Query	   *inner = cte != NULL ? castNode(Query, cte->ctequery) :
		rte->rtekind == RTE_SUBQUERY ? rte->subquery : NULL;

	/* the order of its rows may show in what is made of them */
	if (inner == NULL || (inner->sortClause != NIL && !inner->hasDistinctOn) ||
		((!shard_level_is_hard(inner) || shard_level_appends(inner)) &&
		 (shard_level_is_plain(inner) || (query == context->top && !gains_from_table(query)))) ||
		has_dropped_column(rte) || !shard_subquery_possible(inner))
		return;
	/* the entry has the CTE's Query now: nobody else may look for entries in it */
	if (cte != NULL)
		query->cteList = list_delete_ptr(query->cteList, cte);
	if (entry_row_is_wanted(query, varno))
	{
		inner = entry_row_expand(query, varno, inner);
		rte = rt_fetch(varno, query->rtable);
	}
	rte->rtekind = RTE_SUBQUERY;
	rte->lateral = false;
	set_subquery(rte, inner);
}

static void
mark_entries(const MarkContext * context, Query *query, Node *node)
{
	ListCell   *lc;

	if (node == NULL)
		return;
	if (IsA(node, RangeTblRef))
		mark_entry(context, query, ((RangeTblRef *) node)->rtindex);
	else if (IsA(node, JoinExpr))
	{
		mark_entries(context, query, ((JoinExpr *) node)->larg);
		mark_entries(context, query, ((JoinExpr *) node)->rarg);
	}
	else
	{
		foreach(lc, castNode(FromExpr, node)->fromlist)
			mark_entries(context, query, lfirst(lc));
	}
}

/* ---- the statement ---- */

/*
 * Does this level change or lock rows that are read a second time here if they
 * were changed meanwhile (EvalPlanQual)?  Rows of shards are looked at there.
 */
static bool
is_rechecked_here(const Query *query)
{
	ListCell   *lc;
	DistTable  *table;

	foreach(lc, query->rowMarks)
	{
		RangeTblEntry *rte = rt_fetch(lfirst_node(RowMarkClause, lc)->rti, query->rtable);

		table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;
		if (rte->rtekind == RTE_RELATION && (table == NULL || table->kind == DIST_REFERENCE))
			return true;
	}
	if (query->commandType == CMD_SELECT || query->commandType == CMD_INSERT)
		return false;
	table = dist_table_find(rt_fetch(query->resultRelation, query->rtable)->relid);
	return table == NULL || table->kind == DIST_REFERENCE;
}

static bool
mark_walker(Node *node, void *arg)
{
	MarkContext *context = arg;
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		ColocatedObstacle why = COLOCATED_YES;

		if (is_rechecked_here(query))
			return false;
		if (!enable_subquery_pushdown)
			why = shard_level_is_hard(query) ? COLOCATED_OFF : COLOCATED_YES;
		else if (query->commandType != CMD_SELECT || !shard_level_wrap(query, &why))
		{
			mark_entries(context, query, (Node *) query->jointree);
			if (!context->secret)
				context->found = list_concat(context->found, shard_conditions_hide(query));
		}
		if (why != COLOCATED_YES)
			shard_level_refused(query, why);
		foreach(lc, query->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
			Query	   *whole = shard_subquery_get(rte);

			if (whole != NULL)
			{
				context->found = lappend(context->found, whole);
				if (context->before_writes)
					rte->values_lists = lappend(rte->values_lists, makeInteger(true));
			}
			else if (rte->rtekind == RTE_SUBQUERY)
				(void) mark_walker((Node *) rte->subquery, context);
		}
		return query_tree_walker(query, mark_walker, context, QTW_IGNORE_RT_SUBQUERIES);
	}
	return expression_tree_walker(node, mark_walker, context);
}

List *
shard_subqueries_mark(Query *parse)
{
	MarkContext context = {
		.top = parse, .before_writes = shell_marks_read_first(parse),
		.secret = batch_policies_walker((Node *) parse, NULL)
	};

	(void) mark_walker((Node *) parse, &context);
	return context.found;
}

void
shard_subqueries_note(PlannedStmt *stmt, List *queries)
{
	ListCell   *lc;

	foreach(lc, queries)
		whole_statement_note(stmt, lfirst_node(Query, lc));
}
