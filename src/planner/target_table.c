/*
 * target_table.c
 *		The table that a select-then-write statement changes.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#include "access/htup_details.h"
#include "catalog/pg_index.h"

#include "metadata/dist_table.h"
#include "planner/target_table.h"

char *
old_column_name(AttrNumber attno)
{
	return psprintf("old_%d", attno);
}

int
target_list_junk(List *tlist, const char *name)
{
	ListCell   *lc;

	foreach(lc, tlist)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resjunk && tle->resname != NULL &&
			strcmp(tle->resname, name) == 0)
			return foreach_current_index(lc) + 1;
	}
	return 0;
}

bool
target_table_assigns(const Query *query, AttrNumber attno)
{
	ListCell   *lc;

	if (query->commandType != CMD_UPDATE)
		return false;
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk && tle->resno == attno)
			return true;
	}
	return false;
}

/* Column numbers of an index that identifies rows, NIL when it does not. */
static List *
index_row_key(Oid index_oid)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index_oid));
	Form_pg_index form;
	List	   *attnos = NIL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index_oid);
	form = (Form_pg_index) GETSTRUCT(tuple);
	for (int i = 0; i < form->indnkeyatts; i++)
		attnos = lappend_int(attnos, form->indkey.values[i]);
	ReleaseSysCache(tuple);
	return attnos;
}

List *
target_table_row_key(Relation relation)
{
	Oid			index_oid;

	/* RelationGetIndexList fills rd_pkindex and rd_replidindex */
	list_free(RelationGetIndexList(relation));
	index_oid = relation->rd_pkindex;
	if (!OidIsValid(index_oid))
		index_oid = relation->rd_replidindex;
	return OidIsValid(index_oid) ? index_row_key(index_oid) : NIL;
}

static void
append_junk(Query *query, Var *var, char *name)
{
	TargetEntry *tle = makeTargetEntry((Expr *) var,
									   list_length(query->targetList) + 1,
									   name, true);

	query->targetList = lappend(query->targetList, tle);
}

static void
append_old_column(Query *query, Relation relation, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), attno - 1);

	append_junk(query,
				makeVar(query->resultRelation, attno, att->atttypid,
						att->atttypmod, att->attcollation, 0),
				old_column_name(attno));
}

/* All columns that the statement leaves alone: the row may move. */
static void
append_unassigned_columns(Query *query, Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0' &&
			!target_table_assigns(query, att->attnum))
			append_old_column(query, relation, att->attnum);
	}
}

/*
 * A row of a reference table has another ctid on every node, so its key
 * identifies it; the local copy is locked as PostgreSQL would lock it.
 */
static void
append_reference_columns(Query *query, Relation relation)
{
	Index		rti = query->resultRelation;
	List	   *attnos = target_table_row_key(relation);
	ListCell   *lc;

	foreach(lc, attnos)
		append_old_column(query, relation, lfirst_int(lc));
	append_junk(query,
				makeVar(rti, SelfItemPointerAttributeNumber, TIDOID, -1,
						InvalidOid, 0),
				psprintf("ctid%u", REFERENCE_ROWMARK_ID(rti)));
}

void
target_table_prepare(Query *query)
{
	RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
	DistTable  *table = dist_table_get(rte->relid);
	Relation	relation;

	if (query->commandType != CMD_UPDATE && query->commandType != CMD_DELETE)
		return;
	relation = table_open(rte->relid, NoLock);
	if (table->kind == DIST_REFERENCE)
		append_reference_columns(query, relation);
	else if (table->kind == DIST_HASH &&
			 target_table_assigns(query, table->key_attno))
		append_unassigned_columns(query, relation);
	table_close(relation, NoLock);
}

/*
 * As heap_update would lock: columns of unique indexes, which foreign keys
 * may point to, need the strong lock.  So do rows that may move.
 */
LockClauseStrength
target_table_lock_strength(const Query *query)
{
	RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
	DistTable  *table = dist_table_get(rte->relid);
	LockClauseStrength strength = LCS_FORNOKEYUPDATE;
	Relation	relation;
	Bitmapset  *key_columns;
	ListCell   *lc;

	if (query->commandType == CMD_INSERT)
		return LCS_NONE;
	if (query->commandType != CMD_UPDATE)
		return LCS_FORUPDATE;
	relation = table_open(rte->relid, NoLock);
	if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		(table->kind == DIST_HASH && target_table_assigns(query, table->key_attno)))
		strength = LCS_FORUPDATE;
	key_columns = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_KEY);
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk &&
			bms_is_member(tle->resno - FirstLowInvalidHeapAttributeNumber,
						  key_columns))
			strength = LCS_FORUPDATE;
	}
	table_close(relation, NoLock);
	return strength;
}
