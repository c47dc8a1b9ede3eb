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

/* Is this expression a column that carries the distribution key? */
static Var *
as_key(const DistRel * dist, Node *node)
{
	ListCell   *lc;

	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL || !IsA(node, Var))
		return NULL;
	foreach(lc, dist->keys)
	{
		Var		   *key = lfirst_node(Var, lc);

		if (key->varno == ((Var *) node)->varno &&
			key->varattno == ((Var *) node)->varattno)
			return key;
	}
	return NULL;
}

/* Equality as the key's hash sees it? */
static bool
is_key_equality(Oid opno, Oid collation, const Var *key, const ShardGroup * group)
{
	TypeCacheEntry *type = lookup_type_cache(group->key_type, TYPECACHE_HASH_OPFAMILY);

	if (OidIsValid(group->key_collation) && collation != group->key_collation &&
		!get_collation_isdeterministic(collation))
		return false;
	return OidIsValid(type->hash_opf) &&
		get_op_opfamily_strategy(opno, type->hash_opf) == HTEqualStrategyNumber;
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
			is_key_equality(op->opno, op->inputcollid, key, dist->group))
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
		!is_key_equality(op->opno, op->inputcollid, key, dist->group))
		return NULL;
	return to_key_type(values, get_array_type(dist->group->key_type));
}

bool
scan_keys_find(const DistRel * dist, List *clauses, List **keys)
{
	Node	   *array_key = NULL;
	ListCell   *lc;

	if (dist->keys == NIL)
		return false;
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
	return array_key != NULL;
}
