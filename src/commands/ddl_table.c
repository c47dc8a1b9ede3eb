/*
 * ddl_table.c
 *		DDL statements on one table: on its shell here, on its shells on the
 *		other nodes, and on its shards, in this order and one transaction.
 *
 * Running on the local shell first makes PostgreSQL check privileges, names
 * and types, with the error messages that the user would get without us.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "commands/ddl_check.h"
#include "commands/ddl_names.h"
#include "commands/ddl_fill.h"
#include "commands/ddl_partition.h"
#include "commands/distribute.h"
#include "commands/metadata_write.h"
#include "commands/object_ddl.h"
#include "commands/shard_ddl.h"
#include "commands/utility_hook.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"

/* ------------------------------------------------------------ the mechanism */

/*
 * The distributed table that a statement's relation is, or whose index it is;
 * NULL when it is neither, or does not exist.
 */
static DistTable *
find_table(const RangeVar *rv)
{
	Oid			relid;

	if (rv == NULL || !dist_tables_exist())
		return NULL;
	relid = RangeVarGetRelid(rv, NoLock, true);
	if (!OidIsValid(relid))
		return NULL;
	if (get_rel_relkind(relid) == RELKIND_INDEX ||
		get_rel_relkind(relid) == RELKIND_PARTITIONED_INDEX)
		relid = IndexGetRelation(relid, true);
	return OidIsValid(relid) ? dist_table_find(relid) : NULL;
}

/* A sequence that a default calls may exist only here so far. */
static void
ensure_objects(Oid relid)
{
	List	   *relations;

	if (list_length(node_list()) > 1)
		run_on_other_nodes(object_ddl_for_table(relid, &relations), InvalidOid);
}

/*
 * A shell whose rows are elsewhere: its foreign keys are not validated, the
 * shards' are.  The security context makes the planner take the shell for the
 * empty table that it is (planner_hook.c).
 */
static void
run_on_local_shell(UtilityCall * call)
{
	Oid			user;
	int			context;

	ddl_skip_validation(call->stmt);
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_NOFORCE_RLS);
	utility_logical(call);
	SetUserIdAndSecContext(user, context);
}

/*
 * Run a statement on the table everywhere.  to_shards: also on its shards, if
 * it has any; more_names (DdlName *) for them.  The statement must not have run
 * yet, nor been changed.
 */
static void
run_with_names(UtilityCall * call, const DistTable * table, bool to_shards,
			   List *more_names)
{
	char	   *command = utility_text(call);
	bool		uses_sequence = ddl_calls_sequence(call->stmt);
	ShardDdl	ddl = {0};

	ensure_coordinator();
	lock_cluster_nodes();
	ddl.commands = list_make1(command);
	ddl.colocation_id = table->colocation_id;
	to_shards = to_shards && table->kind != DIST_REFERENCE;
	if (to_shards)
		ddl.names = list_concat(ddl_names_collect(copyObject(call->stmt)), more_names);
	ddl.object_names = ddl_choose_names(call->stmt, table->relid);
	if (to_shards)
		run_on_local_shell(call);
	else
		utility_logical(call);
	CommandCounterIncrement();
	if (uses_sequence)
		ensure_objects(table->relid);
	ddl_run_on_others(command, ddl.object_names);
	if (to_shards)
		shard_ddl_execute(&ddl);
}

static void
run_everywhere(UtilityCall * call, const DistTable * table, bool to_shards)
{
	run_with_names(call, table, to_shards, NIL);
}

/* New sequences of the table get ranges of their own on the other nodes. */
static void
set_sequence_ranges(Oid relid, List *known)
{
	Oid			user;
	int			context;
	ListCell   *lc;

	foreach(lc, list_difference_oid(getOwnedSequences(relid), known))
	{
		Oid			sequence = lfirst_oid(lc);
		char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(sequence)),
													  get_rel_name(sequence));

		GetUserIdAndSecContext(&user, &context);
		SetUserIdAndSecContext(extension_owner(), context | SECURITY_LOCAL_USERID_CHANGE);
		dist_xact_execute_on_others(psprintf("SELECT shardlite_internal.node_sequence(%s)",
											 quote_literal_cstr(name)));
		SetUserIdAndSecContext(user, context);
	}
}

/* --------------------------------------------------------------- handlers */

