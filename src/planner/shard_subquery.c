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
 * Where it is not an entry in FROM yet it is made one.  A level that is hard as
 * a whole becomes "SELECT columns FROM (level) ORDER BY ... LIMIT ..."; one
 * whose groups lie on several shards keeps what is above its WHERE.
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

#include "planner/colocated_query.h"
#include "planner/shard_subquery.h"
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
 * goes wherever the planner takes the entry.
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

static bool
can_run_on_shards(Query *query)
{
	ColocatedQuery facts;

	return colocated_query(query, &facts);
}

/* A new entry for a Query that shards run. */
static RangeTblEntry *
make_entry(Query *query)
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

/* Let a level read nothing but this entry. */
static void
replace_from(Query *query, Query *inner, Node *quals)
{
	RangeTblRef *ref = makeNode(RangeTblRef);

	ref->rtindex = 1;
	query->rtable = list_make1(make_entry(inner));
	query->jointree = makeFromExpr(list_make1(ref), quals);
	query->cteList = NIL;
	query->hasRecursive = false;
}

/* ---- what PostgreSQL's planner makes joins of ---- */

/* No more than FROM and WHERE. */
static bool
is_plain(const Query *query)
{
	return query->setOperations == NULL && !query->hasAggs && !query->hasWindowFuncs &&
		!query->hasTargetSRFs && query->groupClause == NIL && query->groupingSets == NIL &&
		query->havingQual == NULL && query->sortClause == NIL &&
		query->distinctClause == NIL && query->limitCount == NULL &&
		query->limitOffset == NULL && query->rowMarks == NIL && query->cteList == NIL;
}

static bool
is_correlated(const SubLink *link)
{
	return contain_vars_of_level(link->subselect, 1);
}

/* A condition that becomes a semi-join or anti-join, or has no sublink. */
static bool
becomes_join(Node *qual)
{
	SubLink    *link = (SubLink *) qual;
	Query	   *query;

	if (!checkExprHasSubLink(qual))
		return true;
	if (is_notclause(qual))
	{
		link = (SubLink *) get_notclausearg((Expr *) qual);
		if (!IsA(link, SubLink) || link->subLinkType != EXISTS_SUBLINK)
			return false;
	}
	if (!IsA(link, SubLink))
		return false;
	query = castNode(Query, link->subselect);
	if (!is_plain(query) || query->hasSubLinks)
		return false;
	return link->subLinkType == EXISTS_SUBLINK ? is_correlated(link) :
		link->subLinkType == ANY_SUBLINK && !is_correlated(link);
}

static bool
all_become_joins(Node *node)
{
	Node	   *quals;
	ListCell   *lc;

	if (node == NULL || IsA(node, RangeTblRef))
		return true;
	if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		if (!all_become_joins(join->larg) || !all_become_joins(join->rarg))
			return false;
		quals = join->quals;
	}
	else
	{
		foreach(lc, castNode(FromExpr, node)->fromlist)
		{
			if (!all_become_joins(lfirst(lc)))
				return false;
		}
		quals = ((FromExpr *) node)->quals;
	}
	foreach(lc, make_ands_implicit((Expr *) quals))
	{
		if (!becomes_join(lfirst(lc)))
			return false;
	}
	return true;
}

/* Is the CTE put where it is read? */
static bool
is_inlined(const CommonTableExpr *cte)
{
	return !cte->cterecursive && cte->ctematerialized != CTEMaterializeAlways &&
		(cte->cterefcount <= 1 || cte->ctematerialized == CTEMaterializeNever);
}

/* Is there something that the planner does not take apart into joins? */
static bool
is_hard(Query *query)
{
	ListCell   *lc;

	if (query->setOperations != NULL)
		return true;
	foreach(lc, query->cteList)
	{
		if (!is_inlined(lfirst_node(CommonTableExpr, lc)))
			return true;
	}
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_SUBQUERY && rte->lateral && !is_plain(rte->subquery))
			return true;
	}
	if (!query->hasSubLinks)
		return false;
	return checkExprHasSubLink((Node *) query->targetList) ||
		checkExprHasSubLink(query->havingQual) ||
		!all_become_joins((Node *) query->jointree);
}

/* One after the other, which shards would not keep. */
static bool
appends(const Query *query)
{
	SetOperationStmt *set = (SetOperationStmt *) query->setOperations;

	return set != NULL && set->op == SETOP_UNION && set->all;
}

/* ---- levels ---- */

static Query *
copy_level(const Query *query)
{
	Query	   *copy = makeNode(Query);

	memcpy(copy, query, sizeof(Query));
	copy->stmt_location = -1;
	copy->canSetTag = true;
	return copy;
}

/*
 * Let shards run a level but for its ORDER BY and LIMIT.  Sort columns become
 * columns like others.
 */
