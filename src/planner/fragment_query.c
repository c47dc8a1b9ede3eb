/*
 * fragment_query.c
 *		The Query that fetches a relation from a shard, rebuilt from the planner
 *		state that its record points to.
 *
 * The Query keeps the planner level's range table with its indexes, so Vars
 * stay as they are; entries that it does not read become dummies.  Nullable
 * sides of outer joins are sub-SELECTs, appended as new entries: what is
 * computed below the join in the plan (PlaceHolderVars, whole rows) becomes a
 * column there and is null-extended with the rest.  The node's planner pulls
 * such sub-SELECTs up again where it can.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"

#include "deparse/shippable.h"
#include "planner/fragment_query.h"
#include "planner/partial_aggregate.h"
#include "planner/shard_condition.h"
#include "planner/shard_subquery.h"
#include "planner/shell_mark.h"
#include "planner/whole_statement.h"

/* One Query under construction. */
typedef struct FragmentLevel
{
	PlannerInfo *root;
	const DistRel *dist;
	Query	   *query;
	Relids		plain;			/* base relations in its FROM clause */
	List	   *wraps;			/* of DistWrap, and where they are: */
	List	   *wrap_rtis;
	struct FragmentLevel *outer;	/* around an EXISTS, else NULL */
	List	   *sources;		/* of the whole fragment */
	List	  **params;
}			FragmentLevel;

static Query *build_level(FragmentLevel * level, List *targets, List *quals);

/* ---- expressions ---- */

Param *
fragment_param(Node *node, List **params)
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

/* The column of a sub-SELECT of this level that an expression is; or NULL. */
static Node *
wrapped_column(const FragmentLevel * level, Node *node)
{
	ListCell   *lc,
			   *lc2,
			   *lc3;

	forboth(lc, level->wraps, lc2, level->wrap_rtis)
	{
		const DistWrap *wrap = lfirst(lc);

		foreach(lc3, wrap->exprs)
		{
			if (equal(lfirst(lc3), node))
				return (Node *) makeVar(lfirst_int(lc2), foreach_current_index(lc3) + 1,
										exprType(node), exprTypmod(node),
										exprCollation(node), 0);
		}
	}
	return NULL;
}

/* What a Var or PlaceHolderVar is in this level; NULL if it is not from here. */
static Node *
resolve_column(const FragmentLevel * level, Node *node)
{
	Node	   *column = wrapped_column(level, node);
	Index		varno;
	ListCell   *lc;

	if (column != NULL || !IsA(node, Var))
		return column;
	varno = ((Var *) node)->varno;
	if (bms_is_member(varno, level->plain))
	{
		Var		   *var = copyObject((Var *) node);

		/* perhaps written as a column of a join with an alias, which is not here */
		var->varnosyn = var->varno;
		var->varattnosyn = var->varattno;
		return (Node *) var;
	}
	if (bms_is_member(varno, level->dist->nulled))
		return (Node *) makeNullConst(exprType(node), exprTypmod(node), exprCollation(node));
	foreach(lc, level->dist->stand_ins)
	{
		if (equal(linitial(lfirst(lc)), node))
			return resolve_column(level, lsecond(lfirst(lc)));
	}
	if (bms_is_member(varno, level->dist->relids))
		elog(ERROR, "column %d of range table entry %u is hidden in a fragment",
			 ((Var *) node)->varattno, varno);
	return NULL;
}

/* Is this expression made of columns of the fragment? */
static bool
is_computed_inside(const FragmentLevel * level, const PlaceHolderVar *placeholder)
{
	for (; level != NULL; level = level->outer)
	{
		if (bms_overlap(placeholder->phrels, level->dist->relids))
			return true;
	}
	return false;
}

/* Parameters of what is left whole, which has not been through the planner. */
static Node *
extract_unplanned(FragmentLevel * level, Node *node)
{
	int			known = list_length(*level->params);

	node = extract_params(node, level->params);
	for (int i = known; i < list_length(*level->params); i++)
	{
		ListCell   *param = list_nth_cell(*level->params, i);

		lfirst(param) = expression_planner(lfirst(param));
	}
	return node;
}

