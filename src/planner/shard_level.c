/*
 * shard_level.c
 *		Path tier: Query levels that become "SELECT ... FROM (sub-SELECT)", with a
 *		sub-SELECT that shards run as it is.
 *
 * A level that is hard as a whole becomes "SELECT columns FROM (level) ORDER BY ...
 * LIMIT ..."; one whose groups lie on several shards keeps what is above its WHERE, and
 * conditions that shards cannot evaluate.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"

#include "planner/shard_level.h"
#include "planner/shard_subquery.h"
#include "planner/shell_mark.h"

/* ---- what PostgreSQL's planner makes joins of ---- */

bool
shard_level_is_plain(const Query *query)
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

bool
shard_level_becomes_join(Node *qual)
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
	if (!shard_level_is_plain(query) || query->hasSubLinks)
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
		if (!shard_level_becomes_join(lfirst(lc)))
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

bool
shard_level_is_hard(Query *query)
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

		if (rte->rtekind == RTE_SUBQUERY && rte->lateral && !shard_level_is_plain(rte->subquery))
			return true;
	}
	if (!query->hasSubLinks)
		return false;
	return checkExprHasSubLink((Node *) query->targetList) ||
		checkExprHasSubLink(query->havingQual) ||
		!all_become_joins((Node *) query->jointree);
}

bool
shard_level_appends(const Query *query)
{
	SetOperationStmt *set = (SetOperationStmt *) query->setOperations;

	return set != NULL && set->op == SETOP_UNION && set->all;
}

/* ---- levels ---- */

