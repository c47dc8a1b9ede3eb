/*
 * dist_scan.c
 *		The ShardliteScan plan node: rows of fragments.
 *
 * Parameters are evaluated when the first row is asked for, so that InitPlans
 * run lazily, and again after a rescan with changed parameters.  Scans whose
 * parameters are known start with the statement's first one (flight.c), those of
 * a cursor when it is opened: its rows are those of then.
 *
 * Rows are kept for rescans without changed parameters from the start if the
 * plan announces these (EXEC_FLAG_REWIND) or repeats itself for a recursive CTE,
 * else from the first rescan on.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/counters.h"
#include "executor/dist_scan.h"
#include "executor/executor.h"
#include "executor/flight.h"
#include "executor/fragment_spread.h"
#include "executor/fragment_text.h"
#include "executor/key_cache.h"
#include "executor/row_identity.h"
#include "executor/row_source.h"
#include "executor/shard_choice.h"
#include "metadata/node.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "tcop/pquery.h"
#include "transaction/dist_xact.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

/* A row more that travels and is combined here, in units of the cost model. */
#define PART_ROW_COST	0.1

static Node *create_state(CustomScan *cscan);
static void begin_scan(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_scan(CustomScanState *node);
static void end_scan(CustomScanState *node);
static void rescan_scan(CustomScanState *node);
static void start_early(DistScanState * state);

static const CustomScanMethods scan_methods = {
	.CustomName = DIST_SCAN_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = DIST_SCAN_NAME,
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan_scan,
	.ExplainCustomScan = dist_scan_explain,
};

void
dist_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}

static Node *
create_state(CustomScan *cscan)
{
	DistScanState *state = palloc0(sizeof(DistScanState));

	NodeSetTag(state, T_CustomScanState);
	state->css.flags = cscan->flags;
	state->css.methods = &exec_methods;
	return (Node *) state;
}

/* Does it read rows that are kept for others, too, who may not have said yet how they will read? */
static bool
shares_rows(PlanState *node, void *context)
{
	return IsA(node, CteScanState) || IsA(node, WorkTableScanState) ||
		planstate_tree_walker(node, shares_rows, context);
}

/* The children; they start no earlier than the scan, where that starts early. */
static void
begin_sources(DistScanState * state, int eflags)
{
	ListCell   *lc;

	state->starts_whole = state->plan->source_keys != NIL &&
		bms_is_empty(state->css.ss.ps.plan->extParam);
	if (state->statement != NULL)
		state->statement->scans_above += state->starts_whole;
	state->sources = row_sources_begin(&state->css, state->plan, eflags);
	if (state->statement != NULL)
		state->statement->scans_above -= state->starts_whole;
	foreach(lc, state->css.custom_ps)
		state->starts_whole &= !shares_rows(lfirst(lc), NULL) ||
			(state->css.ss.ps.state->es_top_eflags & EXEC_FLAG_BACKWARD) == 0;
}

