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
#include "optimizer/optimizer.h"
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
append_junk(Query *query, Expr *expr, char *name)
{
	TargetEntry *tle = makeTargetEntry(expr,
									   list_length(query->targetList) + 1,
									   name, true);

	query->targetList = lappend(query->targetList, tle);
}

static void
append_old_column(Query *query, Relation relation, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), attno - 1);

	append_junk(query,
				(Expr *) makeVar(query->resultRelation, attno, att->atttypid,
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
	CoalesceExpr *tableoid;
	ListCell   *lc;

	foreach(lc, attnos)
	{
		if (target_list_junk(query->targetList, old_column_name(lfirst_int(lc))) == 0)
			append_old_column(query, relation, lfirst_int(lc));
	}
	append_junk(query,
				(Expr *) makeVar(rti, SelfItemPointerAttributeNumber, TIDOID, -1,
								 InvalidOid, 0),
				psprintf("ctid%u", REFERENCE_ROWMARK_ID(rti)));
	if (query->commandType != CMD_MERGE)
		return;

	/* a source row without match is no row of this table: nothing to lock */
	tableoid = makeNode(CoalesceExpr);
	tableoid->coalescetype = OIDOID;
	tableoid->args = list_make2(makeVar(rti, TableOidAttributeNumber, OIDOID, -1,
										InvalidOid, 0),
								makeConst(OIDOID, -1, InvalidOid, sizeof(Oid),
										  ObjectIdGetDatum(InvalidOid), false, true));
	tableoid->location = -1;
	append_junk(query, (Expr *) tableoid,
				psprintf("tableoid%u", REFERENCE_ROWMARK_ID(rti)));
}

static bool
list_has_var(List *tlist, const Var *var)
{
	ListCell   *lc;

	foreach(lc, tlist)
	{
		Var		   *other = (Var *) lfirst_node(TargetEntry, lc)->expr;

		if (other->varno == var->varno && other->varattno == var->varattno)
			return true;
	}
	return false;
}

/* Is the distribution key assigned by an UPDATE action? */
static bool
merge_assigns_key(const Query *query, const DistTable * table)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst_node(MergeAction, lc);

		if (action->commandType != CMD_UPDATE)
			continue;
		foreach(lc2, action->targetList)
			if (lfirst_node(TargetEntry, lc2)->resno == table->key_attno)
				return true;
	}
	return false;
}

/*
 * MERGE's actions read the target's row, which PostgreSQL fetches by its ctid;
 * here the source has to deliver it.
 */
static void
append_merge_columns(Query *query, Relation relation, const DistTable * table)
{
	List	   *vars = pull_vars_of_level((Node *) query->mergeActionList, 0);
	ListCell   *lc;

	foreach(lc, vars)
	{
		Var		   *var = copyObject(lfirst_node(Var, lc));

		/* it may come from a sublink */
		var->varlevelsup = 0;
		if (var->varno == query->resultRelation && !list_has_var(query->targetList, var))
			append_junk(query, (Expr *) var, old_column_name(var->varattno));
	}
	if (table->kind != DIST_HASH || !merge_assigns_key(query, table))
		return;
	for (int i = 0; i < RelationGetDescr(relation)->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), i);

		if (!att->attisdropped && att->attgenerated == '\0' &&
			target_list_junk(query->targetList, old_column_name(att->attnum)) == 0)
			append_old_column(query, relation, att->attnum);
	}
}

void
target_table_prepare(Query *query)
{
	RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
	DistTable  *table = dist_table_get(rte->relid);
	Relation	relation;

	if (query->commandType == CMD_INSERT)
		return;
	relation = table_open(rte->relid, NoLock);
	if (query->commandType == CMD_MERGE)
		append_merge_columns(query, relation, table);
	if (table->kind == DIST_REFERENCE)
		append_reference_columns(query, relation);
	else if (query->commandType == CMD_UPDATE && table->kind == DIST_HASH &&
			 target_table_assigns(query, table->key_attno))
		append_unassigned_columns(query, relation);
	table_close(relation, NoLock);
}

/*
 * As heap_update would lock: columns of unique indexes, which foreign keys
 * may point to, need the strong lock.  So do rows that may move.
 */
static LockClauseStrength
update_lock_strength(const DistTable * table, List *assigned)
{
	LockClauseStrength strength = LCS_FORNOKEYUPDATE;
	Relation	relation;
	Bitmapset  *key_columns;
	ListCell   *lc;

	relation = table_open(table->relid, NoLock);
	if (relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		strength = LCS_FORUPDATE;
	key_columns = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_KEY);
	foreach(lc, assigned)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk &&
			((table->kind == DIST_HASH && tle->resno == table->key_attno) ||
			 bms_is_member(tle->resno - FirstLowInvalidHeapAttributeNumber,
						   key_columns)))
			strength = LCS_FORUPDATE;
	}
	table_close(relation, NoLock);
	return strength;
}

/* The strongest lock that one of MERGE's actions needs. */
static LockClauseStrength
merge_lock_strength(const Query *query, const DistTable * table)
{
	LockClauseStrength strength = LCS_NONE;
	ListCell   *lc;

	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst_node(MergeAction, lc);

		if (action->commandType == CMD_DELETE)
			strength = LCS_FORUPDATE;
		else if (action->commandType == CMD_UPDATE)
			strength = Max(strength, update_lock_strength(table, action->targetList));
	}
	return strength;
}

LockClauseStrength
target_table_lock_strength(const Query *query)
{
	RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
	DistTable  *table = dist_table_get(rte->relid);

	switch (query->commandType)
	{
		case CMD_INSERT:
			return LCS_NONE;
		case CMD_UPDATE:
			return update_lock_strength(table, query->targetList);
		case CMD_MERGE:
			return merge_lock_strength(query, table);
		default:
			return LCS_FORUPDATE;
	}
}
