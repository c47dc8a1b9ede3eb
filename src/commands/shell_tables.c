/*
 * shell_tables.c
 *		Tables of the cluster on the other nodes: their DDL and its transport.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "commands/object_ddl.h"
#include "commands/table_ddl.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

/* Append those that are not in the list yet: tables share what they need. */
static List *
append_new(List *statements, List *more)
{
	ListCell   *cell;
	ListCell   *known;

	foreach(cell, more)
	{
		bool		found = false;

		foreach(known, statements)
			found = found || strcmp(lfirst(known), lfirst(cell)) == 0;
		if (!found)
			statements = lappend(statements, lfirst(cell));
	}
	return statements;
}

List *
shell_statements_before(List *relids, List **relations)
{
	List	   *statements = NIL;
	ListCell   *cell;

	*relations = NIL;
	foreach(cell, relids)
	{
		List	   *met;

		statements = append_new(statements, object_ddl_for_table(lfirst_oid(cell), &met));
		*relations = list_concat_unique_oid(*relations, met);
	}
	foreach(cell, relids)
		statements = list_concat(statements, table_ddl_structure(lfirst_oid(cell), TABLE_DDL_SHELL));
	return statements;
}

/*
 * Foreign keys are not checked: a shell has no rows, a copy has the rows that
 * were checked here, and the check of a node would look into all shards.
 */
List *
shell_statements_after(List *relids)
{
	List	   *statements = NIL;
	ListCell   *cell;

	foreach(cell, relids)
		statements = list_concat(statements, table_ddl_indexes(lfirst_oid(cell), TABLE_DDL_SHELL));
	foreach(cell, relids)
		statements = list_concat(statements, table_ddl_attach(lfirst_oid(cell)));
	foreach(cell, relids)
	{
		statements = list_concat(statements, table_ddl_security(lfirst_oid(cell), TABLE_DDL_SHELL));
		statements = list_concat(statements, table_ddl_comments(lfirst_oid(cell)));
	}
	foreach(cell, relids)
		statements = list_concat(statements, table_ddl_foreign_keys_unchecked(lfirst_oid(cell)));
	return statements;
}

void
run_on_other_nodes(List *statements)
{
	StringInfoData sql;
	ListCell   *cell;
	Oid			user;
	int			context;

	if (statements == NIL || list_length(node_list()) < 2)
		return;
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT shardlite_internal.run_statements(ARRAY[");
	foreach(cell, statements)
		appendStringInfo(&sql, "%s%s", foreach_current_index(cell) > 0 ? ", " : "",
						 quote_literal_cstr(lfirst(cell)));
	appendStringInfoString(&sql, "])");

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	dist_xact_execute_on_others(sql.data);
	SetUserIdAndSecContext(user, context);
	pfree(sql.data);
}

PG_FUNCTION_INFO_V1(shardlite_run_statements);

/*
 * shardlite_internal.run_statements(statements text[]): run each statement
 * here, under the settings with which the generators wrote them.
 */
Datum
shardlite_run_statements(PG_FUNCTION_ARGS)
{
	Datum	   *statements;
	bool	   *nulls;
	int			count;
	int			level;

	if (!superuser() || !in_node_session())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT,
					  &statements, &nulls, &count);
	level = ddl_settings_begin();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	for (int i = 0; i < count; i++)
	{
		char	   *sql = TextDatumGetCString(statements[i]);

		if (SPI_execute(sql, false, 0) < 0)
			elog(ERROR, "could not execute: %s", sql);
		CommandCounterIncrement();
	}
	SPI_finish();
	ddl_settings_end(level);
	PG_RETURN_VOID();
}
