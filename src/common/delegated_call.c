/*
 * delegated_call.c
 *		Is this backend running a call that another node has sent?
 */
#include "postgres.h"

#include "common/delegated_call.h"
#include "common/node_session.h"
#include "tcop/tcopprot.h"

/* Something was refused in the call that runs now. */
static bool spoiled = false;

bool
in_delegated_call(void)
{
	return node_session && debug_query_string != NULL &&
		strncmp(debug_query_string, DELEGATED_CALL, sizeof(DELEGATED_CALL) - 1) == 0;
}

void
delegated_call_refuse(const char *what)
{
	spoiled = true;
	ereport(ERROR,
			(errcode(ERRCODE_CALL_NOT_DELEGATED),
			 errmsg("cannot run on this node what uses %s", what)));
}

bool
delegated_call_is_refusal(int sqlcode)
{
	switch (ERRCODE_TO_CATEGORY(sqlcode))
	{
		case ERRCODE_TO_CATEGORY(ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION):
		case ERRCODE_TO_CATEGORY(ERRCODE_INVALID_SCHEMA_NAME):
		case ERRCODE_TO_CATEGORY(ERRCODE_INVALID_CURSOR_NAME):
		case ERRCODE_TO_CATEGORY(ERRCODE_INVALID_SQL_STATEMENT_NAME):
		case ERRCODE_TO_CATEGORY(ERRCODE_FEATURE_NOT_SUPPORTED):
		case ERRCODE_TO_CATEGORY(ERRCODE_INVALID_TRANSACTION_STATE):
		case ERRCODE_TO_CATEGORY(ERRCODE_INVALID_TRANSACTION_TERMINATION):
			return true;
		default:
			/* also currval(), and a sequence too small for a share of each node */
			return sqlcode == ERRCODE_CALL_NOT_DELEGATED ||
				sqlcode == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE ||
				sqlcode == ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED;
	}
}

void
delegated_call_spoil(void)
{
	spoiled = true;
}

void
delegated_call_check(void)
{
	if (spoiled)
		delegated_call_refuse("what was refused before");
}

void
delegated_call_reset(void)
{
	spoiled = false;
}
