/*
 * partial_state.c
 *		The first phase of an aggregate, as an aggregate of its own.
 *
 *		shardlite_internal.partial(state type, 'avg(integer)', argument ...)
 *
 * runs the transition function of the named aggregate and returns the state as
 * another node can take it up with the combine function: a state of type
 * internal in the bytes of the serialization function, any other as it is.
 * The first argument is a NULL whose type says the type of the result; the
 * aggregate comes by name, because its OID is another on every node.
 *
 * What we are told must fit what the catalog says, since everybody can call
 * this: functions that take internal states crash on anything else.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "compat/aggregate_compat.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "parser/parse_agg.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Arguments of partial() before those of the aggregate. */
#define OWN_ARGS 2

/* One call site; lives as long as the plan node. */
typedef struct PartialAggregate
{
	Oid			oid;
	Oid			transtype;
	Oid			collation;
	int			nargs;			/* of the aggregate */
	Oid			argtypes[FUNC_MAX_ARGS];
	int16		translen;
	bool		transbyval;
	FmgrInfo	transfn;
	FmgrInfo	serialfn;		/* fn_oid is invalid unless transtype is internal */
	Datum		initial;
	bool		initial_isnull;
	FunctionCallInfo call;		/* of transfn */
}			PartialAggregate;

/* The state of one group; lives in the aggregate's context. */
typedef struct PartialState
{
	PartialAggregate *agg;
	Datum		value;
	bool		isnull;
	bool		no_value;		/* the first input becomes the value */
}			PartialState;

PG_FUNCTION_INFO_V1(shardlite_partial_step);
PG_FUNCTION_INFO_V1(shardlite_partial_result);

static void
refuse(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid call of a partial aggregate: %s", what)));
}

/* Types and name from the call; the aggregate's OID. */
static Oid
named_aggregate(PartialAggregate * agg, const Aggref *aggref)
{
	TargetEntry *name = lsecond_node(TargetEntry, aggref->args);
	Const	   *literal = (Const *) name->expr;
	ListCell   *lc;

	if (!IsA(literal, Const) || literal->constisnull)
		refuse("the aggregate's name is not a constant");
	for_each_from(lc, aggref->aggargtypes, OWN_ARGS)
		agg->argtypes[agg->nargs++] = lfirst_oid(lc);
	agg->collation = aggref->inputcollid;
	return DatumGetObjectId(DirectFunctionCall1(regprocedurein,
												CStringGetDatum(TextDatumGetCString(literal->constvalue))));
}

/* The right to run a function; the aggregate's support functions need its owner's. */
static void
check_execute(Oid function, ObjectType kind, Oid role)
{
	AclResult	result = compat_function_aclcheck(function, role);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, kind, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

/* Do the values have the types that the aggregate takes?  Returns its owner. */
static Oid
check_arguments(const PartialAggregate * agg)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(agg->oid));
	Form_pg_proc proc;
	Oid			declared[FUNC_MAX_ARGS];
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", agg->oid);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	owner = proc->proowner;
	if (proc->prokind != PROKIND_AGGREGATE || proc->pronargs != agg->nargs ||
		proc->provariadic == ANYOID)
		refuse("no such aggregate, or other arguments");
	memcpy(declared, proc->proargtypes.values, sizeof(Oid) * agg->nargs);
	(void) enforce_generic_type_consistency(agg->argtypes, declared, agg->nargs,
											proc->prorettype, false);
	for (int i = 0; i < agg->nargs; i++)
		if (!IsBinaryCoercible(agg->argtypes[i], declared[i]))
			refuse("an argument has another type");
	ReleaseSysCache(tuple);
	return owner;
}

static void
load_initial(PartialAggregate * agg, HeapTuple tuple)
{
	Datum		initial = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval,
									   &agg->initial_isnull);
	Oid			input;
	Oid			ioparam;

	if (agg->initial_isnull)
		return;
	getTypeInputInfo(agg->transtype, &input, &ioparam);
	agg->initial = OidInputFunctionCall(input, TextDatumGetCString(initial), ioparam, -1);
}

