/*
 * fragment_params.c
 *		Evaluates and encodes the parameters of fragments.
 */
#include "postgres.h"

#include "executor/deferred_value.h"
#include "executor/executor.h"
#include "executor/fragment_params.h"
#include "executor/value_codec.h"
#include "nodes/nodeFuncs.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

FragmentParams *
fragment_params_create(int count)
{
	/* one piece of memory: a short statement needs two of these */
	FragmentParams *params = palloc0(sizeof(FragmentParams) +
									 (sizeof(Datum) + sizeof(Oid) + sizeof(bool)) * count);

	params->count = count;
	params->values = (Datum *) (params + 1);
	params->types = (Oid *) (params->values + count);
	params->isnull = (bool *) (params->types + count);
	return params;
}

FragmentParams *
fragment_params_copy(const FragmentParams * params)
{
	FragmentParams *copy = fragment_params_create(params->count);

	copy->spec = params->spec;
	copy->first = params->first;
	memcpy(copy->types, params->types, sizeof(Oid) * params->count);
	memcpy(copy->values, params->values, sizeof(Datum) * params->count);
	memcpy(copy->isnull, params->isnull, sizeof(bool) * params->count);
	return copy;
}

ParamSpec *
param_spec_of_types(int count, const Oid *types)
{
	ParamSpec  *spec = palloc0(sizeof(ParamSpec));

	spec->cxt = CurrentMemoryContext;
	spec->count = count;
	spec->types = palloc(sizeof(Oid) * Max(count, 1));
	spec->typlen = palloc(sizeof(int16) * Max(count, 1));
	spec->typbyval = palloc(sizeof(bool) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		spec->types[i] = types[i];
		get_typlenbyval(types[i], &spec->typlen[i], &spec->typbyval[i]);
	}
	return spec;
}

ParamSpec *
param_spec_create(List *exprs)
{
	int			count = list_length(exprs);
	Oid		   *types = palloc(sizeof(Oid) * Max(count, 1));
	ParamSpec  *spec;

	for (int i = 0; i < count; i++)
		types[i] = exprType(list_nth(exprs, i));
	spec = param_spec_of_types(count, types);
	for (int i = 0; i < count; i++)
	{
		if (deferred_value_is(list_nth(exprs, i)))
			spec->deferred = bms_add_member(spec->deferred, i);
	}
	return spec;
}

/* Evaluate parameter i; a deferred value's error goes to the one behind it. */
static Datum
eval_param(FragmentParams * params, int i, ExprState *state, ExprContext *econtext)
{
	Datum		value;

	if (!bms_is_member(params->first + i, params->spec->deferred))
		return ExecEvalExprSwitchContext(state, econtext, &params->isnull[i]);
	params->isnull[i + 1] = true;
	if (deferred_value_eval((Node *) state->expr, econtext, &value, &params->isnull[i]))
		return value;
	params->values[i + 1] = value;
	params->isnull[i + 1] = false;
	params->isnull[i] = true;
	return (Datum) 0;
}

FragmentParams *
fragment_params_eval(List *states, ParamSpec * spec, int first, int count,
					 ExprContext *econtext)
{
	FragmentParams *params = fragment_params_create(count);

	params->spec = spec;
	params->first = first;
	for (int i = 0; i < count; i++)
	{
		int			n = first + i;
		Datum		value;

		params->types[i] = spec->types[n];
		if (i > 0 && bms_is_member(n - 1, spec->deferred))
			continue;
		value = eval_param(params, i, list_nth(states, n), econtext);
		if (!params->isnull[i])
			params->values[i] = datumCopy(value, spec->typbyval[n], spec->typlen[n]);
	}
	return params;
}

ParamListInfo
fragment_params_list(FragmentParams * params)
{
	if (params == NULL || params->count == 0)
		return NULL;
	if (params->list == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(params));

		params->list = makeParamList(params->count);
		MemoryContextSwitchTo(old);
		for (int i = 0; i < params->count; i++)
		{
			ParamExternData *param = &params->list->params[i];

			param->value = params->values[i];
			param->isnull = params->isnull[i];
			param->pflags = PARAM_FLAG_CONST;
			param->ptype = params->types[i];
		}
	}
	return params->list;
}

/* The encoder of a parameter that has a spec. */
static ValueEncoder *
spec_encoder(ParamSpec * spec, int n)
{
	if (spec->encoders == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(spec->cxt);
		ValueEncoder *encoders = palloc0(sizeof(ValueEncoder) * spec->count);

		for (int i = 0; i < spec->count; i++)
			value_encoder_init(&encoders[i], spec->types[i]);
		spec->encoders = encoders;
		MemoryContextSwitchTo(old);
	}
	if (n >= spec->count)
		n = spec->count - spec->cycle + (n - spec->count) % spec->cycle;
	return &spec->encoders[n];
}

/* Encode all values; without spec an encoder is kept while the type stays the same. */
static void
encode_values(FragmentParams * params, Oid *types, char **values, int *lengths, int *formats)
{
	ValueEncoder kept = {0};
	Oid			kept_type = InvalidOid;
	int			guc_level = 0;

	for (int i = 0; i < params->count; i++)
	{
		ValueEncoder *encoder = &kept;

		if (params->spec != NULL)
			encoder = spec_encoder(params->spec, params->first + i);
		else if (params->types[i] != kept_type)
		{
			value_encoder_init(&kept, params->types[i]);
			kept_type = params->types[i];
		}
		types[i] = encoder->wire_type;
		formats[i] = encoder->binary ? 1 : 0;
		if (params->isnull[i])
			continue;
		if (!encoder->binary && guc_level == 0)
			guc_level = value_encode_settings();
		values[i] = value_encode(encoder, params->values[i], &lengths[i]);
	}
	if (guc_level != 0)
		AtEOXact_GUC(true, guc_level);
}

const RemoteParams *
fragment_params_wire(FragmentParams * params)
{
	MemoryContext old;
	RemoteParams *wire;
	Oid		   *types;
	char	  **values;
	int		   *lengths;
	int		   *formats;

	if (params == NULL || params->count == 0)
		return NULL;
	if (params->wire != NULL)
		return params->wire;
	old = MemoryContextSwitchTo(GetMemoryChunkContext(params));
	wire = palloc0(sizeof(RemoteParams) +
				   (sizeof(char *) + sizeof(Oid) + 2 * sizeof(int)) * params->count);
	values = (char **) (wire + 1);
	types = (Oid *) (values + params->count);
	lengths = (int *) (types + params->count);
	formats = lengths + params->count;
	encode_values(params, types, values, lengths, formats);
	wire->count = params->count;
	wire->types = types;
	wire->values = (const char *const *) values;
	wire->lengths = lengths;
	wire->formats = formats;
	params->wire = wire;
	MemoryContextSwitchTo(old);
	return wire;
}
