/*
 * row_leave.c
 *		On a node: may a row leave its shard for another one?
 *
 * An UPDATE of the distribution column deletes the row on one shard and inserts it
 * on another.  A foreign key with ON DELETE CASCADE, or SET NULL, would take that
 * for a DELETE and change the rows that refer to it.  It is an UPDATE of the
 * referenced columns, whose only action among distributed tables is to fail, so
 * that is what happens here.  Foreign keys without such an action fail anyway.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* A foreign key that refers to the row's table. */
typedef struct Reference
{
	NameData	name;
	Oid			relid;
	int			ncolumns;
	AttrNumber	columns[INDEX_MAX_KEYS];
	AttrNumber	referenced[INDEX_MAX_KEYS];
	Oid			operators[INDEX_MAX_KEYS];	/* referenced = referring */
}			Reference;

PG_FUNCTION_INFO_V1(shardlite_may_leave);

/* Read a foreign key; false if a DELETE of the row would not act on others. */
static bool
read_reference(Oid constraint, Reference * reference)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	Oid			others[2][INDEX_MAX_KEYS];
	AttrNumber	set_columns[INDEX_MAX_KEYS];
	int			nset;
	bool		acts;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	acts = form->confdeltype != FKCONSTR_ACTION_NOACTION &&
		form->confdeltype != FKCONSTR_ACTION_RESTRICT;
	reference->name = form->conname;
	reference->relid = form->conrelid;
	DeconstructFkConstraintRow(tuple, &reference->ncolumns, reference->columns,
							   reference->referenced, reference->operators,
							   others[0], others[1], &nset, set_columns);
	ReleaseSysCache(tuple);
	return acts;
}

static char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/* Two columns that are equal, as the foreign key understands it. */
static void
append_equality(StringInfo sql, const Reference * reference, Oid relid, int i)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(reference->operators[i]));
	Form_pg_operator operator;
	Oid			type;
	int32		typmod;
	Oid			collation;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", reference->operators[i]);
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	appendStringInfo(sql, " AND p.%s",
					 quote_identifier(get_attname(relid, reference->referenced[i], false)));
	get_atttypetypmodcoll(relid, reference->referenced[i], &type, &typmod, &collation);
	if (OidIsValid(collation))
		appendStringInfo(sql, " COLLATE %s", generate_collation_name(collation));
	appendStringInfo(sql, " OPERATOR(%s.%s) c.%s",
					 quote_identifier(get_namespace_name(operator->oprnamespace)),
					 NameStr(operator->oprname),
					 quote_identifier(get_attname(reference->relid, reference->columns[i], false)));
	ReleaseSysCache(tuple);
}

/* The row's key, if another row refers to it. */
static char *
reference_query(const Reference * reference, Oid relid)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT pg_catalog.concat_ws(', '");
	for (int i = 0; i < reference->ncolumns; i++)
		appendStringInfo(&sql, ", p.%s",
						 quote_identifier(get_attname(relid, reference->referenced[i], false)));
	appendStringInfo(&sql, ") FROM %s p, %s c WHERE p.ctid OPERATOR(pg_catalog.=) $2"
					 " AND (c.tableoid OPERATOR(pg_catalog.<>) $1 OR c.ctid OPERATOR(pg_catalog.<>) $2)",
					 qualified_name(relid), qualified_name(reference->relid));
	for (int i = 0; i < reference->ncolumns; i++)
		append_equality(&sql, reference, relid, i);
	appendStringInfoString(&sql, " LIMIT 1");
	return sql.data;
}

/* May the user see the key?  PostgreSQL's rule for such messages, in short. */
static char *
key_detail(const Reference * reference, Oid relid, Oid user, const char *key)
{
	StringInfoData columns;

	if (check_enable_rls(relid, user, true) == RLS_ENABLED ||
		pg_class_aclcheck(relid, user, ACL_SELECT) != ACLCHECK_OK)
		return psprintf("Key is still referenced from table \"%s\".",
						get_rel_name(reference->relid));
	initStringInfo(&columns);
	for (int i = 0; i < reference->ncolumns; i++)
		appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "",
						 get_attname(relid, reference->referenced[i], false));
	return psprintf("Key (%s)=(%s) is still referenced from table \"%s\".",
					columns.data, key, get_rel_name(reference->relid));
}

static Oid
owner_of(Oid relid)
{
	Relation	relation = table_open(relid, AccessShareLock);
	Oid			owner = relation->rd_rel->relowner;

	table_close(relation, NoLock);
	return owner;
}

/*
 * The key of the row if another one refers to it, else NULL.  As PostgreSQL's own
 * checks: for the owner, without row security, with what is committed by now.
 * The row is locked, so that nobody refers to it from now on.
 */
static char *
find_referring(const Reference * reference, Oid relid, Datum tid)
{
	static Oid	types[] = {OIDOID, TIDOID};
	Datum		values[] = {ObjectIdGetDatum(relid), tid};
	MemoryContext outside = CurrentMemoryContext;
	Oid			user;
	int			sec_context;
	SPIPlanPtr	plan;
	char	   *key = NULL;

	GetUserIdAndSecContext(&user, &sec_context);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SetUserIdAndSecContext(owner_of(reference->relid),
						   sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	plan = SPI_prepare(reference_query(reference, relid), lengthof(types), types);
	if (plan == NULL ||
		SPI_execute_snapshot(plan, values, NULL, GetLatestSnapshot(), InvalidSnapshot,
							 true, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "looking for rows that refer to another failed");
	if (SPI_processed > 0)
	{
		char	   *found = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		key = MemoryContextStrdup(outside, found != NULL ? found : "");
	}
	SetUserIdAndSecContext(user, sec_context);
	SPI_finish();
	return key;
}

static void
check_reference(Oid constraint, Oid relid, Datum tid)
{
	Reference	reference;
	char	   *key;

	if (!read_reference(constraint, &reference))
		return;
	key = find_referring(&reference, relid, tid);
	if (key != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("update or delete on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\"",
						get_rel_name(relid), NameStr(reference.name), get_rel_name(reference.relid)),
				 errdetail_internal("%s", key_detail(&reference, relid, GetUserId(), key))));
}

/*
 * may_leave(relation oid, row_tid tid): true, or error 23503 because rows refer to
 * it with a foreign key that would act on a DELETE.
 */
Datum
shardlite_may_leave(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Relation	relation = table_open(relid, AccessShareLock);
	TriggerDesc *triggers = relation->trigdesc;
	List	   *seen = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_PK ||
			list_member_oid(seen, trigger->tgconstraint))
			continue;
		seen = lappend_oid(seen, trigger->tgconstraint);
		check_reference(trigger->tgconstraint, relid, PG_GETARG_DATUM(1));
	}
	list_free(seen);
	table_close(relation, NoLock);
	PG_RETURN_BOOL(true);
}
