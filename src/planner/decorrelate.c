/*
 * decorrelate.c
 *		Correlated scalar aggregates become joins with grouped subqueries.
 *
 *	... WHERE x op f((SELECT agg(e) FROM t WHERE t.a = o.a AND q))
 *	... , (SELECT t.a AS k, agg(e) AS v FROM t WHERE q GROUP BY t.a) s
 *		  WHERE s.k = o.a AND x op f(s.v)
 *
 * A subquery that runs once per outer row asks the shards each time.  The join
 * drops the outer rows that have no group.  So did the filter, if the aggregate
 * of no rows is NULL and f and op are strict.  A group is one outer row's at
 * most once, because the correlation is what its values are grouped by.  Rows that
 * no outer row asks for are looked at, too, so nothing that is computed of
 * them may fail.
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "metadata/dist_table.h"
#include "planner/decorrelate.h"
#include "planner/outer_rows.h"
#include "planner/replan_gain.h"

/* One subquery on its way into FROM. */
typedef struct Unnesting
{
	Query	   *sub;
	Index		rti;			/* its entry to be */
	List	   *targets;		/* of TargetEntry: group keys, then aggregates */
	List	   *quals;			/* that join it, as the outer query writes them */
}			Unnesting;

typedef struct UnnestContext
{
	bool		restricted;		/* groups without outer rows are not computed */
	bool		changed;
}			UnnestContext;

/* ---- what may be unnested ---- */

/* Does the subquery read shards? */
static bool
reads_shards(const Query *sub)
{
	ListCell   *lc;

	foreach(lc, sub->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;

		if (table != NULL && table->kind != DIST_REFERENCE)
			return true;
	}
	return false;
}

static bool
is_plain_aggregate(const Query *sub)
{
	return sub->commandType == CMD_SELECT && sub->hasAggs &&
		sub->groupClause == NIL && sub->groupingSets == NIL && sub->havingQual == NULL &&
		!sub->hasWindowFuncs && !sub->hasTargetSRFs && !sub->hasModifyingCTE &&
		sub->distinctClause == NIL && sub->sortClause == NIL &&
		sub->limitOffset == NULL && sub->limitCount == NULL &&
		sub->setOperations == NULL && sub->cteList == NIL && sub->rowMarks == NIL &&
		list_length(sub->targetList) == 1;
}

/* Is the aggregate of no rows NULL? */
static bool
is_null_of_nothing(const Aggref *aggref)
{
	static const char *const names[] = {"sum", "avg", "min", "max"};
	char	   *name = get_func_name(aggref->aggfnoid);

	if (name == NULL || get_func_namespace(aggref->aggfnoid) != PG_CATALOG_NAMESPACE)
		return false;
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* The expression with NULL for its aggregates; *context is set if one is unfit. */
static Node *
nullify_mutator(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref))
	{
		Aggref	   *aggref = (Aggref *) node;

		if (aggref->agglevelsup != 0 || !is_null_of_nothing(aggref))
			*(bool *) context = true;
		return (Node *) makeNullConst(aggref->aggtype, -1, aggref->aggcollid);
	}
	if (IsA(node, Var) || IsA(node, SubLink) ||
		(IsA(node, Param) && ((Param *) node)->paramkind != PARAM_EXTERN))
		*(bool *) context = true;
	return expression_tree_mutator(node, nullify_mutator, context);
}

/* Is the value NULL where there are no rows? */
static bool
is_strict_in_aggregates(Node *value)
{
	bool		unfit = false;
	Node	   *of_nothing = nullify_mutator(value, &unfit);

	if (unfit || contain_volatile_functions(of_nothing))
		return false;
	of_nothing = eval_const_expressions(NULL, of_nothing);
	return IsA(of_nothing, Const) && ((Const *) of_nothing)->constisnull;
}

/* ---- errors of rows that no outer row asks for ---- */

static bool
may_raise(Oid function, void *context)
{
	return !get_func_leakproof(function);
}

/* A comparison of built-in types, in whatever form. */
static bool
is_comparison(Node *node)
{
	Oid			opno = IsA(node, OpExpr) || IsA(node, DistinctExpr) ? ((OpExpr *) node)->opno :
		IsA(node, ScalarArrayOpExpr) ? ((ScalarArrayOpExpr *) node)->opno : InvalidOid;

	return OidIsValid(opno) && opno < FirstNormalObjectId &&
		get_op_btree_interpretation(opno) != NIL;
}

/* Can only what the node is made of fail? */
static bool
is_harmless(Node *node)
{
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_RangeTblRef:
		case T_JoinExpr:
		case T_FromExpr:
		case T_Var:
		case T_Const:
		case T_Param:
		case T_SubLink:
		case T_RelabelType:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoalesceExpr:
			return true;
		case T_Aggref:
			return is_null_of_nothing((Aggref *) node);
		case T_OpExpr:
		case T_DistinctExpr:
		case T_ScalarArrayOpExpr:
		case T_FuncExpr:
			return is_comparison(node) || !check_functions_in_node(node, may_raise, NULL);
		default:
			return false;
	}
}

