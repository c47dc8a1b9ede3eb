/*
 * fragment_params.h
 *		Parameter values of fragments, in the form a local plan wants and in
 *		the form that travels.
 */
#ifndef SHARDLITE_FRAGMENT_PARAMS_H
#define SHARDLITE_FRAGMENT_PARAMS_H

#include "nodes/execnodes.h"
#include "nodes/params.h"
#include "remote/connection.h"

typedef struct FragmentParams
{
	int			count;
	Oid		   *types;
	Datum	   *values;
	bool	   *isnull;
	ParamListInfo list;			/* made by fragment_params_list */
	RemoteParams *wire;			/* made by fragment_params_wire */
}			FragmentParams;

/* Room for count parameters in the current context; the caller fills it. */
extern FragmentParams * fragment_params_create(int count);

/*
 * Evaluate the first count expressions.  Values live in cxt, which also
 * becomes their home; types come from exprs, the trees of states.
 */
extern FragmentParams * fragment_params_eval(List *states, List *exprs, int count,
											 ExprContext *econtext, MemoryContext cxt);

/* For the executor of this backend; NULL when there are none. */
extern ParamListInfo fragment_params_list(FragmentParams * params);

/* For a node; made once, in the context of the parameters. */
extern const RemoteParams *fragment_params_wire(FragmentParams * params);

#endif							/* SHARDLITE_FRAGMENT_PARAMS_H */
