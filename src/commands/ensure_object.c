/*
 * ensure_object.c
 *		Statements that create one object, and the function on a node that runs
 *		those that are missing there.
 *
 * The coordinator sends
 *		SELECT shardlite_internal.ensure_object(kind, name, statements)
 * The node makes the same list for the object that it has under that name and
 * runs what the two lists do not share.  So an object that is there costs a
 * few catalog look-ups, and one that came to differ (a new owner, a grant, a
 * function's new body) is brought up to date.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_type.h"
#include "commands/ddl_text.h"
#include "commands/object_ddl.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/*
 * How one kind of object is looked up and made.  In the queries $1 is the
 * object, and $3 its name in find.
 */
typedef struct ObjectKind
{
	const char *kind;
	Oid			classid;
	const char *name;			/* query: name as find understands it */
	const char *find;			/* query: oid or NULL, from the name */
	const char *create;			/* query: CREATE first; NULL: role_create() */
	const char *alter;			/* query: owner and the like */
	const char *acl;			/* for ddl_append_grants, or NULL */
	bool		replaceable;	/* CREATE OR REPLACE: run it when it differs */
	bool		must_match;		/* error when CREATE differs */
}			ObjectKind;

#define ENUM_LABELS \
	"(SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)"

#define COMPOSITE_COLUMNS \
	"(SELECT string_agg(format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod)," \
	"  CASE WHEN a.attcollation <> b.typcollation THEN ' COLLATE ' || a.attcollation::regcollation END), ', ' ORDER BY a.attnum)" \
	" FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid" \
	" WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)"

#define DOMAIN_DEFINITION \
	"(SELECT format('%s%s%s%s%s', format_type(t.typbasetype, t.typtypmod)," \
	"  CASE WHEN t.typcollation <> b.typcollation THEN ' COLLATE ' || t.typcollation::regcollation END," \
	"  ' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0)," \
	"  CASE WHEN t.typnotnull THEN ' NOT NULL' END," \
	"  (SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), '' ORDER BY conname)" \
	"   FROM pg_constraint WHERE contypid = t.oid AND contype = 'c' AND convalidated))" \
	" FROM pg_type b WHERE b.oid = t.typbasetype)"

#define RANGE_OPTIONS \
	"(SELECT concat_ws(', ', 'subtype = ' || format_type(r.rngsubtype, NULL)," \
	"  (SELECT format('subtype_opclass = %s.%I', o.opcnamespace::regnamespace, o.opcname)" \
	"   FROM pg_opclass o WHERE o.oid = r.rngsubopc AND NOT o.opcdefault)," \
	"  (SELECT 'collation = ' || r.rngcollation::regcollation" \
	"   FROM pg_type b WHERE b.oid = r.rngsubtype AND b.typcollation <> r.rngcollation)," \
	"  CASE WHEN r.rngsubdiff <> 0 THEN 'subtype_diff = ' || r.rngsubdiff::regproc END," \
	"  (SELECT format('multirange_type_name = %s', r.rngmultitypid::regtype)))" \
	" FROM pg_range r WHERE r.rngtypid = t.oid AND r.rngcanonical = 0)"

static const char type_create_query[] =
"SELECT format('CREATE %s %s AS %s', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid::regtype, x.body)"
" FROM pg_type t, LATERAL (VALUES (CASE t.typtype"
"  WHEN 'e' THEN format('ENUM (%s)', " ENUM_LABELS ")"
"  WHEN 'c' THEN format('(%s)', " COMPOSITE_COLUMNS ")"
"  WHEN 'd' THEN " DOMAIN_DEFINITION
"  WHEN 'r' THEN 'RANGE (' || " RANGE_OPTIONS " || ')'"
" END)) x(body) WHERE t.oid = $1 AND x.body IS NOT NULL";

static const char type_alter_query[] =
"SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', $1::regtype, conname, pg_get_constraintdef(oid))"
" FROM pg_constraint WHERE contypid = $1 AND contype = 'c' AND NOT convalidated"
" UNION ALL"
" SELECT format('ALTER %s %s OWNER TO %I', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END,"
"  oid::regtype, pg_get_userbyid(typowner)) FROM pg_type WHERE oid = $1";

#define AGGREGATE_MODIFY(column) \
	"CASE " column " WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END"

