/*
 * outer_rows.c
 *		Outer rows of decorrelated subqueries, read before the groups.
 *
 *	SELECT ... FROM o, (SELECT t.a AS c1, agg(e) AS c2 FROM t GROUP BY t.a) g
 *	WHERE p AND g.c1 = o.a AND x op f(g.c2)
 *	WITH outer_rows AS MATERIALIZED (SELECT a, x, ... FROM o WHERE p)
 *	SELECT ... FROM outer_rows,
 *		(SELECT t.a AS c1, agg(e) AS c2 FROM t, (SELECT DISTINCT a FROM outer_rows) k
 *		 WHERE t.a = k.a GROUP BY t.a) g
 *	WHERE g.c1 = outer_rows.a AND x op f(g.c2)
 *
 * All groups may be many more than the outer rows ask for ("magic sets").  The
 * keys are few rows that can be sent to the shards of t, where an index finds
 * their partners.  The outer rows are read once, so whatever is volatile or
 * locked in there is so once, and both uses see the same rows.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_oper.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"

#include "compat/query_compat.h"
#include "planner/outer_rows.h"

#define CTE_NAME "outer_rows"

/* A level whose outer rows move: entries up to nentries become one. */
typedef struct Move
{
	Query	   *rows;			/* the CTE */
	int			nentries;
	int			depth;			/* of sublinks around the current node */
	bool		unfit;			/* there is a column that a CTE cannot have */
}			Move;

/* ---- what may move ---- */

/* Columns of the level that are no plain ones. */
static bool
unfit_walker(Node *node, void *context)
{
	Move	   *move = context;
	bool		found;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varlevelsup == move->depth && ((Var *) node)->varattno <= 0;
	if (!IsA(node, Query))
		return expression_tree_walker(node, unfit_walker, context);
	move->depth++;
	found = query_tree_walker((Query *) node, unfit_walker, context, 0);
	move->depth--;
	return found;
}

bool
outer_rows_can_move(Query *query)
{
	Move		move = {0};
	ListCell   *lc;

	if (query->cteList != NIL || query->rowMarks != NIL || query->setOperations != NULL ||
		query->rtable == NIL)
		return false;
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_CTE && rte->self_reference)
			return false;
	}
	return !query_tree_walker(query, unfit_walker, &move, QTW_IGNORE_RANGE_TABLE);
}

/* ---- columns of the outer rows ---- */

/* The column of the CTE for a column of one of its entries; made if it is new. */
static AttrNumber
column_of(Move * move, const Var *var)
{
	Var		   *inside = copyObject(unconstify(Var *, var));
	int			resno = list_length(move->rows->targetList) + 1;
	ListCell   *lc;

	inside->varlevelsup = 0;
	foreach(lc, move->rows->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (equal(entry->expr, inside))
			return entry->resno;
	}
	move->rows->targetList = lappend(move->rows->targetList,
									 makeTargetEntry((Expr *) inside, resno,
													 psprintf("c%d", resno), false));
	return resno;
}

/* Columns of the level as they are named once the outer rows are its entry 1. */
static Node *
rename_mutator(Node *node, void *context)
{
	Move	   *move = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == move->depth)
	{
		Var		   *var = (Var *) node;
		bool		moves = var->varno <= move->nentries;

		return (Node *) makeVar(moves ? 1 : var->varno - move->nentries + 1,
								moves ? column_of(move, var) : var->varattno,
								var->vartype, var->vartypmod, var->varcollid, var->varlevelsup);
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		move->depth++;
		query = query_tree_mutator((Query *) node, rename_mutator, context, 0);
		move->depth--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, rename_mutator, context);
}

/* All that the level computes from its entries. */
static void
rename_columns(Query *query, Move * move)
{
	query->targetList = (List *) rename_mutator((Node *) query->targetList, move);
	query->havingQual = rename_mutator(query->havingQual, move);
	query->windowClause = (List *) rename_mutator((Node *) query->windowClause, move);
	query->limitOffset = rename_mutator(query->limitOffset, move);
	query->limitCount = rename_mutator(query->limitCount, move);
}

/* ---- the CTE ---- */

static CommonTableExpr *
make_cte(Query *rows)
{
	CommonTableExpr *cte = makeNode(CommonTableExpr);
	ListCell   *lc;

	cte->ctename = pstrdup(CTE_NAME);
	cte->ctematerialized = CTEMaterializeAlways;
	cte->ctequery = (Node *) rows;
	cte->location = -1;
	foreach(lc, rows->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);
		Node	   *expr = (Node *) entry->expr;

		cte->ctecolnames = lappend(cte->ctecolnames, makeString(entry->resname));
		cte->ctecoltypes = lappend_oid(cte->ctecoltypes, exprType(expr));
		cte->ctecoltypmods = lappend_int(cte->ctecoltypmods, exprTypmod(expr));
		cte->ctecolcollations = lappend_oid(cte->ctecolcollations, exprCollation(expr));
	}
	return cte;
}

static RangeTblEntry *
cte_rte(CommonTableExpr *cte, Index levelsup)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	cte->cterefcount++;
	rte->rtekind = RTE_CTE;
	rte->ctename = cte->ctename;
	rte->ctelevelsup = levelsup;
	rte->coltypes = list_copy(cte->ctecoltypes);
	rte->coltypmods = list_copy(cte->ctecoltypmods);
	rte->colcollations = list_copy(cte->ctecolcollations);
	rte->eref = makeAlias(CTE_NAME, copyObject(cte->ctecolnames));
	rte->inFromCl = true;
	return rte;
}

