/*
 * fragment_params.h
 *		Parameter values of fragments, in the form a local plan wants and in
 *		the form that travels.
 */
#ifndef SHARDLITE_FRAGMENT_PARAMS_H
#define SHARDLITE_FRAGMENT_PARAMS_H

#include "executor/value_codec.h"
#include "nodes/execnodes.h"
#include "nodes/params.h"
#include "remote/connection.h"

/*
 * What is known of parameters before they have values.  Positions beyond count
 * repeat the last cycle ones.
 */
typedef struct ParamSpec
{
	MemoryContext cxt;			/* that holds it */
	int			count;
	int			cycle;
	Oid		   *types;
	int16	   *typlen;
	bool	   *typbyval;
	Bitmapset  *deferred;		/* positions of deferred values (deferred_value.h) */
	ValueEncoder *encoders;		/* made on first need */
}			ParamSpec;

typedef struct FragmentParams
{
	ParamSpec  *spec;			/* NULL when there is none */
	int			first;			/* position of ours in it */
	int			count;
	Oid		   *types;
	Datum	   *values;
	bool	   *isnull;
	ParamListInfo list;			/* made by fragment_params_list */
	RemoteParams *wire;			/* made by fragment_params_wire */
}			FragmentParams;

/* Room for count parameters in the current context; the caller fills it. */
extern FragmentParams * fragment_params_create(int count);

/* That of some types or expressions, in the current context. */
extern ParamSpec * param_spec_of_types(int count, const Oid *types);
extern ParamSpec * param_spec_create(List *exprs);

/*
 * Evaluate count expressions from position first on; states are those of all
 * of spec's.  Values live in the current context, spec lives as long.
 */
extern FragmentParams * fragment_params_eval(List *states, ParamSpec * spec, int first, int count,
											 ExprContext *econtext);

/* The same values, to be changed before they are used; in the current context. */
extern FragmentParams * fragment_params_copy(const FragmentParams * params);

/* For the executor of this backend; NULL when there are none. */
extern ParamListInfo fragment_params_list(FragmentParams * params);

/* For a node; made once, in the context of the parameters. */
extern const RemoteParams *fragment_params_wire(FragmentParams * params);

#endif							/* SHARDLITE_FRAGMENT_PARAMS_H */