void
handle_alter_table(UtilityCall * call)
{
	AlterTableStmt *stmt = castNode(AlterTableStmt, call->stmt);
	DistTable  *table = find_table(stmt->relation);
	FillColumns fill;
	List	   *sequences;

	if (table == NULL)
	{
		if (dist_tables_exist() && stmt->objtype == OBJECT_TABLE)
			check_local_constraints(stmt->relation->relname, stmt->cmds);
		if (stmt->objtype == OBJECT_TYPE || stmt->objtype == OBJECT_SEQUENCE)
			handle_object(call);
		else
			utility_standard(call);
		return;
	}
	check_alter_table(table, stmt);
	if (partition_attach_local(call, table))
		return;
	fill = fill_columns_prepare(table, stmt);
	sequences = getOwnedSequences(table->relid);
	run_with_names(call, table, true, fill_columns_names(&fill));
	set_sequence_ranges(fill.relid, sequences);
	fill_columns_finish(&fill);
}

void
handle_create_index(UtilityCall * call)
{
	IndexStmt  *stmt = castNode(IndexStmt, call->stmt);
	DistTable  *table = find_table(stmt->relation);

	if (table == NULL)
	{
		utility_standard(call);
		return;
	}
	check_create_index(table, stmt);
	if (stmt->concurrent)
		create_index_concurrently(call, table->relid);
	else
		run_everywhere(call, table, true);
}

void
handle_reindex(UtilityCall * call)
{
	ReindexStmt *stmt = castNode(ReindexStmt, call->stmt);
	DistTable  *table = find_table(stmt->relation);
	ListCell   *lc;

	if (table == NULL)
	{
		utility_standard(call);
		return;
	}
	foreach(lc, stmt->params)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "concurrently") == 0 &&
			defGetBoolean(lfirst(lc)))
		{
			reindex_concurrently(call, table->relid);
			return;
		}
	}
	run_everywhere(call, table, true);
}

/* The table that a statement without special rules is about. */
static const RangeVar *
statement_table(Node *stmt)
{
	List	   *name;

	switch (nodeTag(stmt))
	{
		case T_CreatePolicyStmt:
			return ((CreatePolicyStmt *) stmt)->table;
		case T_AlterPolicyStmt:
			return ((AlterPolicyStmt *) stmt)->table;
		case T_ClusterStmt:
			return ((ClusterStmt *) stmt)->relation;
		case T_CreateStatsStmt:
			return list_length(((CreateStatsStmt *) stmt)->relations) == 1 &&
				IsA(linitial(((CreateStatsStmt *) stmt)->relations), RangeVar) ?
				linitial(((CreateStatsStmt *) stmt)->relations) : NULL;
		case T_DropStmt:
			name = list_copy(linitial_node(List, ((DropStmt *) stmt)->objects));
			return makeRangeVarFromNameList(list_truncate(name, list_length(name) - 1));
		default:
			return NULL;
	}
}

/* The distributed table that extended statistics belong to. */
static DistTable *
find_table_of_statistics(List *name)
{
	Oid			oid = get_statistics_object_oid(name, true);
	Oid			relid = OidIsValid(oid) ? StatisticsGetRelation(oid, true) : InvalidOid;

	return OidIsValid(relid) ? dist_table_find(relid) : NULL;
}

/* Policies (also DROP), CLUSTER, CREATE and ALTER STATISTICS. */
void
handle_table_statement(UtilityCall * call)
{
	Node	   *stmt = call->stmt;
	DistTable  *table = IsA(stmt, AlterStatsStmt) ?
		find_table_of_statistics(((AlterStatsStmt *) stmt)->defnames) :
		find_table(statement_table(stmt));

	if (table == NULL)
	{
		utility_standard(call);
		return;
	}
	if (IsA(stmt, CreatePolicyStmt) && table->kind != DIST_REFERENCE)
		check_policy(table, ((CreatePolicyStmt *) stmt)->qual,
					 ((CreatePolicyStmt *) stmt)->with_check);
	if (IsA(stmt, AlterPolicyStmt) && table->kind != DIST_REFERENCE)
		check_policy(table, ((AlterPolicyStmt *) stmt)->qual,
					 ((AlterPolicyStmt *) stmt)->with_check);
	run_everywhere(call, table, true);
}

