/*
 * key_facts.h
 *		What a Query's conditions say about equal columns and their values.
 *
 * A column is named by the Query level that owns its range table entry.  A
 * fact "column = column" or "column = value" belongs to a scope: the rows for
 * which it holds.  Scopes nest: what holds for a statement's surviving rows
 * also holds below the nullable side of its outer joins and in its subqueries,
 * not the other way round.  README.md has the argument.
 */
#ifndef SHARDLITE_KEY_FACTS_H
#define SHARDLITE_KEY_FACTS_H

#include "nodes/parsenodes.h"

typedef struct KeyColumn
{
	int			level;			/* number of the Query level */
	int			varno;
	AttrNumber	attno;
}			KeyColumn;

typedef struct KeyScope
{
	struct KeyScope *parent;
	List	   *facts;			/* of KeyFact * */
	int			level;			/* the Query level it belongs to */
}			KeyScope;

typedef struct KeyFact
{
	Oid			opfamily;		/* of the equality; InvalidOid: the same value */
	KeyColumn	left;
	KeyColumn	right;			/* when value is NULL */
	Node	   *value;

	/*
	 * A link between a subquery's output and its column inside: level of the
	 * subquery (0: no link), and whether rows of the subquery may be left out
	 * because of what holds outside.
	 */
	int			subquery_level;
	bool		imports;
	bool		exports;
}			KeyFact;

extern KeyScope * key_scope(KeyScope * parent, int level);
extern void key_scope_add(KeyScope * scope, KeyFact fact);

/*
 * All values that a column must have in a scope, as expressions without Vars;
 * *columns, unless NULL, gets all columns (KeyColumn *) equal to it, itself
 * included.
 */
extern List *key_scope_values(KeyScope * scope, KeyColumn column, Oid opfamily,
							  List **columns);

extern bool key_column_member(List *columns, KeyColumn column);

#endif							/* SHARDLITE_KEY_FACTS_H */
