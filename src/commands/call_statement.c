/*
 * call_statement.c
 *		CALL of a distributed procedure.
 *
 * The arguments are evaluated once: they go to the node of the key, or become
 * constants of the statement when it runs here.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/utility_hook.h"
#include "compat/catalog_compat.h"
#include "deparse/call_text.h"
#include "deparse/shippable.h"
#include "executor/delegate.h"
#include "executor/executor.h"
#include "metadata/dist_function.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

/* Replace the arguments by their values, as ExecuteCallStmt() evaluates them. */
static void
evaluate_arguments(FuncExpr *expr, ParamListInfo params)
{
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext;
	ListCell   *lc;

	estate->es_param_list_info = params;
	econtext = CreateExprContext(estate);
	PushActiveSnapshot(GetTransactionSnapshot());
	foreach(lc, expr->args)
	{
		Node	   *argument = lfirst(lc);
		ExprState  *state = ExecPrepareExpr((Expr *) argument, estate);
		Oid			type = exprType(argument);
		int16		length;
		bool		by_value;
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(state, econtext, &isnull);

		get_typlenbyval(type, &length, &by_value);
		lfirst(lc) = makeConst(type, exprTypmod(argument), exprCollation(argument), length,
							   isnull ? (Datum) 0 : datumCopy(value, by_value, length),
							   isnull, by_value);
	}
	PopActiveSnapshot();
	FreeExecutorState(estate);
}

static FragmentParams *
make_params(const List *constants)
{
	FragmentParams *params = fragment_params_create(list_length(constants));

	for (int i = 0; i < params->count; i++)
	{
		Const	   *constant = list_nth_node(Const, constants, i);

		params->types[i] = constant->consttype;
		params->values[i] = constant->constvalue;
		params->isnull[i] = constant->constisnull;
	}
	return params;
}

/* The node that owns the key among these values, or 0. */
static int32
choose_node(const FuncExpr *expr)
{
	DistFunction *function = dist_function_find(expr->funcid);
	Node	   *key;

	if (function->argument >= list_length(expr->args))
		return 0;
	key = call_key(list_nth(expr->args, function->argument), function->group);
	if (key != NULL)
		key = eval_const_expressions(NULL, key);
	if (key == NULL || !IsA(key, Const))
		return 0;
	return delegate_node(expr->funcid, ((Const *) key)->constvalue, ((Const *) key)->constisnull);
}

static bool
can_return(TupleDesc desc)
{
	for (int i = 0; desc != NULL && i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		if (type == REFCURSOROID || !is_returnable_type(type))
			return false;
	}
	return true;
}

/* Hand the output parameters to the client, or to the code that called. */
static void
send_row(UtilityCall * call, TupleDesc desc, Tuplestorestate *rows)
{
	TupOutputState *output = begin_tup_output_tupdesc(call->dest, desc, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(rows, true, false, output->slot))
		output->dest->receiveSlot(output->slot, output->dest);
	end_tup_output(output);
}

/* Send the call; false when it has to run here. */
static bool
call_elsewhere(UtilityCall * call, CallStmt *stmt, TupleDesc desc, int32 node_id)
{
	char	   *sql = call_statement_text(stmt);
	DelegatedCall delegated = {
		.funcid = stmt->funcexpr->funcid,
		.node_id = node_id,
		.sql = sql,
		.params = make_params(stmt->funcexpr->args),
		.writes = true,
	};

	if (sql == NULL)
		return false;
	if (desc != NULL)
	{
		delegated.map = row_map_create(desc, NIL, InvalidOid, NIL, false, false);
		delegated.rows = tuplestore_begin_heap(false, false, work_mem);
	}
	if (!delegate_call(&delegated))
		return false;
	if (desc != NULL)
		send_row(call, desc, delegated.rows);
	return true;
}

void
handle_call(UtilityCall * call)
{
	CallStmt   *stmt = castNode(CallStmt, call->stmt);
	FuncExpr   *expr = stmt->funcexpr;

	if (dist_function_find(expr->funcid) != NULL && compat_may_execute(expr->funcid, GetUserId()))
	{
		TupleDesc	desc = CallStmtResultDesc(stmt);

		if (call_arguments_can_travel(expr->args) && can_return(desc))
		{
			int32		node_id;

			evaluate_arguments(expr, call->params);
			node_id = choose_node(expr);
			if (node_id != 0 && call_elsewhere(call, stmt, desc, node_id))
				return;
		}
	}
	utility_standard(call);
}
