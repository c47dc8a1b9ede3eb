/*
 * shell_tables.c
 *		Tables of the cluster on the other nodes: their DDL and its transport.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "commands/object_ddl.h"
#include "commands/table_ddl.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"

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
shell_statements(List *relids, List **relations)
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

void
run_on_other_nodes(List *statements, Oid run_as)
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
	appendStringInfo(&sql, "], %s)", OidIsValid(run_as) ?
					 quote_literal_cstr(GetUserNameFromId(run_as, false)) : "NULL");

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
	dist_xact_execute_on_others(sql.data);
	SetUserIdAndSecContext(user, context);
	pfree(sql.data);
}

static void
run_for_each(List *relids, List *(*generate) (Oid relid), Oid run_as)
{
	List	   *statements = NIL;
	ListCell   *cell;

	foreach(cell, relids)
		statements = list_concat(statements, generate(lfirst_oid(cell)));
	run_on_other_nodes(statements, run_as);
}

List *
shell_indexes(Oid relid)
{
	return table_ddl_indexes(relid, TABLE_DDL_SHELL);
}

/*
 * Foreign keys are not checked: a shell has no rows, a copy has the rows that
 * were checked here, and the check of a node would look into all shards.
 */
List *
shell_finishing_touches(Oid relid)
{
	List	   *statements = table_ddl_security(relid, TABLE_DDL_SHELL);

	statements = list_concat(statements, table_ddl_comments(relid));
	return list_concat(statements, table_ddl_foreign_keys_unchecked(relid));
}

/*
 * ATTACH PARTITION evaluates what is constant in check constraints, so the
 * owner does that.
 */
void
shells_finish(List *relids)
{
	run_for_each(relids, shell_indexes, InvalidOid);
	run_for_each(relids, table_ddl_attach, relation_owner(linitial_oid(relids)));
	run_for_each(relids, shell_finishing_touches, InvalidOid);
}

Oid
relation_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

PG_FUNCTION_INFO_V1(shardlite_run_statements);

/*
 * shardlite_internal.run_statements(statements text[], run_as text): run each
 * statement here, under the settings with which the generators wrote them and
 * as that role, if it is not null.
 */
Datum
shardlite_run_statements(PG_FUNCTION_ARGS)
{
	Datum	   *statements;
	bool	   *nulls;
	int			count;
	int			level;
	Oid			user;
	int			context;

	if (!superuser() || !in_node_session())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT,
					  &statements, &nulls, &count);
	level = ddl_settings_begin();
	GetUserIdAndSecContext(&user, &context);
	if (!PG_ARGISNULL(1))
		SetUserIdAndSecContext(get_role_oid(text_to_cstring(PG_GETARG_TEXT_PP(1)), false),
							   context | SECURITY_LOCAL_USERID_CHANGE);
	for (int i = 0; i < count; i++)
		ddl_execute(TextDatumGetCString(statements[i]));
	SetUserIdAndSecContext(user, context);
	ddl_settings_end(level);
	PG_RETURN_VOID();
}