/* Under its signature, with all that CREATE AGGREGATE can say. */
#define AGGREGATE_CREATE \
	"SELECT format('CREATE OR REPLACE AGGREGATE %s.%I (%s) (%s)', p.pronamespace::regnamespace, p.proname," \
	"  coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'), concat_ws(', '," \
	"  'SFUNC = ' || a.aggtransfn::regproc, 'STYPE = ' || a.aggtranstype::regtype, 'SSPACE = ' || a.aggtransspace," \
	"  'FINALFUNC = ' || nullif(a.aggfinalfn, 0)::regproc, CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END," \
	"  'FINALFUNC_MODIFY = ' || " AGGREGATE_MODIFY("a.aggfinalmodify") "," \
	"  'COMBINEFUNC = ' || nullif(a.aggcombinefn, 0)::regproc, 'SERIALFUNC = ' || nullif(a.aggserialfn, 0)::regproc," \
	"  'DESERIALFUNC = ' || nullif(a.aggdeserialfn, 0)::regproc, 'INITCOND = ' || quote_literal(a.agginitval)," \
	"  'MSFUNC = ' || nullif(a.aggmtransfn, 0)::regproc, 'MINVFUNC = ' || nullif(a.aggminvtransfn, 0)::regproc," \
	"  'MSTYPE = ' || nullif(a.aggmtranstype, 0)::regtype, 'MSSPACE = ' || nullif(a.aggmtransspace, 0)," \
	"  'MFINALFUNC = ' || nullif(a.aggmfinalfn, 0)::regproc, CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END," \
	"  CASE WHEN a.aggmtransfn <> 0 THEN 'MFINALFUNC_MODIFY = ' || " AGGREGATE_MODIFY("a.aggmfinalmodify") " END," \
	"  'MINITCOND = ' || quote_literal(a.aggminitval)," \
	"  (SELECT format('SORTOP = OPERATOR(%s.%s)', o.oprnamespace::regnamespace, o.oprname) FROM pg_operator o WHERE o.oid = a.aggsortop)," \
	"  'PARALLEL = ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END," \
	"  CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END))" \
	" FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE a.aggfnoid = $1"

/* The locale column was renamed in PostgreSQL 17. */
static const char collation_create_query[] =
"SELECT format('CREATE COLLATION %s.%I (%s)', c.collnamespace::regnamespace, c.collname, concat_ws(', ',"
"  'provider = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,"
"  'locale = ' || quote_literal(coalesce(to_jsonb(c)->>'colllocale', to_jsonb(c)->>'colliculocale')),"
"  'lc_collate = ' || quote_literal(c.collcollate), 'lc_ctype = ' || quote_literal(c.collctype),"
"  CASE WHEN NOT c.collisdeterministic THEN 'deterministic = false' END,"
"  'rules = ' || quote_literal(to_jsonb(c)->>'collicurules')))"
" FROM pg_collation c WHERE c.oid = $1 AND c.collprovider <> 'd'";

static const char sequence_create_query[] =
"SELECT format('CREATE %sSEQUENCE %s AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %sCYCLE',"
"  CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.oid::regclass, format_type(s.seqtypid, NULL),"
"  s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN '' ELSE 'NO ' END)"
" FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE s.seqrelid = $1 AND c.relpersistence <> 't'";

/* The other half of a pair comes when something needs it. */
static const char operator_create_query[] =
"SELECT format('CREATE OPERATOR %s.%s (%s)', o.oprnamespace::regnamespace, o.oprname, concat_ws(', ',"
"  'FUNCTION = ' || o.oprcode::regproc,"
"  CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || o.oprleft::regtype END,"
"  'RIGHTARG = ' || o.oprright::regtype,"
"  CASE WHEN o.oprrest <> 0 THEN 'RESTRICT = ' || o.oprrest::regproc END,"
"  CASE WHEN o.oprjoin <> 0 THEN 'JOIN = ' || o.oprjoin::regproc END,"
"  CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END))"
" FROM pg_operator o WHERE o.oid = $1 AND o.oprcode <> 0";

