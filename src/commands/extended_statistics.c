/*
 * extended_statistics.c
 *		Data of statistics objects (CREATE STATISTICS), sent to other nodes.
 *
 * PostgreSQL keeps it in binary forms of its own.  Those of distinct counts
 * and dependencies number the columns, which differ between nodes, so that
 * column names go along; that of common combinations holds values, and goes
 * only where their types mean the same everywhere.  What is known of
 * expressions stays on the node that has analyzed the table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_statistic_ext_data.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "statistics/extended_stats_internal.h"
#include "statistics/statistics.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "commands/extended_statistics.h"
#include "executor/value_codec.h"
#include "transaction/dist_xact.h"

/* ----------------------------------------------------------------- sending */

/* May the list of common combinations travel as it is? */
static bool
mcv_travels(Datum mcv)
{
	MCVList    *list = statext_mcv_deserialize(DatumGetByteaP(mcv));

	for (int i = 0; i < list->ndimensions; i++)
	{
		if (!has_fixed_oid(list->types[i]))
			return false;
	}
	return true;
}

static void
append_bytes(StringInfo sql, HeapTuple tuple, AttrNumber column)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(STATEXTDATASTXOID, tuple, column, &isnull);

	if (isnull || (column == Anum_pg_statistic_ext_data_stxdmcv && !mcv_travels(value)))
		appendStringInfoString(sql, ", NULL");
	else
		appendStringInfo(sql, ", %s", quote_literal_cstr(OidOutputFunctionCall(F_BYTEAOUT, value)));
}

/* Names of the columns by their numbers; dropped ones are NULL. */
static void
append_columns(StringInfo sql, Relation rel)
{
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), i);

		appendStringInfo(sql, "%s%s", i > 0 ? ", " : "ARRAY[", attribute->attisdropped ? "NULL" :
						 quote_literal_cstr(NameStr(attribute->attname)));
	}
	appendStringInfoString(sql, "]::pg_catalog.name[]");
}

static char *
object_statement(Relation rel, Oid object, HeapTuple data, bool inherited)
{
	HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(object));
	Form_pg_statistic_ext form;
	StringInfoData sql;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for statistics object %u", object);
	form = (Form_pg_statistic_ext) GETSTRUCT(tuple);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT shardlite_internal.set_extended_statistics(%s, %s, %s, ",
					 quote_literal_cstr(get_namespace_name(form->stxnamespace)),
					 quote_literal_cstr(NameStr(form->stxname)), inherited ? "true" : "false");
	append_columns(&sql, rel);
	append_bytes(&sql, data, Anum_pg_statistic_ext_data_stxdndistinct);
	append_bytes(&sql, data, Anum_pg_statistic_ext_data_stxddependencies);
	append_bytes(&sql, data, Anum_pg_statistic_ext_data_stxdmcv);
	appendStringInfoChar(&sql, ')');
	ReleaseSysCache(tuple);
	return sql.data;
}

List *
extended_statistics_statements(Relation rel)
{
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetStatExtList(rel))
	{
		for (int inherited = 0; inherited < 2; inherited++)
		{
			HeapTuple	data = SearchSysCache2(STATEXTDATASTXOID, ObjectIdGetDatum(lfirst_oid(lc)),
											   BoolGetDatum(inherited));

			if (!HeapTupleIsValid(data))
				continue;
			statements = lappend(statements, object_statement(rel, lfirst_oid(lc), data, inherited));
			ReleaseSysCache(data);
		}
	}
	return statements;
}

/* --------------------------------------------------------------- receiving */

/* The sender's column numbers as this node's; those of expressions are negative. */
static void
translate_numbers(AttrNumber *numbers, int count, Oid relid, ArrayType *columns)
{
	Datum	   *names;
	bool	   *nulls;
	int			ncolumns;

	deconstruct_array(columns, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, &nulls, &ncolumns);
	for (int i = 0; i < count; i++)
	{
		if (numbers[i] <= 0)
			continue;
		if (numbers[i] > ncolumns || nulls[numbers[i] - 1])
			elog(ERROR, "statistics are about column %d, which is not there", numbers[i]);
		numbers[i] = get_attnum(relid, NameStr(*DatumGetName(names[numbers[i] - 1])));
	}
}

static Datum
translate_ndistinct(bytea *bytes, Oid relid, ArrayType *columns)
{
	MVNDistinct *list = statext_ndistinct_deserialize(bytes);

	for (uint32 i = 0; i < list->nitems; i++)
		translate_numbers(list->items[i].attributes, list->items[i].nattributes, relid, columns);
	return PointerGetDatum(statext_ndistinct_serialize(list));
}

static Datum
translate_dependencies(bytea *bytes, Oid relid, ArrayType *columns)
{
	MVDependencies *list = statext_dependencies_deserialize(bytes);

	for (uint32 i = 0; i < list->ndeps; i++)
		translate_numbers(list->deps[i]->attributes, list->deps[i]->nattributes, relid, columns);
	return PointerGetDatum(statext_dependencies_serialize(list));
}

static Oid
object_relation(Oid object)
{
	HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(object));
	Oid			relid;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for statistics object %u", object);
	relid = ((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxrelid;
	ReleaseSysCache(tuple);
	return relid;
}

PG_FUNCTION_INFO_V1(shardlite_set_extended_statistics);

/*
 * shardlite_internal.set_extended_statistics(schema name, object name, inherited bool,
 *		columns name[], ndistinct bytea, dependencies bytea, mcv bytea)
 */
Datum
shardlite_set_extended_statistics(PG_FUNCTION_ARGS)
{
	Datum		values[Natts_pg_statistic_ext_data] = {0};
	bool		nulls[Natts_pg_statistic_ext_data] = {0};
	ArrayType  *columns;
	Relation	catalog;
	Oid			object;
	Oid			relid;

	if (!superuser() || !in_node_session())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
	object = get_statistics_object_oid(list_make2(makeString(NameStr(*PG_GETARG_NAME(0))),
												  makeString(NameStr(*PG_GETARG_NAME(1)))), false);
	relid = object_relation(object);
	columns = PG_GETARG_ARRAYTYPE_P(3);
	values[Anum_pg_statistic_ext_data_stxoid - 1] = ObjectIdGetDatum(object);
	values[Anum_pg_statistic_ext_data_stxdinherit - 1] = PG_GETARG_DATUM(2);
	for (int i = Anum_pg_statistic_ext_data_stxdndistinct; i <= Anum_pg_statistic_ext_data_stxdexpr; i++)
		nulls[i - 1] = true;
	for (int i = 4; i < 7; i++)
	{
		int			place = Anum_pg_statistic_ext_data_stxdndistinct - 1 + i - 4;

		if (PG_ARGISNULL(i))
			continue;
		nulls[place] = false;
		values[place] = i == 4 ? translate_ndistinct(PG_GETARG_BYTEA_P(i), relid, columns) :
			i == 5 ? translate_dependencies(PG_GETARG_BYTEA_P(i), relid, columns) :
			PointerGetDatum(PG_GETARG_BYTEA_P(i));
	}
	catalog = table_open(StatisticExtDataRelationId, RowExclusiveLock);
	RemoveStatisticsDataById(object, PG_GETARG_BOOL(2));
	CatalogTupleInsert(catalog, heap_form_tuple(RelationGetDescr(catalog), values, nulls));
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
	PG_RETURN_VOID();
}
