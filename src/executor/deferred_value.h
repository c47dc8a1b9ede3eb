/*
 * deferred_value.h
 *		Values that are computed here before it is known whether a row needs them.
 */
#ifndef SHARDLITE_DEFERRED_VALUE_H
#define SHARDLITE_DEFERRED_VALUE_H

#include "nodes/execnodes.h"

/* Is this a parameter shardlite_internal.deferred(value, NULL)? */
extern bool deferred_value_is(Node *node);

/*
 * Evaluate the value of such a parameter.  true: *value and *isnull are set, in
 * the econtext's memory.  false: it failed, *value is the error as bytea, in
 * the current context, for deferred()'s second argument.
 */
extern bool deferred_value_eval(Node *node, ExprContext *econtext, Datum *value, bool *isnull);

#endif							/* SHARDLITE_DEFERRED_VALUE_H */
