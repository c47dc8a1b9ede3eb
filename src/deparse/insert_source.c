/*
 * insert_source.c
 *		The SELECT or VALUES of an INSERT, in the order of its columns.
 *
 * Assignments to parts of a column (fields, array elements) are left alone:
 * they exist in a target list only.
 */
#include "postgres.h"

#include "deparse/insert_source.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"

/* Range table index of the source; 0 for one row of expressions. */
static int
source_index(Query *query)
{
	RangeTblRef *ref;
	RTEKind		kind;

	if (list_length(query->jointree->fromlist) != 1)
		return 0;
	ref = linitial(query->jointree->fromlist);
	if (!IsA(ref, RangeTblRef))
		return 0;
	kind = rt_fetch(ref->rtindex, query->rtable)->rtekind;
	return kind == RTE_SUBQUERY || kind == RTE_VALUES ? ref->rtindex : 0;
}

static int
source_width(RangeTblEntry *rte)
{
	int			width = 0;
	ListCell   *lc;

	if (rte->rtekind == RTE_VALUES)
		return list_length(linitial(rte->values_lists));
	foreach(lc, rte->subquery->targetList)
		width += !lfirst_node(TargetEntry, lc)->resjunk;
	return width;
}

static bool
is_assignment_to_part(Node *node)
{
	return IsA(node, FieldStore) ||
		(IsA(node, SubscriptingRef) && ((SubscriptingRef *) node)->refassgnexpr != NULL);
}

/* The column's Var, below a coercion that assignment repeats. */
static Var *
assigned_var(Expr *expr)
{
	Node	   *node = (Node *) expr;

	for (;;)
	{
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, CoerceToDomain))
			node = (Node *) ((CoerceToDomain *) node)->arg;
		else if (IsA(node, CoerceViaIO))
			node = (Node *) ((CoerceViaIO *) node)->arg;
		else if (IsA(node, FuncExpr) && ((FuncExpr *) node)->args != NIL &&
				 ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST)
			node = linitial(((FuncExpr *) node)->args);
		else
			return IsA(node, Var) ? (Var *) node : NULL;
	}
}

static bool
is_aligned(Query *query, int width)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Var		   *var;

		if (is_assignment_to_part((Node *) tle->expr))
			return true;
		var = assigned_var(tle->expr);
		if (var == NULL || var->varattno != foreach_current_index(lc) + 1)
			return false;
	}
	return list_length(query->targetList) == width;
}

/* SELECT what the INSERT's target list computes FROM the source. */
static Query *
make_wrapper(Query *query, int rti, RangeTblEntry *source)
{
	Query	   *wrapper = makeNode(Query);
	RangeTblRef *ref = makeNode(RangeTblRef);
	ListCell   *lc;

	if (source->rtekind == RTE_SUBQUERY)
		IncrementVarSublevelsUp((Node *) source->subquery, 1, 1);
	else
		IncrementVarSublevelsUp((Node *) source->values_lists, 1, 0);
	source->alias = makeAlias("source", NIL);
	source->eref = makeAlias("source", copyObject(source->eref->colnames));
	source->inFromCl = true;

	ref->rtindex = 1;
	wrapper->commandType = CMD_SELECT;
	wrapper->querySource = QSRC_ORIGINAL;
	wrapper->canSetTag = true;
	wrapper->rtable = list_make1(source);
	wrapper->jointree = makeFromExpr(list_make1(ref), NULL);
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = flatCopyTargetEntry(lfirst(lc));

		ChangeVarNodes((Node *) tle->expr, rti, 1, 0);
		tle->resno = foreach_current_index(lc) + 1;
		wrapper->targetList = lappend(wrapper->targetList, tle);
	}
	return wrapper;
}

void
insert_source_align(Query *query)
{
	int			rti = source_index(query);
	RangeTblEntry *source;
	RangeTblEntry *rte;
	ListCell   *lc;

	if (rti == 0)
		return;
	source = rt_fetch(rti, query->rtable);
	if (is_aligned(query, source_width(source)))
		return;

	rte = makeNode(RangeTblEntry);
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = make_wrapper(query, rti, source);
	rte->alias = makeAlias("*SELECT*", NIL);
	rte->eref = makeAlias("*SELECT*", NIL);
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		rte->eref->colnames = lappend(rte->eref->colnames, makeString(pstrdup(tle->resname)));
		tle->expr = (Expr *) makeVar(rti, foreach_current_index(lc) + 1,
									 exprType((Node *) tle->expr),
									 exprTypmod((Node *) tle->expr),
									 exprCollation((Node *) tle->expr), 0);
	}
	lfirst(list_nth_cell(query->rtable, rti - 1)) = rte;
}
