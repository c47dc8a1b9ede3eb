/*
 * key_rehearsal.c
 *		Running plans for rows that are not current yet, to learn keys.
 *
 * The parameters of a scan may come out of the plan that it is part of: from an
 * inner sublink, from rows of another scan, from a function.  So the plan is run
 * for each row that was read ahead, as a copy with a state of its own.  A scan
 * whose rows are not cached has none there, and its key is collected; once they
 * were fetched, the next run gets further.  What comes out is thrown away,
 * and with it whatever went wrong for the want of rows: the real run follows.
 *
 * It may not be noticed.  The planner has seen to it that the plans have no
 * effects; messages are held back, and a row that fails, perhaps for the want of other
 * rows only, is left out.  A function that asks nodes by itself ends the rehearsals of
 * the statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "compat/pg_compat.h"
#include "executor/executor.h"
#include "executor/key_cache.h"
#include "executor/key_rehearsal.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "transaction/statement_depth.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* A plan that takes more rows than this for one row is too expensive to be rehearsed. */
#define MAX_ROWS	10000

struct KeyRehearsal
{
	EState	   *estate;			/* the statement's */
	const BatchPlan *plan;
	List	   *scans;			/* DistScanState *, the statement's */
	List	   *roots;			/* of Plan *, as in plan->rehearsals */
	bool		off;
};

/* A copy of the plans that can run; lives in the memory of its EState. */
typedef struct Stage
{
	EState	   *estate;
	List	   *roots;			/* of PlanState * */
	Bitmapset  *given;			/* parameters of the batch */
}			Stage;

/* State of find_plan. */
typedef struct PlanSearch
{
	int			id;
	Plan	   *plan;
}			PlanSearch;

static bool
find_plan(PlanState *state, void *context)
{
	PlanSearch *search = context;

	if (state->plan->plan_node_id == search->id)
		search->plan = state->plan;
	return search->plan != NULL || planstate_tree_walker(state, find_plan, context);
}

KeyRehearsal *
key_rehearsal_create(EState *estate, const BatchPlan * plan, List *scans)
{
	KeyRehearsal *rehearsal = palloc0(sizeof(KeyRehearsal));
	bool		to_end;
	QueryDesc  *query = statement_running(&to_end);

	if (query == NULL || query->estate != estate || IsInParallelMode())
		return NULL;
	rehearsal->estate = estate;
	rehearsal->plan = plan;
	rehearsal->scans = scans;
	for (int i = 0; i < list_length(plan->rehearsals); i += 2)
	{
		PlanSearch	search = {list_nth_int(plan->rehearsals, i), NULL};

		if (!find_plan(query->planstate, &search))
			return NULL;
		rehearsal->roots = lappend(rehearsal->roots, search.plan);
	}
	return rehearsal;
}

bool
key_rehearsal_is_off(const KeyRehearsal * rehearsal)
{
	return rehearsal->off;
}

/* ---- the stage ---- */

/* Values that are the same for all rows.  False: one of them is not computed yet. */
static bool
take_values(KeyRehearsal * rehearsal, Stage * stage)
{
	ParamExecData *from = rehearsal->estate->es_param_exec_vals;
	ParamExecData *to = stage->estate->es_param_exec_vals;
	ListCell   *lc;

	foreach(lc, rehearsal->roots)
	{
		Plan	   *plan = lfirst(lc);
		int			id = -1;

		while ((id = bms_next_member(plan->extParam, id)) >= 0)
		{
			if (bms_is_member(id, stage->given))
				continue;
			if (from[id].execPlan != NULL)
				return false;
			to[id] = from[id];
		}
	}
	foreach(lc, rehearsal->plan->fixed)
		if (from[lfirst_int(lc)].execPlan == NULL)
			to[lfirst_int(lc)] = from[lfirst_int(lc)];
	return true;
}

/* Scans of the copy share what the statement's scans have cached. */
static void
share_caches(KeyRehearsal * rehearsal, Stage * stage)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, statement_state_get(stage->estate)->scans)
	{
		DistScanState *copy = lfirst(lc);

		foreach(lc2, rehearsal->scans)
		{
			DistScanState *scan = lfirst(lc2);

			if (copy->css.ss.ps.plan == scan->css.ss.ps.plan)
				copy->keys = scan->keys;
		}
	}
}

static void
init_plans(KeyRehearsal * rehearsal, Stage * stage)
{
	PlannedStmt *stmt = rehearsal->estate->es_plannedstmt;
	ListCell   *lc;
	int			id = 0;

	foreach(lc, stmt->subplans)
	{
		PlanState  *state = NULL;

		if (list_member_int(rehearsal->plan->subplans, ++id))
			state = ExecInitNode(lfirst(lc), stage->estate,
								 bms_is_member(id, stmt->rewindPlanIDs) ? EXEC_FLAG_REWIND : 0);
		stage->estate->es_subplanstates = lappend(stage->estate->es_subplanstates, state);
	}
	foreach(lc, rehearsal->roots)
		stage->roots = lappend(stage->roots, ExecInitNode(lfirst(lc), stage->estate, 0));
}

