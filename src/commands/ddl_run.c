/*
 * ddl_run.c
 *		Run DDL statements from their text on this node: as typed, or once per
 *		shard with the names in the parse tree replaced.
 *
 * The SQL functions serve the coordinator.  They change nobody's privileges:
 * everything runs under the role that the node session has at the moment, and
 * that role must be allowed to do what the statement does.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "commands/ddl_fill.h"
#include "commands/ddl_names.h"
#include "commands/ddl_run.h"
#include "common/node_session.h"

PG_FUNCTION_INFO_V1(shardlite_run_on_shards);
PG_FUNCTION_INFO_V1(shardlite_run_as_typed);

static int	running = 0;

bool
ddl_running(void)
{
	return running > 0;
}

static void
run_statement(Node *stmt, const char *command, ProcessUtilityContext context)
{
	PlannedStmt *pstmt = makeNode(PlannedStmt);

	pstmt->commandType = CMD_UTILITY;
	pstmt->utilityStmt = stmt;
	pstmt->stmt_location = -1;
	running++;
	PG_TRY();
	{
		ProcessUtility(pstmt, command, false, context,
					   NULL, NULL, None_Receiver, NULL);
	}
	PG_FINALLY();
	{
		running--;
	}
	PG_END_TRY();
}

/*
 * A subcommand's context keeps event triggers quiet: the user's statement
 * fires them once, on the coordinator.
 */
static void
run_on_this_node(Node *stmt, const char *command)
{
	run_statement(stmt, command, PROCESS_UTILITY_SUBCOMMAND);
	CommandCounterIncrement();
}

/* Of the tables and sequences of a GRANT, those that this node has. */
static void
keep_known_relations(GrantStmt *stmt)
{
	List	   *kept = NIL;
	ListCell   *lc;

	if (stmt->targtype != ACL_TARGET_OBJECT ||
		(stmt->objtype != OBJECT_TABLE && stmt->objtype != OBJECT_SEQUENCE))
		return;
	foreach(lc, stmt->objects)
	{
		if (OidIsValid(RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true)))
			kept = lappend(kept, lfirst(lc));
	}
	stmt->objects = kept;
}

void
ddl_run_on_shards(const char *command, List *object_names, List *names,
				  const int64 *shard_ids, int nshards)
{
	Node	   *parsed = ddl_parse(command);

	ddl_fill_names(parsed, object_names);
	for (int i = 0; i < nshards; i++)
	{
		Node	   *stmt = copyObject(parsed);

		CHECK_FOR_INTERRUPTS();
		if (ddl_names_replace(stmt, names, shard_ids[i]))
			run_on_this_node(stmt, command);
	}
}

/* Of a sequence's options, the one that is not about the values it gives. */
static List *
keep_option(List *options, const char *name)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, name) == 0)
			kept = lappend(kept, lfirst(lc));
	}
	return kept;
}

/* Sequences keep the range of values that they have here: sequence_range.c. */
static void
keep_identity_ranges(AlterTableStmt *stmt)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_SetIdentity)
			cmd->def = (Node *) keep_option((List *) cmd->def, "generated");
		if (cmd->subtype != AT_SetIdentity || cmd->def != NULL)
			kept = lappend(kept, cmd);
	}
	stmt->cmds = kept;
}

/* Changes that make a statement fit for a node that is not the user's. */
static void
adapt_statement(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			ddl_skip_validation(stmt);
			keep_identity_ranges((AlterTableStmt *) stmt);
			break;
		case T_AlterSeqStmt:
			((AlterSeqStmt *) stmt)->options =
				keep_option(((AlterSeqStmt *) stmt)->options, "owned_by");
			break;
		case T_CreateSchemaStmt:
			/* tables made along with a schema stay where the user is */
			((CreateSchemaStmt *) stmt)->schemaElts = NIL;
			break;
		case T_DropStmt:
			((DropStmt *) stmt)->missing_ok = true;
			break;
		case T_DropRoleStmt:
			((DropRoleStmt *) stmt)->missing_ok = true;
			break;
		case T_GrantStmt:
			keep_known_relations((GrantStmt *) stmt);
			break;
		default:
			break;
	}
}

void
ddl_run_as_typed(const char *command, List *object_names)
{
	Node	   *stmt = ddl_parse(command);
	Oid			user;
	int			context;

	ddl_fill_names(stmt, object_names);
	adapt_statement(stmt);
	/* what a foreign key asks of a shell, it asks of an empty table */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_NOFORCE_RLS);
	run_on_this_node(stmt, command);
	SetUserIdAndSecContext(user, context);
}

