/*
 * window_compat.h
 *		Run conditions of windows: filters of an outer query level on a window
 *		function that the planner moved here.
 *
 * PostgreSQL 17 keeps them with each function instead of with its window.
 */
#ifndef SHARDLITE_WINDOW_COMPAT_H
#define SHARDLITE_WINDOW_COMPAT_H

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"

/* Conditions of a window and one of its functions, bare. */
static inline List *
compat_run_conditions(const WindowClause *window, WindowFunc *function)
{
#if PG_VERSION_NUM < 170000
	return window->runCondition;
#else
	List	   *conditions = NIL;
	ListCell   *lc;

	foreach(lc, function->runCondition)
	{
		WindowFuncRunCondition *condition = lfirst_node(WindowFuncRunCondition, lc);
		WindowFunc *bare = copyObject(function);

		bare->runCondition = NIL;
		conditions = lappend(conditions,
							 make_opclause(condition->opno, BOOLOID, false,
										   condition->wfunc_left ? (Expr *) bare : condition->arg,
										   condition->wfunc_left ? condition->arg : (Expr *) bare,
										   InvalidOid, condition->inputcollid));
	}
	return conditions;
#endif
}

/* A window without name and run conditions. */
static inline WindowClause *
compat_bare_window(const WindowClause *window)
{
	WindowClause *copy = copyObject(unconstify(WindowClause *, window));

	copy->name = NULL;
	copy->refname = NULL;
	copy->copiedOrder = false;
#if PG_VERSION_NUM < 170000
	copy->runCondition = NIL;
#endif
	return copy;
}

#endif							/* SHARDLITE_WINDOW_COMPAT_H */
