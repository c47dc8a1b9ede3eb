/*
 * set_constraints.c
 *		SET CONSTRAINTS reaches the shards' constraints, on this server and on
 *		the nodes of the transaction.
 *
 * The statement itself finds the constraints of the shells, complains about
 * names and sees no rows.  ALL means the same on every node.  Named constraints
 * are told to the nodes by table and name; a shard's foreign key is called like
 * its shell's, in the schema of the shards, so those of the same name in other
 * schemas of the user are meant, too.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/utility_hook.h"
#include "common/node_session.h"
#include "executor/shard_error.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "metadata/shard_names.h"
#include "transaction/constraint_modes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"
#include "utils/regproc.h"

/* Append table and name of the constraints of distributed tables; were there any at all? */
static bool
find_in_schema(const char *name, Oid schema, List **found)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		any = false;

	ScanKeyInit(&keys[0], Anum_pg_constraint_conname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	ScanKeyInit(&keys[1], Anum_pg_constraint_connamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(catalog, ConstraintNameNspIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		any |= form->condeferrable;
		if (!form->condeferrable || dist_table_find(form->conrelid) == NULL)
			continue;
		*found = lappend(*found, quote_qualified_identifier(get_namespace_name(schema),
															get_rel_name(form->conrelid)));
		*found = lappend(*found, pstrdup(name));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return any;
}

/* As AfterTriggerSetState: the first schema of the path that has the name. */
static void
find_constraints(const RangeVar *name, List **found)
{
	ListCell   *lc;

	if (name->schemaname != NULL)
	{
		(void) find_in_schema(name->relname, LookupExplicitNamespace(name->schemaname, false), found);
		return;
	}
	foreach(lc, fetch_search_path(true))
	{
		if (find_in_schema(name->relname, lfirst_oid(lc), found))
			return;
	}
}

/* Append what a table's constraint is called on shards of this server. */
static void
append_shard_names(StringInfo names, const DistTable * table, const char *name)
{
	Oid			index = get_relname_relid(name, get_rel_namespace(table->relid));

	for (int i = 0; i < table->group->nshards; i++)
	{
		const Shard *shard = &table->group->shards[i];
		const char *own = name;

		if (shard->node_id != local_node_id())
			continue;
		if (OidIsValid(index))
			own = shard_index_name(name, table->prefix, shard->shard_id);
		appendStringInfo(names, "%s%s", names->len > 0 ? ", " : "",
						 quote_qualified_identifier(SHARDLITE_SHARDS_SCHEMA, own));
		if (!OidIsValid(index))
			return;
	}
}

/* Set the modes of the shards of this server; constraints: table, name, ... */
static void
set_here(List *constraints, bool deferred)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < list_length(constraints); i += 2)
	{
		List	   *name = stringToQualifiedNameList(list_nth(constraints, i));
		Oid			relid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
		DistTable  *table = OidIsValid(relid) ? dist_table_find(relid) : NULL;
		const char *constraint = list_nth(constraints, i + 1);

		if (table == NULL)
			continue;
		if (table->kind == DIST_REFERENCE)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
														constraint));
		else
			append_shard_names(&names, table, constraint);
	}
	if (names.len == 0)
		return;
	SPI_connect();
	if (SPI_execute(psprintf("SET CONSTRAINTS %s %s", names.data,
							 deferred ? "DEFERRED" : "IMMEDIATE"), false, 0) < 0)
		elog(ERROR, "SET CONSTRAINTS failed");
	SPI_finish();
}

/* ARRAY['table', 'name', ...] */
static char *
array_text(List *strings)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, strings)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) == 0 ? "ARRAY[" : ", ",
						 quote_literal_cstr(lfirst(lc)));
	appendStringInfoString(&buf, "]::pg_catalog.text[]");
	return buf.data;
}

void
handle_set_constraints(UtilityCall * call)
{
	ConstraintsSetStmt *stmt = castNode(ConstraintsSetStmt, call->stmt);
	List	   *found = NIL;
	ListCell   *lc;

	/* shards of this server are checked, too */
	PG_TRY();
	{
		utility_standard(call);
		foreach(lc, stmt->constraints)
			find_constraints(lfirst_node(RangeVar, lc), &found);
		set_here(found, stmt->deferred);
	}
	PG_CATCH();
	{
		shard_error_rethrow(NULL);
	}
	PG_END_TRY();
	if (!dist_tables_exist())
		return;
	if (stmt->constraints == NIL)
	{
		constraint_modes_set(stmt->deferred ? "SET CONSTRAINTS ALL DEFERRED" :
							 "SET CONSTRAINTS ALL IMMEDIATE");
		return;
	}
	if (found == NIL)
		return;
	constraint_modes_set(psprintf("SELECT shardlite_internal.set_constraints(%s, %s)",
								  array_text(found), stmt->deferred ? "true" : "false"));
}

/*
 * shardlite_internal.set_constraints(constraints text[], deferred boolean): on
 * a node, for its shards; pairs of table and name.
 */
PG_FUNCTION_INFO_V1(shardlite_set_constraints);
Datum
shardlite_set_constraints(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *values;
	int			count;
	List	   *constraints = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, &count);
	for (int i = 0; i < count; i++)
		constraints = lappend(constraints, TextDatumGetCString(values[i]));
	set_here(constraints, PG_GETARG_BOOL(1));
	PG_RETURN_VOID();
}
