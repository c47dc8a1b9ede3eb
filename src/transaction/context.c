/*
 * context.c
 *		Both ends of the context that travels with fragments.
 *
 * The coordinator sends SET shardlite.ctx = '<role><session user><settings>' in
 * the same flight as the statement, and only to connections that have another
 * one.
 *
 * The node takes it at the top level of a node session only.  It applies the
 * settings as SET would, so that they vanish if the transaction there aborts
 * (the coordinator knows and sends them again), and becomes the role: by user
 * id with SECURITY_LOCAL_USERID_CHANGE, so that code run by a fragment can
 * neither RESET ROLE nor SET SESSION AUTHORIZATION its way back to the trusted
 * user who made the connection, and so that the role needs no LOGIN.  The
 * role stays between transactions, like the settings: the next transaction
 * starts with it, and an abort goes back to what its start had.
 *
 * Whoever asks for session_user there is told the client's: policies, functions
 * in any language, DDL.  It gives no rights where no role can be set.
 *
 * shardlite.ctx itself holds the session user, so that an abort restores it.  No
 * SET reaches it (it is an internal setting), only the code below does.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/fault_point.h"
#include "common/node_session.h"
#include "common/session_settings.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "transaction/context.h"
#include "transaction/dtx_slots.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define CONTEXT_SETTING "shardlite.ctx"

static ProcessUtility_hook_type next_process_utility;

/* Node: session user's oid, and 1 if it is a superuser; "" before the first context. */
static char *context_session_user;

/* ------------------------------------------------------------- coordinator */

/* Instead of the current one; 0 = none. */
static uint64 given_generation = 0;
static const char *given_command;

void
context_use(uint64 generation, const char *command)
{
	given_generation = generation;
	given_command = command;
}

const char *
context_current(uint64 *generation)
{
	static char *command = NULL;
	static uint64 settings = 0;
	static Oid	role = InvalidOid;
	static Oid	session_user = InvalidOid;
	static uint64 current = 0;
	uint64		found;
	StringInfoData packed;
	char	   *made;

	if (given_generation != 0)
	{
		*generation = given_generation;
		return given_command;
	}
	found = session_settings_generation();

	if (command == NULL || found != settings || role != GetUserId() ||
		session_user != GetSessionUserId())
	{
		initStringInfo(&packed);
		pack_string(&packed, GetUserNameFromId(GetUserId(), false));
		pack_string(&packed, GetUserNameFromId(GetSessionUserId(), false));
		session_settings_pack(&packed);
		made = MemoryContextStrdup(TopMemoryContext,
								   psprintf("SET " CONTEXT_SETTING " = %s",
											quote_literal_cstr(packed.data)));
		if (command != NULL)
			pfree(command);
		command = made;
		settings = found;
		role = GetUserId();
		session_user = GetSessionUserId();
		current++;
	}
	*generation = current;
	return command;
}

/* -------------------------------------------------------------------- node */

static Oid
role_by_name(const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not exist on this node", name),
				 errhint("Create the role on every node of the cluster.")));
	return role;
}

static void
become_role(Oid role)
{
	Oid			user;
	int			sec_context;

	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(role, sec_context | SECURITY_LOCAL_USERID_CHANGE);
}

/* PostgreSQL changes the role with the session user, which is not wanted here. */
static void
assign_session_user(const char *value, void *extra)
{
	Oid			session_user;
	Oid			role;
	int			is_superuser = 1;
	int			sec_context;

	if (!node_session)
		return;
	if (sscanf(value, "%u %d", &session_user, &is_superuser) != 2)
		session_user = GetAuthenticatedUserId();
	if (session_user == GetSessionUserId())
		return;
	GetUserIdAndSecContext(&role, &sec_context);
	SetUserIdAndSecContext(role, 0);
	SetSessionAuthorization(session_user, is_superuser);
	SetUserIdAndSecContext(role, sec_context);
}