void
ddl_run_toplevel(const char *command)
{
	MemoryContext cxt = CurrentMemoryContext;

	PushActiveSnapshot(GetTransactionSnapshot());
	run_statement(ddl_parse(command), command, PROCESS_UTILITY_TOPLEVEL);
	/* the statement may have ended the transaction and begun another */
	MemoryContextSwitchTo(cxt);
	while (ActiveSnapshotSet())
		PopActiveSnapshot();
}

char *
ddl_options_text(List *options)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		appendStringInfo(&text, "%s%s%s%s", text.len > 0 ? ", " : "",
						 option->defname, option->arg ? " " : "",
						 option->arg ? defGetString(option) : "");
	}
	return text.data;
}

static bool
is_missing_object(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_UNDEFINED_OBJECT ||
		sqlerrcode == ERRCODE_UNDEFINED_TABLE ||
		sqlerrcode == ERRCODE_UNDEFINED_FUNCTION ||
		sqlerrcode == ERRCODE_UNDEFINED_COLUMN ||
		sqlerrcode == ERRCODE_UNDEFINED_DATABASE ||
		sqlerrcode == ERRCODE_UNDEFINED_SCHEMA;
}

/* The same; nothing happens when it needs an object that is not here. */
static void
run_if_possible(const char *command, List *object_names)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile failure = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		ddl_run_as_typed(command, object_names);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(cxt);
		failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cxt);
	CurrentResourceOwner = owner;
	if (failure != NULL && !is_missing_object(failure->sqlerrcode))
		ReThrowError(failure);
	if (failure != NULL)
		ereport(DEBUG1,
				(errmsg_internal("statement does not concern this node: %s",
								 failure->message)));
}

/* ------------------------------------------------------- SQL functions */

static void
ensure_node_session(void)
{
	if (!node_session)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("this function is for the nodes of a cluster among themselves")));
}

static List *
strings_from_array(ArrayType *array)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	List	   *result = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		result = lappend(result, nulls[i] ? pstrdup("") : TextDatumGetCString(values[i]));
	return result;
}

/* Four strings per entry, as shard_ddl.c writes them. */
static List *
names_from_strings(List *strings)
{
	List	   *names = NIL;

	for (int i = 0; i + 3 < list_length(strings); i += 4)
	{
		DdlName    *name = palloc(sizeof(DdlName));

		name->kind = *(char *) list_nth(strings, i);
		name->schema = list_nth(strings, i + 1);
		name->name = list_nth(strings, i + 2);
		name->prefix = list_nth(strings, i + 3);
		names = lappend(names, name);
	}
	return names;
}

/* The coordinator's settings that decide what a statement means. */
static int
begin_settings(const char *search_path)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("search_path", search_path, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	/* the coordinator has said it already */
	(void) set_config_option("client_min_messages", "error", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("check_function_bodies", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/*
 * SQL: run_on_shards(commands text[], object_names text[], names text[],
 *					  search_path text, shard_ids bigint[])
 *
 * Each command for every shard; object_names belong to the first command.
 */
Datum
shardlite_run_on_shards(PG_FUNCTION_ARGS)
{
	List	   *commands = strings_from_array(PG_GETARG_ARRAYTYPE_P(0));
	List	   *object_names = strings_from_array(PG_GETARG_ARRAYTYPE_P(1));
	List	   *names = names_from_strings(strings_from_array(PG_GETARG_ARRAYTYPE_P(2)));
	Datum	   *ids;
	int			nids;
	int			level;
	ListCell   *lc;

	ensure_node_session();
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &ids, NULL, &nids);
	level = begin_settings(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	foreach(lc, commands)
	{
		/* a Datum holds an int8 by value wherever PostgreSQL is built today */
		ddl_run_on_shards(lfirst(lc), object_names, names, (int64 *) ids, nids);
		object_names = NIL;
	}
	AtEOXact_GUC(false, level);
	PG_RETURN_VOID();
}

/*
 * SQL: run_as_typed(command text, object_names text[], search_path text,
 *					 skip_missing boolean)
 */
Datum
shardlite_run_as_typed(PG_FUNCTION_ARGS)
{
	char	   *command = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *object_names = strings_from_array(PG_GETARG_ARRAYTYPE_P(1));
	int			level;

	ensure_node_session();
	level = begin_settings(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	if (PG_GETARG_BOOL(3))
		run_if_possible(command, object_names);
	else
		ddl_run_as_typed(command, object_names);
	AtEOXact_GUC(false, level);
	PG_RETURN_VOID();
}