static const char ts_config_create_query[] =
"SELECT x.statement FROM pg_ts_config c JOIN pg_ts_parser p ON p.oid = c.cfgparser,"
" LATERAL (SELECT format('%s.%I', c.cfgnamespace::regnamespace, c.cfgname)) n(name),"
" LATERAL ("
"  SELECT -1 AS token, format('CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s.%I)',"
"   n.name, p.prsnamespace::regnamespace, p.prsname) AS statement"
"  UNION ALL"
"  SELECT m.maptokentype, format('ALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %I WITH %s', n.name, k.alias,"
"   string_agg(format('%s.%I', d.dictnamespace::regnamespace, d.dictname), ', ' ORDER BY m.mapseqno))"
"  FROM pg_ts_config_map m JOIN pg_ts_dict d ON d.oid = m.mapdict JOIN ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype"
"  WHERE m.mapcfg = c.oid GROUP BY m.maptokentype, k.alias) x"
" WHERE c.oid = $1 ORDER BY x.token";

static const ObjectKind object_kinds[] = {
	{"schema", NamespaceRelationId,
		"SELECT $1::regnamespace::text",
		"SELECT to_regnamespace($3)::oid::text",
		"SELECT format('CREATE SCHEMA %s', $1::regnamespace)",
		"SELECT format('ALTER SCHEMA %s OWNER TO %I', oid::regnamespace, pg_get_userbyid(nspowner))"
		" FROM pg_namespace WHERE oid = $1 AND oid >= 16384",
		"SELECT nspacl, 'n'::\"char\", nspowner, 'SCHEMA ' || oid::regnamespace, NULL::text FROM pg_namespace WHERE oid = $1",
	},
	{"role", AuthIdRelationId,
		"SELECT $1::regrole::text",
		"SELECT to_regrole($3)::oid::text",
		NULL,					/* role_create() */
		"SELECT format('GRANT %s TO %s%s', m.roleid::regrole, m.member::regrole,"
		" CASE WHEN bool_or(m.admin_option) THEN ' WITH ADMIN OPTION' ELSE '' END)"
		" FROM pg_auth_members m WHERE m.member = $1 GROUP BY m.roleid, m.member ORDER BY m.roleid::regrole::text",
		NULL,
	},
	{"type", TypeRelationId,
		"SELECT $1::regtype::text",
		"SELECT to_regtype($3)::oid::text",
		type_create_query,
		type_alter_query,
		"SELECT typacl, 'T'::\"char\", typowner, 'TYPE ' || oid::regtype, NULL::text FROM pg_type WHERE oid = $1",
		.must_match = true,
	},
	{"function", ProcedureRelationId,
		"SELECT $1::regprocedure::text",
		"SELECT to_regprocedure($3)::oid::text",
		"SELECT pg_get_functiondef(oid) FROM pg_proc WHERE oid = $1 AND prokind <> 'a' UNION ALL " AGGREGATE_CREATE,
		"SELECT format('ALTER ROUTINE %s OWNER TO %I', oid::regprocedure, pg_get_userbyid(proowner)) FROM pg_proc WHERE oid = $1",
		"SELECT proacl, 'f'::\"char\", proowner, 'ROUTINE ' || oid::regprocedure, NULL::text FROM pg_proc WHERE oid = $1",
		.replaceable = true,
	},
	{"collation", CollationRelationId,
		"SELECT $1::regcollation::text",
		"SELECT to_regcollation($3)::oid::text",
		collation_create_query,
		"SELECT format('ALTER COLLATION %s OWNER TO %I', oid::regcollation, pg_get_userbyid(collowner)) FROM pg_collation WHERE oid = $1",
		NULL,
		.must_match = true,
	},
	{"sequence", RelationRelationId,
		"SELECT $1::regclass::text",
		"SELECT to_regclass($3)::oid::text",
		sequence_create_query,
		"SELECT format('SELECT shardlite_internal.node_sequence(%L)', $1::regclass) UNION ALL"
		" SELECT format('ALTER SEQUENCE %s OWNER TO %I', oid::regclass, pg_get_userbyid(relowner))"
		" FROM pg_class c WHERE oid = $1 AND NOT EXISTS"
		" (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i') AND refobjsubid > 0)",
		"SELECT relacl, 's'::\"char\", relowner, 'SEQUENCE ' || oid::regclass, NULL::text FROM pg_class WHERE oid = $1",
	},
	{"extension", ExtensionRelationId,
		"SELECT quote_ident(extname) FROM pg_extension WHERE oid = $1",
		"SELECT oid::text FROM pg_extension WHERE quote_ident(extname) = $3",
		"SELECT format('CREATE EXTENSION %I SCHEMA %s VERSION %I', extname, extnamespace::regnamespace, extversion)"
		" FROM pg_extension WHERE oid = $1",
		NULL,
		NULL,
	},
	{"operator", OperatorRelationId,
		"SELECT $1::regoperator::text",
		"SELECT to_regoperator($3)::oid::text",
		operator_create_query,
		"SELECT format('ALTER OPERATOR %s.%s (%s, %s) OWNER TO %I', oprnamespace::regnamespace, oprname,"
		" CASE oprleft WHEN 0 THEN 'NONE' ELSE oprleft::regtype::text END, oprright::regtype, pg_get_userbyid(oprowner))"
		" FROM pg_operator WHERE oid = $1",
		NULL,
		.must_match = true,
	},
	{"text search configuration", TSConfigRelationId,
		"SELECT format('%s.%I', cfgnamespace::regnamespace, cfgname) FROM pg_ts_config WHERE oid = $1",
		"SELECT oid::text FROM pg_ts_config WHERE format('%s.%I', cfgnamespace::regnamespace, cfgname) = $3",
		ts_config_create_query,
		"SELECT format('ALTER TEXT SEARCH CONFIGURATION %s.%I OWNER TO %I', cfgnamespace::regnamespace, cfgname, pg_get_userbyid(cfgowner))"
		" FROM pg_ts_config WHERE oid = $1",
		NULL,
		.must_match = true,
	},
	{"text search dictionary", TSDictionaryRelationId,
		"SELECT format('%s.%I', dictnamespace::regnamespace, dictname) FROM pg_ts_dict WHERE oid = $1",
		"SELECT oid::text FROM pg_ts_dict WHERE format('%s.%I', dictnamespace::regnamespace, dictname) = $3",
		"SELECT format('CREATE TEXT SEARCH DICTIONARY %s.%I (TEMPLATE = %s.%I%s)', d.dictnamespace::regnamespace, d.dictname,"
		" t.tmplnamespace::regnamespace, t.tmplname, ', ' || d.dictinitoption)"
		" FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate WHERE d.oid = $1",
		"SELECT format('ALTER TEXT SEARCH DICTIONARY %s.%I OWNER TO %I', dictnamespace::regnamespace, dictname, pg_get_userbyid(dictowner))"
		" FROM pg_ts_dict WHERE oid = $1",
		NULL,
		.must_match = true,
	},
};

