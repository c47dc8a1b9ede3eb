/*
 * ddl_object.c
 *		Objects that are not per shard: types, functions, schemas, roles, ...
 *		The statement runs here and then, as typed, on every other node.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "commands/distribute.h"
#include "commands/shard_ddl.h"
#include "commands/utility_hook.h"
#include "metadata/node.h"

/* Temporary objects belong to this session and stay here. */
static bool
mentions_temporary(const char *command)
{
	return strstr(command, "pg_temp") != NULL;
}

/* Does the statement create or change the extension itself? */
static bool
is_own_extension(const Node *stmt)
{
	return IsA(stmt, CreateExtensionStmt) &&
		strcmp(((const CreateExtensionStmt *) stmt)->extname, "shardlite") == 0;
}

static void
run_on_all(UtilityCall * call)
{
	char	   *command = utility_text(call);

	ensure_coordinator();
	lock_cluster_nodes();
	utility_logical(call);
	CommandCounterIncrement();
	ddl_run_object_on_others(command);
}

void
handle_object(UtilityCall * call)
{
	if (list_length(node_list()) < 2 || is_own_extension(call->stmt) ||
		mentions_temporary(utility_text(call)))
		utility_logical(call);
	else
		run_on_all(call);
}

static bool
is_distributed(List *name)
{
	Oid			relid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);

	if (!OidIsValid(relid))
		return false;
	if (get_rel_relkind(relid) == RELKIND_INDEX ||
		get_rel_relkind(relid) == RELKIND_PARTITIONED_INDEX)
		relid = IndexGetRelation(relid, true);
	return OidIsValid(relid) && dist_table_find(relid) != NULL;
}

static bool
grants_on_distributed(const GrantStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		Oid			relid = RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true);

		if (OidIsValid(relid) && dist_table_find(relid) != NULL)
			return true;
	}
	return false;
}

/*
 * Privileges on tables are checked where a statement is coordinated, against
 * the shell: shards need none.
 */
void
handle_grant(UtilityCall * call)
{
	GrantStmt  *stmt = castNode(GrantStmt, call->stmt);

	if (stmt->targtype == ACL_TARGET_OBJECT && stmt->objtype == OBJECT_TABLE &&
		!grants_on_distributed(stmt))
		utility_standard(call);
	else
		handle_object(call);
}

void
handle_comment(UtilityCall * call)
{
	CommentStmt *stmt = castNode(CommentStmt, call->stmt);
	List	   *name;

	switch (stmt->objtype)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
			if (!is_distributed((List *) stmt->object))
				break;
			handle_object(call);
			return;
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_POLICY:
			name = list_copy((List *) stmt->object);
			if (list_length(name) < 2 ||
				!is_distributed(list_truncate(name, list_length(name) - 1)))
				break;
			handle_object(call);
			return;
		case OBJECT_DATABASE:
		case OBJECT_TABLESPACE:
		case OBJECT_LARGEOBJECT:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
			break;
		default:
			handle_object(call);
			return;
	}
	utility_standard(call);
}
