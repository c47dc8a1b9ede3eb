/*
 * update_targets.c
 *		SET lists as the user wrote them.
 *
 * The rewriter sorts a SET list by column and merges assignments to parts of
 * one column: SET a[1] = x, a[2] = y becomes one nested expression.  ruleutils
 * prints lists as the parser left them: it shows the outermost part of a merged
 * assignment only, and takes the columns of SET (b, a) = (SELECT ...) in list
 * order.  So merged assignments are taken apart again, and columns assigned from
 * one subquery put in the subquery's order.
 */
#include "postgres.h"

#include "deparse/update_targets.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"

static Expr *
strip_domain(Expr *expr)
{
	while (expr != NULL && IsA(expr, CoerceToDomain))
		expr = ((CoerceToDomain *) expr)->arg;
	return expr;
}

static bool
is_part_assignment(Expr *expr)
{
	return expr != NULL &&
		(IsA(expr, FieldStore) ||
		 (IsA(expr, SubscriptingRef) && ((SubscriptingRef *) expr)->refassgnexpr != NULL));
}

/* SET column.a = x, column.b = y */
static List *
split_fields(FieldStore *store)
{
	List	   *result = NIL;
	ListCell   *value;
	ListCell   *field;

	forboth(value, store->newvals, field, store->fieldnums)
	{
		FieldStore *single = makeNode(FieldStore);

		single->arg = store->arg;
		single->newvals = list_make1(lfirst(value));
		single->fieldnums = list_make1_int(lfirst_int(field));
		single->resulttype = store->resulttype;
		result = lappend(result, single);
	}
	return result;
}

/* The assignments that an expression stands for, in their order. */
static List *
split_assignment(Expr *expr)
{
	List	   *result = NIL;
	SubscriptingRef *ref;
	Expr	   *before;

	expr = strip_domain(expr);
	if (IsA(expr, FieldStore))
	{
		before = strip_domain(((FieldStore *) expr)->arg);
		if (is_part_assignment(before))
			result = split_assignment(before);
		return list_concat(result, split_fields((FieldStore *) expr));
	}
	ref = (SubscriptingRef *) expr;
	before = strip_domain(ref->refexpr);
	if (is_part_assignment(before))
		result = split_assignment(before);
	return lappend(result, ref);
}

static bool
multiexpr_walker(Node *node, void *paramid)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_MULTIEXPR)
	{
		*(int *) paramid = ((Param *) node)->paramid;
		return true;
	}
	return expression_tree_walker(node, multiexpr_walker, paramid);
}

/* Number of the subquery and of its column that is assigned; 0 if none. */
static int
multiexpr_number(const TargetEntry *tle)
{
	int			paramid = 0;

	if (!tle->resjunk)
		(void) multiexpr_walker((Node *) tle->expr, &paramid);
	return paramid;
}

static int
compare_multiexpr(const ListCell *a, const ListCell *b)
{
	return multiexpr_number(lfirst(a)) - multiexpr_number(lfirst(b));
}

List *
update_targets_unmerge(List *targetlist)
{
	List	   *plain = NIL;
	List	   *multi = NIL;
	ListCell   *lc;

	foreach(lc, targetlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		List	   *parts = NIL;
		ListCell   *part;

		if (!tle->resjunk && is_part_assignment(strip_domain(tle->expr)))
			parts = split_assignment(tle->expr);
		else
			parts = list_make1(tle->expr);
		foreach(part, parts)
		{
			TargetEntry *copy = flatCopyTargetEntry(tle);

			copy->expr = lfirst(part);
			if (multiexpr_number(copy) != 0)
				multi = lappend(multi, copy);
			else
				plain = lappend(plain, copy);
		}
	}
	list_sort(multi, compare_multiexpr);
	return list_concat(plain, multi);
}
