/*
 * key_facts.c
 *		Scopes of equalities between columns and values.
 */
#include "postgres.h"

#include "planner/key_facts.h"

KeyScope *
key_scope(KeyScope * parent, int level)
{
	KeyScope   *scope = palloc0(sizeof(KeyScope));

	scope->parent = parent;
	scope->level = level;
	return scope;
}

void
key_scope_add(KeyScope * scope, KeyFact fact)
{
	KeyFact    *copy = palloc(sizeof(KeyFact));

	*copy = fact;
	scope->facts = lappend(scope->facts, copy);
}

static bool
same_column(KeyColumn a, KeyColumn b)
{
	return a.level == b.level && a.varno == b.varno && a.attno == b.attno;
}

bool
key_column_member(List *columns, KeyColumn column)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (same_column(*(KeyColumn *) lfirst(lc), column))
			return true;
	}
	return false;
}

static bool
is_inside(KeyScope * scope, int level)
{
	for (; scope != NULL; scope = scope->parent)
	{
		if (scope->level == level)
			return true;
	}
	return false;
}

/* Does a fact count for somebody who asks from this scope? */
static bool
is_visible(const KeyFact * fact, KeyScope * from)
{
	if (fact->subquery_level == 0)
		return true;
	return is_inside(from, fact->subquery_level) ? fact->imports : fact->exports;
}

/* Follow the facts about one column. */
static void
visit_column(KeyScope * scope, KeyColumn column, Oid opfamily, List **columns, List **values)
{
	for (KeyScope * holder = scope; holder != NULL; holder = holder->parent)
	{
		ListCell   *lc;

		foreach(lc, holder->facts)
		{
			KeyFact    *fact = lfirst(lc);
			KeyColumn  *other;

			if ((OidIsValid(fact->opfamily) && fact->opfamily != opfamily) ||
				!is_visible(fact, scope))
				continue;
			if (fact->value != NULL)
			{
				if (same_column(fact->left, column))
					*values = list_append_unique(*values, fact->value);
				continue;
			}
			if (same_column(fact->left, column))
				other = &fact->right;
			else if (same_column(fact->right, column))
				other = &fact->left;
			else
				continue;
			if (!key_column_member(*columns, *other))
				*columns = lappend(*columns, other);
		}
	}
}

List *
key_scope_values(KeyScope * scope, KeyColumn column, Oid opfamily, List **columns)
{
	List	   *values = NIL;
	List	   *seen = list_make1(memcpy(palloc(sizeof(KeyColumn)), &column, sizeof(KeyColumn)));

	/* the list grows while we walk it */
	for (int i = 0; i < list_length(seen); i++)
		visit_column(scope, *(KeyColumn *) list_nth(seen, i), opfamily, &seen, &values);
	if (columns != NULL)
		*columns = seen;
	return values;
}
