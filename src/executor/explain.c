/*
 * explain.c
 *		What EXPLAIN says of ShardliteScan and ShardliteModify.
 *
 * Names are the users'; numbers of nodes and shards are told, not where each
 * shard lives.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/dist_modify.h"
#include "executor/dist_scan.h"
#include "executor/explain_node.h"
#include "executor/fragment_text.h"
#include "executor/shard_choice.h"
#include "executor/shard_error.h"
#include "metadata/node.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

/* What a scan would ask if it ran now. */
typedef struct ScanOutlook
{
	bool		known;			/* false: depends on values of the execution */
	FragmentParams *params;
	const ShardGroup *group;	/* NULL: reference tables */
	List	   *shards;			/* IntList, if known */
}			ScanOutlook;

static ScanOutlook
look_ahead(DistScanState * state)
{
	const DistPlan *plan = state->plan;
	ScanOutlook outlook = {0};
	FragmentParams *keys = NULL;
	bool		evaluated = dist_scan_eval_now(state, &outlook.params, &keys);

	outlook.known = evaluated || plan->nkeys == 0;
	if (plan->target == TARGET_ANY_NODE || plan->target == TARGET_ALL_NODES)
		return outlook;
	outlook.group = shard_group_get(plan->colocation_id);
	if (outlook.known)
		outlook.shards = shard_choice(plan, outlook.group, keys);
	return outlook;
}

static void
show_count(const char *label, int count, int total, ExplainState *es)
{
	if (es->format == EXPLAIN_FORMAT_TEXT)
		ExplainPropertyText(label, psprintf("%d of %d", count, total), es);
	else
	{
		ExplainPropertyInteger(label, NULL, count, es);
		ExplainPropertyInteger(psprintf("Total %s", label), NULL, total, es);
	}
}

/* How many shards, and how many of them on this server. */
static void
show_shards(const ScanOutlook * outlook, ExplainState *es)
{
	int			local = 0;
	ListCell   *lc;

	if (!outlook->known)
	{
		if (es->format == EXPLAIN_FORMAT_TEXT)
			ExplainPropertyText("Shards", psprintf("chosen by key, of %d", outlook->group->nshards), es);
		else
			ExplainPropertyInteger("Total Shards", NULL, outlook->group->nshards, es);
		return;
	}
	show_count("Shards", list_length(outlook->shards), outlook->group->nshards, es);
	foreach(lc, outlook->shards)
		if (outlook->group->shards[lfirst_int(lc)].node_id == local_node_id())
			local++;
	if (es->format == EXPLAIN_FORMAT_TEXT)
		ExplainPropertyText("Fragments", psprintf("%d local, %d remote", local,
												  list_length(outlook->shards) - local), es);
	else
	{
		ExplainPropertyInteger("Local Fragments", NULL, local, es);
		ExplainPropertyInteger("Remote Fragments", NULL,
							   list_length(outlook->shards) - local, es);
	}
}

/* Figures of an execution. */
static void
show_figures(const RemoteCounters *c, int64 fragments, int64 remote,
			 double slowest_ms, ExplainState *es)
{
	if (!es->analyze)
		return;
	ExplainPropertyInteger("Fragments Run", NULL, fragments, es);
	ExplainPropertyInteger("Remote Fragments Run", NULL, remote, es);
	if (es->timing && fragments > 0)
		ExplainPropertyFloat("Slowest Fragment", "ms", slowest_ms, 3, es);
	ExplainPropertyInteger("Round Trips", NULL, c->round_trips, es);
	if (c->connections > 0)
		ExplainPropertyInteger("Connections Opened", NULL, c->connections, es);
	if (remote > 0)
	{
		ExplainPropertyInteger("Bytes Sent", NULL, c->bytes_sent, es);
		ExplainPropertyInteger("Bytes Received", NULL, c->bytes_received, es);
	}
}

/* A node's plan, indented below ours. */
static void
show_node_plan(List *lines, ExplainState *es)
{
	ListCell   *lc;

	if (lines == NIL)
		return;
	if (es->format != EXPLAIN_FORMAT_TEXT)
	{
		ExplainPropertyList("Plan On One Node", lines, es);
		return;
	}
	appendStringInfoSpaces(es->str, es->indent * 2);
	appendStringInfoString(es->str, "Plan On One Node:\n");
	foreach(lc, lines)
	{
		appendStringInfoSpaces(es->str, es->indent * 2 + 2);
		appendStringInfo(es->str, "%s\n", (char *) lfirst(lc));
	}
}

/* Shard to explain: one of this server if there is any. */
static int
typical_shard(const ScanOutlook * outlook)
{
	ListCell   *lc;

	foreach(lc, outlook->shards)
		if (outlook->group->shards[lfirst_int(lc)].node_id == local_node_id())
			return lfirst_int(lc);
	return outlook->shards ? linitial_int(outlook->shards) : -1;
}

