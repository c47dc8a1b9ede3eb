/*
 * prune.c
 *		Which shards can hold rows that satisfy a statement's conditions?
 *
 * Looks at conditions that every row must satisfy: those of WHERE and of inner
 * joins, ANDed.  "key = value" alone, "key IN (...)", "key = ANY (array)" and
 * an OR of those name the shards; values may be parameters.
 */
#include "postgres.h"

#include "deparse/shippable.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "planner/key_value.h"
#include "planner/prune.h"

typedef struct PruneContext
{
	int			level;			/* number of the Query level looked at */
	const ShardGroup *group;
	Oid			opfamily;
	List	   *equal;			/* KeyColumn * that equal the key */
}			PruneContext;

/* Is this a top-level column that equals the key? */
static bool
is_key(PruneContext * context, Node *node)
{
	Var		   *var = (Var *) strip_relabel(node);
	KeyColumn	column;

	if (var == NULL || !IsA(var, Var) || var->varlevelsup != 0)
		return false;
	column.level = context->level;
	column.varno = var->varno;
	column.attno = var->varattno;
	return key_column_member(context->equal, column);
}

static List *
keys_of_equality(PruneContext * context, OpExpr *op)
{
	Node	   *value;

	if (list_length(op->args) != 2 ||
		equality_opfamily(op->opno, op->inputcollid) != context->opfamily)
		return NIL;
	if (is_key(context, linitial(op->args)))
		value = lsecond(op->args);
	else if (is_key(context, lsecond(op->args)))
		value = linitial(op->args);
	else
		return NIL;
	if (!can_evaluate_here(value))
		return NIL;
	value = key_value_coerce(value, context->group);
	return value == NULL ? NIL : list_make1(value);
}

static List *
keys_of_any(PruneContext * context, ScalarArrayOpExpr *op)
{
	Node	   *array = lsecond(op->args);

	if (!op->useOr || !is_key(context, linitial(op->args)) ||
		equality_opfamily(op->opno, op->inputcollid) != context->opfamily ||
		!can_evaluate_here(array))
		return NIL;
	array = key_array_coerce(array, context->group);
	return array == NULL ? NIL : list_make1(array);
}

/* Key values of which at least one must match; NIL when nothing is known. */
static List *
keys_of_condition(PruneContext * context, Node *node)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (node == NULL)
		return NIL;
	if (IsA(node, OpExpr))
		return keys_of_equality(context, (OpExpr *) node);
	if (IsA(node, ScalarArrayOpExpr))
		return keys_of_any(context, (ScalarArrayOpExpr *) node);
	if (is_andclause(node))
	{
		foreach(lc, ((BoolExpr *) node)->args)
		{
			result = keys_of_condition(context, lfirst(lc));
			if (result != NIL)
				break;
		}
		return result;
	}
	if (is_orclause(node))
	{
		foreach(lc, ((BoolExpr *) node)->args)
		{
			List	   *keys = keys_of_condition(context, lfirst(lc));

			if (keys == NIL)
				return NIL;
			result = list_concat(result, keys);
		}
		return result;
	}
	return NIL;
}

/* Conditions of WHERE and of inner joins at the top of the join tree. */
static List *
certain_conditions(Node *node)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (node == NULL)
		return NIL;
	if (IsA(node, FromExpr))
	{
		result = list_make1(((FromExpr *) node)->quals);
		foreach(lc, ((FromExpr *) node)->fromlist)
			result = list_concat(result, certain_conditions(lfirst(lc)));
	}
	else if (IsA(node, JoinExpr) && ((JoinExpr *) node)->jointype == JOIN_INNER)
	{
		result = list_make1(((JoinExpr *) node)->quals);
		result = list_concat(result, certain_conditions(((JoinExpr *) node)->larg));
		result = list_concat(result, certain_conditions(((JoinExpr *) node)->rarg));
	}
	return result;
}

/* The first condition that says something about the keys. */
static List *
keys_of_conditions(PruneContext * context, Query *query)
{
	ListCell   *lc;

	foreach(lc, certain_conditions((Node *) query->jointree))
	{
		List	   *keys = keys_of_condition(context, lfirst(lc));

		if (keys != NIL)
			return keys;
	}
	return NIL;
}

static bool
is_never_true(Node *qual)
{
	Const	   *folded;

	if (qual == NULL || contain_subplans(qual))
		return false;
	folded = (Const *) eval_const_expressions(NULL, copyObject(qual));
	return IsA(folded, Const) && (folded->constisnull || !DatumGetBool(folded->constvalue));
}

FragmentTarget
prune_shards(Query *query, const SurveyedTable * table, List **keys)
{
	PruneContext context = {.level = table->key.level, .group = table->table->group};
	List	   *values;
	ListCell   *lc;

	*keys = NIL;
	foreach(lc, certain_conditions((Node *) query->jointree))
	{
		if (is_never_true(lfirst(lc)))
			return TARGET_NOTHING;
	}
	if (table->table->kind != DIST_HASH)
		return TARGET_ALL_SHARDS;

	context.opfamily = key_opfamily(table->table->group->key_type);
	values = key_scope_values(table->scope, table->key, context.opfamily, &context.equal);
	foreach(lc, values)
	{
		Node	   *value = key_value_coerce(lfirst(lc), table->table->group);

		if (value != NULL)
		{
			*keys = list_make1(value);
			return TARGET_KEYS;
		}
	}
	*keys = keys_of_conditions(&context, query);
	return *keys != NIL ? TARGET_KEYS : TARGET_ALL_SHARDS;
}

List *
prune_by_columns(Query *query, List *columns, const ShardGroup * group)
{
	PruneContext context = {
		.level = ((KeyColumn *) linitial(columns))->level, .group = group,
		.opfamily = key_opfamily(group->key_type), .equal = columns
	};

	return keys_of_conditions(&context, query);
}
