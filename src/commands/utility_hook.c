/*
 * utility_hook.c
 *		ProcessUtility_hook: which utility statements concern the cluster, and
 *		who handles them.
 *
 * Statements of node sessions, of our own DDL and of extension scripts pass,
 * as do the parts into which PostgreSQL splits a statement.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "nodes/nodes.h"
#include "tcop/utility.h"

#include "commands/ddl_run.h"
#include "commands/utility_hook.h"
#include "common/node_session.h"
#include "metadata/metadata_cache.h"
#include "metadata/shard_names.h"
#include "remote/connection.h"

typedef void (*UtilityHandler) (UtilityCall * call);

static const struct
{
	NodeTag		tag;
	UtilityHandler handler;
}			handlers[] = {
	{T_AlterTableStmt, handle_alter_table},
	{T_IndexStmt, handle_create_index},
	{T_RenameStmt, handle_rename},
	{T_AlterObjectSchemaStmt, handle_set_schema},
	{T_CreatePolicyStmt, handle_table_statement},
	{T_AlterPolicyStmt, handle_table_statement},
	{T_CreateStatsStmt, handle_table_statement},
	{T_AlterStatsStmt, handle_table_statement},
	{T_ClusterStmt, handle_table_statement},
	{T_ReindexStmt, handle_reindex},
	{T_LockStmt, handle_lock},
	{T_ConstraintsSetStmt, handle_set_constraints},
	{T_CreateStmt, handle_create_table},
	{T_CreateTrigStmt, handle_refused_on_shards},
	{T_RuleStmt, handle_refused_on_shards},
	{T_CreatePublicationStmt, handle_refused_on_shards},
	{T_AlterPublicationStmt, handle_refused_on_shards},
	{T_TruncateStmt, handle_truncate},
	{T_VacuumStmt, handle_vacuum},
	{T_DropStmt, handle_drop},
	{T_DropOwnedStmt, handle_drop_owned},
	{T_GrantStmt, handle_grant},
	{T_CommentStmt, handle_comment},
	{T_CopyStmt, handle_copy},
	{T_CallStmt, handle_call},

	{T_AlterCollationStmt, handle_object},
	{T_AlterDefaultPrivilegesStmt, handle_object},
	{T_AlterDomainStmt, handle_object},
	{T_AlterEnumStmt, handle_object},
	{T_AlterExtensionContentsStmt, handle_object},
	{T_AlterExtensionStmt, handle_object},
	{T_AlterFunctionStmt, handle_object},
	{T_AlterObjectDependsStmt, handle_object},
	{T_AlterOpFamilyStmt, handle_object},
	{T_AlterOperatorStmt, handle_object},
	{T_AlterOwnerStmt, handle_object},
	{T_AlterRoleSetStmt, handle_object},
	{T_AlterRoleStmt, handle_object},
	{T_AlterSeqStmt, handle_object},
	{T_AlterTSConfigurationStmt, handle_object},
	{T_AlterTSDictionaryStmt, handle_object},
	{T_AlterTypeStmt, handle_object},
	{T_CompositeTypeStmt, handle_object},
	{T_CreateCastStmt, handle_object},
	{T_CreateConversionStmt, handle_object},
	{T_CreateDomainStmt, handle_object},
	{T_CreateEnumStmt, handle_object},
	{T_CreateExtensionStmt, handle_object},
	{T_CreateFunctionStmt, handle_object},
	{T_CreateOpClassStmt, handle_object},
	{T_CreateOpFamilyStmt, handle_object},
	{T_CreateRangeStmt, handle_object},
	{T_CreateRoleStmt, handle_object},
	{T_CreateSchemaStmt, handle_object},
	{T_DefineStmt, handle_object},
	{T_DropRoleStmt, handle_object},
	{T_GrantRoleStmt, handle_object},
	{T_ReassignOwnedStmt, handle_object},
};

static ProcessUtility_hook_type next_hook = NULL;

static UtilityHandler
find_handler(const Node *stmt)
{
	for (int i = 0; i < lengthof(handlers); i++)
	{
		if (handlers[i].tag == nodeTag(stmt))
			return handlers[i].handler;
	}
	return NULL;
}

void
utility_standard(UtilityCall * call)
{
	if (next_hook)
		next_hook(call->pstmt, call->query_string, false, call->context,
				  call->params, call->env, call->dest, call->qc);
	else
		standard_ProcessUtility(call->pstmt, call->query_string, false,
								call->context, call->params, call->env,
								call->dest, call->qc);
}

char *
utility_text(const UtilityCall * call)
{
	const char *text = call->query_string;

	if (call->pstmt->stmt_location > 0)
		text += call->pstmt->stmt_location;
	if (call->pstmt->stmt_location >= 0 && call->pstmt->stmt_len > 0)
		return pnstrdup(text, call->pstmt->stmt_len);
	return pstrdup(text);
}

static void
shardlite_utility(PlannedStmt *pstmt, const char *query_string,
				  bool read_only_tree, ProcessUtilityContext context,
				  ParamListInfo params, QueryEnvironment *env,
				  DestReceiver *dest, QueryCompletion *qc)
{
	UtilityHandler handler = find_handler(pstmt->utilityStmt);
	UtilityCall call = {
		.pstmt = pstmt,
		.query_string = query_string,
		.context = context,
		.params = params,
		.env = env,
		.dest = dest,
		.qc = qc,
	};

	if (handler == NULL || context == PROCESS_UTILITY_SUBCOMMAND ||
		node_session || ddl_running() || creating_extension ||
		!metadata_cache()->installed)
	{
		if (next_hook)
			next_hook(pstmt, query_string, read_only_tree, context, params,
					  env, dest, qc);
		else
			standard_ProcessUtility(pstmt, query_string, read_only_tree, context,
									params, env, dest, qc);
		return;
	}
	call.pstmt = copyObject(pstmt);
	call.stmt = call.pstmt->utilityStmt;
	handler(&call);
}

void
utility_hook_init(void)
{
	next_hook = ProcessUtility_hook;
	ProcessUtility_hook = shardlite_utility;
	remote_logical_names_hook = logical_names_in_text;
	drop_init();
}