/* Functions, transition type and initial value of the aggregate. */
static void
load_aggregate(PartialAggregate * agg, Oid owner, Oid result_type, MemoryContext cxt)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(agg->oid));
	Form_pg_aggregate form;
	Expr	   *expr;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", agg->oid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	agg->transtype = resolve_aggregate_transtype(agg->oid, form->aggtranstype,
												 agg->argtypes, agg->nargs);
	if (form->aggkind != AGGKIND_NORMAL || !OidIsValid(form->aggcombinefn) ||
		(agg->transtype == INTERNALOID && !OidIsValid(form->aggserialfn)))
		refuse("the aggregate has no partial states");
	if (result_type != (agg->transtype == INTERNALOID ? BYTEAOID : agg->transtype))
		refuse("its state has another type");
	get_typlenbyval(agg->transtype, &agg->translen, &agg->transbyval);

	check_execute(agg->oid, OBJECT_AGGREGATE, GetUserId());
	check_execute(form->aggtransfn, OBJECT_FUNCTION, owner);
	fmgr_info_cxt(form->aggtransfn, &agg->transfn, cxt);
	build_aggregate_transfn_expr(agg->argtypes, agg->nargs, 0, false, agg->transtype,
								 agg->collation, form->aggtransfn, InvalidOid, &expr, NULL);
	fmgr_info_set_expr((Node *) expr, &agg->transfn);
	if (agg->transtype == INTERNALOID)
	{
		check_execute(form->aggserialfn, OBJECT_FUNCTION, owner);
		fmgr_info_cxt(form->aggserialfn, &agg->serialfn, cxt);
		build_aggregate_serialfn_expr(form->aggserialfn, &expr);
		fmgr_info_set_expr((Node *) expr, &agg->serialfn);
	}
	load_initial(agg, tuple);
	if (agg->transfn.fn_strict && agg->initial_isnull &&
		(agg->nargs == 0 || !IsBinaryCoercible(agg->argtypes[0], agg->transtype)))
		refuse("its first input cannot become its state");
	ReleaseSysCache(tuple);
}

/* What this call site is about; found out once. */
static PartialAggregate *
open_call_site(FunctionCallInfo fcinfo)
{
	MemoryContext cxt = fcinfo->flinfo->fn_mcxt;
	Aggref	   *aggref = AggGetAggref(fcinfo);
	PartialAggregate *agg;
	MemoryContext old;

	if (aggref == NULL || list_length(aggref->args) < OWN_ARGS ||
		list_length(aggref->args) != list_length(aggref->aggargtypes))
		refuse("not called as an aggregate");
	old = MemoryContextSwitchTo(cxt);
	agg = palloc0(sizeof(PartialAggregate));
	agg->oid = named_aggregate(agg, aggref);
	load_aggregate(agg, check_arguments(agg), linitial_oid(aggref->aggargtypes), cxt);
	agg->call = palloc0(SizeForFunctionCallInfo(agg->nargs + 1));
	InitFunctionCallInfoData(*agg->call, &agg->transfn, agg->nargs + 1,
							 agg->collation, fcinfo->context, NULL);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = agg;
	return agg;
}

static inline PartialAggregate *
call_site(FunctionCallInfo fcinfo)
{
	PartialAggregate *agg = fcinfo->flinfo->fn_extra;

	return agg != NULL ? agg : open_call_site(fcinfo);
}

/* A value that must outlive the row; expanded objects may stay what they are. */
static Datum
keep_value(const PartialAggregate * agg, Datum value, MemoryContext cxt)
{
	MemoryContext old;

	if (agg->transbyval)
		return value;
	if (DatumIsReadWriteExpandedObject(value, false, agg->translen) &&
		MemoryContextGetParent(DatumGetEOHP(value)->eoh_context) == cxt)
		return value;
	old = MemoryContextSwitchTo(cxt);
	value = datumCopy(value, false, agg->translen);
	MemoryContextSwitchTo(old);
	return value;
}

