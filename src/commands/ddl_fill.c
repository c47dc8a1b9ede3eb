/*
 * ddl_fill.c
 *		ALTER TABLE ADD COLUMN whose default is not the same for every row and
 *		node.
 *
 * Such a column is added to the shards without default and filled by an UPDATE
 * of the distributed table, which evaluates the default as for any statement;
 * then it becomes NOT NULL there.  An empty table needs none of this.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "executor/spi.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "commands/ddl_check.h"
#include "commands/ddl_fill.h"
#include "commands/ddl_names.h"
#include "commands/shard_ddl.h"

static char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/* Anything but a constant: we do not know yet what a function name means. */
static bool
needs_evaluation_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) || IsA(node, SQLValueFunction))
		return true;
	return raw_expression_tree_walker(node, needs_evaluation_walker, context);
}

static bool
calls_sequence_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) &&
		strcmp(strVal(llast(((FuncCall *) node)->funcname)), "nextval") == 0)
		return true;
	return raw_expression_tree_walker(node, calls_sequence_walker, context);
}

static bool
is_serial(const ColumnDef *column)
{
	return column->typeName != NULL && list_length(column->typeName->names) == 1 &&
		strstr(strVal(linitial(column->typeName->names)), "serial") != NULL;
}

/* Must the column be filled?  Sets *sequence when by a sequence. */
static bool
must_fill(const ColumnDef *column, bool *sequence)
{
	bool		fill = false;
	ListCell   *lc;

	if (is_serial(column))
		fill = *sequence = true;
	foreach(lc, column->constraints)
	{
		Constraint *con = lfirst_node(Constraint, lc);

		if (con->contype == CONSTR_IDENTITY)
			fill = *sequence = true;
		else if (con->contype == CONSTR_DEFAULT &&
				 needs_evaluation_walker(con->raw_expr, NULL))
		{
			fill = true;
			*sequence = *sequence || calls_sequence_walker(con->raw_expr, NULL);
		}
	}
	return fill;
}

static void
run_local(const char *sql)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
}

static bool
has_rows(Oid relid)
{
	bool		found;

	run_local(psprintf("SELECT 1 FROM %s LIMIT 1", qualified_name(relid)));
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

FillColumns
fill_columns_prepare(const DistTable *table, const AlterTableStmt *stmt)
{
	FillColumns fill = {.relid = table->relid,.reference = table->kind == DIST_REFERENCE};
	bool		sequence = false;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddColumn &&
			must_fill(castNode(ColumnDef, cmd->def), &sequence))
			fill.columns = lappend(fill.columns,
								   pstrdup(castNode(ColumnDef, cmd->def)->colname));
	}
	if (fill.columns != NIL && !has_rows(table->relid))
		fill.columns = NIL;
	if (fill.columns != NIL && sequence && fill.reference)
		refuse_fill_of_reference(table);
	return fill;
}

List *
fill_columns_names(const FillColumns *fill)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, fill->columns)
	{
		DdlName    *name = palloc(sizeof(DdlName));

		name->kind = 'f';
		name->schema = name->prefix = "";
		name->name = lfirst(lc);
		names = lappend(names, name);
	}
	return names;
}

static bool
is_not_null(Oid relid, const char *column)
{
	HeapTuple	tup = SearchSysCacheAttName(relid, column);
	bool		result;

	if (!HeapTupleIsValid(tup))
		return false;
	result = ((Form_pg_attribute) GETSTRUCT(tup))->attnotnull;
	ReleaseSysCache(tup);
	return result;
}

void
fill_columns_finish(const FillColumns *fill)
{
	char	   *name = qualified_name(fill->relid);
	StringInfoData update;
	ListCell   *lc;

	if (fill->columns == NIL)
		return;
	initStringInfo(&update);
	appendStringInfo(&update, "UPDATE %s SET ", name);
	foreach(lc, fill->columns)
		appendStringInfo(&update, "%s%s = DEFAULT",
						 foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(lfirst(lc)));
	run_local(update.data);
	SPI_finish();
	foreach(lc, fill->columns)
	{
		if (!fill->reference && is_not_null(fill->relid, lfirst(lc)))
			shard_ddl_run(list_make1_oid(fill->relid),
						  psprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL",
								   name, quote_identifier(lfirst(lc))));
	}
}

bool
ddl_calls_sequence(Node *stmt)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (!IsA(stmt, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_ColumnDefault && calls_sequence_walker(cmd->def, NULL))
			return true;
		if (cmd->subtype != AT_AddColumn)
			continue;
		foreach(lc2, castNode(ColumnDef, cmd->def)->constraints)
		{
			if (calls_sequence_walker(lfirst_node(Constraint, lc2)->raw_expr, NULL))
				return true;
		}
	}
	return false;
}

static void
skip_foreign_key(Constraint *con)
{
	if (con->contype == CONSTR_FOREIGN && !con->skip_validation)
	{
		con->skip_validation = true;
		con->initially_valid = true;
	}
}

void
ddl_skip_validation(Node *stmt)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (!IsA(stmt, AlterTableStmt))
		return;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddConstraint)
			skip_foreign_key(castNode(Constraint, cmd->def));
		else if (cmd->subtype == AT_AddColumn)
		{
			foreach(lc2, castNode(ColumnDef, cmd->def)->constraints)
				skip_foreign_key(lfirst_node(Constraint, lc2));
		}
	}
}