/* Let a level read nothing but this entry. */
static void
replace_from(Query *query, Query *inner, Node *quals)
{
	RangeTblRef *ref = makeNode(RangeTblRef);

	ref->rtindex = 1;
	query->rtable = list_make1(shard_subquery_entry(inner));
	query->jointree = makeFromExpr(list_make1(ref), quals);
	query->cteList = NIL;
	query->hasRecursive = false;
}

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
wrap_level(Query *query, ColocatedObstacle *why)
{
	Query	   *inner = copy_level(query);
	List	   *outer = NIL;
	ListCell   *lc;

	if (checkExprHasSubLink(query->limitCount) || checkExprHasSubLink(query->limitOffset) ||
		(shard_level_appends(query) && query->sortClause == NIL) ||
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
	*why = shard_subquery_obstacle(inner);
	if (*why != COLOCATED_YES)
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
	bool		with_sublinks;	/* sublinks are columns, too */
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

		needed->unfit |= var->varattno < 0;
		var->varlevelsup = 0;
		return needed_column(needed, (Node *) var);
	}
	if (IsA(node, SubLink) && needed->depth == 0 && needed->with_sublinks && !needed->grouped &&
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

bool
shard_level_computes_once(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink) && !is_correlated((SubLink *) node) &&
		((SubLink *) node)->subLinkType != ANY_SUBLINK)
		return true;
	return expression_tree_walker(node, shard_level_computes_once, context);
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

/* A level's FROM clause with some of its conditions and these columns. */
static Query *
from_query(const Query *query, List *quals, List *exprs)
{
	Query	   *inner = makeNode(Query);

	inner->commandType = CMD_SELECT;
	inner->querySource = QSRC_ORIGINAL;
	inner->canSetTag = true;
	inner->rtable = query->rtable;
	inner->cteList = query->cteList;
	inner->hasRecursive = query->hasRecursive;
	inner->hasRowSecurity = query->hasRowSecurity;
	inner->hasSubLinks = query->hasSubLinks;
	inner->jointree = makeFromExpr(query->jointree->fromlist,
								   quals == NIL ? NULL : (Node *) make_ands_explicit(quals));
	inner->targetList = columns_target(exprs);
	return inner;
}

/*
 * Divide a level's conditions: those that shards can evaluate, and the rest;
 * false if they cannot even do its joins.
 */
static bool
split_conditions(const Query *query, List **inside, List **above)
{
	List	   *doubtful = NIL;
	ListCell   *lc;

	*inside = *above = NIL;
	foreach(lc, make_ands_implicit((Expr *) query->jointree->quals))
	{
		Node	   *qual = lfirst(lc);

		if (contain_volatile_functions(qual) || shard_level_computes_once(qual, NULL))
			*above = lappend(*above, qual);
		else if (checkExprHasSubLink(qual))
			doubtful = lappend(doubtful, qual);
		else
			*inside = lappend(*inside, qual);
	}
	if (!shard_subquery_possible(from_query(query, *inside, NIL)))
		return false;
	foreach(lc, doubtful)
	{
		List	   *more = lappend(list_copy(*inside), lfirst(lc));

		if (shard_subquery_possible(from_query(query, more, NIL)))
			*inside = more;
		else
			*above = lappend(*above, lfirst(lc));
	}
	return true;
}

/*
 * Let shards do a level's FROM and as much of its WHERE as they can; with_sublinks:
 * also the sublinks in what it makes of a row.
 */
static bool
wrap_from(Query *query, List *inside, List *above, bool with_sublinks)
{
	bool		grouped = query->hasAggs || query->groupClause != NIL ||
		query->groupingSets != NIL || query->havingQual != NULL;
	NeededColumns needed = {.with_sublinks = with_sublinks, .grouped = grouped};
	Query		rest = *query;
	Query	   *inner;

	rest.targetList = castNode(List, needed_mutator((Node *) query->targetList, &needed));
	rest.havingQual = needed_mutator(query->havingQual, &needed);
	needed.with_sublinks = false;
	above = castNode(List, needed_mutator((Node *) above, &needed));
	rest.hasSubLinks = checkExprHasSubLink((Node *) rest.targetList) ||
		checkExprHasSubLink(rest.havingQual) || checkExprHasSubLink((Node *) above) ||
		checkExprHasSubLink(rest.limitCount) || checkExprHasSubLink(rest.limitOffset);
	inner = from_query(query, inside, needed.exprs);
	if (needed.unfit || (query->cteList != NIL && rest.hasSubLinks) ||
		!shard_level_is_hard(inner) || !shard_subquery_possible(inner))
		return false;
	*query = rest;
	replace_from(query, inner, above == NIL ? NULL : (Node *) make_ands_explicit(above));
	return true;
}

bool
shard_level_wrap(Query *query, ColocatedObstacle *why)
{
	List	   *inside;
	List	   *above;

	*why = COLOCATED_YES;
	if (!shard_level_is_hard(query) || query->rowMarks != NIL)
		return false;
	if (wrap_level(query, why))
		return true;
	return query->setOperations == NULL && split_conditions(query, &inside, &above) &&
		(wrap_from(query, inside, above, true) || wrap_from(query, inside, above, false));
}

/* ---- what is not done ---- */

static bool
refused_sublinks_walker(Node *node, void *context)
{
	SubLink    *link = (SubLink *) node;

	if (node == NULL || IsA(node, Query))
		return false;
	if (!IsA(node, SubLink))
		return expression_tree_walker(node, refused_sublinks_walker, context);
	/* one that is computed once needs nothing more */
	if (is_correlated(link) || link->subLinkType == ANY_SUBLINK)
		shell_mark_refused(castNode(Query, link->subselect), LEVEL_SUBLINK,
						   *(ColocatedObstacle *) context);
	return refused_sublinks_walker(link->testexpr, context);
}

void
shard_level_refused(Query *query, ColocatedObstacle why)
{
	bool		combines = query->setOperations != NULL && !shard_level_appends(query);
	ListCell   *lc;

	foreach(lc, query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (!is_inlined(cte) && IsA(cte->ctequery, Query))
			shell_mark_refused((Query *) cte->ctequery, LEVEL_WITH, why);
	}
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_SUBQUERY && combines)
			shell_mark_refused(rte->subquery, LEVEL_SET_OPERATION, why);
		else if (rte->rtekind == RTE_SUBQUERY && rte->lateral &&
				 !shard_level_is_plain(rte->subquery))
			shell_mark_refused(rte->subquery, LEVEL_LATERAL, why);
	}
	(void) refused_sublinks_walker((Node *) query->targetList, &why);
	(void) refused_sublinks_walker(query->havingQual, &why);
	(void) refused_sublinks_walker((Node *) query->jointree, &why);
}
