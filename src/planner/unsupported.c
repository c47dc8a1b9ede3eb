/*
 * unsupported.c
 *		Every statement shape that the planner refuses, one function each.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "compat/query_compat.h"
#include "deparse/shippable.h"
#include "metadata/dist_table.h"
#include "planner/target_table.h"
#include "planner/unsupported.h"

static void
refuse_merge_with_policies(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("MERGE into more than one shard of table \"%s\" is not supported under row security",
					get_rel_name(relid)),
			 errhint("Use INSERT ... ON CONFLICT, UPDATE and DELETE.")));
}

/*
 * Policies are evaluated on the shards for the current role.  A view may look
 * for another one: its policies, or freedom from them, are applied here, and
 * only to what is read.
 */
bool
is_secured_for_other_role(Query *query, RangeTblEntry *rte)
{
	Oid			role = compat_check_as_user(query, rte);

	return OidIsValid(role) && role != GetUserId() &&
		(check_enable_rls(rte->relid, role, true) == RLS_ENABLED ||
		 check_enable_rls(rte->relid, GetUserId(), true) == RLS_ENABLED);
}

void
unsupported_row_security_check(Query *query, RangeTblEntry *rte)
{
	if (!is_secured_for_other_role(query, rte))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot change distributed table \"%s\" through another role's view under row-level security",
					get_rel_name(rte->relid)),
			 errhint("Change the table directly, or through a view that the current role owns.")));
}

void
unsupported_merge_action_check(const MergeAction *action)
{
	ListCell   *lc;

	foreach(lc, action->targetList)
		if (lfirst_node(TargetEntry, lc)->resjunk)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("MERGE into a distributed or reference table cannot assign several columns from one subquery"),
					 errhint("Assign each column from a subquery of its own, or compute the values in USING.")));
}

void
unsupported_conflict_check(const OnConflictExpr *conflict, Oid relid)
{
	if (is_shippable((Node *) conflict->arbiterElems) &&
		is_shippable((Node *) conflict->onConflictSet) &&
		is_shippable(conflict->onConflictWhere) &&
		is_shippable(conflict->arbiterWhere))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("ON CONFLICT of table \"%s\" uses an expression that cannot be evaluated on the shards",
					get_rel_name(relid)),
			 errdetail("Subqueries that depend on the row, and functions that are bound to this server, are evaluated on the coordinator only.")));
}

static void
refuse_conflict_key(Oid relid, AttrNumber attno)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("ON CONFLICT DO UPDATE cannot change distribution column \"%s\" of table \"%s\"",
					get_attname(relid, attno, false), get_rel_name(relid)),
			 errhint("Assign EXCLUDED.%s, or leave the column out.",
					 quote_identifier(get_attname(relid, attno, false)))));
}

static void
refuse_reference_without_key(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("rows of reference table \"%s\" cannot be identified on the other nodes",
					get_rel_name(relid)),
			 errdetail("The statement computes new values here, and the table has no primary key or replica identity index."),
			 errhint("Add a primary key.")));
}

/* A cursor over shards has no position that another statement could use. */
static bool
refuse_current_of(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CurrentOfExpr))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("WHERE CURRENT OF cannot be used with distributed table \"%s\"",
						(char *) context),
				 errhint("Name the row by its key.")));
	return expression_tree_walker(node, refuse_current_of, context);
}

static void
check_conflict_key(const Query *query, const DistTable * table)
{
	const OnConflictExpr *conflict = query->onConflict;
	ListCell   *lc;

	foreach(lc, conflict->onConflictSet)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);
		Var		   *var = (Var *) tle->expr;

		if (table->kind != DIST_HASH || tle->resjunk ||
			tle->resno != table->key_attno)
			continue;
		if (!IsA(var, Var) || var->varno != conflict->exclRelIndex ||
			var->varattno != table->key_attno)
			refuse_conflict_key(table->relid, table->key_attno);
	}
}

static void
check_reference_key(const Query *query, const DistTable * table)
{
	Relation	relation;
	bool		has_key;

	if (query->commandType == CMD_INSERT)
		return;
	relation = table_open(table->relid, NoLock);
	has_key = target_table_row_key(relation) != NIL;
	table_close(relation, NoLock);
	if (!has_key)
		refuse_reference_without_key(table->relid);
}

/* Columns that an UPDATE assigns, offset as in relcache bitmaps. */
static bool
changes_columns(const Query *query, const Bitmapset *columns)
{
	ListCell   *lc;

	if (query->commandType != CMD_UPDATE)
		return true;
	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (!tle->resjunk &&
			bms_is_member(tle->resno - FirstLowInvalidHeapAttributeNumber, columns))
			return true;
	}
	return false;
}

/* A table of this server alone with a foreign key to the relation, or invalid. */
static Oid
referring_local_table(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK &&
			dist_table_find(trigger->tgconstrrelid) == NULL)
			return trigger->tgconstrrelid;
	}
	return InvalidOid;
}

bool
local_table_refers_to(Oid relid)
{
	Relation	relation = table_open(relid, NoLock);
	Oid			referring = referring_local_table(relation);

	table_close(relation, NoLock);
	return OidIsValid(referring);
}

void
unsupported_referenced_check(const Query *query, Oid relid)
{
	Relation	relation;
	Oid			referring;

	if (query->commandType != CMD_UPDATE && query->commandType != CMD_DELETE &&
		query->commandType != CMD_MERGE)
		return;
	relation = table_open(relid, NoLock);
	referring = referring_local_table(relation);
	if (OidIsValid(referring) &&
		changes_columns(query, RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_KEY)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot change rows of distributed table \"%s\" to which local table \"%s\" refers",
						RelationGetRelationName(relation), get_rel_name(referring)),
				 errdetail("The shards do not know the foreign key of \"%s\".", get_rel_name(referring)),
				 errhint("Distribute table \"%s\", too, or drop its foreign key.", get_rel_name(referring))));
	table_close(relation, NoLock);
}

void
unsupported_sample_check(const RangeTblEntry *rte, const DistTable * table)
{
	Oid			method;

	if (rte->tablesample == NULL || table->kind == DIST_REFERENCE || table->group->nshards == 1)
		return;
	method = rte->tablesample->tsmhandler;
	if (method != F_BERNOULLI && method != F_SYSTEM)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("tablesample method %s cannot be used with distributed table \"%s\"",
						get_func_name(method), get_rel_name(rte->relid)),
				 errdetail("Each shard would take a sample of its own."),
				 errhint("Use BERNOULLI or SYSTEM, or ORDER BY random() LIMIT.")));
}

void
unsupported_write_check(const Query *query)
{
	RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
	DistTable  *table = dist_table_get(rte->relid);

	if (query->commandType == CMD_MERGE &&
		(query->withCheckOptions != NIL || rte->securityQuals != NIL))
		refuse_merge_with_policies(rte->relid);
	if (table->kind != DIST_REFERENCE)
		refuse_current_of(query->jointree->quals, get_rel_name(rte->relid));
	if (query->onConflict != NULL)
		check_conflict_key(query, table);
	if (table->kind == DIST_REFERENCE)
		check_reference_key(query, table);
}
