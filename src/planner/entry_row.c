/*
 * entry_row.c
 *		Path tier: whole rows of sub-SELECTs that shards run as they are.
 *
 * Nodes cannot send a row without a type, but its columns.  So
 *
 *		SELECT row_to_json(s) FROM t LEFT JOIN (SELECT a, b ...) s ON ...
 *
 * becomes
 *
 *		SELECT row_to_json(CASE WHEN s.present THEN ROW(s.a, s.b) END)
 *		  FROM t LEFT JOIN (SELECT part.a, part.b, true AS present FROM (SELECT a, b ...) part) s
 *
 * where present tells a row of NULLs from none.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "planner/entry_row.h"

/* An entry, while expressions at some depth below its level are looked at. */
typedef struct RowContext
{
	const Query *inner;			/* the entry's sub-SELECT, without more columns */
	List	   *names;
	int			varno;
	Index		depth;
}			RowContext;

static bool
is_whole_row(const RowContext * context, Node *node)
{
	Var		   *var = (Var *) node;

	return IsA(node, Var) && var->varno == context->varno &&
		var->varlevelsup == context->depth && var->varattno == InvalidAttrNumber;
}

/* Is there a whole row? */
static bool
wanted_walker(Node *node, void *arg)
{
	RowContext *context = arg;
	bool		found;

	if (node == NULL)
		return false;
	if (is_whole_row(context, node))
		return true;
	if (IsA(node, Query))
	{
		context->depth++;
		found = query_tree_walker((Query *) node, wanted_walker, arg, 0);
		context->depth--;
		return found;
	}
	return expression_tree_walker(node, wanted_walker, arg);
}

bool
entry_row_is_wanted(Query *query, int varno)
{
	RowContext	context = {.varno = varno};

	return query_tree_walker(query, wanted_walker, &context, 0);
}

/* CASE WHEN present THEN ROW(columns) END */
static Node *
make_row(const RowContext * context)
{
	RowExpr    *row = makeNode(RowExpr);
	CaseExpr   *result = makeNode(CaseExpr);
	CaseWhen   *when = makeNode(CaseWhen);
	int			natts = 0;
	ListCell   *lc;

	foreach(lc, context->inner->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Var		   *var;

		if (tle->resjunk)
			continue;
		var = makeVarFromTargetEntry(context->varno, tle);
		var->varlevelsup = context->depth;
		row->args = lappend(row->args, var);
		natts++;
	}
	row->row_typeid = RECORDOID;
	row->row_format = COERCE_EXPLICIT_CALL;
	row->colnames = copyObject(context->names);
	row->location = -1;
	when->expr = (Expr *) makeVar(context->varno, natts + 1, BOOLOID, -1, InvalidOid,
								  context->depth);
	when->result = (Expr *) row;
	when->location = -1;
	result->casetype = RECORDOID;
	result->args = list_make1(when);
	result->defresult = (Expr *) makeNullConst(RECORDOID, -1, InvalidOid);
	result->location = -1;
	return (Node *) result;
}

static Node *
row_mutator(Node *node, void *arg)
{
	RowContext *context = arg;
	Node	   *result;

	if (node == NULL)
		return NULL;
	if (is_whole_row(context, node))
		return make_row(context);
	if (IsA(node, Query))
	{
		context->depth++;
		result = (Node *) query_tree_mutator((Query *) node, row_mutator, arg, 0);
		context->depth--;
		return result;
	}
	return expression_tree_mutator(node, row_mutator, arg);
}

/* SELECT columns, true AS present FROM (inner) part */
static Query *
with_presence(Query *inner)
{
	Query	   *query = makeNode(Query);
	RangeTblRef *ref = makeNode(RangeTblRef);
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	int			natts = 0;
	ListCell   *lc;

	ref->rtindex = 1;
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = inner;
	rte->eref = makeAlias("part", NIL);
	rte->inFromCl = true;
	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->rtable = list_make1(rte);
	query->jointree = makeFromExpr(list_make1(ref), NULL);
	foreach(lc, inner->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resjunk)
			continue;
		rte->eref->colnames = lappend(rte->eref->colnames, makeString(pstrdup(tle->resname)));
		query->targetList = lappend(query->targetList,
									makeTargetEntry((Expr *) makeVarFromTargetEntry(1, tle),
													++natts, tle->resname, false));
	}
	query->targetList = lappend(query->targetList,
								makeTargetEntry((Expr *) makeBoolConst(true, false),
												natts + 1, "present", false));
	return query;
}

Query *
entry_row_expand(Query *query, int varno, Query *inner)
{
	RangeTblEntry *rte = rt_fetch(varno, query->rtable);
	RowContext	context = {
		.inner = inner, .names = rte->eref->colnames, .varno = varno
	};

	(void) query_tree_mutator(query, row_mutator, &context, QTW_DONT_COPY_QUERY);
	rte = rt_fetch(varno, query->rtable);
	rte->eref = copyObject(rte->eref);
	rte->eref->colnames = lappend(rte->eref->colnames, makeString("present"));
	return with_presence(inner);
}