static Node *
from_entry(Index rti)
{
	RangeTblRef *ref = makeNode(RangeTblRef);

	ref->rtindex = rti;
	return (Node *) ref;
}

/* ---- the keys ---- */

/* Add a key to "SELECT DISTINCT keys FROM the CTE"; its column there. */
static Var *
add_key(Query *keys, Index rti, Node *expr)
{
	int			resno = list_length(keys->targetList) + 1;
	TargetEntry *entry = makeTargetEntry((Expr *) copyObject(expr), resno,
										 psprintf("c%d", resno), false);
	SortGroupClause *clause = makeNode(SortGroupClause);

	/* the keys are two levels further down than the filter was */
	IncrementVarSublevelsUp((Node *) entry->expr, 2, 1);
	entry->ressortgroupref = clause->tleSortGroupRef = resno;
	get_sort_group_operators(exprType(expr), true, true, false,
							 &clause->sortop, &clause->eqop, NULL, &clause->hashable);
	keys->targetList = lappend(keys->targetList, entry);
	keys->distinctClause = lappend(keys->distinctClause, clause);
	return makeVar(rti, resno, exprType(expr), exprTypmod(expr), exprCollation(expr), 0);
}

/*
 * Let the grouped subquery at rti join only rows with keys of outer rows: its
 * groups are compared with those by some of the quals, "group key = expression".
 */
static void
restrict_groups(Query *query, Index rti, CommonTableExpr *cte, List *quals)
{
	Query	   *sub = rt_fetch(rti, query->rtable)->subquery;
	Query	   *keys = makeNode(Query);
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	Index		keys_rti = list_length(sub->rtable) + 1;
	List	   *filters = NIL;
	ListCell   *lc;

	foreach(lc, quals)
	{
		OpExpr	   *op = copyObject(castNode(OpExpr, lfirst(lc)));

		for (int i = 0; i < 2; i++)
		{
			Var		   *group = list_nth(op->args, i);

			if (!IsA(group, Var) || group->varno != rti || group->varlevelsup != 0)
				continue;
			lfirst(list_nth_cell(op->args, i)) =
				copyObject(get_tle_by_resno(sub->targetList, group->varattno)->expr);
			lfirst(list_nth_cell(op->args, 1 - i)) =
				add_key(keys, keys_rti, list_nth(op->args, 1 - i));
			filters = lappend(filters, op);
			break;
		}
	}
	keys->commandType = CMD_SELECT;
	keys->querySource = QSRC_ORIGINAL;
	keys->canSetTag = true;
	keys->rtable = list_make1(cte_rte(cte, 2));
	keys->jointree = makeFromExpr(list_make1(from_entry(1)), NULL);

	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = keys;
	rte->eref = makeAlias("keys", NIL);
	foreach(lc, keys->targetList)
		rte->eref->colnames = lappend(rte->eref->colnames,
									  makeString(lfirst_node(TargetEntry, lc)->resname));
	rte->inFromCl = true;
	sub->rtable = lappend(sub->rtable, rte);
	sub->jointree->fromlist = lappend(sub->jointree->fromlist, from_entry(keys_rti));
	sub->jointree->quals = (Node *)
		make_ands_explicit(list_concat(make_ands_implicit((Expr *) sub->jointree->quals),
									   filters));
}

/* The quals that say which groups of the subquery belong to an outer row. */
static List *
correlation_of(const Query *query, Index rti, List *joined)
{
	const Query *sub = rt_fetch(rti, query->rtable)->subquery;
	List	   *quals = NIL;
	ListCell   *lc;

	foreach(lc, joined)
	{
		OpExpr	   *op = lfirst(lc);

		for (int i = 0; IsA(op, OpExpr) && i < 2 && list_length(op->args) == 2; i++)
		{
			Var		   *group = list_nth(op->args, i);

			if (IsA(group, Var) && group->varno == rti && group->varlevelsup == 0 &&
				get_tle_by_resno(sub->targetList, group->varattno)->ressortgroupref != 0)
			{
				quals = lappend(quals, op);
				break;
			}
		}
	}
	return quals;
}

void
outer_rows_move(Query *query, int nentries, int nitems, List *kept, List *joined)
{
	FromExpr   *from = query->jointree;
	Query	   *rows = makeNode(Query);
	Move		move = {.rows = rows, .nentries = nentries};
	CommonTableExpr *cte;

	rows->commandType = CMD_SELECT;
	rows->querySource = QSRC_ORIGINAL;
	rows->canSetTag = true;
	rows->hasSubLinks = query->hasSubLinks;
	rows->hasRowSecurity = query->hasRowSecurity;
	compat_move_perms(rows, query);
	rows->rtable = list_copy_head(query->rtable, nentries);
	rows->jointree = makeFromExpr(list_copy_head(from->fromlist, nitems),
								  kept == NIL ? NULL : (Node *) make_ands_explicit(kept));

	joined = (List *) rename_mutator((Node *) joined, &move);
	rename_columns(query, &move);
	IncrementVarSublevelsUp((Node *) rows, 1, 1);
	cte = make_cte(rows);
	query->cteList = list_make1(cte);
	query->rtable = lcons(cte_rte(cte, 0), list_copy_tail(query->rtable, nentries));
	query->jointree = makeFromExpr(NIL, (Node *) make_ands_explicit(joined));
	for (int rti = 1; rti <= list_length(query->rtable); rti++)
	{
		query->jointree->fromlist = lappend(query->jointree->fromlist, from_entry(rti));
		if (rti > 1)
			restrict_groups(query, rti, cte, correlation_of(query, rti, joined));
	}
}
