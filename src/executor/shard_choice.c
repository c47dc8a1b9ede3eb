/*
 * shard_choice.c
 *		From key values to shards.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "executor/shard_choice.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

void
null_key_error(const DistTable * table, char *detail)
{
	Relation	rel = RelationIdGetRelation(table->relid);
	const char *column = get_attname(table->relid, table->key_attno, false);

	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
					column, RelationGetRelationName(rel)),
			 detail ? errdetail("%s", detail) : 0,
			 errhint("\"%s\" is the distribution column, which decides where a row is stored.",
					 column),
			 errtablecol(rel, table->key_attno)));
}

void
check_null_key(const DistTable * table)
{
	HeapTuple	tup = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table->relid),
									  Int16GetDatum(table->key_attno));
	bool		not_null = HeapTupleIsValid(tup) &&
		((Form_pg_attribute) GETSTRUCT(tup))->attnotnull;

	if (HeapTupleIsValid(tup))
		ReleaseSysCache(tup);
	if (!not_null)
		null_key_error(table, NULL);
}

/* A table of the plan that has a key; any of the group will do. */
static DistTable *
keyed_table(const DistPlan * plan)
{
	ListCell   *lc;

	foreach(lc, plan->text.markers)
	{
		DistTable  *table = dist_table_get(lfirst_oid(lc));

		if (table->kind == DIST_HASH)
			return table;
	}
	elog(ERROR, "plan has key values but no hash-distributed table");
}

static List *
add_array(List *shards, const ShardGroup * group, Datum array)
{
	ArrayType  *arr = DatumGetArrayTypeP(array);
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	get_typlenbyvalalign(ARR_ELEMTYPE(arr), &typlen, &typbyval, &typalign);
	deconstruct_array(arr, ARR_ELEMTYPE(arr), typlen, typbyval, typalign,
					  &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			shards = list_append_unique_int(shards, shard_group_key_index(group, elements[i]));
	return shards;
}

static List *
choose_by_keys(const DistPlan * plan, const ShardGroup * group, FragmentParams * keys)
{
	List	   *shards = NIL;

	for (int i = 0; i < keys->count; i++)
	{
		if (keys->isnull[i])
		{
			if (plan->operation == CMD_INSERT)
				check_null_key(keyed_table(plan));
			continue;
		}
		if (getBaseType(keys->types[i]) != getBaseType(group->key_type) &&
			OidIsValid(get_base_element_type(keys->types[i])))
			shards = add_array(shards, group, keys->values[i]);
		else
			shards = list_append_unique_int(shards,
											shard_group_key_index(group, keys->values[i]));
	}
	list_sort(shards, list_int_cmp);
	return shards;
}

List *
shard_choice(const DistPlan * plan, const ShardGroup * group, FragmentParams * keys)
{
	List	   *shards = NIL;

	if (plan->target == TARGET_ALL_SHARDS)
	{
		for (int i = 0; i < group->nshards; i++)
			shards = lappend_int(shards, i);
		return shards;
	}
	if (plan->target == TARGET_KEYS)
		shards = choose_by_keys(plan, group, keys);
	if (shards == NIL && plan->tier == 1)
		shards = list_make1_int(0);
	return shards;
}