static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	DistScanState *state = (DistScanState *) node;
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;
	const DistPlan *plan;

	state->cxt = estate->es_query_cxt;
	state->share = scan_share_get(cscan, node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
								  state->cxt);
	state->plan = plan = state->share->plan;
	state->map = state->share->map;
	state->exprs = ExecInitExprList(cscan->custom_exprs, &node->ss.ps);
	state->keep = (eflags & EXEC_FLAG_REWIND) != 0 && plan->operation == CMD_SELECT;
	if (!plan->whole_statement && (eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		state->statement = statement_state_get(estate);
	begin_sources(state, eflags);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	statement_hold_tables(estate);
	if (state->statement != NULL)
		state->statement->scans = lappend(state->statement->scans, state);
	if (plan->before_writes)
		state->statement->early_scans = lappend(state->statement->early_scans, state);
	start_early(state);
}

/* ---- starting a run ---- */

/* Rows with identity: pack shard, leaf and ctid into one tid. */
static bool
identify_row(Fragment * fragment, const RowExtras * extras, Datum *values, bool *nulls)
{
	DistScanState *state = fragment->run->hook_arg;
	int			column = state->map->row_id;
	ItemPointer tid;

	if (nulls[column])
		return true;
	tid = palloc(sizeof(ItemPointerData));
	*tid = *(ItemPointer) DatumGetPointer(values[column]);
	row_identity_encode(state->statement,
						(RowPlace) {fragment->shard_index, extras->leaf}, tid);
	values[column] = PointerGetDatum(tid);
	return true;
}

static int
access_needed(DistScanState * state)
{
	int			access = state->plan->writes ? DIST_ACCESS_WRITE : DIST_ACCESS_READ;

	/* Several fragments commit at once if they share a batch, else in two phases. */
	if (state->plan->whole_statement)
		access |= DIST_ACCESS_AUTOCOMMIT | DIST_ACCESS_LAST;
	return access;
}

FragmentParams *
dist_scan_eval(DistScanState * state, int first, int count)
{
	if (count == 0)
		return NULL;
	return fragment_params_eval(state->exprs, state->share->spec, first, count,
								state->css.ss.ps.ps_ExprContext);
}

/*
 * Do nodes send the rows from the executor straight to us?  For one row packs
 * are not worth it.
 */
static bool
may_be_packed(DistScanState * state)
{
	if (state->plan->operation != CMD_SELECT || state->plan->one_row)
		return false;
	return !state->plan->whole_statement ||
		!state->css.ss.ps.state->es_plannedstmt->hasModifyingCTE;
}

/* A fragment's parameters say where its rows from here are stored. */
static FragmentParams *
add_stores(DistScanState * state, FragmentParams * params, int shard_index)
{
	ListCell   *lc,
			   *lc2;

	if (state->sources == NIL)
		return params;
	params = fragment_params_copy(params);
	forboth(lc, state->sources, lc2, state->plan->source_params)
	{
		int			n = lfirst_int(lc2) - 1;

		params->values[n] = Int64GetDatum(row_source_store(lfirst(lc), shard_index));
	}
	return params;
}

static void
add_shard_fragment(DistScanState * state, const ShardGroup * group, int index,
				   FragmentParams * params)
{
	const Shard *shard = &group->shards[index];
	Fragment   *fragment;

	fragment = fragment_run_add(state->run, shard->node_id, index,
								scan_share_sql(state->share, group, index),
								add_stores(state, params, index));

	/* with stored rows each plan is made for how many they are */
	fragment->prepare = params != NULL && state->sources == NIL;
	fragment->stable = true;
	fragment->packed = state->may_pack;
	fragment->one_row = state->plan->one_row;
	fragment_set_shard(fragment, state->plan->text.markers, shard->shard_id,
					   state->plan->operation != CMD_SELECT);
}

/* One fragment for those of the shards that lie on one node. */
static void
add_node_fragment(DistScanState * state, const ShardGroup * group, List *shards,
				  FragmentParams * params)
{
	int			first = linitial_int(shards);
	int32		node_id = group->shards[first].node_id;
	const FragmentText *text = node_id == local_node_id() ? &state->plan->text :
		state->share->wire_text;
	Fragment   *fragment;

	fragment = fragment_run_add(state->run, node_id, first,
								fragment_text_of_node(state->plan, text, group, shards),
								add_stores(state, params, first));
	fragment->packed = state->may_pack;

	/* other sets of keys give other texts */
	fragment->prepare = params != NULL && state->sources == NIL &&
		(state->plan->target == TARGET_ALL_SHARDS || list_length(shards) == 1);
}

/*
 * In how many parts, for as many connections, a node reads these shards of all
 * that the run does.  Every part delivers rows of its own: a group, for example,
 * that occurs on most shards.  What runs in this backend is not divided, and the
 * nodes have nothing to win over it.
 */
static int
parts_of_node(DistScanState * state, const ShardGroup * group, List *all, List *mine)
{
	double		cost = (double) state->plan->fragment_cost * list_length(mine);
	double		rows = state->css.ss.ps.plan->plan_rows * list_length(mine) / list_length(all);
	ListCell   *lc;

	if (state->run->fragment_cost <= 0 || rows * PART_ROW_COST > cost / 2)
		return 1;
	foreach(lc, all)
		if (group->shards[lfirst_int(lc)].node_id == local_node_id())
			return 1;
	return fragment_spread_parts(group->shards[linitial_int(mine)].node_id,
								 list_length(mine), cost);
}

/* Fragments for the shards of one node. */
static void
add_node_parts(DistScanState * state, const ShardGroup * group, List *shards, int parts,
			   FragmentParams * params)
{
	int			count = list_length(shards);

	if (parts > 1)
		state->run->fragment_cost = (double) state->plan->fragment_cost * count / parts;
	for (int i = 0; i < parts; i++)
	{
		List	   *part = list_copy_tail(shards, count * i / parts);

		add_node_fragment(state, group,
						  list_truncate(part, count * (i + 1) / parts - count * i / parts), params);
	}
}

static void
add_fragments_by_node(DistScanState * state, const ShardGroup * group, List *shards,
					  FragmentParams * params)
{
	while (shards != NIL)
	{
		int32		node_id = group->shards[linitial_int(shards)].node_id;
		List	   *mine = NIL;
		List	   *others = NIL;
		ListCell   *lc;

		foreach(lc, shards)
		{
			if (group->shards[lfirst_int(lc)].node_id == node_id)
				mine = lappend_int(mine, lfirst_int(lc));
			else
				others = lappend_int(others, lfirst_int(lc));
		}
		add_node_parts(state, group, mine, parts_of_node(state, group, shards, mine), params);
		shards = others;
	}
}

/* Every copy of a reference table, the local one first: it alone counts. */
static void
add_node_fragments(DistScanState * state, FragmentParams * params)
{
	ListCell   *lc;

	fragment_run_add(state->run, local_node_id(), 0,
					 fragment_text_sql(&state->plan->text, 0), params);
	if (state->plan->target == TARGET_ANY_NODE)
		return;
	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);
		Fragment   *fragment;

		if (node->is_local)
			continue;
		fragment = fragment_run_add(state->run, node->address.node_id, 0,
									fragment_text_sql(state->share->wire_text, 0),
									params);
		fragment->counted = false;
	}
}