static Node *
bind_mutator(Node *node, void *context)
{
	FragmentLevel *level = context;
	Node	   *condition;
	List	   *args;

	if (node == NULL)
		return NULL;
	condition = shard_condition_get(node, &args);
	if (condition != NULL)
	{
		level->query->hasSubLinks = true;
		args = castNode(List, expression_tree_mutator((Node *) args, bind_mutator, context));
		return shard_condition_fill(extract_unplanned(level, condition), args);
	}
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
	{
		int			depth = 0;

		for (FragmentLevel * at = level; at != NULL; at = at->outer, depth++)
		{
			Node	   *column = resolve_column(at, node);

			if (column == NULL)
				continue;
			if (depth > 0)
				IncrementVarSublevelsUp(column, depth, 0);
			return column;
		}
		if (IsA(node, PlaceHolderVar) && is_computed_inside(level, (PlaceHolderVar *) node))
			return bind_mutator((Node *) ((PlaceHolderVar *) node)->phexpr, level);
		return (Node *) fragment_param(node, level->params);
	}
	return expression_tree_mutator(node, bind_mutator, context);
}

/* An expression of the plan as it is written in this level. */
static Node *
bind(FragmentLevel * level, Node *node)
{
	return bind_mutator(extract_params(node, level->params), level);
}

/* Bare clauses as one condition. */
static Node *
bind_quals(FragmentLevel * level, List *quals)
{
	if (quals == NIL)
		return NULL;
	return (Node *) make_ands_explicit((List *) bind(level, (Node *) quals));
}

/* ---- range table ---- */

/* The text of a sub-SELECT that shards run as it is. */
static Query *
shard_subquery_text(FragmentLevel * level, const Query *query)
{
	Query	   *result = copyObject(unconstify(Query *, query));

	whole_statement_forget_security(result);
	return castNode(Query, extract_unplanned(level, (Node *) result));
}

/* Copy of a range table entry for the fragment. */
static RangeTblEntry *
fragment_rte(FragmentLevel * level, const RangeTblEntry *source)
{
	RangeTblEntry *rte = copyObject(unconstify(RangeTblEntry *, source));
	Query	   *whole = shard_subquery_get(source);
	ShellMark	mark;

	if (whole != NULL)
	{
		rte->values_lists = NIL;
		rte->subquery = shard_subquery_text(level, whole);
		return rte;
	}
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
			bind(level, (Node *) rte->tablesample);
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

/* Append an entry; its index. */
static Index
add_rte(FragmentLevel * level, RangeTblEntry *rte)
{
	level->query->rtable = lappend(level->query->rtable, rte);
	return list_length(level->query->rtable);
}

/* Find the base relations that stand in a FROM clause by themselves. */
static Relids
plain_relations(List *from, Relids plain)
{
	ListCell   *lc;

	foreach(lc, from)
	{
		const DistFrom *item = lfirst(lc);

		if (item->rti != 0)
			plain = bms_add_member(plain, item->rti);
		else if (item->right != NULL)
			plain = plain_relations(lappend(list_copy(item->left), item->right), plain);
	}
	return plain;
}

/* Plain target entries c1, c2, ... of expressions. */
static List *
make_targets(List *exprs)
{
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, exprs)
		targets = lappend(targets, makeTargetEntry(lfirst(lc),
												   foreach_current_index(lc) + 1,
												   NULL, false));
	return targets;
}

static List *
column_names(int count)
{
	List	   *names = NIL;

	for (int i = 1; i <= count; i++)
		names = lappend(names, makeString(psprintf("c%d", i)));
	return names;
}

static RangeTblEntry *
subquery_rte(FragmentLevel * level, const DistWrap * wrap)
{
	FragmentLevel inner = {
		.root = level->root, .dist = wrap->dist, .sources = level->sources,
		.params = level->params
	};
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = build_level(&inner, make_targets(wrap->exprs),
								bare_clauses(wrap->dist->conds));
	rte->eref = makeAlias("side", column_names(list_length(wrap->exprs)));
	rte->alias = makeAlias("side", NIL);
	return rte;
}

