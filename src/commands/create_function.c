/*
 * create_function.c
 *		create_distributed_function().
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "commands/ddl_text.h"
#include "commands/distribute.h"
#include "commands/metadata_write.h"
#include "commands/object_ddl.h"
#include "compat/catalog_compat.h"
#include "deparse/call_text.h"
#include "fmgr.h"
#include "funcapi.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

static void
check_function(Oid funcid)
{
	char		kind;

	if (!SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(funcid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", funcid)));
	if (!compat_owns_function(funcid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_ROUTINE, get_func_name(funcid));
	kind = get_func_prokind(funcid);
	if (kind != PROKIND_FUNCTION && kind != PROKIND_PROCEDURE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot distribute function \"%s\"", get_func_name(funcid)),
				 errdetail("It is %s function.", kind == PROKIND_AGGREGATE ? "an aggregate" : "a window")));
}

/* ------------------------------------------------------------- argument */

static bool
is_input(char mode)
{
	return mode == PROARGMODE_IN || mode == PROARGMODE_INOUT || mode == PROARGMODE_VARIADIC;
}

/* Position of a parameter called so, or written as $n; -1 if there is none. */
static int
find_parameter(const char *wanted, int count, char **names)
{
	char	   *end;
	long		number;

	for (int i = 0; names != NULL && i < count; i++)
	{
		if (names[i] != NULL && strcmp(names[i], wanted) == 0)
			return i;
	}
	if (wanted[0] != '$')
		return -1;
	number = strtol(wanted + 1, &end, 10);
	return wanted[1] != '\0' && *end == '\0' && number >= 1 && number <= count ? number - 1 : -1;
}

/* Its position among the input arguments, and its type. */
static int
find_argument(Oid funcid, const char *wanted, Oid *type)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			count = get_func_arg_info(tuple, &types, &names, &modes);
	int			found = find_parameter(wanted, count, names);
	int			input = 0;

	if (found < 0 || (modes != NULL && !is_input(modes[found])))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("function \"%s\" has no input argument \"%s\"", get_func_name(funcid), wanted),
				 errhint("Give the argument's name, or its position as in \"$1\".")));
	for (int i = 0; i < found; i++)
		input += modes == NULL || is_input(modes[i]);
	*type = types[found];
	ReleaseSysCache(tuple);
	return input;
}

/* --------------------------------------------------------------- group */

static void
refuse_colocation(Oid funcid, Oid relid, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot colocate function \"%s\" with table \"%s\"",
					get_func_name(funcid), get_rel_name(relid)),
			 errdetail("%s", detail)));
}

/* A value of this type, as the planner sees it, can be a key of the group. */
static bool
fits(Oid type, const ShardGroup * group)
{
	return call_key((Node *) makeNullConst(type, -1, get_typcollation(type)), group) != NULL;
}

static int32
group_of_table(Oid funcid, Oid type, const char *name)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(name));
	Oid			relid = RangeVarGetRelid(makeRangeVarFromNameList(names), AccessShareLock, false);
	DistTable  *table = dist_table_get(relid);

	if (table->kind != DIST_HASH)
		refuse_colocation(funcid, relid, "The table has no distribution column.");
	if (!fits(type, table->group))
		refuse_colocation(funcid, relid,
						  psprintf("The argument is of type %s, the distribution column of type %s.",
								   format_type_be(type), format_type_be(table->group->key_type)));
	return table->colocation_id;
}

/* The group that a table of this key type would join unasked. */
static int32
default_group(Oid funcid, Oid type)
{
	char	   *found = ddl_query_value("SELECT colocation_id::text FROM shardlite.colocation"
										" WHERE is_default AND key_type = $1 ORDER BY colocation_id LIMIT 1",
										getBaseType(type));

	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot distribute function \"%s\" because no distributed table has a key of type %s",
						get_func_name(funcid), format_type_be(type)),
				 errhint("Name a table with \"colocate_with\".")));
	return pg_strtoint32(found);
}

/* ------------------------------------------------------------ create it */

/* What the function needs, and itself, on every other node. */
static void
send_function(Oid funcid)
{
	ObjectAddress address;
	List	   *relations;
	List	   *statements;
	ListCell   *lc;

	ObjectAddressSet(address, ProcedureRelationId, funcid);
	statements = object_ddl_for_object(&address, &relations);
	foreach(lc, relations)
	{
		if (dist_table_find(lfirst_oid(lc)) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot distribute function \"%s\" because it depends on local table \"%s\"",
							get_func_name(funcid), get_rel_name(lfirst_oid(lc)))));
	}
	run_on_other_nodes(statements, InvalidOid);
}

static char *
function_literal(Oid funcid)
{
	return psprintf("%s::pg_catalog.regprocedure",
					quote_literal_cstr(format_procedure_qualified(funcid)));
}

static void
write_metadata(Oid funcid, int argument, int32 colocation_id)
{
	char	   *function = function_literal(funcid);
	int			level = ddl_settings_begin();

	metadata_write(psprintf("DELETE FROM shardlite.distributed_function WHERE function = %s", function));
	if (colocation_id == 0)
		metadata_write(psprintf("INSERT INTO shardlite.distributed_function (function) VALUES (%s)", function));
	else
		metadata_write(psprintf("INSERT INTO shardlite.distributed_function (function, argument, colocation_id)"
								" VALUES (%s, %d, %d)", function, argument, colocation_id));
	ddl_settings_end(level);
}

PG_FUNCTION_INFO_V1(create_distributed_function);

/*
 * create_distributed_function(function_name regprocedure,
 *		distribution_arg_name text, colocate_with text)
 */
Datum
create_distributed_function(PG_FUNCTION_ARGS)
{
	Oid			funcid;
	Oid			type;
	int			argument = 0;
	int32		colocation_id = 0;
	char	   *colocate_with = PG_ARGISNULL(2) ? "default" : text_to_cstring(PG_GETARG_TEXT_PP(2));

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("function_name must not be null")));
	ensure_coordinator();
	funcid = PG_GETARG_OID(0);
	check_function(funcid);
	lock_cluster_nodes();
	if (!PG_ARGISNULL(1))
	{
		argument = find_argument(funcid, text_to_cstring(PG_GETARG_TEXT_PP(1)), &type);
		colocation_id = strcmp(colocate_with, "default") == 0 ? default_group(funcid, type) :
			group_of_table(funcid, type, colocate_with);
	}
	else if (strcmp(colocate_with, "default") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot colocate function \"%s\" without a distribution argument",
						get_func_name(funcid))));
	send_function(funcid);
	write_metadata(funcid, argument, colocation_id);
	PG_RETURN_VOID();
}