static void
free_value(const PartialAggregate * agg, Datum value)
{
	if (DatumIsReadWriteExpandedObject(value, false, agg->translen))
		DeleteExpandedObject(value);
	else
		pfree(DatumGetPointer(value));
}

static PartialState *
new_state(PartialAggregate * agg, MemoryContext cxt)
{
	PartialState *state = MemoryContextAllocZero(cxt, sizeof(PartialState));

	state->agg = agg;
	state->isnull = agg->initial_isnull;
	state->no_value = agg->initial_isnull;
	if (!agg->initial_isnull)
		state->value = keep_value(agg, agg->initial, cxt);
	return state;
}

/* One transition with the arguments that are in agg->call. */
static inline void
advance(PartialAggregate * agg, PartialState * state, MemoryContext cxt)
{
	Datum		value;
	bool		isnull;

	agg->call->isnull = false;
	agg->call->args[0].value = state->value;
	agg->call->args[0].isnull = state->isnull;
	value = FunctionCallInvoke(agg->call);
	isnull = agg->call->isnull;

	if (!agg->transbyval && (isnull || state->isnull || value != state->value))
	{
		if (!isnull)
			value = keep_value(agg, value, cxt);
		if (!state->isnull)
			free_value(agg, state->value);
	}
	state->value = isnull ? (Datum) 0 : value;
	state->isnull = isnull;
}

/* Copy the aggregate's arguments; is any of them NULL? */
static inline bool
take_arguments(PartialAggregate * agg, FunctionCallInfo fcinfo)
{
	bool		any_null = false;

	for (int i = 0; i < agg->nargs; i++)
	{
		agg->call->args[i + 1] = fcinfo->args[i + 1 + OWN_ARGS];
		any_null |= agg->call->args[i + 1].isnull;
	}
	return any_null;
}

/* partial_step(internal, anyelement, text, VARIADIC "any"): transition function. */
Datum
shardlite_partial_step(PG_FUNCTION_ARGS)
{
	PartialState *state;
	PartialAggregate *agg;
	MemoryContext cxt;
	bool		any_null;

	if (!AggCheckCallContext(fcinfo, &cxt))
		refuse("not called as an aggregate");
	agg = call_site(fcinfo);
	state = PG_ARGISNULL(0) ? new_state(agg, cxt) : (PartialState *) PG_GETARG_POINTER(0);
	any_null = take_arguments(agg, fcinfo);
	if (!agg->transfn.fn_strict)
		advance(agg, state, cxt);
	else if (any_null)
		 /* a strict function is not called */ ;
	else if (state->no_value)
	{
		state->value = keep_value(agg, agg->call->args[1].value, cxt);
		state->isnull = false;
		state->no_value = false;
	}
	else if (!state->isnull)
		advance(agg, state, cxt);
	PG_RETURN_POINTER(state);
}

/*
 * partial_result(internal, anyelement, text, VARIADIC "any"): final function.
 * Without any row the state is the initial one.
 */
Datum
shardlite_partial_result(PG_FUNCTION_ARGS)
{
	PartialState *state = PG_ARGISNULL(0) ? NULL : (PartialState *) PG_GETARG_POINTER(0);
	PartialAggregate *agg;
	LOCAL_FCINFO(call, 1);
	Datum		result;

	if (!AggCheckCallContext(fcinfo, NULL))
		refuse("not called as an aggregate");
	agg = state != NULL ? state->agg : call_site(fcinfo);
	InitFunctionCallInfoData(*call, &agg->serialfn, 1, InvalidOid, fcinfo->context, NULL);
	call->args[0].value = state != NULL ? state->value : agg->initial;
	call->args[0].isnull = state != NULL ? state->isnull : agg->initial_isnull;
	if (!OidIsValid(agg->serialfn.fn_oid))
	{
		if (call->args[0].isnull)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(MakeExpandedObjectReadOnly(call->args[0].value, false, agg->translen));
	}
	if (call->args[0].isnull && agg->serialfn.fn_strict)
		PG_RETURN_NULL();
	result = FunctionCallInvoke(call);
	if (call->isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