/* The shards that the parameters concern, with the rows that are kept for them. */
static List *
choose_shards(DistScanState * state, const ShardGroup * group, FragmentParams * params)
{
	List	   *shards = shard_choice(state->plan, group,
									  dist_scan_eval(state, state->plan->nparams, state->plan->nkeys));
	KeyEntry   *kept = params != NULL ? key_cache_find(state, params) : NULL;
	ListCell   *lc;

	if (kept == NULL)
		return shards;
	foreach(lc, shards)
		if (group->shards[lfirst_int(lc)].node_id != local_node_id())
			shards = foreach_delete_current(shards, lc);
	key_cache_serve(kept, group, state->run);
	return shards;
}

static void
add_fragments(DistScanState * state, FragmentParams * params)
{
	const DistPlan *plan = state->plan;
	const ShardGroup *group;
	List	   *shards;
	ListCell   *lc;

	if (plan->target == TARGET_ANY_NODE || plan->target == TARGET_ALL_NODES)
	{
		state->run->local_first = true;
		add_node_fragments(state, params);
		return;
	}
	group = shard_group_get(plan->colocation_id);
	shards = choose_shards(state, group, params);
	if (plan->node_head != NULL)
	{
		add_fragments_by_node(state, group, shards, params);
		return;
	}
	foreach(lc, shards)
		add_shard_fragment(state, group, lfirst_int(lc), params);
}

/* Does an expression read what only execution computes? */
static bool
needs_execution(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind != PARAM_EXTERN ||
			context == NULL;
	if (IsA(node, SubPlan) || IsA(node, Var))
		return true;
	return expression_tree_walker(node, needs_execution, context);
}

