/*
 * ddl_text.c
 *		Collecting SQL statements that catalog queries produce.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/ddl_text.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/guc.h"

/* What changes how catalog functions print names and constants. */
static const char *const ddl_settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"DateStyle", "ISO"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "3"},
	{"bytea_output", "hex"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
};

int
ddl_settings_begin(void)
{
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(ddl_settings); i++)
		(void) set_config_option(ddl_settings[i][0], ddl_settings[i][1],
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
ddl_settings_end(int level)
{
	AtEOXact_GUC(true, level);
}

/*
 * Append the first column of the current SPI result to *statements, allocated
 * in the given context.
 */
static void
collect_result(List **statements, MemoryContext context)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *value = SPI_getvalue(SPI_tuptable->vals[i],
										 SPI_tuptable->tupdesc, 1);
		MemoryContext old;

		if (value == NULL)
			continue;
		old = MemoryContextSwitchTo(context);
		*statements = lappend(*statements, pstrdup(value));
		MemoryContextSwitchTo(old);
	}
}

void
ddl_append_query(List **statements, const char *query, Oid oid,
				 bool flag, const char *text)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			types[3] = {OIDOID, BOOLOID, TEXTOID};
	Datum		values[3];
	char		nulls[4] = "   ";

	values[0] = ObjectIdGetDatum(oid);
	values[1] = BoolGetDatum(flag);
	values[2] = (Datum) 0;
	if (text != NULL)
		values[2] = CStringGetTextDatum(text);
	else
		nulls[2] = 'n';

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute_with_args(query, 3, types, values, nulls, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "catalog query failed: %s", query);
	collect_result(statements, caller);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "could not disconnect from SPI");
}

char *
ddl_query_value(const char *query, Oid oid)
{
	List	   *rows = NIL;

	ddl_append_query(&rows, query, oid, false, NULL);
	return rows == NIL ? NULL : (char *) linitial(rows);
}

void
ddl_execute(const char *sql)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not execute: %s", sql);
	SPI_finish();
	CommandCounterIncrement();
}

/*
 * Revokes come first: they take back what the defaults would leave.  The
 * grantor is not kept: on a node all privileges are granted by the owner.
 */
void
ddl_append_grants(List **statements, const char *acl_query, Oid oid)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query,
					 "WITH object(acl, kind, owner, target, col) AS MATERIALIZED (%s),"
					 " have AS (SELECT target, col, e.grantee, e.privilege_type, bool_or(e.is_grantable) AS is_grantable"
					 "  FROM object, aclexplode(acl) e GROUP BY 1, 2, 3, 4),"
					 " dflt AS (SELECT target, col, e.grantee, e.privilege_type, bool_or(e.is_grantable) AS is_grantable"
					 "  FROM object, aclexplode(acldefault(kind, owner)) e WHERE acl IS NOT NULL GROUP BY 1, 2, 3, 4),"
					 " change AS ("
					 "  SELECT 1 AS step, d.* FROM dflt d WHERE NOT EXISTS"
					 "   (SELECT FROM have h WHERE (h.grantee, h.privilege_type) = (d.grantee, d.privilege_type)"
					 "    AND h.target = d.target AND h.col IS NOT DISTINCT FROM d.col)"
					 "  UNION ALL"
					 "  SELECT 2, h.* FROM have h WHERE NOT EXISTS"
					 "   (SELECT FROM dflt d WHERE (h.grantee, h.privilege_type, h.is_grantable) = (d.grantee, d.privilege_type, d.is_grantable)"
					 "    AND h.target = d.target AND h.col IS NOT DISTINCT FROM d.col))"
					 " SELECT format('%%s %%s ON %%s %%s %%s%%s',"
					 "  CASE step WHEN 1 THEN 'REVOKE' ELSE 'GRANT' END,"
					 "  string_agg(privilege_type || coalesce(' (' || quote_ident(col) || ')', ''), ', ' ORDER BY privilege_type),"
					 "  target,"
					 "  CASE step WHEN 1 THEN 'FROM' ELSE 'TO' END,"
					 "  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,"
					 "  CASE WHEN step = 2 AND is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
					 " FROM change GROUP BY step, target, col, grantee, is_grantable"
					 " ORDER BY step, col, grantee, is_grantable",
					 acl_query);
	ddl_append_query(statements, query.data, oid, false, NULL);
	pfree(query.data);
}