Const *
fragment_source_number(int index)
{
	return makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
					 Int64GetDatum(-1 - index), false, FLOAT8PASSBYVAL);
}

static Oid
get_rows_function(void)
{
	Oid			argtypes[] = {INT8OID};

	return LookupFuncName(list_make2(makeString("shardlite_internal"),
									 makeString("get_rows")), 1, argtypes, false);
}

/* get_rows($n) source(c1 type, ...) */
static RangeTblEntry *
source_rte(FragmentLevel * level, DistWrap * wrap)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblFunction *function = makeNode(RangeTblFunction);
	Const	   *number = NULL;
	List	   *exprs = wrap->exprs;
	ListCell   *lc;

	foreach(lc, level->sources)
	{
		if (lfirst(lc) == wrap)
			number = fragment_source_number(foreach_current_index(lc));
	}
	if (exprs == NIL)
		exprs = list_make1(makeNullConst(INT4OID, -1, InvalidOid));
	function->funcexpr = (Node *)
		makeFuncExpr(get_rows_function(), RECORDOID,
					 list_make1(fragment_param((Node *) number, level->params)),
					 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	((FuncExpr *) function->funcexpr)->funcretset = true;
	function->funccolcount = list_length(exprs);
	function->funccolnames = column_names(list_length(exprs));
	foreach(lc, exprs)
	{
		function->funccoltypes = lappend_oid(function->funccoltypes, exprType(lfirst(lc)));
		function->funccoltypmods = lappend_int(function->funccoltypmods, -1);
		function->funccolcollations = lappend_oid(function->funccolcollations,
												  exprCollation(lfirst(lc)));
	}
	rte->rtekind = RTE_FUNCTION;
	rte->functions = list_make1(function);
	rte->eref = makeAlias("source", column_names(list_length(exprs)));
	rte->alias = makeAlias("source", NIL);
	return rte;
}

static Node *
add_wrap(FragmentLevel * level, DistWrap * wrap)
{
	RangeTblEntry *rte = wrap->dist != NULL ? subquery_rte(level, wrap) :
		source_rte(level, wrap);
	RangeTblRef *ref = makeNode(RangeTblRef);

	rte->inFromCl = true;
	ref->rtindex = add_rte(level, rte);
	level->wraps = lappend(level->wraps, wrap);
	level->wrap_rtis = lappend_int(level->wrap_rtis, ref->rtindex);
	return (Node *) ref;
}

/* ---- FROM ---- */

/* Append one side's columns to the entry of a join, as ruleutils wants them. */
static void
add_join_columns(Query *query, RangeTblEntry *join, Node *side, List **attnos)
{
	Index		rti = IsA(side, JoinExpr) ? ((JoinExpr *) side)->rtindex :
		castNode(RangeTblRef, side)->rtindex;
	RangeTblEntry *rte = rt_fetch(rti, query->rtable);
	ListCell   *lc;

	foreach(lc, rte->eref->colnames)
	{
		AttrNumber	attno = foreach_current_index(lc) + 1;
		char	   *name = strVal(lfirst(lc));

		if (name[0] == '\0')
			continue;			/* a dropped column */
		*attnos = lappend_int(*attnos, attno);
		join->eref->colnames = lappend(join->eref->colnames, makeString(name));

		/* looked at only to see that the column exists */
		join->joinaliasvars = lappend(join->joinaliasvars,
									  makeVar(rti, attno, INT4OID, -1, InvalidOid, 0));
	}
}

