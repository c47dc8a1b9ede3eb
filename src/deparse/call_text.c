/*
 * call_text.c
 *		Calls of distributed functions, as another node gets them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/delegated_call.h"
#include "deparse/call_text.h"
#include "deparse/query_text.h"
#include "deparse/shippable.h"
#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

Node *
call_key(Node *argument, const ShardGroup * group)
{
	Oid			from = exprType(argument);

	if (getBaseType(from) == group->key_type)
		return argument;
	return coerce_to_target_type(NULL, argument, from, group->key_type, -1,
								 COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
}

bool
call_arguments_can_travel(List *arguments)
{
	ListCell   *lc;

	foreach(lc, arguments)
	{
		Oid			type = exprType(lfirst(lc));

		if (type == RECORDOID || type == REFCURSOROID || !is_returnable_type(type))
			return false;
	}
	return true;
}

/* Types of other nodes have other OIDs: such a parameter is typed by name. */
static void
append_parameter(StringInfo sql, int number, Oid type)
{
	appendStringInfo(sql, "$%d", number);
	if (type >= FirstGenbkiObjectId)
		appendStringInfo(sql, "::%s", format_type_be_qualified(type));
}

static bool
append_arguments(StringInfo sql, HeapTuple procedure, const FuncExpr *call)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			count = get_func_arg_info(procedure, &types, &names, &modes);
	int			input = 0;

	for (int i = 0; i < count; i++)
	{
		char		mode = modes ? modes[i] : PROARGMODE_IN;

		appendStringInfoString(sql, i > 0 ? ", " : "");
		if (mode == PROARGMODE_OUT)
		{
			appendStringInfoString(sql, "NULL");
			continue;
		}
		if (mode == PROARGMODE_VARIADIC)
			appendStringInfoString(sql, "VARIADIC ");
		if (input == list_length(call->args))
			return false;
		append_parameter(sql, input + 1, exprType(list_nth(call->args, input)));
		input++;
	}
	return input == list_length(call->args);
}

char *
call_statement_text(const CallStmt *stmt)
{
	const FuncExpr *call = stmt->funcexpr;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	Form_pg_proc form;
	StringInfoData sql;
	bool		complete;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", call->funcid);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	initStringInfo(&sql);
	appendStringInfo(&sql, DELEGATED_CALL "CALL %s(",
					 quote_qualified_identifier(get_namespace_name(form->pronamespace),
												NameStr(form->proname)));
	complete = append_arguments(&sql, tuple, call);
	appendStringInfoChar(&sql, ')');
	ReleaseSysCache(tuple);
	return complete ? sql.data : NULL;
}

FragmentText
call_query_text(Query *query, FuncExpr *call)
{
	List	   *params = NIL;
	FragmentText text;
	ListCell   *lc;

	foreach(lc, call->args)
	{
		Param	   *param = makeNode(Param);

		param->paramkind = PARAM_EXTERN;
		param->paramid = list_length(params) + 1;
		param->paramtype = exprType(lfirst(lc));
		param->paramtypmod = exprTypmod(lfirst(lc));
		param->paramcollid = exprCollation(lfirst(lc));
		param->location = -1;
		params = lappend(params, param);
	}
	call->args = params;
	text = query_text(query);
	text.pieces = list_copy(text.pieces);
	linitial(text.pieces) = makeString(psprintf(DELEGATED_CALL "%s",
												strVal(linitial(text.pieces))));
	return text;
}
