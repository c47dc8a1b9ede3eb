/*
 * column_statistics.c
 *		Rows of pg_statistic: written here, and sent to other nodes.
 *
 * Statistics are computed on one node and copied to the others, so that the
 * same statement gets the same plan on each of them.  On the way operators,
 * collations and types go by name, and values as text.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "commands/column_statistics.h"
#include "commands/ddl_text.h"
#include "commands/extended_statistics.h"
#include "commands/metadata_write.h"
#include "transaction/dist_xact.h"

/* A row of pg_statistic on its way there; arrays as the catalog has them. */
typedef struct StatisticRow
{
	Datum		values[Natts_pg_statistic];
	bool		nulls[Natts_pg_statistic];
} StatisticRow;

/* Column number of slot's field, given the first slot's. */
#define SLOT_FIELD(row, slot, first) ((row)->values[(slot) + (first) - 1])
#define SLOT_NULL(row, slot, first)	((row)->nulls[(slot) + (first) - 1])

/* ----------------------------------------------------------------- writing */

static void
row_begin(StatisticRow *row, Oid relid, AttrNumber attnum, bool inherited)
{
	memset(row->nulls, 0, sizeof(row->nulls));
	row->values[Anum_pg_statistic_starelid - 1] = ObjectIdGetDatum(relid);
	row->values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(attnum);
	row->values[Anum_pg_statistic_stainherit - 1] = BoolGetDatum(inherited);
}

static void
row_set_facts(StatisticRow *row, float4 null_fraction, int32 width, float4 distinct)
{
	row->values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(null_fraction);
	row->values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(width);
	row->values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(distinct);
}

static void
row_set_slot(StatisticRow *row, int slot, int16 kind, Oid operator, Oid collation)
{
	SLOT_FIELD(row, slot, Anum_pg_statistic_stakind1) = Int16GetDatum(kind);
	SLOT_FIELD(row, slot, Anum_pg_statistic_staop1) = ObjectIdGetDatum(operator);
	SLOT_FIELD(row, slot, Anum_pg_statistic_stacoll1) = ObjectIdGetDatum(collation);
}

/* NULL arrays are possible. */
static void
row_set_arrays(StatisticRow *row, int slot, ArrayType *numbers, ArrayType *values)
{
	SLOT_FIELD(row, slot, Anum_pg_statistic_stanumbers1) = PointerGetDatum(numbers);
	SLOT_NULL(row, slot, Anum_pg_statistic_stanumbers1) = (numbers == NULL);
	SLOT_FIELD(row, slot, Anum_pg_statistic_stavalues1) = PointerGetDatum(values);
	SLOT_NULL(row, slot, Anum_pg_statistic_stavalues1) = (values == NULL);
}

static void
row_write(StatisticRow *row)
{
	Relation	catalog = table_open(StatisticRelationId, RowExclusiveLock);
	HeapTuple	old = SearchSysCache3(STATRELATTINH,
									  row->values[Anum_pg_statistic_starelid - 1],
									  row->values[Anum_pg_statistic_staattnum - 1],
									  row->values[Anum_pg_statistic_stainherit - 1]);
	HeapTuple	new = heap_form_tuple(RelationGetDescr(catalog), row->values, row->nulls);

	if (HeapTupleIsValid(old))
	{
		CatalogTupleUpdate(catalog, &old->t_self, new);
		ReleaseSysCache(old);
	}
	else
		CatalogTupleInsert(catalog, new);
	heap_freetuple(new);
	table_close(catalog, RowExclusiveLock);
}

static ArrayType *
number_array(const float4 *numbers, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * count);

	for (int i = 0; i < count; i++)
		values[i] = Float4GetDatum(numbers[i]);
	return construct_array(values, count, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT);
}

