/*
 * shippable.h
 *		May an expression run on a node, and what must be evaluated here first?
 */
#ifndef SHARDLITE_SHIPPABLE_H
#define SHARDLITE_SHIPPABLE_H

#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

/*
 * Can every function, type and node in this tree run on a shard with the
 * result that one server gives?  Immutable ones can; built-in stable ones can
 * (settings travel); volatile ones only from a short list (random, ...);
 * user-defined stable or volatile ones cannot: they may read tables.
 * Walks into sublinks and subqueries when given a Query.
 */
extern bool is_shippable(Node *node);

/* Why it is not, for users; NULL if it is. */
extern const char *shipping_obstacle(Node *node);

/*
 * Replace everything in the tree that must be computed here by parameters:
 * Params of any kind, now() and the like, and Var-free stable subexpressions
 * that nodes cannot compute, which raise their errors only when a node comes to
 * them.
 * Appends the replaced expressions to *params (their position is the
 * parameter number) and returns the changed tree; equal() expressions share a
 * parameter.  The input is not modified.
 */
extern Node *extract_params(Node *node, List **params);

/*
 * Is this expression a value of its own: no Vars, aggregates, subqueries or
 * volatile functions in it?  Params and stable functions are fine.
 */
extern bool can_evaluate_here(Node *node);

/* May a column of this type come back from a node's statement? */
extern bool is_returnable_type(Oid type);

#endif							/* SHARDLITE_SHIPPABLE_H */