static bool
wrap_level(Query *query)
{
	Query	   *inner = copy_level(query);
	List	   *outer = NIL;
	ListCell   *lc;

	if (checkExprHasSubLink(query->limitCount) || checkExprHasSubLink(query->limitOffset) ||
		(appends(query) && query->sortClause == NIL) ||
		(query->hasTargetSRFs && query->sortClause != NIL))
		return false;
	inner->targetList = NIL;
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));
		TargetEntry *above = flatCopyTargetEntry(tle);

		tle->resjunk = false;
		inner->targetList = lappend(inner->targetList, tle);
		above->expr = (Expr *) makeVarFromTargetEntry(1, tle);
		outer = lappend(outer, above);
	}
	if (!inner->hasDistinctOn)
		inner->sortClause = NIL;
	inner->limitCount = inner->limitOffset = NULL;
	inner->limitOption = LIMIT_OPTION_COUNT;
	if (!can_run_on_shards(inner))
		return false;
	replace_from(query, inner, NULL);
	query->targetList = outer;
	query->hasAggs = query->hasWindowFuncs = query->hasTargetSRFs = false;
	query->hasSubLinks = query->hasDistinctOn = false;
	query->groupClause = query->groupingSets = query->windowClause = NIL;
	query->distinctClause = NIL;
	query->groupDistinct = false;
	query->havingQual = NULL;
	query->setOperations = NULL;
	return true;
}

/* Columns of a level's FROM clause that the rest of it needs. */
typedef struct NeededColumns
{
	List	   *exprs;
	Index		depth;			/* of Queries that we are in */
	bool		grouped;		/* outside of aggregates there are groups only */
	bool		unfit;
}			NeededColumns;

static Node *
needed_column(NeededColumns * needed, Node *expr)
{
	ListCell   *lc;
	int			resno = 0;
	Var		   *var;

	foreach(lc, needed->exprs)
	{
		resno++;
		if (equal(lfirst(lc), expr))
			break;
	}
	if (lc == NULL)
	{
		needed->exprs = lappend(needed->exprs, expr);
		resno = list_length(needed->exprs);
	}
	var = makeVar(1, resno, exprType(expr), exprTypmod(expr), exprCollation(expr),
				  needed->depth);
	return (Node *) var;
}

/* Replace columns, and sublinks over them, by what the entry will deliver. */
static Node *
needed_mutator(Node *node, void *context)
{
	NeededColumns *needed = context;
	Node	   *result;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == needed->depth)
	{
		Var		   *var = copyObject((Var *) node);

		needed->unfit |= var->varattno <= 0;
		var->varlevelsup = 0;
		return needed_column(needed, (Node *) var);
	}
	if (IsA(node, SubLink) && needed->depth == 0 && !needed->grouped &&
		is_correlated((SubLink *) node) && !contain_aggs_of_level(node, 0))
		return needed_column(needed, (Node *) copyObject(node));
	if (IsA(node, Aggref) && needed->depth == 0)
	{
		bool		grouped = needed->grouped;

		needed->grouped = false;
		result = expression_tree_mutator(node, needed_mutator, context);
		needed->grouped = grouped;
		return result;
	}
	if (IsA(node, Query))
	{
		needed->depth++;
		result = (Node *) query_tree_mutator((Query *) node, needed_mutator, context, 0);
		needed->depth--;
		return result;
	}
	return expression_tree_mutator(node, needed_mutator, context);
}

/* Is there a sublink that is computed once?  Of IN, except_any decides. */
static bool
uncorrelated_walker(Node *node, void *except_any)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink) && !is_correlated((SubLink *) node) &&
		!(*(bool *) except_any && ((SubLink *) node)->subLinkType == ANY_SUBLINK))
		return true;
	return expression_tree_walker(node, uncorrelated_walker, except_any);
}

/* Columns as the target list of a level. */
static List *
columns_target(List *exprs)
{
	List	   *targets = NIL;
	ListCell   *lc;

	if (exprs == NIL)
		exprs = list_make1(makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
									 Int32GetDatum(1), false, true));
	foreach(lc, exprs)
	{
		int			resno = foreach_current_index(lc) + 1;

		targets = lappend(targets, makeTargetEntry(lfirst(lc), resno,
												   psprintf("c%d", resno), false));
	}
	return targets;
}

/*
 * Let shards do a level's FROM and WHERE, but for conditions that are computed
 * once; with_any: also those of the kind "x IN (SELECT ...)".
 */