static bool
has_column_walker(Node *node, void *context)
{
	return node != NULL && (IsA(node, Var) || IsA(node, Query) ||
							expression_tree_walker(node, has_column_walker, context));
}

/* Can computing it fail for one row and not for another? */
static bool
may_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, may_fail, context, 0);
	return is_harmless(node) ? expression_tree_walker(node, may_fail, context) :
		has_column_walker(node, NULL);
}

/* Can computing the input of the aggregates fail? */
static bool
aggregates_may_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (!IsA(node, Aggref))
		return expression_tree_walker(node, aggregates_may_fail, context);
	return may_fail((Node *) ((Aggref *) node)->args, NULL) ||
		may_fail((Node *) ((Aggref *) node)->aggfilter, NULL);
}

/* Can finding the rows of the groups fail, by filters, joins or group keys? */
static bool
groups_may_fail(const Unnesting * unnesting)
{
	return may_fail((Node *) unnesting->targets, NULL) ||
		may_fail((Node *) unnesting->sub->jointree, NULL) ||
		range_table_walker(unnesting->sub->rtable, may_fail, NULL, 0);
}

/* ---- correlation ---- */

/* An expression of the subquery's own rows. */
static bool
is_inner(Node *node)
{
	return contain_vars_of_level(node, 0) && !contain_vars_of_level(node, 1) &&
		!checkExprHasSubLink(node) && !contain_volatile_functions(node);
}

/* An expression of the outer query's row, whose value is one for the subquery. */
static bool
is_outer(Node *node)
{
	return contain_vars_of_level(node, 1) && !contain_vars_of_level(node, 0) &&
		!checkExprHasSubLink(node) && !contain_volatile_functions(node) &&
		!contain_agg_clause(node);
}

/* Is this the equality that GROUP BY of the expression uses, in its family? */
static bool
groups_as_it_joins(Oid opno, Oid collation, Node *expr)
{
	TypeCacheEntry *type = lookup_type_cache(exprType(expr),
											 TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR);

	if (!OidIsValid(type->btree_opf) || !OidIsValid(type->eq_opr) ||
		!list_member_oid(get_mergejoin_opfamilies(opno), type->btree_opf))
		return false;
	return (!OidIsValid(collation) || get_collation_isdeterministic(collation)) &&
		(!OidIsValid(exprCollation(expr)) ||
		 get_collation_isdeterministic(exprCollation(expr)));
}

/* Column of the subquery for an expression of its; made if it is new. */
static Var *
column_for(Unnesting * unnesting, Expr *expr, bool is_key)
{
	TargetEntry *entry = NULL;
	ListCell   *lc;

	foreach(lc, unnesting->targets)
	{
		if (equal(lfirst_node(TargetEntry, lc)->expr, expr))
			entry = lfirst(lc);
	}
	if (entry == NULL)
	{
		int			resno = list_length(unnesting->targets) + 1;

		entry = makeTargetEntry(expr, resno, psprintf("c%d", resno), false);
		unnesting->targets = lappend(unnesting->targets, entry);
	}
	if (is_key && entry->ressortgroupref == 0)
	{
		SortGroupClause *group = makeNode(SortGroupClause);

		entry->ressortgroupref = entry->resno;
		group->tleSortGroupRef = entry->resno;
		get_sort_group_operators(exprType((Node *) expr), true, true, false,
								 &group->sortop, &group->eqop, NULL, &group->hashable);
		unnesting->sub->groupClause = lappend(unnesting->sub->groupClause, group);
	}
	return makeVar(unnesting->rti, entry->resno, exprType((Node *) expr),
				   exprTypmod((Node *) expr), exprCollation((Node *) expr), 0);
}

/* Turn "inner = outer" into a join qual; false if it is not of that kind. */
static bool
take_correlation(Unnesting * unnesting, Node *qual)
{
	OpExpr	   *op = (OpExpr *) qual;

	if (!IsA(qual, OpExpr) || list_length(op->args) != 2 || !op_strict(op->opno))
		return false;
	for (int i = 0; i < 2; i++)
	{
		Node	   *inner = list_nth(op->args, i);
		Node	   *outer = list_nth(op->args, 1 - i);

		if (!is_inner(inner) || !is_outer(outer) ||
			!groups_as_it_joins(op->opno, op->inputcollid, inner) ||
			!groups_as_it_joins(op->opno, op->inputcollid, outer))
			continue;
		op = copyObject(op);
		outer = list_nth(op->args, 1 - i);
		IncrementVarSublevelsUp(outer, -1, 1);
		lfirst(list_nth_cell(op->args, i)) = column_for(unnesting, (Expr *) inner, true);
		unnesting->quals = lappend(unnesting->quals, op);
		return true;
	}
	return false;
}