void
column_statistics_store(Oid relid, AttrNumber attnum, bool inherited, const VacAttrStats *stats)
{
	StatisticRow row;

	row_begin(&row, relid, attnum, inherited);
	row_set_facts(&row, stats->stanullfrac, stats->stawidth, stats->stadistinct);
	for (int i = 0; i < STATISTIC_NUM_SLOTS; i++)
	{
		ArrayType  *numbers = NULL;
		ArrayType  *values = NULL;

		if (stats->numnumbers[i] > 0)
			numbers = number_array(stats->stanumbers[i], stats->numnumbers[i]);
		if (stats->numvalues[i] > 0)
			values = construct_array(stats->stavalues[i], stats->numvalues[i],
									 stats->statypid[i], stats->statyplen[i],
									 stats->statypbyval[i], stats->statypalign[i]);
		row_set_slot(&row, i, stats->stakind[i], stats->staop[i], stats->stacoll[i]);
		row_set_arrays(&row, i, numbers, values);
	}
	row_write(&row);
}

/* ------------------------------------------------------------- other nodes */

static char *
collation_name(Oid collation)
{
	HeapTuple	tuple;
	char	   *name;

	if (!OidIsValid(collation))
		return "-";
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	name = quote_qualified_identifier(get_namespace_name(((Form_pg_collation) GETSTRUCT(tuple))->collnamespace),
									  NameStr(((Form_pg_collation) GETSTRUCT(tuple))->collname));
	ReleaseSysCache(tuple);
	return name;
}

/* "kind, operator, collation, numbers, element type, values" of one slot. */
static void
append_slot(StringInfo sql, HeapTuple tuple, int slot)
{
	Datum		fields[5];
	bool		nulls[5];
	static const AttrNumber first[5] = {
		Anum_pg_statistic_stakind1, Anum_pg_statistic_staop1, Anum_pg_statistic_stacoll1,
		Anum_pg_statistic_stanumbers1, Anum_pg_statistic_stavalues1
	};

	for (int i = 0; i < 5; i++)
		fields[i] = SysCacheGetAttr(STATRELATTINH, tuple, first[i] + slot, &nulls[i]);
	appendStringInfo(sql, ", ARRAY['%d', %s, %s, ", DatumGetInt16(fields[0]),
					 OidIsValid(DatumGetObjectId(fields[1])) ?
					 quote_literal_cstr(format_operator_qualified(DatumGetObjectId(fields[1]))) : "'0'",
					 quote_literal_cstr(collation_name(DatumGetObjectId(fields[2]))));
	appendStringInfo(sql, "%s, ", nulls[3] ? "NULL" :
					 quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, fields[3])));
	if (nulls[4])
		appendStringInfoString(sql, "NULL, NULL]");
	else
		appendStringInfo(sql, "%s, %s]",
						 quote_literal_cstr(format_type_be_qualified(ARR_ELEMTYPE(DatumGetArrayTypeP(fields[4])))),
						 quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, fields[4])));
}

static char *
row_statement(HeapTuple tuple)
{
	Form_pg_statistic form = (Form_pg_statistic) GETSTRUCT(tuple);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT shardlite_internal.set_column_statistics(%s, %s, %s, %.9g, %d, %.9g",
					 metadata_regclass(form->starelid),
					 quote_literal_cstr(get_attname(form->starelid, form->staattnum, false)),
					 form->stainherit ? "true" : "false",
					 form->stanullfrac, form->stawidth, form->stadistinct);
	for (int i = 0; i < STATISTIC_NUM_SLOTS; i++)
		append_slot(&sql, tuple, i);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static List *
relation_statements(List *statements, Relation rel)
{
	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
	{
		for (int inherited = 0; inherited < 2; inherited++)
		{
			HeapTuple	tuple = SearchSysCache3(STATRELATTINH,
												ObjectIdGetDatum(RelationGetRelid(rel)),
												Int16GetDatum(attnum), BoolGetDatum(inherited));

			if (!HeapTupleIsValid(tuple))
				continue;
			statements = lappend(statements, row_statement(tuple));
			ReleaseSysCache(tuple);
		}
	}
	return statements;
}

char *
table_size_statement(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	char	   *sql;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	form = (Form_pg_class) GETSTRUCT(tuple);
	sql = psprintf("SELECT shardlite_internal.set_table_size(%s, %d, %.9g)",
				   metadata_regclass(relid), form->relpages, form->reltuples);
	ReleaseSysCache(tuple);
	return sql;
}

List *
column_statistics_statements(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	int			level = ddl_settings_begin();
	List	   *statements = relation_statements(NIL, rel);
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);

		statements = relation_statements(statements, index);
		relation_close(index, AccessShareLock);
	}
	statements = list_concat(statements, extended_statistics_statements(rel));
	ddl_settings_end(level);
	table_close(rel, NoLock);
	return lappend(statements, table_size_statement(relid));
}

