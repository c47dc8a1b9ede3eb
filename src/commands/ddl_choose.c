/*
 * ddl_choose.c
 *		Names for indexes, constraints and statistics that the user left unnamed.
 *
 * PostgreSQL chooses such a name when it creates the object and looks which
 * names are taken.  That differs between nodes and shards, so we choose before
 * anything runs, as PostgreSQL would here, and let the choice travel.
 */
#include "postgres.h"

#include "catalog/pg_constraint.h"
#include "catalog/pg_statistic_ext.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_target.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "commands/ddl_names.h"

/* An object without a name: where the name goes and what it is made from. */
typedef struct UnnamedObject
{
	Node	   *object;			/* Constraint, IndexStmt or CreateStatsStmt */
	const char *column;			/* of a column constraint */
}			UnnamedObject;

static List *
add_unnamed(List *unnamed, Node *object, const char *column)
{
	UnnamedObject *entry = palloc(sizeof(UnnamedObject));

	entry->object = object;
	entry->column = column;
	return lappend(unnamed, entry);
}

static List *
add_unnamed_constraint(List *unnamed, Constraint *con, const char *column)
{
	switch (con->contype)
	{
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
		case CONSTR_EXCLUSION:
		case CONSTR_CHECK:
		case CONSTR_FOREIGN:
			if (con->conname == NULL && con->indexname == NULL)
				return add_unnamed(unnamed, (Node *) con, column);
			return unnamed;
		default:
			return unnamed;
	}
}

/* All unnamed objects of a statement, in an order that every node finds. */
static List *
find_unnamed(Node *stmt)
{
	List	   *unnamed = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	if (IsA(stmt, IndexStmt) && ((IndexStmt *) stmt)->idxname == NULL)
		return add_unnamed(NIL, stmt, NULL);
	if (IsA(stmt, CreateStatsStmt) && ((CreateStatsStmt *) stmt)->defnames == NIL)
		return add_unnamed(NIL, stmt, NULL);
	if (!IsA(stmt, AlterTableStmt))
		return NIL;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddConstraint)
			unnamed = add_unnamed_constraint(unnamed, castNode(Constraint, cmd->def),
											 NULL);
		else if (cmd->subtype == AT_AddColumn)
		{
			ColumnDef  *column = castNode(ColumnDef, cmd->def);

			foreach(lc2, column->constraints)
				unnamed = add_unnamed_constraint(unnamed, lfirst_node(Constraint, lc2),
												 column->colname);
		}
	}
	return unnamed;
}

static void
set_name(const UnnamedObject *unnamed, char *name)
{
	if (IsA(unnamed->object, Constraint))
		((Constraint *) unnamed->object)->conname = name;
	else if (IsA(unnamed->object, IndexStmt))
		((IndexStmt *) unnamed->object)->idxname = name;
	else
	{
		CreateStatsStmt *stmt = castNode(CreateStatsStmt, unnamed->object);
		RangeVar   *table = linitial_node(RangeVar, stmt->relations);

		stmt->defnames = table->schemaname ?
			list_make2(makeString(table->schemaname), makeString(name)) :
			list_make1(makeString(name));
	}
}

/* "a_b_c", not much longer than a name may be. */
static char *
join_names(List *names)
{
	StringInfoData joined;
	ListCell   *lc;

	initStringInfo(&joined);
	foreach(lc, names)
	{
		if (joined.len > 0)
			appendStringInfoChar(&joined, '_');
		appendStringInfoString(&joined, lfirst(lc));
		if (joined.len >= NAMEDATALEN)
			break;
	}
	return joined.data;
}

static bool
name_in_list(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/* Names of an index's columns; a repeated one gets a number. */
static List *
add_column_name(List *names, const char *name)
{
	char	   *unique = pstrdup(name);

	for (int i = 1; name_in_list(names, unique); i++)
	{
		char	   *number = psprintf("%d", i);
		int			length = pg_mbcliplen(name, (int) strlen(name),
										  NAMEDATALEN - 1 - (int) strlen(number));

		unique = psprintf("%.*s%s", length, name, number);
	}
	return lappend(names, unique);
}

static List *
add_index_elem(List *names, IndexElem *elem)
{
	const char *name = elem->name;

	if (name == NULL)
		name = FigureIndexColname(elem->expr);
	return add_column_name(names, name ? name : "expr");
}

static List *
add_strings(List *names, List *strings)
{
	ListCell   *lc;

	foreach(lc, strings)
		names = add_column_name(names, strVal(lfirst(lc)));
	return names;
}

typedef struct ColumnCount
{
	const char *name;
	bool		many;
}			ColumnCount;

static bool
count_columns_walker(Node *node, void *context)
{
	ColumnCount *count = context;

	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef))
	{
		Node	   *last = llast(((ColumnRef *) node)->fields);
		const char *name = IsA(last, String) ? strVal(last) : "";

		if (count->name != NULL && strcmp(count->name, name) != 0)
			count->many = true;
		count->name = name;
		return false;
	}
	return raw_expression_tree_walker(node, count_columns_walker, context);
}