/* Types of the text's parameters, evaluated or not. */
static Oid *
param_types(DistScanState * state)
{
	CustomScan *cscan = (CustomScan *) state->css.ss.ps.plan;
	Oid		   *types = palloc(sizeof(Oid) * Max(state->plan->nparams, 1));

	for (int i = 0; i < state->plan->nparams; i++)
		types[i] = exprType(list_nth(cscan->custom_exprs, i));
	return types;
}

/* Logical names for a plan; indexes may have any length. */
static RemoteRename *
explain_rename(List *markers, int64 shard_id)
{
	RemoteRename *rename = shard_rename_create(markers, shard_id, true);

	rename->keep_schema = true;
	return rename;
}

static List *
scan_node_plan(DistScanState * state, const ScanOutlook * outlook, ExplainState *es)
{
	const DistPlan *plan = state->plan;
	Oid		   *types = param_types(state);
	const FragmentText *text = &plan->text;
	const Shard *shard;
	int			index;

	if (outlook->group == NULL)
		return explain_fragment(local_node_id(), fragment_text_sql(text, 0), plan->nparams,
								types, outlook->params, NULL, es);
	index = typical_shard(outlook);
	if (index < 0)
		return NIL;
	shard = &outlook->group->shards[index];
	if (shard->node_id != local_node_id())
		text = fragment_text_with_casts(text, plan->nparams, types);
	return explain_fragment(shard->node_id, fragment_text_sql(text, shard->shard_id),
							plan->nparams, types, outlook->params,
							explain_rename(plan->text.markers, shard->shard_id), es);
}

void
dist_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	DistScanState *state = (DistScanState *) node;
	ScanOutlook outlook = look_ahead(state);

	ExplainPropertyInteger("Tier", NULL, state->plan->tier, es);
	if (state->plan->aggregate != AGGREGATE_NONE)
		ExplainPropertyText("Aggregate", state->plan->aggregate == AGGREGATE_PARTIAL ?
							"partial" : "complete", es);
	if (outlook.group != NULL)
		show_shards(&outlook, es);
	else if (state->plan->target == TARGET_ALL_NODES)
		show_count("Nodes", list_length(node_list()), list_length(node_list()), es);
	dist_scan_note_figures(state);
	show_figures(&state->counters, state->total_fragments, state->remote_fragments,
				 state->slowest_ms, es);
	ExplainPropertyText("SQL", fragment_text_logical(&state->plan->text), es);
	show_node_plan(scan_node_plan(state, &outlook, es), es);
}

/* The statement with one row of values. */
static char *
modify_sql(const ModifyPlan * plan)
{
	int			param = plan->ntailparams;
	const char *separator = "";
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoString(&buf, fragment_text_logical(&plan->head));
	if (plan->row_types != NIL)
	{
		appendStringInfoChar(&buf, '(');
		if (plan->operation != CMD_INSERT)
		{
			appendStringInfoChar(&buf, '1');
			separator = ", ";
		}
		foreach(lc, plan->row_types)
		{
			appendStringInfo(&buf, "%s$%d::%s", separator, ++param, strVal(lfirst(lc)));
			separator = ", ";
		}
		appendStringInfoString(&buf, "), ...");
	}
	appendStringInfoString(&buf, fragment_text_logical(&plan->tail));
	return buf.data;
}

static const char *
operation_name(CmdType operation)
{
	switch (operation)
	{
		case CMD_INSERT:
			return "Insert";
		case CMD_UPDATE:
			return "Update";
		case CMD_DELETE:
			return "Delete";
		default:
			return "Merge";
	}
}

void
dist_modify_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	DistModifyState *state = (DistModifyState *) node;
	const ModifyPlan *plan = state->plan;
	ListCell   *lc;

	ExplainPropertyInteger("Tier", NULL, 3, es);
	ExplainPropertyText("Operation", operation_name(plan->operation), es);
	ExplainPropertyText("Table",
						quote_qualified_identifier(get_namespace_name(get_rel_namespace(plan->relid)),
												   get_rel_name(plan->relid)), es);
	show_figures(&state->counters, state->nfragments, state->remote_fragments,
				 state->slowest_ms, es);
	if (es->verbose && plan->actions == NIL)
		ExplainPropertyText("SQL", modify_sql(plan), es);
	foreach(lc, plan->actions)
	{
		const ModifyPlan *action = modify_plan_decode(lfirst(lc));

		if (es->verbose && action->operation != CMD_NOTHING)
			ExplainPropertyText(action->matched ? "Matched" : "Not Matched",
								modify_sql(action), es);
	}
}
