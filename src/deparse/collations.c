/*
 * collations.c
 *		Collations that a text would no longer say.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "deparse/collations.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/lsyscache.h"

/* Does the text of the expression name its collation? */
static bool
names_collation(Node *expr)
{
	if (IsA(expr, Const))
		return ((Const *) expr)->constcollid != get_typcollation(((Const *) expr)->consttype);
	return IsA(expr, CollateExpr);
}

static Expr *
with_collation(Expr *expr, Oid collation)
{
	CollateExpr *collate = makeNode(CollateExpr);

	collate->arg = expr;
	collate->collOid = collation;
	collate->location = -1;
	return (Expr *) collate;
}

/* The places (Expr **) of what the node's collation is derived from. */
static List *
collation_sources(Node *node)
{
	List	   *args = NIL;
	List	   *places = NIL;
	ListCell   *lc;

	switch (nodeTag(node))
	{
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			args = ((OpExpr *) node)->args;
			break;
		case T_ScalarArrayOpExpr:
			args = ((ScalarArrayOpExpr *) node)->args;
			break;
		case T_FuncExpr:
			args = ((FuncExpr *) node)->args;
			break;
		case T_Aggref:
			args = ((Aggref *) node)->args;
			break;
		case T_WindowFunc:
			args = ((WindowFunc *) node)->args;
			break;
		case T_MinMaxExpr:
			args = ((MinMaxExpr *) node)->args;
			break;
		case T_CoalesceExpr:
			args = ((CoalesceExpr *) node)->args;
			break;
		case T_ArrayExpr:
			args = ((ArrayExpr *) node)->elements;
			break;
		case T_CaseExpr:
			args = ((CaseExpr *) node)->args;
			places = list_make1(&((CaseExpr *) node)->defresult);
			break;
		default:
			break;
	}
	foreach(lc, args)
	{
		Node	   *arg = lfirst(lc);

		places = lappend(places, IsA(arg, TargetEntry) ? &((TargetEntry *) arg)->expr :
						 IsA(arg, CaseWhen) ? &((CaseWhen *) arg)->result :
						 (Expr **) &lfirst(lc));
	}
	return places;
}

/* One of these has to say which collation counts, if they do not agree. */
static void
restore_among(List *places, Oid wanted)
{
	Expr	  **bearer = NULL;
	bool		differ = false;
	ListCell   *lc;

	if (!OidIsValid(wanted))
		return;
	foreach(lc, places)
	{
		Expr	  **place = lfirst(lc);
		Oid			collation = exprCollation((Node *) *place);

		if (collation == wanted && names_collation((Node *) *place))
			return;
		if (collation == wanted && bearer == NULL && !IsA(*place, CaseTestExpr))
			bearer = place;
		differ |= OidIsValid(collation) && collation != wanted &&
			collation != DEFAULT_COLLATION_OID;
	}
	if (differ && bearer != NULL)
		*bearer = with_collation(*bearer, wanted);
}

static void
restore_in_row(RowCompareExpr *row)
{
	ListCell   *left,
			   *right,
			   *lc;

	forthree(left, row->largs, right, row->rargs, lc, row->inputcollids)
		restore_among(list_make2(&lfirst(left), &lfirst(right)), lfirst_oid(lc));
}

void
collation_restore(Node *node)
{
	List	   *places;
	Oid			wanted;

	if (IsA(node, RowCompareExpr))
	{
		restore_in_row((RowCompareExpr *) node);
		return;
	}
	places = collation_sources(node);
	if (places == NIL)
		return;
	wanted = exprInputCollation(node);
	restore_among(places, OidIsValid(wanted) ? wanted : exprCollation(node));
}
