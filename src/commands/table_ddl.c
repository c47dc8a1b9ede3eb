/*
 * table_ddl.c
 *		SQL statements that recreate a table under its own name.
 *
 * Tablespaces are left out: they belong to a server, not to a table's meaning.
 * In all queries $1 is the table and $2 says whether the shell is wanted.
 */
#include "postgres.h"

#include "commands/ddl_text.h"
#include "commands/table_ddl.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

/* "seqtypid", "seqstart" ... of a row s of pg_sequence as CREATE options */
#define SEQUENCE_OPTIONS \
	"format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %sCYCLE'," \
	" s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache," \
	" CASE WHEN s.seqcycle THEN '' ELSE 'NO ' END)"

/* pg_depend d joins an owned sequence to (d.refobjid, d.refobjsubid) */
#define OWNED_SEQUENCE(deptype) \
	"d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass" \
	" AND d.objsubid = 0 AND d.refobjsubid <> 0 AND d.deptype = '" deptype "'"

static const char *const serial_sequences_query =
"SELECT format('CREATE %sSEQUENCE %s AS %s %s',"
"  CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END,"
"  c.oid::regclass, format_type(s.seqtypid, NULL), " SEQUENCE_OPTIONS ")"
" FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class c ON c.oid = d.objid"
" WHERE " OWNED_SEQUENCE("a") " AND d.refobjid = $1 AND $2 ORDER BY d.refobjsubid, c.relname";

static const char *const sequence_ownership_query =
"SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', c.oid::regclass, a.attrelid::regclass, a.attname)"
" FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
" JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
" WHERE " OWNED_SEQUENCE("a") " AND d.refobjid = $1 AND $2 ORDER BY d.refobjsubid, c.relname";

/* Values of sequences must not repeat from node to node; see sequence_range.c. */
static const char *const node_sequences_query =
"SELECT format('SELECT shardlite_internal.node_sequence(%L)', c.oid::regclass)"
" FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
" WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid <> 0"
" AND d.deptype IN ('a', 'i') AND d.refobjid = $1 AND $2 ORDER BY d.refobjsubid, c.relname";

/*
 * The columns and valid check constraints between the parentheses, then what
 * follows them.  Check constraints stand here so that nothing is evaluated
 * when they are made.
 */
static const char *const create_table_query =
"WITH col AS ("
" SELECT a.attnum, format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))"
"  || CASE a.attcompression WHEN 'p' THEN ' COMPRESSION pglz' WHEN 'l' THEN ' COMPRESSION lz4' ELSE '' END"
"  || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END"
"  || CASE WHEN a.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(ad.adbin, ad.adrelid))"
"     WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', pg_get_expr(ad.adbin, ad.adrelid))"
"     WHEN $2 AND ad.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(ad.adbin, ad.adrelid)"
"     WHEN $2 AND a.attidentity <> '' THEN format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)',"
"       CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.seqrelid::regclass, " SEQUENCE_OPTIONS ")"
"     ELSE '' END"
"  || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS def"
" FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
" LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum"
" LEFT JOIN (pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid)"
"  ON " OWNED_SEQUENCE("i") " AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum"
" WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped),"
" item AS ("
" SELECT 1 AS part, attnum, '' AS name, def FROM col"
" UNION ALL SELECT 2, 0, conname, format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))"
"  FROM pg_constraint WHERE conrelid = $1 AND contype = 'c' AND convalidated),"
" opt AS ("
" SELECT 1 AS part, option_name, option_value FROM pg_class c, pg_options_to_table(c.reloptions) WHERE c.oid = $1"
" UNION ALL SELECT 2, 'toast.' || option_name, option_value"
"  FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid, pg_options_to_table(t.reloptions) WHERE c.oid = $1)"
"SELECT format('CREATE %sTABLE %s (%s)%s%s%s',"
" CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.oid::regclass,"
" (SELECT string_agg(def, ', ' ORDER BY part, attnum, name) FROM item),"
" ' PARTITION BY ' || pg_get_partkeydef(c.oid),"
" (SELECT format(' USING %I', amname) FROM pg_am WHERE pg_am.oid = c.relam),"
" (SELECT format(' WITH (%s)', string_agg(format('%s=%L', option_name, option_value), ', ' ORDER BY part, option_name))"
"  FROM opt HAVING count(*) > 0))"
" FROM pg_class c WHERE c.oid = $1";

static const char *const owner_query =
"SELECT format('ALTER TABLE %s OWNER TO %I', oid::regclass, pg_get_userbyid(relowner)) FROM pg_class WHERE oid = $1";

/* One ALTER per column setting.  pg_attver is the server's own bookkeeping. */
static const char *const column_settings_query =
"SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET %s', a.attrelid::regclass, a.attname, x.setting)"
" FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid,"
" LATERAL (VALUES (1, CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' ||"
"   CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END),"
"  (2, CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget END),"
"  (3, (SELECT format('(%s)', string_agg(format('%I=%L', option_name, option_value), ', ' ORDER BY option_name))"
"       FROM pg_options_to_table(a.attoptions) WHERE option_name <> 'pg_attver' HAVING count(*) > 0))) x(n, setting)"
" WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND x.setting IS NOT NULL"
" ORDER BY a.attnum, x.n";

