/*
 * literals.c
 *		Literals of a statement become parameters of its fragment.
 *
 * Each literal gets a parameter of its own, even when two are equal: whether
 * they are must not show in the text.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "deparse/literals.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

/*
 * Statements with more literals than this hardly come again in the same shape;
 * the protocol's limit is 65,535.
 */
#define MAX_PARAMS 1000

static bool literals_walker(Node *node, void *arg);

static bool
is_common_type(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case UUIDOID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return false;
	}
}

static bool
is_literal(Node *node)
{
	Const	   *literal = (Const *) node;

	return IsA(node, Const) && !literal->constisnull && literal->consttypmod == -1 &&
		is_common_type(literal->consttype) &&
		literal->constcollid == get_typcollation(literal->consttype);
}

static Node *
parameter_for_literal(Node *literal, List **params)
{
	Param	   *param;

	if (list_length(*params) >= MAX_PARAMS)
		return literal;
	param = makeNode(Param);
	*params = lappend(*params, literal);
	param->paramkind = PARAM_EXTERN;
	param->paramid = list_length(*params);
	param->paramtype = exprType(literal);
	param->paramtypmod = -1;
	param->paramcollid = exprCollation(literal);
	param->location = -1;
	return (Node *) param;
}

/* A binary operator with a literal on one side and not on the other. */
static void
replace_operand(OpExpr *op, List **params)
{
	Node	   *left = linitial(op->args);
	Node	   *right = lsecond(op->args);

	if (is_literal(right) && !IsA(left, Const))
		lsecond(op->args) = parameter_for_literal(right, params);
	else if (is_literal(left) && !IsA(right, Const))
		linitial(op->args) = parameter_for_literal(left, params);
}

/* Such a cast is not printed: the node will find it again. */
static void
replace_cast_operand(FuncExpr *cast, List **params)
{
	if (is_literal(linitial(cast->args)))
		linitial(cast->args) = parameter_for_literal(linitial(cast->args), params);
}

static bool
operand_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return literals_walker(node, arg);
	if (IsA(node, OpExpr) && list_length(((OpExpr *) node)->args) == 2)
		replace_operand((OpExpr *) node, arg);
	else if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST)
		replace_cast_operand((FuncExpr *) node, arg);
	return expression_tree_walker(node, operand_walker, arg);
}

static void
replace_in_set_clause(Query *query, List **params)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (is_literal((Node *) tle->expr))
			tle->expr = (Expr *) parameter_for_literal((Node *) tle->expr, params);
		else
			(void) operand_walker((Node *) tle->expr, params);
	}
}

/* Visits every Query level; within one, its join tree and SET clause. */
static bool
literals_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		ListCell   *lc;

		(void) operand_walker((Node *) query->jointree, arg);
		if (query->commandType == CMD_UPDATE)
			replace_in_set_clause(query, arg);
		foreach(lc, query->rtable)
			(void) literals_walker((Node *) lfirst_node(RangeTblEntry, lc)->subquery, arg);
		foreach(lc, query->cteList)
			(void) literals_walker(lfirst_node(CommonTableExpr, lc)->ctequery, arg);
	}
	return false;
}

void
extract_literals(Query *query, List **params)
{
	(void) literals_walker((Node *) query, params);
}