bool
dist_scan_eval_now(DistScanState * state, FragmentParams * *params,
				   FragmentParams * *keys)
{
	CustomScan *cscan = (CustomScan *) state->css.ss.ps.plan;
	ParamListInfo given = state->css.ss.ps.state->es_param_list_info;

	if (needs_execution((Node *) cscan->custom_exprs, given) ||
		contain_volatile_functions((Node *) cscan->custom_exprs))
		return false;
	*params = dist_scan_eval(state, 0, state->plan->nparams);
	*keys = dist_scan_eval(state, state->plan->nparams, state->plan->nkeys);
	return true;
}

/*
 * May several connections to a node work for a run?  Not for a cursor, which is
 * to see the data as of its opening, nor for what is merged or joined with rows
 * that a node's session keeps.
 */
static bool
may_be_spread(const DistScanState * state)
{
	return state->plan->fragment_cost > 0 && !state->plan->writes && !state->cursor &&
		state->sources == NIL && state->plan->sort == NIL;
}

bool
dist_scan_is_long(const DistScanState * state)
{
	const ShardGroup *group;

	if (!may_be_spread(state))
		return false;
	group = shard_group_get(state->plan->colocation_id);
	return fragment_spread_is_long((double) state->plan->fragment_cost * group->nshards /
								   Max(group->nnodes, 1));
}

void
dist_scan_make_run(DistScanState * state)
{
	EState	   *estate = state->css.ss.ps.state;
	MemoryContext old;
	FragmentParams *params;
	int			served = 0;
	ListCell   *lc;

	if (state->sources != NIL)
		row_sources_read(state->sources, shard_group_get(state->plan->colocation_id));
	state->run = fragment_run_create(state->cxt, estate, state->map, 0);
	state->run->sources = state->sources;
	if (state->map != NULL && state->map->row_id >= 0)
	{
		state->run->on_row = identify_row;
		state->run->hook_arg = state;
	}
	state->may_pack = may_be_packed(state);
	if (may_be_spread(state))
		state->run->fragment_cost = state->plan->fragment_cost;
	old = MemoryContextSwitchTo(state->run->cxt);
	params = dist_scan_eval(state, 0, state->plan->nparams);
	add_fragments(state, params);
	MemoryContextSwitchTo(old);
	foreach(lc, state->run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		served += fragment->served;
		state->remote_fragments += !fragment->served && !fragment->local;
	}
	state->total_fragments += list_length(state->run->fragments) - served;
	state->run->access = access_needed(state);
	state->over = false;
}

void
dist_scan_start(DistScanState * state)
{
	dist_scan_make_run(state);
	fragment_run_flush(state->run);
	state->merge = NULL;
	if (state->plan->sort != NIL && list_length(state->run->fragments) > 1)
		state->merge = fragment_merge_create(state->run, state->plan->sort);
}

void
dist_scan_stop(DistScanState * state)
{
	ListCell   *lc;

	if (state->run == NULL)
		return;
	state->connections = Max(state->connections, state->run->most_lanes);
	foreach(lc, state->run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		state->slowest_ms = Max(state->slowest_ms, fragment->elapsed_ms);
	}
	row_sources_drop(state->sources, state->run, local_node_id(), NULL);
	fragment_run_end(state->run);
	state->run = NULL;
	row_sources_release(state->sources);
}

/*
 * A cursor sees the data as of when it is opened, whatever is written before its
 * rows are fetched; so its nodes must have begun by then.  Rows that are sent to
 * them have been read before.
 */
static void
start_early(DistScanState * state)
{
	if (ActivePortal == NULL || ActivePortal->status != PORTAL_DEFINED ||
		ActivePortal->name[0] == '\0')
		return;
	if (state->plan->operation != CMD_SELECT || state->plan->writes ||
		(state->sources != NIL && !state->starts_whole) ||
		(state->statement != NULL && state->statement->scans_above > 0) ||
		!flight_params_known(state))
		return;
	state->ahead = true;
	state->cursor = true;
	dist_scan_start(state);
}

/* ---- rows ---- */

/* A write is over: count its rows for the command tag. */
static void
count_affected(DistScanState * state)
{
	EState	   *estate = state->css.ss.ps.state;

	if (state->plan->operation != CMD_SELECT &&
		estate->es_plannedstmt->commandType == state->plan->operation)
		estate->es_processed += fragment_run_affected(state->run);
}