static Node *
make_join(FragmentLevel * level, JoinType type, Node *left, Node *right, Node *quals)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	JoinExpr   *join = makeNode(JoinExpr);

	rte->rtekind = RTE_JOIN;
	rte->jointype = type;
	rte->eref = makeAlias("join", NIL);
	rte->inFromCl = true;
	add_join_columns(level->query, rte, left, &rte->joinleftcols);
	add_join_columns(level->query, rte, right, &rte->joinrightcols);
	join->jointype = type;
	join->larg = left;
	join->rarg = right;
	join->quals = quals;
	join->rtindex = add_rte(level, rte);
	return (Node *) join;
}

static Node *
build_from_item(FragmentLevel * level, const DistFrom * item)
{
	RangeTblRef *ref;
	Node	   *left = NULL;
	Node	   *right;
	ListCell   *lc;

	if (item->wrap != NULL)
		return add_wrap(level, item->wrap);
	if (item->right == NULL)
	{
		ref = makeNode(RangeTblRef);
		ref->rtindex = item->rti;
		return (Node *) ref;
	}
	foreach(lc, item->left)
	{
		Node	   *next = build_from_item(level, lfirst(lc));

		left = left == NULL ? next : make_join(level, JOIN_INNER, left, next, NULL);
	}
	right = build_from_item(level, item->right);
	return make_join(level, item->jointype, left, right, bind_quals(level, item->quals));
}

static void
build_from(FragmentLevel * level)
{
	List	   *from = NIL;
	ListCell   *lc;

	level->plain = plain_relations(level->dist->from, NULL);
	for (int rti = 1; rti < level->root->simple_rel_array_size; rti++)
		add_rte(level, bms_is_member(rti, level->plain) ?
				fragment_rte(level, planner_rt_fetch(rti, level->root)) : dummy_rte());
	foreach(lc, level->dist->from)
		from = lappend(from, build_from_item(level, lfirst(lc)));
	level->query->jointree = makeFromExpr(from, NULL);
}

/* ---- WHERE ---- */

static Node *
build_exists(FragmentLevel * level, const DistExists * exists)
{
	FragmentLevel inner = {
		.root = level->root, .dist = exists->dist, .outer = level,
		.sources = level->sources, .params = level->params
	};
	SubLink    *link = makeNode(SubLink);
	List	   *quals = list_concat(bare_clauses(exists->dist->conds),
									list_copy(exists->quals));

	link->subLinkType = EXISTS_SUBLINK;
	link->subselect = (Node *) build_level(&inner, NIL, quals);
	link->location = -1;
	level->query->hasSubLinks = true;
	return exists->anti ? (Node *) makeBoolExpr(NOT_EXPR, list_make1(link), -1) :
		(Node *) link;
}

static void
build_where(FragmentLevel * level, List *quals)
{
	List	   *conditions = NIL;
	ListCell   *lc;

	if (quals != NIL)
		conditions = list_make1(bind_quals(level, quals));
	foreach(lc, level->dist->exists)
		conditions = lappend(conditions, build_exists(level, lfirst(lc)));
	if (conditions != NIL)
		level->query->jointree->quals = (Node *) make_ands_explicit(conditions);
}

/* ---- the rest ---- */

Expr *
fragment_written_cast(Expr *expr)
{
	expr = copyObject(expr);
	switch (nodeTag(expr))
	{
		case T_FuncExpr:
			if (((FuncExpr *) expr)->funcformat == COERCE_IMPLICIT_CAST)
				((FuncExpr *) expr)->funcformat = COERCE_EXPLICIT_CAST;
			break;
		case T_RelabelType:
			((RelabelType *) expr)->relabelformat = COERCE_EXPLICIT_CAST;
			break;
		case T_CoerceViaIO:
			((CoerceViaIO *) expr)->coerceformat = COERCE_EXPLICIT_CAST;
			break;
		case T_ArrayCoerceExpr:
			((ArrayCoerceExpr *) expr)->coerceformat = COERCE_EXPLICIT_CAST;
			break;
		case T_ConvertRowtypeExpr:
			((ConvertRowtypeExpr *) expr)->convertformat = COERCE_EXPLICIT_CAST;
			break;
		case T_CoerceToDomain:
			((CoerceToDomain *) expr)->coercionformat = COERCE_EXPLICIT_CAST;
			break;
		default:
			break;
	}
	return expr;
}

