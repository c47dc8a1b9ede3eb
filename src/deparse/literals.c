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

typedef struct LiteralWalk
{
	LiteralVisitor visit;
	void	   *arg;
}			LiteralWalk;

static void
visit(LiteralWalk * walk, void **place)
{
	walk->visit((Node **) place, walk->arg);
}

/* A binary operator with a literal on one side and not on the other. */
static void
visit_operand(OpExpr *op, LiteralWalk * walk)
{
	Node	   *left = linitial(op->args);
	Node	   *right = lsecond(op->args);

	if (is_literal(right) && !IsA(left, Const))
		visit(walk, &lsecond(op->args));
	else if (is_literal(left) && !IsA(right, Const))
		visit(walk, &linitial(op->args));
}

/* Such a cast is not printed: the node will find it again. */
static void
visit_cast_operand(FuncExpr *cast, LiteralWalk * walk)
{
	if (is_literal(linitial(cast->args)))
		visit(walk, &linitial(cast->args));
}

static bool
operand_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return literals_walker(node, arg);
	if (IsA(node, OpExpr) && list_length(((OpExpr *) node)->args) == 2)
		visit_operand((OpExpr *) node, arg);
	else if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST)
		visit_cast_operand((FuncExpr *) node, arg);
	return expression_tree_walker(node, operand_walker, arg);
}

static void
visit_set_clause(Query *query, LiteralWalk * walk)
{
	ListCell   *lc;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (is_literal((Node *) tle->expr))
			visit(walk, (void **) &tle->expr);
		else
			(void) operand_walker((Node *) tle->expr, walk);
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
			visit_set_clause(query, arg);
		foreach(lc, query->rtable)
			(void) literals_walker((Node *) lfirst_node(RangeTblEntry, lc)->subquery, arg);
		foreach(lc, query->cteList)
			(void) literals_walker(lfirst_node(CommonTableExpr, lc)->ctequery, arg);
	}
	return false;
}

void
visit_literals(Query *query, LiteralVisitor visit, void *arg)
{
	LiteralWalk walk = {visit, arg};

	(void) literals_walker((Node *) query, &walk);
}

static void
literal_to_parameter(Node **place, void *arg)
{
	List	  **params = arg;
	Param	   *param;

	if (list_length(*params) >= MAX_PARAMS)
		return;
	param = makeNode(Param);
	*params = lappend(*params, *place);
	param->paramkind = PARAM_EXTERN;
	param->paramid = list_length(*params);
	param->paramtype = exprType(*place);
	param->paramtypmod = -1;
	param->paramcollid = exprCollation(*place);
	param->location = -1;
	*place = (Node *) param;
}

void
extract_literals(Query *query, List **params)
{
	visit_literals(query, literal_to_parameter, params);
}