static void
open_stage(KeyRehearsal * rehearsal, Stage * stage)
{
	EState	   *estate = CreateExecutorState();
	EState	   *parent = rehearsal->estate;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ListCell   *lc;

	stage->estate = estate;
	estate->es_direction = ForwardScanDirection;
	estate->es_snapshot = parent->es_snapshot;
	estate->es_crosscheck_snapshot = parent->es_crosscheck_snapshot;
	estate->es_output_cid = parent->es_output_cid;
	estate->es_plannedstmt = parent->es_plannedstmt;
	estate->es_sourceText = parent->es_sourceText;
	estate->es_queryEnv = parent->es_queryEnv;
	estate->es_param_list_info = parent->es_param_list_info;
	compat_share_relations(estate, parent);
	estate->es_param_exec_vals =
		palloc0(sizeof(ParamExecData) * list_length(parent->es_plannedstmt->paramExecTypes));
	statement_state_get(estate)->rehearsal = true;
	init_plans(rehearsal, stage);
	foreach(lc, rehearsal->plan->params)
		stage->given = bms_add_member(stage->given, lfirst_int(lc));
	share_caches(rehearsal, stage);
	MemoryContextSwitchTo(old);
}

static void
close_stage(Stage * stage)
{
	ListCell   *lc;

	foreach(lc, stage->roots)
		ExecEndNode(lfirst(lc));
	foreach(lc, stage->estate->es_subplanstates)
		ExecEndNode(lfirst(lc));
	ExecResetTupleTable(stage->estate->es_tupleTable, false);
	FreeExecutorState(stage->estate);
	stage->estate = NULL;
}

/* ---- running ---- */

/* Run the plans for the row that is current in the statement's EState. */
static void
run_row(KeyRehearsal * rehearsal, Stage * stage)
{
	MemoryContext old = MemoryContextSwitchTo(stage->estate->es_query_cxt);
	ListCell   *lc;

	foreach(lc, rehearsal->plan->params)
		stage->estate->es_param_exec_vals[lfirst_int(lc)] =
			rehearsal->estate->es_param_exec_vals[lfirst_int(lc)];
	foreach(lc, stage->roots)
	{
		PlanState  *root = lfirst(lc);
		int			wanted = list_nth_int(rehearsal->plan->rehearsals,
										  2 * foreach_current_index(lc) + 1);
		int			count = 0;

		root->chgParam = bms_add_members(root->chgParam, stage->given);
		ExecReScan(root);
		while (wanted == 0 || count < wanted)
		{
			TupleTableSlot *slot = ExecProcNode(root);

			if (TupIsNull(slot))
				break;
			rehearsal->off = ++count > MAX_ROWS;
			if (rehearsal->off)
				break;
		}
	}
	MemoryContextSwitchTo(old);
}

/* The rows of the batch. */
typedef struct RehearsedRows
{
	int			next;
	int			count;
	RehearsedRow show;
	void	   *arg;
}			RehearsedRows;

static void
run_rows(KeyRehearsal * rehearsal, Stage * stage, RehearsedRows * rows)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("client_min_messages", "error", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("log_min_messages", "panic", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	open_stage(rehearsal, stage);
	if (!take_values(rehearsal, stage))
		rows->next = rows->count;
	while (rows->next < rows->count && !rehearsal->off)
	{
		CHECK_FOR_INTERRUPTS();
		rows->show(rows->arg, rows->next++);
		run_row(rehearsal, stage);
	}
	close_stage(stage);
	AtEOXact_GUC(true, level);
}

/* Run the plans for the rows up to one that fails. */
static void
try_rows(KeyRehearsal * rehearsal, RehearsedRows * rows)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Stage	   *stage = palloc0(sizeof(Stage));

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(old);
	PG_TRY();
	{
		run_rows(rehearsal, stage, rows);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(old);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(old);
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_ASSERT_FAILURE)
			ReThrowError(error);
		FreeErrorData(error);
		if (stage->estate != NULL)
			MemoryContextDelete(stage->estate->es_query_cxt);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	pfree(stage);
}

void
key_rehearsal_run(KeyRehearsal * rehearsal, int nrows, RehearsedRow show, void *arg)
{
	RehearsedRows rows = {0, nrows, show, arg};
	RemoteCounters before = remote_counters;

	while (rows.next < rows.count && !rehearsal->off)
	{
		int			first = rows.next;

		try_rows(rehearsal, &rows);
		rehearsal->off |= rows.next == first ||
			remote_counters.round_trips != before.round_trips;
	}
}