static List *
build_targets(FragmentLevel * level, List *targets)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, targets)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst_node(TargetEntry, lc));

		tle->expr = fragment_written_cast((Expr *)
										  bind(level, partial_aggregates_for_shard((Node *) tle->expr)));
		tle->resno = foreach_current_index(lc) + 1;
		tle->resname = psprintf("c%d", tle->resno);
		result = lappend(result, tle);
	}
	return result;
}

static bool
has_target(const Query *query, Index ref)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		if (lfirst_node(TargetEntry, lc)->ressortgroupref == ref)
			return true;
	}
	return false;
}

/* Add what a clause refers to and nobody asked for. */
static void
add_missing_targets(FragmentLevel * level, const PathTarget *target, List *clauses)
{
	Query	   *query = level->query;
	ListCell   *lc,
			   *lc2;

	foreach(lc, clauses)
	{
		Index		ref = lfirst_node(SortGroupClause, lc)->tleSortGroupRef;

		if (has_target(query, ref))
			continue;
		foreach(lc2, target->exprs)
		{
			TargetEntry *tle;

			if (get_pathtarget_sortgroupref(target, foreach_current_index(lc2)) != ref)
				continue;
			tle = makeTargetEntry(fragment_written_cast((Expr *) bind(level, lfirst(lc2))),
								  list_length(query->targetList) + 1, NULL, true);
			tle->ressortgroupref = ref;
			query->targetList = lappend(query->targetList, tle);
			break;
		}
	}
}

/* Add what the clauses of an upper part refer to. */
static void
add_referred(FragmentLevel * level, const DistUpper * upper, List *clauses)
{
	add_missing_targets(level, upper->target, clauses);
	if (upper->referred != NULL)
		add_missing_targets(level, upper->referred, clauses);
}

static void
build_windows(FragmentLevel * level, const DistUpper * upper)
{
	Query	   *query = level->query;
	ListCell   *lc;

	query->hasWindowFuncs = upper->windows != NIL;
	foreach(lc, upper->windows)
	{
		WindowClause *window = copyObject(lfirst_node(WindowClause, lc));

		add_referred(level, upper, window->partitionClause);
		add_referred(level, upper, window->orderClause);
		window->startOffset = bind(level, window->startOffset);
		window->endOffset = bind(level, window->endOffset);
		query->windowClause = lappend(query->windowClause, window);
	}
}

/*
 * GROUP BY, HAVING, windows and DISTINCT.  A query is an aggregation, of one
 * row, even if nobody looks at an aggregate: then HAVING has to say so.
 */
static void
build_upper(FragmentLevel * level, const DistUpper * upper)
{
	Query	   *query = level->query;

	add_referred(level, upper, upper->group);
	build_windows(level, upper);
	query->distinctClause = copyObject(upper->distinct);
	query->hasAggs = upper->grouped;
	query->groupClause = copyObject(upper->group);
	query->groupingSets = copyObject(upper->grouping_sets);
	query->havingQual = bind_quals(level, upper->having);
	if (upper->grouped && upper->group == NIL && upper->grouping_sets == NIL &&
		query->havingQual == NULL && !contain_aggs_of_level((Node *) query->targetList, 0))
		query->havingQual = makeBoolConst(true, false);
}

/* Window functions of a filter are columns (of entry 1) of the Query in context. */
static Node *
filter_mutator(Node *node, void *context)
{
	Query	   *inner = context;
	ListCell   *lc;
	int			resno;

	if (node == NULL)
		return NULL;
	if (!IsA(node, WindowFunc))
		return expression_tree_mutator(node, filter_mutator, context);
	foreach(lc, inner->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk && equal(tle->expr, node))
			return (Node *) makeVarFromTargetEntry(1, tle);
	}

	/* nobody asked for it: behind the others, before what is not printed */
	resno = 1;
	foreach(lc, inner->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resjunk)
			tle->resno++;
		else
			resno++;
	}
	inner->targetList = list_insert_nth(inner->targetList, resno - 1,
										makeTargetEntry((Expr *) copyObject(node), resno,
														psprintf("c%d", resno), false));
	return (Node *) makeVar(1, resno, exprType(node), exprTypmod(node), exprCollation(node), 0);
}

