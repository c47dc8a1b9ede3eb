/*
 * statement_state.c
 *		Finds the shared state of a plan tree by its EState.
 *
 * The state lives in the EState's memory and leaves the list of states when
 * that memory goes, after errors, too.  The list is as long as queries are
 * nested.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "executor/statement_state.h"
#include "transaction/own_writes.h"
#include "utils/memutils.h"

static dlist_head states = DLIST_STATIC_INIT(states);

static void
forget_state(void *arg)
{
	dlist_delete(&((StatementState *) arg)->link);
	own_writes_readers--;
}

static StatementState *
find_state(EState *estate)
{
	dlist_iter	iter;

	dlist_foreach(iter, &states)
	{
		StatementState *state = dlist_container(StatementState, link, iter.cur);

		if (state->estate == estate)
			return state;
	}
	return NULL;
}

bool
statement_state_exists(EState *estate)
{
	return find_state(estate) != NULL;
}

void
statement_hold_tables(EState *estate)
{
	for (Index rti = 1; rti <= estate->es_range_table_size; rti++)
	{
		RangeTblEntry *rte = exec_rt_fetch(rti, estate);

		if (rte->rtekind == RTE_RELATION && rte->relkind != RELKIND_VIEW)
			(void) ExecGetRangeTableRelation(estate, rti);
	}
}

StatementState *
statement_state_get(EState *estate)
{
	StatementState *state = find_state(estate);
	MemoryContextCallback *callback;

	if (state != NULL)
		return state;
	state = MemoryContextAllocZero(estate->es_query_cxt, sizeof(StatementState));
	state->estate = estate;
	state->cxt = estate->es_query_cxt;
	callback = MemoryContextAllocZero(estate->es_query_cxt, sizeof(MemoryContextCallback));
	callback->func = forget_state;
	callback->arg = state;
	dlist_push_head(&states, &state->link);
	own_writes_readers++;
	MemoryContextRegisterResetCallback(estate->es_query_cxt, callback);
	return state;
}