static const ObjectKind *
find_kind_by_class(const ObjectAddress *object)
{
	for (int i = 0; i < lengthof(object_kinds); i++)
		if (object_kinds[i].classid == object->classId)
			return &object_kinds[i];
	return NULL;
}

static const ObjectKind *
find_kind_by_name(const char *kind)
{
	for (int i = 0; i < lengthof(object_kinds); i++)
		if (strcmp(object_kinds[i].kind, kind) == 0)
			return &object_kinds[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized object kind \"%s\"", kind)));
}

/*
 * CREATE ROLE with its attributes.  Read here rather than by a query, because
 * who distributes a table need not be allowed to read password hashes.
 */
static char *
role_create(Oid roleid)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(roleid));
	Form_pg_authid role;
	StringInfoData sql;
	Datum		value;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for role %u", roleid);
	role = (Form_pg_authid) GETSTRUCT(tuple);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE ROLE %s %sSUPERUSER %sINHERIT %sCREATEROLE %sCREATEDB %sLOGIN %sREPLICATION %sBYPASSRLS CONNECTION LIMIT %d",
					 quote_identifier(NameStr(role->rolname)),
					 role->rolsuper ? "" : "NO", role->rolinherit ? "" : "NO",
					 role->rolcreaterole ? "" : "NO", role->rolcreatedb ? "" : "NO",
					 role->rolcanlogin ? "" : "NO", role->rolreplication ? "" : "NO",
					 role->rolbypassrls ? "" : "NO", role->rolconnlimit);
	value = SysCacheGetAttr(AUTHOID, tuple, Anum_pg_authid_rolpassword, &isnull);
	if (!isnull)
		appendStringInfo(&sql, " PASSWORD %s",
						 quote_literal_cstr(TextDatumGetCString(value)));
	value = SysCacheGetAttr(AUTHOID, tuple, Anum_pg_authid_rolvaliduntil, &isnull);
	if (!isnull)
		appendStringInfo(&sql, " VALID UNTIL %s",
						 quote_literal_cstr(DatumGetCString(DirectFunctionCall1(timestamptz_out, value))));
	ReleaseSysCache(tuple);
	return sql.data;
}