/* The middle part of a constraint's name and its ending. */
static void
constraint_name_parts(const Constraint *con, const char *column,
					  const char **middle, const char **label)
{
	List	   *names = column ? list_make1(pstrdup(column)) : NIL;
	ColumnCount count = {NULL, false};
	ListCell   *lc;

	switch (con->contype)
	{
		case CONSTR_PRIMARY:
			*middle = NULL;
			*label = "pkey";
			return;
		case CONSTR_UNIQUE:
			names = add_strings(names, con->keys);
			names = add_strings(names, con->including);
			*label = "key";
			break;
		case CONSTR_EXCLUSION:
			foreach(lc, con->exclusions)
				names = add_index_elem(names, linitial(lfirst_node(List, lc)));
			names = add_strings(names, con->including);
			*label = "excl";
			break;
		case CONSTR_FOREIGN:
			names = add_strings(names, con->fk_attrs);
			*label = "fkey";
			break;
		default:
			(void) count_columns_walker(con->raw_expr, &count);
			*middle = count.many ? NULL : count.name;
			*label = "check";
			return;
	}
	*middle = join_names(names);
}

static void
index_name_parts(const IndexStmt *stmt, const char **middle, const char **label)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stmt->indexParams)
		names = add_index_elem(names, lfirst_node(IndexElem, lc));
	foreach(lc, stmt->indexIncludingParams)
		names = add_index_elem(names, lfirst_node(IndexElem, lc));
	*middle = join_names(names);
	*label = "idx";
}

static void
statistics_name_parts(const CreateStatsStmt *stmt, const char **middle,
					  const char **label)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stmt->exprs)
	{
		StatsElem  *elem = lfirst_node(StatsElem, lc);

		names = lappend(names, elem->name ? elem->name : "expr");
	}
	*middle = join_names(names);
	*label = "stat";
}

static bool
is_taken(Node *object, const char *name, Oid namespace)
{
	Constraint *con = IsA(object, Constraint) ? (Constraint *) object : NULL;

	if (IsA(object, CreateStatsStmt))
		return SearchSysCacheExists2(STATEXTNAMENSP, CStringGetDatum(name),
									 ObjectIdGetDatum(namespace));
	if (con != NULL && ConstraintNameExists(name, namespace))
		return true;
	if (con != NULL && (con->contype == CONSTR_CHECK ||
						con->contype == CONSTR_FOREIGN))
		return false;
	return OidIsValid(get_relname_relid(name, namespace));
}

static char *
choose_name(const UnnamedObject *unnamed, Oid relid, List *chosen)
{
	Oid			namespace = get_rel_namespace(relid);
	const char *middle;
	const char *label;
	char		numbered[NAMEDATALEN];
	char	   *name;

	if (IsA(unnamed->object, Constraint))
		constraint_name_parts((Constraint *) unnamed->object, unnamed->column,
							  &middle, &label);
	else if (IsA(unnamed->object, IndexStmt))
		index_name_parts((IndexStmt *) unnamed->object, &middle, &label);
	else
		statistics_name_parts((CreateStatsStmt *) unnamed->object, &middle, &label);

	strlcpy(numbered, label, sizeof(numbered));
	for (int i = 1;; i++)
	{
		name = makeObjectName(get_rel_name(relid), middle, numbered);
		if (!is_taken(unnamed->object, name, namespace) &&
			!name_in_list(chosen, name))
			return name;
		snprintf(numbered, sizeof(numbered), "%s%d", label, i);
	}
}

List *
ddl_choose_names(Node *stmt, Oid relid)
{
	List	   *chosen = NIL;
	ListCell   *lc;

	foreach(lc, find_unnamed(stmt))
	{
		char	   *name = choose_name(lfirst(lc), relid, chosen);

		set_name(lfirst(lc), name);
		chosen = lappend(chosen, name);
	}
	return chosen;
}

void
ddl_fill_names(Node *stmt, List *names)
{
	List	   *unnamed = find_unnamed(stmt);
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, unnamed, lc2, names)
		set_name(lfirst(lc), pstrdup(lfirst(lc2)));
}
