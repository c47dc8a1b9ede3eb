/*
 * deferred_value.c
 *		Values that are computed here before it is known whether a row needs them.
 *
 * A stable expression that only this server can compute is evaluated before
 * its fragment starts.  On one server it would be evaluated when a row needs
 * it, and fail only then.  So a failure is kept: the fragment gets the error
 * as a parameter and says deferred(value, error), which raises it when it is
 * evaluated (deparse/shippable.c).  The subtransaction undoes what the
 * expression had begun.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/deferred_value.h"
#include "executor/executor.h"
#include "executor/nodeSubplan.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"

bool
deferred_value_is(Node *node)
{
	FuncExpr   *call = (FuncExpr *) node;
	char	   *name;

	if (!IsA(node, FuncExpr) || call->funcid < FirstNormalObjectId ||
		list_length(call->args) != 2)
		return false;
	name = get_func_name(call->funcid);
	return name != NULL && strcmp(name, "deferred") == 0 &&
		get_func_namespace(call->funcid) == get_namespace_oid("shardlite_internal", true);
}

/* Outputs of subplans: what fails in them fails as ever. */
static bool
run_subplans_walker(Node *node, void *arg)
{
	ExprContext *econtext = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		ParamExecData *param = &econtext->ecxt_param_exec_vals[((Param *) node)->paramid];

		if (param->execPlan != NULL)
			ExecSetParamPlan(param->execPlan, econtext);
		return false;
	}
	return expression_tree_walker(node, run_subplans_walker, arg);
}

static void
put_text(StringInfo buf, const char *text)
{
	pq_sendbyte(buf, text != NULL);
	if (text != NULL)
		appendBinaryStringInfo(buf, text, strlen(text) + 1);
}

static bytea *
pack_error(const ErrorData *error)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint32(&buf, error->sqlerrcode);
	put_text(&buf, error->message);
	put_text(&buf, error->detail);
	put_text(&buf, error->hint);
	put_text(&buf, error->context);
	return pq_endtypsend(&buf);
}

bool
deferred_value_eval(Node *node, ExprContext *econtext, Datum *value, bool *isnull)
{
	Expr	   *expr = linitial(castNode(FuncExpr, node)->args);
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool succeeded = true;

	(void) run_subplans_walker((Node *) expr, econtext);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(old);
	PG_TRY();
	{
		/* what functions keep in a state may not survive their failure */
		*value = ExecEvalExprSwitchContext(ExecInitExpr(expr, NULL), econtext, isnull);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(old);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(old);
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_ASSERT_FAILURE)
			ReThrowError(error);
		*value = PointerGetDatum(pack_error(error));
		succeeded = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return succeeded;
}

static const char *
get_text(StringInfo buf)
{
	return pq_getmsgbyte(buf) != 0 ? pq_getmsgrawstring(buf) : NULL;
}

/* Raise the error that pack_error() has packed. */
static void
raise_error(bytea *packed)
{
	StringInfoData buf;
	int			code;
	const char *message;
	const char *detail;
	const char *hint;
	const char *context;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
	code = pq_getmsgint(&buf, 4);
	message = get_text(&buf);
	detail = get_text(&buf);
	hint = get_text(&buf);
	context = get_text(&buf);
	pq_getmsgend(&buf);
	ereport(ERROR,
			(errcode(code),
			 errmsg_internal("%s", message != NULL ? message : ""),
			 detail != NULL ? errdetail_internal("%s", detail) : 0,
			 hint != NULL ? errhint("%s", hint) : 0,
			 context != NULL ? errcontext_msg("%s", context) : 0));
}

/*
 * shardlite_internal.deferred(value anyelement, error bytea): the value, or
 * its error.
 */
PG_FUNCTION_INFO_V1(shardlite_deferred);
Datum
shardlite_deferred(PG_FUNCTION_ARGS)
{
	if (!PG_ARGISNULL(1))
		raise_error(PG_GETARG_BYTEA_PP(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * shardlite_internal.deferred_error(value anyelement): stands for the second
 * parameter, the error of the one before it.  A value has none.
 */
PG_FUNCTION_INFO_V1(shardlite_deferred_error);
Datum
shardlite_deferred_error(PG_FUNCTION_ARGS)
{
	PG_RETURN_NULL();
}
