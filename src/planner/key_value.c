/*
 * key_value.c
 *		Values that a distribution key is compared with.
 */
#include "postgres.h"

#include "access/hash.h"
#include "access/stratnum.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "planner/key_value.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

Oid
key_opfamily(Oid type)
{
	return lookup_type_cache(getBaseType(type), TYPECACHE_HASH_OPFAMILY)->hash_opf;
}

Oid
equality_opfamily(Oid opno, Oid collation)
{
	Oid			left,
				right,
				family;

	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		return InvalidOid;
	op_input_types(opno, &left, &right);
	family = key_opfamily(left);
	if (!OidIsValid(family) ||
		get_op_opfamily_strategy(opno, family) != HTEqualStrategyNumber)
		return InvalidOid;
	return family;
}

Node *
strip_relabel(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

static bool
is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static Const *
int8_const(int64 value)
{
	return makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
					 Int64GetDatum(value), false, FLOAT8PASSBYVAL);
}

/* left operator right, over bigint */
static Expr *
int8_comparison(const char *operator, Node *left, int64 right)
{
	List	   *name = list_make2(makeString("pg_catalog"), makeString(pstrdup(operator)));

	return make_opclause(OpernameGetOprid(name, INT8OID, INT8OID), BOOLOID, false,
						 copyObject((Expr *) left), (Expr *) int8_const(right),
						 InvalidOid, InvalidOid);
}

/* CASE WHEN value BETWEEN min AND max THEN value::type END */
static Node *
narrow_integer(Node *value, Oid type)
{
	int64		max = type == INT2OID ? PG_INT16_MAX : PG_INT32_MAX;
	Node	   *wide = coerce_to_target_type(NULL, value, exprType(value), INT8OID, -1,
											 COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
	Node	   *narrow = coerce_to_target_type(NULL, value, exprType(value), type, -1,
											   COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	Expr	   *above = int8_comparison(">=", wide, -max - 1);
	Expr	   *below = int8_comparison("<=", wide, max);
	CaseWhen   *when = makeNode(CaseWhen);
	CaseExpr   *result = makeNode(CaseExpr);

	when->expr = makeBoolExpr(AND_EXPR, list_make2(above, below), -1);
	when->result = (Expr *) narrow;
	when->location = -1;
	result->casetype = type;
	result->args = list_make1(when);
	result->defresult = (Expr *) makeNullConst(type, -1, InvalidOid);
	result->location = -1;
	return (Node *) result;
}

/* Fold what can be folded, so that constants are Consts. */
static Node *
folded(Node *node)
{
	return node == NULL ? NULL : eval_const_expressions(NULL, node);
}

Node *
key_value_coerce(Node *value, const ShardGroup * group)
{
	Oid			type = group->key_type;
	Oid			from = getBaseType(exprType(value));

	if (from == type)
		return folded(value);
	if (is_integer_type(type) && is_integer_type(from) &&
		get_typlen(from) > get_typlen(type))
		return folded(narrow_integer(value, type));
	return folded(coerce_to_target_type(NULL, value, exprType(value), type, -1,
										COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1));
}

/* Every element narrowed; only for constants, whose elements are known. */
static Node *
narrow_array_const(Const *array, const ShardGroup * group)
{
	Oid			element = get_element_type(array->consttype);
	int16		len;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	ArrayExpr  *result = makeNode(ArrayExpr);

	if (array->constisnull)
		return (Node *) makeNullConst(get_array_type(group->key_type), -1, InvalidOid);
	get_typlenbyvalalign(element, &len, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array->constvalue), element, len, byval, align,
					  &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		Const	   *value = makeConst(element, -1, InvalidOid, len, values[i], nulls[i], byval);

		result->elements = lappend(result->elements, key_value_coerce((Node *) value, group));
	}
	result->array_typeid = get_array_type(group->key_type);
	result->element_typeid = group->key_type;
	result->location = -1;
	return folded((Node *) result);
}

Node *
key_array_coerce(Node *array, const ShardGroup * group)
{
	Oid			from = get_base_element_type(exprType(array));
	Oid			target = get_array_type(group->key_type);

	if (!OidIsValid(from) || !OidIsValid(target))
		return NULL;
	if (getBaseType(from) == group->key_type)
		return folded(array);
	if (is_integer_type(group->key_type) && is_integer_type(from) &&
		get_typlen(from) > get_typlen(group->key_type))
	{
		array = folded(array);
		return IsA(array, Const) ? narrow_array_const((Const *) array, group) : NULL;
	}
	return folded(coerce_to_target_type(NULL, array, exprType(array), target, -1,
										COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1));
}