static void
context_apply(const char *text)
{
	const char *cursor = text;
	char	   *role = unpack_string(&cursor);
	char	   *session_user = unpack_string(&cursor);
	Oid			session_user_id;
	Oid			role_id;

	if (role == NULL || session_user == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("malformed context from another node")));
	role_id = role_by_name(role);
	session_user_id = role_by_name(session_user);
	session_settings_apply(&cursor);
	(void) set_config_option(CONTEXT_SETTING,
							 psprintf("%u %d", session_user_id, superuser_arg(session_user_id)),
							 PGC_INTERNAL, PGC_S_SESSION, GUC_ACTION_SET, true, ERROR, false);
	become_role(role_id);
}

const char *
context_setting_text(Node *statement, const char *name)
{
	VariableSetStmt *set;
	A_Const    *value;

	if (!IsA(statement, VariableSetStmt))
		return NULL;
	set = (VariableSetStmt *) statement;
	if (set->kind != VAR_SET_VALUE || set->is_local ||
		strcmp(set->name, name) != 0 || list_length(set->args) != 1)
		return NULL;
	value = linitial(set->args);
	if (!IsA(value, A_Const) || value->isnull || !IsA(&value->val, String))
		return NULL;
	return strVal(&value->val);
}

/*
 * A node session tells readers of shared memory whom it works for, from the
 * transaction in which it connects on.  At the end of others its part of a
 * distributed transaction is over, or prepared and no longer its own.
 */
static void
xact_ended(XactEvent event, void *arg)
{
	static bool connected = false;
	int32		node_id;
	int			pid;

	if (!node_session ||
		(event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	dtx_slot_join(0, 0);
	if (!connected && node_session_origin(&node_id, &pid))
		dtx_slot_serve(node_id, pid);
	connected = true;
}

static void
set_mode(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
							 ERROR, false);
}

/* BEGIN without modes means these, whatever this session's defaults have become. */
static void
set_usual_modes(void)
{
	if (XactIsoLevel != XACT_READ_COMMITTED)
		set_mode("transaction_isolation", "read committed");
	if (XactReadOnly)
		set_mode("transaction_read_only", "off");
	if (XactDeferrable)
		set_mode("transaction_deferrable", "off");
}

/* A block begins: of which distributed transaction is it a part? */
static void
join_dtx(const TransactionStmt *begin, const char *source)
{
	const char *mark = strstr(source, BEGIN_DTX_MARK);
	char	   *end;
	uint64		number;

	if (mark == NULL)
		return;
	if (begin->options == NIL)
		set_usual_modes();
	number = strtou64(mark + strlen(BEGIN_DTX_MARK), &end, 10);
	dtx_slot_join(number, strtoi64(end, NULL, 10));
}

static void
follow_block(const TransactionStmt *statement, const char *source)
{
	if (statement->kind == TRANS_STMT_BEGIN)
		join_dtx(statement, source);
	else if (statement->kind == TRANS_STMT_COMMIT || statement->kind == TRANS_STMT_ROLLBACK)
		FAULT_POINT(block_before_end);
}

static void
context_process_utility(PlannedStmt *pstmt, const char *source, bool read_only_tree,
						ProcessUtilityContext context, ParamListInfo params,
						QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	const char *text = NULL;

	if (node_session && context == PROCESS_UTILITY_TOPLEVEL)
	{
		text = context_setting_text(pstmt->utilityStmt, CONTEXT_SETTING);
		if (IsA(pstmt->utilityStmt, TransactionStmt))
			follow_block((TransactionStmt *) pstmt->utilityStmt, source);
	}
	if (text != NULL)
	{
		context_apply(text);
		return;
	}
	if (next_process_utility)
		next_process_utility(pstmt, source, read_only_tree, context, params, env, dest, qc);
	else
		standard_ProcessUtility(pstmt, source, read_only_tree, context, params, env, dest, qc);
}

void
context_init(void)
{
	DefineCustomStringVariable(CONTEXT_SETTING,
							   "Session user of the other node whose statements run here.",
							   NULL,
							   &context_session_user,
							   "",
							   PGC_INTERNAL,
							   GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE |
							   GUC_DISALLOW_IN_FILE,
							   NULL, assign_session_user, NULL);
	RegisterXactCallback(xact_ended, NULL);
	next_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = context_process_utility;
}
