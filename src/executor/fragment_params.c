/*
 * fragment_params.c
 *		Evaluates and encodes the parameters of fragments.
 */
#include "postgres.h"

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
	FragmentParams *params = palloc0(sizeof(FragmentParams));

	params->count = count;
	if (count > 0)
	{
		params->types = palloc0(sizeof(Oid) * count);
		params->values = palloc0(sizeof(Datum) * count);
		params->isnull = palloc0(sizeof(bool) * count);
	}
	return params;
}

FragmentParams *
fragment_params_eval(List *states, List *exprs, int count,
					 ExprContext *econtext, MemoryContext cxt)
{
	MemoryContext old = MemoryContextSwitchTo(cxt);
	FragmentParams *params = fragment_params_create(count);

	for (int i = 0; i < count; i++)
	{
		Oid			type = exprType(list_nth(exprs, i));
		int16		typlen;
		bool		typbyval;
		Datum		value;

		value = ExecEvalExprSwitchContext(list_nth(states, i), econtext,
										  &params->isnull[i]);
		params->types[i] = type;
		if (params->isnull[i])
			continue;
		get_typlenbyval(type, &typlen, &typbyval);
		params->values[i] = datumCopy(value, typbyval, typlen);
	}
	MemoryContextSwitchTo(old);
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

/* Encode all values; the encoder is kept while the type stays the same. */
static void
encode_values(FragmentParams * params, Oid *types, char **values, int *lengths, int *formats)
{
	ValueEncoder encoder = {0};
	Oid			encoder_type = InvalidOid;
	int			guc_level = 0;

	for (int i = 0; i < params->count; i++)
	{
		if (params->types[i] != encoder_type)
		{
			value_encoder_init(&encoder, params->types[i]);
			encoder_type = params->types[i];
		}
		types[i] = encoder.wire_type;
		formats[i] = encoder.binary ? 1 : 0;
		if (params->isnull[i])
			continue;
		if (!encoder.binary && guc_level == 0)
			guc_level = value_encode_settings();
		values[i] = value_encode(&encoder, params->values[i], &lengths[i]);
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
	wire = palloc(sizeof(RemoteParams));
	types = palloc0(sizeof(Oid) * params->count);
	values = palloc0(sizeof(char *) * params->count);
	lengths = palloc0(sizeof(int) * params->count);
	formats = palloc0(sizeof(int) * params->count);
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