/* The first row is asked for: other scans of the statement may come along. */
static void
begin_reading(DistScanState * state)
{
	RemoteCounters before = remote_counters;

	if (state->run != NULL || state->over)
		return;
	if (state->statement != NULL && state->statement->rehearsal && !key_cache_has_rows(state))
	{
		state->over = true;
		return;
	}
	if (state->statement != NULL && list_length(state->statement->scans) > 1)
		flight_depart(state);
	else
		dist_scan_start(state);
	if (state->css.ss.ps.instrument != NULL)
		remote_counters_add(&state->counters, &before);
}

/* Next row from the shards. */
static bool
fetch(DistScanState * state, TupleTableSlot *slot)
{
	bool		counts = state->css.ss.ps.instrument != NULL;
	RemoteCounters before;
	bool		found = false;

	begin_reading(state);
	if (counts)
		before = remote_counters;
	state->ahead = false;
	if (!state->over)
	{
		found = state->merge != NULL ? fragment_merge_next(state->merge, slot) :
			fragment_run_next(state->run, slot);
		if (!found)
		{
			state->over = true;
			count_affected(state);
		}
	}
	if (counts)
		remote_counters_add(&state->counters, &before);
	return found;
}

static void
open_kept(DistScanState * state)
{
	MemoryContext old = MemoryContextSwitchTo(state->cxt);

	state->kept = tuplestore_begin_heap(state->keep, false, work_mem);
	if (state->kept_slot == NULL)
		state->kept_slot = MakeSingleTupleTableSlot(state->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor,
													&TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
}

/* Next kept row into the virtual scan slot. */
static bool
next_kept(DistScanState * state, TupleTableSlot *slot)
{
	int			natts = slot->tts_tupleDescriptor->natts;

	if (!tuplestore_gettupleslot(state->kept, true, false, state->kept_slot))
		return false;
	slot_getallattrs(state->kept_slot);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, state->kept_slot->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, state->kept_slot->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(slot);
	return true;
}

void
dist_scan_read_early(DistScanState * state)
{
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;

	if (state->read_early || (state->over && state->kept == NULL))
		return;
	if (state->kept == NULL)
		open_kept(state);
	state->read_early = true;
	while (fetch(state, slot))
		tuplestore_puttupleslot(state->kept, slot);
	ExecClearTuple(slot);
	dist_scan_stop(state);
}

/* ExecScan's access method. */
static TupleTableSlot *
next_row(ScanState *node)
{
	DistScanState *state = (DistScanState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	/*
	 * Once a row is out, its memory must stay until the next one is asked for,
	 * so reading early has to begin before the first.
	 */
	if (state->plan->before_writes)
		dist_scan_read_early(state);
	if (state->read_early)
		return next_kept(state, slot) ? slot : ExecClearTuple(slot);
	begin_reading(state);
	if (!state->keep)
		return fetch(state, slot) ? slot : ExecClearTuple(slot);
	if (state->kept == NULL)
		open_kept(state);
	if (!tuplestore_ateof(state->kept) && next_kept(state, slot))
		return slot;
	if (!fetch(state, slot))
		return ExecClearTuple(slot);
	tuplestore_puttupleslot(state->kept, slot);
	return slot;
}

void
dist_scan_cannot_recheck(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errdetail("A row that this statement joins with a distributed table was changed meanwhile."),
			 errhint("Retry the transaction.")));
}

/* ---- a row read again ---- */

/* See dist_scan_substitute(). */
static struct
{
	EPQState   *epq;
	Plan	   *plan;			/* of the scan whose row it is */
	TupleTableSlot *row;
	bool		done;			/* it has been given out */
}			substitute;