static const char *const key_constraints_query =
"SELECT format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
" FROM pg_constraint WHERE conrelid = $1"
" AND (contype IN ('p', 'u', 'x') OR contype = 'c' AND NOT convalidated)"
" ORDER BY contype <> 'p', conname";

/* Indexes that no constraint made; an invalid one is left out. */
static const char *const indexes_query =
"SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
" WHERE i.indrelid = $1 AND (i.indisvalid OR c.relkind = 'I') AND NOT EXISTS"
" (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = $1 AND k.contype IN ('p', 'u', 'x'))"
" ORDER BY c.relname";

static const char *const index_settings_query =
"SELECT format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', a.attrelid::regclass, a.attnum, a.attstattarget)"
" FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid"
" WHERE i.indrelid = $1 AND a.attstattarget >= 0"
" UNION ALL"
" SELECT format('ALTER TABLE %s CLUSTER ON %I', i.indrelid::regclass, c.relname)"
" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisclustered"
" UNION ALL"
" SELECT format('ALTER TABLE ONLY %s REPLICA IDENTITY %s', t.oid::regclass,"
"  CASE t.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' ELSE"
"   (SELECT format('USING INDEX %I', c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
"    WHERE i.indrelid = t.oid AND i.indisreplident) END)"
" FROM pg_class t WHERE t.oid = $1 AND t.relkind = 'r' AND (t.relreplident IN ('n', 'f') OR"
"  t.relreplident = 'i' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisreplident))";

static const char *const statistics_query =
"SELECT x.statement FROM pg_statistic_ext e, LATERAL (VALUES"
" (1, pg_get_statisticsobjdef(e.oid)),"
" (2, CASE WHEN $2 THEN format('ALTER STATISTICS %s.%I OWNER TO %I', e.stxnamespace::regnamespace, e.stxname, pg_get_userbyid(e.stxowner)) END),"
" (3, CASE WHEN e.stxstattarget >= 0 THEN format('ALTER STATISTICS %s.%I SET STATISTICS %s',"
"   e.stxnamespace::regnamespace, e.stxname, e.stxstattarget) END)) x(n, statement)"
" WHERE e.stxrelid = $1 ORDER BY e.stxname, x.n";

static const char *const attach_query =
"SELECT format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', i.inhparent::regclass, c.oid::regclass,"
" pg_get_expr(c.relpartbound, c.oid))"
" FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = $1 AND c.relispartition";

static const char *const row_security_query =
"SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY', oid::regclass, x.what)"
" FROM pg_class, LATERAL (VALUES (relrowsecurity, 'ENABLE'), (relforcerowsecurity, 'FORCE')) x(wanted, what)"
" WHERE oid = $1 AND x.wanted ORDER BY x.what";

static const char *const policies_query =
"SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, p.polrelid::regclass,"
" CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,"
" CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,"
" (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM unnest(p.polroles) r),"
" CASE WHEN p.polqual IS NOT NULL THEN format(' USING (%s)', pg_get_expr(p.polqual, p.polrelid)) END,"
" CASE WHEN p.polwithcheck IS NOT NULL THEN format(' WITH CHECK (%s)', pg_get_expr(p.polwithcheck, p.polrelid)) END)"
" FROM pg_policy p WHERE p.polrelid = $1 ORDER BY p.polname";

static const char *const table_acl_query =
"SELECT relacl, 'r'::\"char\", relowner, 'TABLE ' || oid::regclass, NULL::text FROM pg_class WHERE oid = $1"
" UNION ALL"
" SELECT a.attacl, 'c', c.relowner, 'TABLE ' || c.oid::regclass, a.attname"
" FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
" WHERE c.oid = $1 AND NOT a.attisdropped AND a.attacl IS NOT NULL"
" UNION ALL"
" SELECT c.relacl, 's', c.relowner, 'SEQUENCE ' || c.oid::regclass, NULL"
" FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
" WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1"
" AND d.deptype IN ('a', 'i') AND c.relacl IS NOT NULL";

static const char *const comments_query =
"WITH index AS (SELECT indexrelid FROM pg_index WHERE indrelid = $1),"
" object(class, id, sub, target) AS ("
" SELECT 'pg_class'::regclass, $1, 0, format('TABLE %s', $1::regclass)"
" UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, format('COLUMN %s.%I', attrelid::regclass, attname)"
"  FROM pg_attribute WHERE attrelid = $1 AND NOT attisdropped"
" UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, format('CONSTRAINT %I ON %s', conname, conrelid::regclass)"
"  FROM pg_constraint WHERE conrelid = $1 AND contype IN ('c', 'p', 'u', 'x')"
" UNION ALL SELECT 'pg_class'::regclass, indexrelid, 0, format('INDEX %s', indexrelid::regclass) FROM index"
" UNION ALL SELECT 'pg_policy'::regclass, oid, 0, format('POLICY %I ON %s', polname, polrelid::regclass)"
"  FROM pg_policy WHERE polrelid = $1"
" UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, 0, format('STATISTICS %s.%I', stxnamespace::regnamespace, stxname)"
"  FROM pg_statistic_ext WHERE stxrelid = $1"
" UNION ALL SELECT 'pg_class'::regclass, d.objid, 0, format('SEQUENCE %s', d.objid::regclass)"
"  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
"  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1)"
" SELECT format('COMMENT ON %s IS %L', o.target, c.description)"
" FROM object o JOIN pg_description c ON c.classoid = o.class AND c.objoid = o.id AND c.objsubid = o.sub"
" ORDER BY o.class::oid, o.target";