/* The distribution column is known by name. */
static void
rename_key(const DistTable * table, const char *new_name)
{
	char	   *update = psprintf("UPDATE shardlite.distributed_table SET key_column = %s WHERE relid = %s",
								  quote_literal_cstr(new_name),
								  metadata_regclass(table->relid));

	metadata_write(update);
}

void
handle_rename(UtilityCall * call)
{
	RenameStmt *stmt = castNode(RenameStmt, call->stmt);
	DistTable  *table = stmt->renameType == OBJECT_STATISTIC_EXT ?
		find_table_of_statistics((List *) stmt->object) :
		find_table(stmt->relation);
	bool		is_key;

	if (table == NULL)
	{
		if (stmt->relation == NULL || stmt->renameType == OBJECT_ATTRIBUTE ||
			stmt->renameType == OBJECT_SEQUENCE)
			handle_object(call);
		else
			utility_standard(call);
		return;
	}
	is_key = stmt->renameType == OBJECT_COLUMN && table->kind == DIST_HASH &&
		strcmp(stmt->subname, get_attname(table->relid, table->key_attno, false)) == 0;
	/* a table's new name does not concern its shards */
	run_everywhere(call, table, stmt->renameType != OBJECT_TABLE ||
				   get_rel_relkind(RangeVarGetRelid(stmt->relation, NoLock, false)) == RELKIND_INDEX);
	if (is_key)
		rename_key(table, stmt->newname);
}

void
handle_set_schema(UtilityCall * call)
{
	AlterObjectSchemaStmt *stmt = castNode(AlterObjectSchemaStmt, call->stmt);
	DistTable  *table = find_table(stmt->relation);

	if (table != NULL)
		run_everywhere(call, table, false);
	else if (stmt->relation == NULL || stmt->objectType == OBJECT_SEQUENCE)
		handle_object(call);
	else
		utility_standard(call);
}

/* Whoever coordinates a statement locks his shell: lock all of them. */
void
handle_lock(UtilityCall * call)
{
	LockStmt   *stmt = castNode(LockStmt, call->stmt);
	ListCell   *lc;
	bool		distributed = false;

	foreach(lc, stmt->relations)
		distributed = distributed || find_table(lfirst_node(RangeVar, lc)) != NULL;
	utility_standard(call);
	if (distributed && local_node_id() == COORDINATOR_NODE_ID)
		ddl_run_on_others(utility_text(call), NIL);
}

void
handle_create_table(UtilityCall * call)
{
	CreateStmt *stmt = castNode(CreateStmt, call->stmt);

	if (dist_tables_exist())
	{
		check_create_table(stmt);
		if (stmt->partbound != NULL)
		{
			DistTable  *parent = find_table(linitial_node(RangeVar, stmt->inhRelations));

			if (parent != NULL)
			{
				partition_create(call, parent);
				return;
			}
		}
	}
	utility_standard(call);
}

static void
check_publication(List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		PublicationObjSpec *spec = lfirst_node(PublicationObjSpec, lc);
		DistTable  *table = spec->pubtable ? find_table(spec->pubtable->relation) : NULL;

		if (table != NULL && table->kind != DIST_REFERENCE)
			refuse_on_distributed(table->relid, "a publication",
								  "Its rows are in its shards; publish local or reference tables.");
	}
}

/* Statements that have no meaning on a table whose rows are elsewhere. */
void
handle_refused_on_shards(UtilityCall * call)
{
	DistTable  *table;

	if (IsA(call->stmt, CreateTrigStmt))
	{
		table = find_table(((CreateTrigStmt *) call->stmt)->relation);
		if (table != NULL)
			refuse_on_distributed(table->relid, "a trigger",
								  "Do in the statement or in a function what the trigger would do.");
	}
	else if (IsA(call->stmt, RuleStmt))
	{
		table = find_table(((RuleStmt *) call->stmt)->relation);
		if (table != NULL)
			refuse_on_distributed(table->relid, "a rule", "Use a view with rules on top of the table.");
	}
	else if (IsA(call->stmt, CreatePublicationStmt))
		check_publication(((CreatePublicationStmt *) call->stmt)->pubobjects);
	else if (IsA(call->stmt, AlterPublicationStmt))
		check_publication(((AlterPublicationStmt *) call->stmt)->pubobjects);
	utility_standard(call);
}