static bool
wrap_from(Query *query, bool with_any)
{
	Query	   *inner = makeNode(Query);
	NeededColumns needed = {.grouped = query->hasAggs || query->groupClause != NIL ||
		query->groupingSets != NIL || query->havingQual != NULL};
	Query		rest = *query;
	List	   *inside = NIL;
	List	   *above = NIL;
	ListCell   *lc;

	foreach(lc, make_ands_implicit((Expr *) query->jointree->quals))
	{
		if (contain_volatile_functions(lfirst(lc)) ||
			uncorrelated_walker(lfirst(lc), &with_any))
			above = lappend(above, lfirst(lc));
		else
			inside = lappend(inside, lfirst(lc));
	}
	rest.targetList = castNode(List, needed_mutator((Node *) query->targetList, &needed));
	rest.havingQual = needed_mutator(query->havingQual, &needed);
	needed.grouped = false;
	above = castNode(List, needed_mutator((Node *) above, &needed));
	rest.hasSubLinks = checkExprHasSubLink((Node *) rest.targetList) ||
		checkExprHasSubLink(rest.havingQual) || checkExprHasSubLink((Node *) above) ||
		checkExprHasSubLink(rest.limitCount) || checkExprHasSubLink(rest.limitOffset);
	inner->commandType = CMD_SELECT;
	inner->querySource = QSRC_ORIGINAL;
	inner->canSetTag = true;
	inner->rtable = query->rtable;
	inner->cteList = query->cteList;
	inner->hasRecursive = query->hasRecursive;
	inner->hasRowSecurity = query->hasRowSecurity;
	inner->hasSubLinks = query->hasSubLinks;
	inner->jointree = makeFromExpr(query->jointree->fromlist,
								   inside == NIL ? NULL : (Node *) make_ands_explicit(inside));
	inner->targetList = columns_target(needed.exprs);
	if (needed.unfit || (query->cteList != NIL && rest.hasSubLinks) ||
		!is_hard(inner) || !can_run_on_shards(inner))
		return false;
	*query = rest;
	replace_from(query, inner, above == NIL ? NULL : (Node *) make_ands_explicit(above));
	return true;
}

/* ---- sub-SELECTs in FROM ---- */

typedef struct EntryUse
{
	int			varno;
	Index		depth;
}			EntryUse;

/* Does the statement want a whole row of the entry? */
static bool
whole_row_walker(Node *node, void *context)
{
	EntryUse   *use = context;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		return var->varno == use->varno && var->varlevelsup == use->depth &&
			var->varattno <= 0;
	}
	if (IsA(node, Query))
	{
		EntryUse	inner = {use->varno, use->depth + 1};

		return query_tree_walker((Query *) node, whole_row_walker, &inner, 0);
	}
	return expression_tree_walker(node, whole_row_walker, context);
}

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

/* The sub-SELECT of an entry, also if it is a CTE that is read only here. */
static Query *
entry_query(const Query *query, const RangeTblEntry *rte)
{
	ListCell   *lc;

	if (rte->rtekind == RTE_SUBQUERY)
		return rte->subquery;
	if (rte->rtekind != RTE_CTE || rte->ctelevelsup > 0)
		return NULL;
	foreach(lc, query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (strcmp(cte->ctename, rte->ctename) == 0)
			return is_inlined(cte) && cte->cterefcount == 1 ?
				castNode(Query, cte->ctequery) : NULL;
	}
	return NULL;
}

/* The statement under way. */
typedef struct MarkContext
{
	const Query *top;
	List	   *found;			/* of Query */
}			MarkContext;

/* Does a level do more with its only entry than to hand its rows on? */
static bool
gains_from_table(Query *query)
{
	return !is_plain(query) || list_length(query->jointree->fromlist) > 1 ||
		!IsA(linitial(query->jointree->fromlist), RangeTblRef);
}

static void
mark_entry(const MarkContext * context, Query *query, int varno)
{
	RangeTblEntry *rte = rt_fetch(varno, query->rtable);
	Query	   *inner = entry_query(query, rte);
	EntryUse	use = {varno, 0};

	/* the order of its rows may show in what is made of them */
	if (inner == NULL || (inner->sortClause != NIL && !inner->hasDistinctOn) ||
		((!is_hard(inner) || appends(inner)) &&
		 (is_plain(inner) || (query == context->top && !gains_from_table(query)))) ||
		has_dropped_column(rte) || query_tree_walker(query, whole_row_walker, &use, 0) ||
		!can_run_on_shards(inner))
		return;
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

		/* rows that are locked or changed are looked at a second time */
		if (query->rowMarks != NIL ||
			(query->commandType != CMD_SELECT && query->commandType != CMD_INSERT))
			return false;
		if (query->commandType != CMD_SELECT || !is_hard(query) ||
			!(wrap_level(query) || (query->setOperations == NULL &&
									(wrap_from(query, true) || wrap_from(query, false)))))
			mark_entries(context, query, (Node *) query->jointree);
		foreach(lc, query->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
			Query	   *whole = shard_subquery_get(rte);

			if (whole != NULL)
				context->found = lappend(context->found, whole);
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
	MarkContext context = {.top = parse};

	if (enable_subquery_pushdown && !parse->hasModifyingCTE && parse->returningList == NIL)
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