/* The parameters of the text and the row's ctid and leaf table. */
static FragmentParams *
refetch_params(DistScanState * state, RowPlace place, ItemPointer tid)
{
	FragmentParams *params = dist_scan_eval(state, 0, state->plan->nparams);
	int			at = state->plan->refetch_param - 1;

	params->values[at] = PointerGetDatum(tid);
	params->isnull[at] = false;
	if (state->plan->row_id_leaf)
	{
		params->values[at + 1] = ObjectIdGetDatum(place.leaf);
		params->isnull[at + 1] = false;
	}
	return params;
}

bool
dist_scan_refetch(DistScanState * state, RowPlace place, ItemPointer tid)
{
	const DistPlan *plan = state->plan;
	const Shard *shard = &shard_group_get(plan->colocation_id)->shards[place.shard_index];
	const FragmentText *text = &plan->refetch;
	EState	   *estate = palloc(sizeof(EState));
	FragmentRun *run;
	Fragment   *fragment;
	bool		found;

	/* here, too, the newest version is seen */
	*estate = *state->css.ss.ps.state;
	estate->es_snapshot = RegisterSnapshot(GetLatestSnapshot());
	if (state->refetched == NULL)
		state->refetched = ExecInitExtraTupleSlot(state->css.ss.ps.state,
												  state->map->desc, &TTSOpsVirtual);
	ExecClearTuple(state->refetched);
	run = fragment_run_create(state->cxt, estate, state->map, DIST_ACCESS_WRITE);
	run->on_row = identify_row;
	run->hook_arg = state;
	if (shard->node_id != local_node_id())
		text = fragment_text_with_casts(text, plan->nparams, state->share->spec->types);
	fragment = fragment_run_add(run, shard->node_id, place.shard_index,
								fragment_text_sql(text, shard->shard_id),
								refetch_params(state, place, tid));
	fragment_set_shard(fragment, plan->text.markers, shard->shard_id, false);
	fragment_run_flush(run);
	found = fragment_run_next(run, state->refetched);
	if (found)
		ExecMaterializeSlot(state->refetched);
	fragment_run_finish(run);
	fragment_run_end(run);
	UnregisterSnapshot(estate->es_snapshot);
	return found;
}

void
dist_scan_substitute(DistScanState * state, EPQState *epq)
{
	substitute.epq = epq;
	substitute.plan = state->css.ss.ps.plan;
	substitute.row = state->refetched;
	substitute.done = false;
}

/*
 * ExecScan's recheck method: a row of ours took part in a join whose other
 * side changed concurrently.  Our rows cannot be read again as of then.
 */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	int			natts = slot->tts_tupleDescriptor->natts;

	if (substitute.epq == NULL || node->ps.state->es_epq_active != substitute.epq)
		dist_scan_cannot_recheck();
	if (node->ps.plan != substitute.plan)
		return !TupIsNull(next_row(node));
	if (substitute.done)
		return false;
	substitute.done = true;
	slot_getallattrs(substitute.row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, substitute.row->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, substitute.row->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(slot);
	return true;
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

/* ---- the end ---- */

static void
rescan_scan(CustomScanState *node)
{
	DistScanState *state = (DistScanState *) node;

	if (state->read_early || (state->kept != NULL && node->ss.ps.chgParam == NULL))
		tuplestore_rescan(state->kept);
	else if (state->ahead && node->ss.ps.chgParam == NULL)
		state->keep = true;
	else
	{
		dist_scan_stop(state);
		state->over = false;
		state->keep |= node->ss.ps.chgParam == NULL && state->plan->operation == CMD_SELECT;
		if (state->kept != NULL)
			tuplestore_clear(state->kept);
		row_sources_rescan(state->sources, node->ss.ps.chgParam);
	}
	ExecScanReScan(&node->ss);
}

/*
 * Only here the nodes are let go: ShutdownCustomScan is called after each
 * FETCH of a cursor, too, which will ask for more.
 */
static void
end_scan(CustomScanState *node)
{
	DistScanState *state = (DistScanState *) node;

	dist_scan_stop(state);
	row_sources_end(state->sources);
	if (state->kept != NULL)
		tuplestore_end(state->kept);
	if (state->kept_slot != NULL)
		ExecDropSingleTupleTableSlot(state->kept_slot);
}