/* A foreign key of a partition that its parent brings along has a parent. */
static const char *const foreign_keys_query =
"SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
" FROM pg_constraint WHERE conrelid = $1 AND contype = 'f' AND conparentid = 0 ORDER BY conname";

/*
 * ADD CONSTRAINT has no word for "valid, but do not look", and a partitioned
 * table must look.
 */
static const char foreign_keys_unchecked_query[] =
"SELECT x.statement FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid, LATERAL (VALUES"
" (1, format('ALTER TABLE %s ADD CONSTRAINT %I %s%s', conrelid::regclass, conname, pg_get_constraintdef(c.oid),"
"   CASE WHEN convalidated AND t.relkind = 'r' THEN ' NOT VALID' END)),"
" (2, CASE WHEN convalidated AND t.relkind = 'r' THEN format('UPDATE pg_catalog.pg_constraint SET convalidated = true"
" WHERE conrelid = %L::pg_catalog.regclass AND conname = %L AND contype = ''f''', conrelid::regclass, conname) END)"
" ) x(n, statement)"
" WHERE c.conrelid = $1 AND c.contype = 'f' AND c.conparentid = 0 ORDER BY c.conname, x.n";

/* Append what each of the queries yields for this table. */
static void
append_queries(List **statements, const char *const *queries, int count,
			   Oid relid, bool shell)
{
	for (int i = 0; i < count; i++)
		ddl_append_query(statements, queries[i], relid, shell, NULL);
}

static List *
run_queries(const char *const *queries, int count, Oid relid, bool shell)
{
	List	   *statements = NIL;
	int			level = ddl_settings_begin();

	append_queries(&statements, queries, count, relid, shell);
	ddl_settings_end(level);
	return statements;
}

List *
table_ddl_structure(Oid relid, TableDdlTarget target)
{
	const char *const queries[] = {
		serial_sequences_query, create_table_query, sequence_ownership_query,
		node_sequences_query,
		owner_query, column_settings_query,
	};

	return run_queries(queries, lengthof(queries), relid, target == TABLE_DDL_SHELL);
}

List *
table_ddl_indexes(Oid relid, TableDdlTarget target)
{
	const char *const queries[] = {
		key_constraints_query, indexes_query, index_settings_query, statistics_query,
	};

	return run_queries(queries, lengthof(queries), relid, target == TABLE_DDL_SHELL);
}

List *
table_ddl_attach(Oid relid)
{
	return run_queries(&attach_query, 1, relid, false);
}

List *
table_ddl_security(Oid relid, TableDdlTarget target)
{
	const char *const queries[] = {row_security_query, policies_query};
	List	   *statements = NIL;
	int			level = ddl_settings_begin();

	append_queries(&statements, queries, lengthof(queries), relid, false);
	if (target == TABLE_DDL_SHELL)
		ddl_append_grants(&statements, table_acl_query, relid);
	ddl_settings_end(level);
	return statements;
}

List *
table_ddl_comments(Oid relid)
{
	return run_queries(&comments_query, 1, relid, false);
}

List *
table_ddl_foreign_keys(Oid relid)
{
	return run_queries(&foreign_keys_query, 1, relid, false);
}

List *
table_ddl_foreign_keys_unchecked(Oid relid)
{
	const char *const query = foreign_keys_unchecked_query;

	return run_queries(&query, 1, relid, false);
}

List *
table_ddl(Oid relid, TableDdlTarget target)
{
	List	   *statements = table_ddl_structure(relid, target);

	statements = list_concat(statements, table_ddl_indexes(relid, target));
	statements = list_concat(statements, table_ddl_attach(relid));
	statements = list_concat(statements, table_ddl_security(relid, target));
	if (target == TABLE_DDL_SHELL)
		statements = list_concat(statements, table_ddl_comments(relid));
	return statements;
}

PG_FUNCTION_INFO_V1(shardlite_table_ddl);

/*
 * shardlite_internal.table_ddl(table regclass, shard bool) returns setof text:
 * for people and tests; foreign keys come last.
 */
Datum
shardlite_table_ddl(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	bool		shard = PG_GETARG_BOOL(1);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *statements;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	statements = table_ddl(relid, shard ? TABLE_DDL_SHARD : TABLE_DDL_SHELL);
	statements = list_concat(statements, table_ddl_foreign_keys(relid));
	foreach(cell, statements)
	{
		Datum		value = CStringGetTextDatum(lfirst(cell));
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}
