/*
 * scan_keys.c
 *		Which shards can hold rows that satisfy some quals?
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "planner/dist_rel.h"
#include "planner/scan_keys.h"

/* Is this expression the column, whatever it is relabeled to? */
static bool
is_column(Node *node, const Var *column)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node != NULL && IsA(node, Var) &&
		((Var *) node)->varno == column->varno &&
		((Var *) node)->varattno == column->varattno;
}

/* Is this expression a column that carries the distribution key? */
static Var *
as_key(const DistRel * dist, Node *node)
{
	ListCell   *lc;

	foreach(lc, dist->keys)
	{
		if (is_column(node, lfirst_node(Var, lc)))
			return lfirst(lc);
	}
	return NULL;
}

/* Equality as the key's hash sees it? */
static bool
is_key_equality(Oid opno, Oid collation, const ShardGroup * group)
{
	TypeCacheEntry *type = lookup_type_cache(group->key_type, TYPECACHE_HASH_OPFAMILY);

	if (!OidIsValid(type->hash_opf) ||
		get_op_opfamily_strategy(opno, type->hash_opf) != HTEqualStrategyNumber)
		return false;
	return !OidIsValid(collation) || collation == group->key_collation ||
		get_collation_isdeterministic(collation);
}

bool
scan_keys_are_equal(const DistRel * dist, const Var *left, const Var *right, Expr *clause)
{
	OpExpr	   *op = (OpExpr *) clause;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2 ||
		!is_key_equality(op->opno, op->inputcollid, dist->group))
		return false;
	return (is_column(linitial(op->args), left) && is_column(lsecond(op->args), right)) ||
		(is_column(linitial(op->args), right) && is_column(lsecond(op->args), left));
}

/* The column that this expression is, if its values are hashed as the group's keys; or NULL. */
static Var *
hashed_column(Node *node, const ShardGroup * group)
{
	Oid			common = shard_hash_common_type(group->key_type);

	while (IsA(node, RelabelType) && shard_hash_common_type(exprType(node)) == common)
		node = (Node *) ((RelabelType *) node)->arg;
	return IsA(node, Var) && shard_hash_common_type(exprType(node)) == common ?
		(Var *) node : NULL;
}

Var *
scan_keys_partner(const DistRel * dist, List *keys, Expr *clause)
{
	OpExpr	   *op = (OpExpr *) clause;
	Var		   *column;
	ListCell   *lc;

	if (keys == NIL || !IsA(clause, OpExpr) || list_length(op->args) != 2 ||
		!is_key_equality(op->opno, op->inputcollid, dist->group))
		return NULL;
	for (int i = 0; i < 2; i++)
	{
		Node	   *partner = list_nth(op->args, 1 - i);

		foreach(lc, keys)
		{
			if (is_column(list_nth(op->args, i), lfirst_node(Var, lc)) &&
				(column = hashed_column(partner, dist->group)) != NULL)
				return column;
		}
	}
	return NULL;
}

/* Values that do not depend on the relation itself. */
static bool
is_outer_value(const DistRel * dist, PlannerInfo *root, Node *node)
{
	Relids		relids = pull_varnos(root, node);

	return !bms_overlap(relids, dist->relids) && !contain_volatile_functions(node);
}

/* The value converted to the key's type; NULL when that may lose something. */
static Node *
to_key_type(Node *value, Oid target)
{
	Oid			source = exprType(value);

	if (getBaseType(source) == target && source != target)
		source = target;
	if (exprType(value) != target &&
		!can_coerce_type(1, &source, &target, COERCION_IMPLICIT))
		return NULL;
	return coerce_to_target_type(NULL, value, exprType(value), target, -1,
								 COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
}

static Node *
key_of_operator(const DistRel * dist, OpExpr *op)
{
	for (int i = 0; i < 2 && list_length(op->args) == 2; i++)
	{
		Var		   *key = as_key(dist, list_nth(op->args, i));
		Node	   *value = list_nth(op->args, 1 - i);

		if (key != NULL && is_outer_value(dist, NULL, value) &&
			is_key_equality(op->opno, op->inputcollid, dist->group))
			return to_key_type(value, dist->group->key_type);
	}
	return NULL;
}

static Node *
key_of_array(const DistRel * dist, ScalarArrayOpExpr *op)
{
	Var		   *key = as_key(dist, linitial(op->args));
	Node	   *values = lsecond(op->args);

	if (key == NULL || !op->useOr || !is_outer_value(dist, NULL, values) ||
		!is_key_equality(op->opno, op->inputcollid, dist->group))
		return NULL;
	return to_key_type(values, get_array_type(dist->group->key_type));
}

bool
scan_keys_find(const DistRel * dist, List *clauses, List **keys)
{
	Node	   *array_key = NULL;
	ListCell   *lc;

	if (dist->keys == NIL)
		clauses = NIL;
	foreach(lc, clauses)
	{
		Node	   *clause = lfirst(lc);
		Node	   *found = NULL;

		if (IsA(clause, OpExpr))
			found = key_of_operator(dist, (OpExpr *) clause);
		else if (IsA(clause, ScalarArrayOpExpr) && array_key == NULL)
			array_key = key_of_array(dist, (ScalarArrayOpExpr *) clause);
		if (found != NULL)
		{
			*keys = list_make1(found);
			return true;
		}
	}
	if (array_key != NULL)
		*keys = list_make1(array_key);
	else
		*keys = dist->key_values;
	return *keys != NIL;
}