/* SELECT the columns FROM (the level's Query) WHERE quals over window functions. */
static Query *
build_filter(FragmentLevel * level, List *quals)
{
	Query	   *inner = level->query;
	Query	   *query = makeNode(Query);
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	RangeTblRef *ref = makeNode(RangeTblRef);
	ListCell   *lc;

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	foreach(lc, inner->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk)
			query->targetList = lappend(query->targetList,
										makeTargetEntry((Expr *) makeVarFromTargetEntry(1, tle),
														tle->resno, tle->resname, false));
	}
	ref->rtindex = 1;
	query->jointree = makeFromExpr(list_make1(ref),
								   filter_mutator(bind_quals(level, quals), inner));
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = inner;
	rte->eref = makeAlias("w", column_names(count_nonjunk_tlist_entries(inner->targetList)));
	rte->alias = makeAlias("w", NIL);
	rte->inFromCl = true;
	query->rtable = list_make1(rte);
	return query;
}

static Query *
build_level(FragmentLevel * level, List *targets, List *quals)
{
	Query	   *query = makeNode(Query);

	level->query = query;
	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	build_from(level);
	build_where(level, quals);
	query->targetList = build_targets(level, targets);
	if (level->dist->upper != NULL)
		build_upper(level, level->dist->upper);
	query->rowMarks = copyObject(level->dist->row_marks);
	query->hasForUpdate = query->rowMarks != NIL;
	if (level->dist->upper != NULL && level->dist->upper->filter != NIL)
		return build_filter(level, level->dist->upper->filter);
	return query;
}

Query *
fragment_query(PlannerInfo *root, const DistRel * dist, List *targets,
			   List *quals, List **params)
{
	FragmentLevel level = {
		.root = root, .dist = dist, .sources = dist->sources, .params = params
	};

	return build_level(&level, targets, quals);
}

/* ---- columns ---- */

/* Is this one of the columns of a sub-SELECT in the FROM clause? */
static bool
is_wrapped(List *from, Node *node)
{
	ListCell   *lc;

	foreach(lc, from)
	{
		const DistFrom *item = lfirst(lc);

		if (item->wrap != NULL && list_member(item->wrap->exprs, node))
			return true;
		if (item->right != NULL &&
			is_wrapped(lappend(list_copy(item->left), item->right), node))
			return true;
	}
	return false;
}

/* Outside of sub-SELECTs, PlaceHolderVars are computed from their Vars here. */
List *
fragment_columns(const DistRel * dist, List *columns, List *exprs)
{
	List	   *found = pull_var_clause((Node *) exprs,
										PVC_RECURSE_AGGREGATES |
										PVC_RECURSE_WINDOWFUNCS |
										PVC_INCLUDE_PLACEHOLDERS);
	ListCell   *lc;

	foreach(lc, found)
	{
		Node	   *node = lfirst(lc);

		if (IsA(node, Var) ? bms_is_member(((Var *) node)->varno, dist->relids) :
			is_wrapped(dist->from, node))
			columns = list_append_unique(columns, node);
		else if (IsA(node, PlaceHolderVar))
			columns = fragment_columns(dist, columns,
									   list_make1(((PlaceHolderVar *) node)->phexpr));
	}
	return columns;
}

bool
fragment_columns_visible(const DistRel * dist, Node *expr)
{
	Relids		plain = plain_relations(dist->from, NULL);
	ListCell   *lc;

	foreach(lc, fragment_columns(dist, NIL, list_make1(expr)))
	{
		Node	   *column = lfirst(lc);

		if (!is_wrapped(dist->from, column) &&
			!(IsA(column, Var) && bms_is_member(((Var *) column)->varno, plain)))
			return false;
	}
	return true;
}