static void
check_caller(void)
{
	if (!superuser() || !in_node_session())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of the cluster may call this function")));
}

static ArrayType *
array_from_text(Datum value, Oid element)
{
	return DatumGetArrayTypeP(OidFunctionCall3(F_ARRAY_IN, CStringGetDatum(TextDatumGetCString(value)),
											   ObjectIdGetDatum(element), Int32GetDatum(-1)));
}

static Oid
oid_from_text(PGFunction input, Datum value)
{
	return DatumGetObjectId(DirectFunctionCall1(input, CStringGetDatum(TextDatumGetCString(value))));
}

/* The reverse of append_slot(). */
static void
row_read_slot(StatisticRow *row, int slot, ArrayType *fields)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	ArrayType  *numbers = NULL;
	ArrayType  *elements = NULL;

	deconstruct_array(fields, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	if (count != 6)
		elog(ERROR, "a slot of statistics has 6 fields, not %d", count);
	row_set_slot(row, slot, pg_strtoint16(TextDatumGetCString(values[0])),
				 oid_from_text(regoperatorin, values[1]), oid_from_text(regcollationin, values[2]));
	if (!nulls[3])
		numbers = array_from_text(values[3], FLOAT4OID);
	if (!nulls[5])
	{
		Oid			type;
		int32		typmod;

		parseTypeString(TextDatumGetCString(values[4]), &type, &typmod, false);
		elements = array_from_text(values[5], type);
	}
	row_set_arrays(row, slot, numbers, elements);
}

PG_FUNCTION_INFO_V1(shardlite_set_column_statistics);

/*
 * shardlite_internal.set_column_statistics(relation regclass, attribute name,
 *		inherited bool, null_fraction real, width int, n_distinct real,
 *		slot1 text[], ..., slot5 text[])
 */
Datum
shardlite_set_column_statistics(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	AttrNumber	attnum;
	Relation	rel;
	StatisticRow row;

	check_caller();
	rel = relation_open(relid, ShareUpdateExclusiveLock);
	attnum = get_attnum(relid, NameStr(*PG_GETARG_NAME(1)));
	if (attnum == InvalidAttrNumber)
		elog(ERROR, "relation \"%s\" has no column \"%s\"", RelationGetRelationName(rel),
			 NameStr(*PG_GETARG_NAME(1)));
	row_begin(&row, relid, attnum, PG_GETARG_BOOL(2));
	row_set_facts(&row, PG_GETARG_FLOAT4(3), PG_GETARG_INT32(4), PG_GETARG_FLOAT4(5));
	for (int i = 0; i < STATISTIC_NUM_SLOTS; i++)
		row_read_slot(&row, i, PG_GETARG_ARRAYTYPE_P(6 + i));
	row_write(&row);
	relation_close(rel, NoLock);
	CommandCounterIncrement();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(shardlite_set_table_size);

/* shardlite_internal.set_table_size(relation regclass, pages int, rows real) */
Datum
shardlite_set_table_size(PG_FUNCTION_ARGS)
{
	Relation	rel;

	check_caller();
	rel = table_open(PG_GETARG_OID(0), ShareUpdateExclusiveLock);
	compat_update_relstats(rel, (BlockNumber) PG_GETARG_INT32(1), PG_GETARG_FLOAT4(2));
	table_close(rel, NoLock);
	PG_RETURN_VOID();
}