List *
object_ddl_create(const ObjectAddress *object, const char **kind_name, char **name)
{
	const ObjectKind *kind = find_kind_by_class(object);
	List	   *statements = NIL;

	if (kind == NULL)
		return NIL;
	if (kind->create == NULL)
		statements = list_make1(role_create(object->objectId));
	else
		ddl_append_query(&statements, kind->create, object->objectId, false, NULL);
	if (statements == NIL)
		return NIL;
	if (kind->alter != NULL)
		ddl_append_query(&statements, kind->alter, object->objectId, false, NULL);
	if (kind->acl != NULL)
		ddl_append_grants(&statements, kind->acl, object->objectId);
	*kind_name = kind->kind;
	*name = ddl_query_value(kind->name, object->objectId);
	return statements;
}

/* A statement that fails on a node where the object is missing. */
static char *
lookup_call(const ObjectAddress *object)
{
	char		query[256];

	snprintf(query, sizeof(query),
			 "SELECT format('SELECT pg_catalog.pg_get_object_address(%%L, %%L, %%L)', type, object_names, object_args)"
			 " FROM pg_identify_object_as_address(%u, $1, 0)", object->classId);
	return ddl_query_value(query, object->objectId);
}

char *
object_ddl_ensure_call(const ObjectAddress *object)
{
	const char *kind;
	char	   *name;
	List	   *statements = object_ddl_create(object, &kind, &name);
	StringInfoData sql;
	ListCell   *cell;

	if (statements == NIL)
		return lookup_call(object);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT shardlite_internal.ensure_object(%s, %s, ARRAY[",
					 quote_literal_cstr(kind), quote_literal_cstr(name));
	foreach(cell, statements)
		appendStringInfo(&sql, "%s%s", foreach_current_index(cell) > 0 ? ", " : "",
						 quote_literal_cstr(lfirst(cell)));
	appendStringInfoString(&sql, "])");
	return sql.data;
}

static bool
has_string(List *strings, const char *wanted)
{
	ListCell   *cell;

	foreach(cell, strings)
		if (strcmp(lfirst(cell), wanted) == 0)
			return true;
	return false;
}

/*
 * Bring the object of that name here to what the statements say; see the
 * file's header.
 */
static void
ensure_object(const ObjectKind *kind, const char *name, Datum *statements, int count)
{
	List	   *found = NIL;
	List	   *here = NIL;

	ddl_append_query(&found, kind->find, InvalidOid, false, name);
	if (found != NIL)
	{
		ObjectAddress object;
		const char *kind_name;
		char	   *name_here;

		ObjectAddressSet(object, kind->classid, atooid(linitial(found)));
		here = object_ddl_create(&object, &kind_name, &name_here);
	}
	for (int i = 0; i < count; i++)
	{
		char	   *sql = TextDatumGetCString(statements[i]);

		if (has_string(here, sql))
			continue;
		if (i == 0 && found != NIL && kind->must_match)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("%s %s on this node differs from the coordinator's", kind->kind, name),
					 errdetail("The coordinator has: %s", sql),
					 errhint("Drop or rename it on this node.")));
		if (i == 0 && found != NIL && !kind->replaceable)
			continue;
		ddl_execute(sql);
	}
}

PG_FUNCTION_INFO_V1(shardlite_ensure_object);

/*
 * shardlite_internal.ensure_object(kind text, name text, statements text[])
 */
Datum
shardlite_ensure_object(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Datum	   *statements;
	bool	   *nulls;
	int			count;
	int			level;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT,
					  &statements, &nulls, &count);
	level = ddl_settings_begin();
	/* bodies may name what comes later; they were checked where they were made */
	(void) set_config_option("check_function_bodies", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ensure_object(find_kind_by_name(kind), name, statements, count);
	ddl_settings_end(level);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(shardlite_object_ddl);

/* shardlite_internal.object_ddl(table regclass) returns setof text */
Datum
shardlite_object_ddl(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *relations;
	List	   *statements;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	statements = object_ddl_for_table(PG_GETARG_OID(0), &relations);
	foreach(cell, statements)
	{
		Datum		value = CStringGetTextDatum(lfirst(cell));
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}