/* Take the correlation out of the subquery's filters; false if it is more than equalities. */
static bool
take_correlations(Unnesting * unnesting)
{
	FromExpr   *from = unnesting->sub->jointree;
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, make_ands_implicit((Expr *) from->quals))
	{
		if (!contain_vars_of_level(lfirst(lc), 1))
			kept = lappend(kept, lfirst(lc));
		else if (!take_correlation(unnesting, lfirst(lc)))
			return false;
	}
	from->quals = kept == NIL ? NULL : (Node *) make_ands_explicit(kept);
	return unnesting->quals != NIL;
}

/* ---- the outer query ---- */

/* The subquery's value in terms of its columns. */
static Node *
columns_mutator(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref))
		return (Node *) column_for(context, (Expr *) node, false);
	return expression_tree_mutator(node, columns_mutator, context);
}

static void
add_subquery(Query *query, Unnesting * unnesting)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblRef *ref = makeNode(RangeTblRef);
	ListCell   *lc;

	unnesting->sub->targetList = unnesting->targets;
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = unnesting->sub;
	rte->eref = makeAlias("grouped", NIL);
	foreach(lc, unnesting->targets)
		rte->eref->colnames = lappend(rte->eref->colnames,
									  makeString(lfirst_node(TargetEntry, lc)->resname));
	rte->inFromCl = true;
	replan_gain_mark(rte);
	query->rtable = lappend(query->rtable, rte);
	ref->rtindex = unnesting->rti;
	query->jointree->fromlist = lappend(query->jointree->fromlist, ref);
}

/* The joins that a filter becomes, as a list of quals; NIL if it stays. */
static List *
unnest_filter(Query *query, OpExpr *op, bool all_groups)
{
	Unnesting	unnesting = {0};

	if (!IsA(op, OpExpr) || list_length(op->args) != 2 || !op_strict(op->opno))
		return NIL;
	for (int i = 0; i < 2; i++)
	{
		SubLink    *link = list_nth(op->args, i);
		Node	   *value;

		if (!IsA(link, SubLink) || link->subLinkType != EXPR_SUBLINK ||
			checkExprHasSubLink(list_nth(op->args, 1 - i)))
			continue;
		unnesting.sub = copyObject(castNode(Query, link->subselect));
		unnesting.rti = list_length(query->rtable) + 1;
		if (!is_plain_aggregate(unnesting.sub) || !reads_shards(unnesting.sub))
			return NIL;
		value = (Node *) linitial_node(TargetEntry, unnesting.sub->targetList)->expr;
		if (!is_strict_in_aggregates(value) ||
			(all_groups && aggregates_may_fail(value, NULL)) ||
			!take_correlations(&unnesting) || groups_may_fail(&unnesting) ||
			contain_vars_of_level((Node *) unnesting.sub, 1))
			return NIL;
		value = columns_mutator(value, &unnesting);
		add_subquery(query, &unnesting);
		op = copyObject(op);
		lfirst(list_nth_cell(op->args, i)) = value;
		return lappend(unnesting.quals, op);
	}
	return NIL;
}

static bool
unnest_level(Query *query, bool restricted)
{
	int			nentries = list_length(query->rtable);
	List	   *kept = NIL;
	List	   *joined = NIL;
	int			nitems;
	ListCell   *lc;

	if (query->commandType != CMD_SELECT || !query->hasSubLinks ||
		query->jointree == NULL || query->rowMarks != NIL)
		return false;
	nitems = list_length(query->jointree->fromlist);
	restricted = restricted && outer_rows_can_move(query);
	foreach(lc, make_ands_implicit((Expr *) query->jointree->quals))
	{
		List	   *joins = unnest_filter(query, lfirst(lc), !restricted);

		joined = list_concat(joined, joins);
		if (joins == NIL)
			kept = lappend(kept, lfirst(lc));
	}
	if (joined == NIL)
		return false;
	if (restricted)
		outer_rows_move(query, nentries, nitems, kept, joined);
	else
		query->jointree->quals = (Node *) make_ands_explicit(list_concat(kept, joined));
	return true;
}

static bool
unnest_walker(Node *node, void *context)
{
	UnnestContext *unnest = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		unnest->changed |= unnest_level((Query *) node, unnest->restricted);
		return query_tree_walker((Query *) node, unnest_walker, context, 0);
	}
	return expression_tree_walker(node, unnest_walker, context);
}

/* Is there a scalar subquery anywhere? */
static bool
has_scalar_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink) && ((SubLink *) node)->subLinkType == EXPR_SUBLINK)
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, has_scalar_walker, context, 0);
	return expression_tree_walker(node, has_scalar_walker, context);
}

Query *
decorrelated_copy(const Query *parse, bool restricted)
{
	UnnestContext context = {.restricted = restricted};
	Query	   *copy;

	if (parse->hasModifyingCTE || !has_scalar_walker((Node *) parse, NULL))
		return NULL;
	copy = copyObject(unconstify(Query *, parse));
	(void) unnest_walker((Node *) copy, &context);
	return context.changed ? copy : NULL;
}
