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
#include "utils/typcache.h"

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

/* Fragments here and on other nodes that the shards make. */
static void
count_fragments(const ScanOutlook * outlook, bool by_node, int *local, int *remote)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	*local = *remote = 0;
	foreach(lc, outlook->shards)
	{
		int32		node_id = outlook->group->shards[lfirst_int(lc)].node_id;

		if (by_node && list_member_int(nodes, node_id))
			continue;
		nodes = lappend_int(nodes, node_id);
		if (node_id == local_node_id())
			(*local)++;
		else
			(*remote)++;
	}
}

/* How many shards or, of a group of nodes, nodes; and how many fragments on this server. */
static void
show_shards(const ScanOutlook * outlook, bool by_node, ExplainState *es)
{
	int			local;
	int			remote;

	if (!outlook->known)
	{
		if (es->format == EXPLAIN_FORMAT_TEXT)
			ExplainPropertyText("Shards", psprintf("chosen by key, of %d", outlook->group->nshards), es);
		else
			ExplainPropertyInteger("Total Shards", NULL, outlook->group->nshards, es);
		return;
	}
	show_count(outlook->group->colocation_id < 0 ? "Nodes" : "Shards",
			   list_length(outlook->shards), outlook->group->nshards, es);
	count_fragments(outlook, by_node, &local, &remote);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		ExplainPropertyText("Fragments", psprintf("%d local, %d remote", local, remote), es);
	else
	{
		ExplainPropertyInteger("Local Fragments", NULL, local, es);
		ExplainPropertyInteger("Remote Fragments", NULL, remote, es);
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
	return explain_fragment(shard->node_id,
							plan->node_head == NULL ? fragment_text_sql(text, shard->shard_id) :
							fragment_text_of_node(plan, text, outlook->group, list_make1_int(index)),
							plan->nparams, types, outlook->params,
							explain_rename(plan->text.markers, shard->shard_id), es);
}

/* What follows a sort key that is not sorted the usual way. */
static void
append_sort_order(StringInfo buf, Node *expr, Oid operator, Oid collation, bool nulls_first)
{
	TypeCacheEntry *type = lookup_type_cache(exprType(expr),
											 TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	bool		reverse = operator == type->gt_opr;

	if (OidIsValid(collation) && collation != get_typcollation(exprType(expr)))
		appendStringInfo(buf, " COLLATE %s", generate_collation_name(collation));
	if (reverse)
		appendStringInfoString(buf, " DESC");
	else if (operator != type->lt_opr)
		appendStringInfo(buf, " USING %s", get_opname(operator));
	if (nulls_first != reverse)
		appendStringInfo(buf, " NULLS %s", nulls_first ? "FIRST" : "LAST");
}

static void
show_merge_keys(CustomScanState *node, List *sort, List *ancestors, ExplainState *es)
{
	CustomScan *cscan = (CustomScan *) node->ss.ps.plan;
	List	   *context = set_deparse_context_plan(es->deparse_cxt, (Plan *) cscan, ancestors);
	bool		prefix = list_length(es->rtable) > 1 || es->verbose;
	List	   *keys = NIL;

	for (int at = 0; at < list_length(sort); at += SORT_FIELDS)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, cscan->custom_scan_tlist,
										   list_nth_int(sort, at) - 1);
		StringInfoData buf;

		initStringInfo(&buf);
		appendStringInfoString(&buf, deparse_expression((Node *) entry->expr, context,
														prefix, true));
		append_sort_order(&buf, (Node *) entry->expr, (Oid) list_nth_int(sort, at + 1),
						  (Oid) list_nth_int(sort, at + 2), list_nth_int(sort, at + 3) != 0);
		keys = lappend(keys, buf.data);
	}
	if (keys != NIL)
		ExplainPropertyList("Merge Key", keys, es);
}

/* The column by which these rows go to other nodes' shards, instead of coming here. */
static void
show_exchange(DistScanState * state, List *ancestors, ExplainState *es)
{
	Plan	   *plan = state->css.ss.ps.plan;
	List	   *context = set_deparse_context_plan(es->deparse_cxt, plan, ancestors);
	TargetEntry *entry;

	if (state->exchange_key == 0)
		return;
	entry = list_nth_node(TargetEntry, plan->targetlist, state->exchange_key - 1);
	ExplainPropertyText("Exchange Between Nodes By",
						deparse_expression((Node *) entry->expr, context,
										   list_length(es->rtable) > 1 || es->verbose, true), es);
}

/* The template; by node, as if there were one shard. */
static char *
scan_sql(const DistPlan * plan)
{
	char	   *sql = fragment_text_logical(&plan->text);

	if (plan->node_head == NULL)
		return sql;
	return psprintf("%s FROM (%s) %s", plan->node_head, sql, plan->node_tail);
}

/* A statement that is sent as it is. */
static const char *
whole_strategy(const DistPlan * plan)
{
	switch (plan->target)
	{
		case TARGET_ANY_NODE:
			return "whole statement on this node";
		case TARGET_ALL_NODES:
			return "whole statement on every node";
		case TARGET_NOTHING:
			return "nothing to do";
		default:
			return plan->tier == 1 ? "whole statement on one shard" : "whole statement on each shard";
	}
}

/* How rows that are joined with those of the shards come there. */
static char *
source_strategy(const DistPlan * plan, int source)
{
	if (list_nth_int(plan->source_exchanges, source))
		return "exchange between nodes";
	return list_nth_int(plan->source_keys, source) > 0 ? "rows sent by key" : "broadcast";
}

/* Names of those steps of a scan that are among these. */
static List *
append_steps(List *names, const DistPlan * plan, int among)
{
	static const struct
	{
		int			step;
		char	   *name;
	}			steps[] =
	{
		{DOES_SUBQUERY, "whole sub-SELECT"},
		{DOES_COLOCATED_JOIN, "colocated join"},
		{DOES_REFERENCE_JOIN, "reference table join"},
		{DOES_WINDOWS, "windows"},
		{DOES_DISTINCT, "finished DISTINCT"},
		{DOES_NODE_DISTINCT, "DISTINCT per node"},
		{DOES_LIMIT, "LIMIT"},
		{DOES_PER_ROW, "keys of outer rows"},
	};

	for (int i = 0; i < lengthof(steps); i++)
		if (plan->does & among & steps[i].step)
			names = lappend(names, steps[i].name);
	return names;
}

/* The steps of a scan, from the inside out. */
static List *
scan_strategy(const DistPlan * plan)
{
	List	   *names = append_steps(NIL, plan, DOES_SUBQUERY | DOES_COLOCATED_JOIN |
									 DOES_REFERENCE_JOIN);

	for (int i = 0; i < list_length(plan->source_keys); i++)
		names = lappend(names, source_strategy(plan, i));
	if (plan->aggregate == AGGREGATE_COMPLETE)
		names = lappend(names, "finished groups");
	else if (plan->aggregate == AGGREGATE_PARTIAL)
		names = lappend(names, plan->node_head != NULL ? "partial groups per node" :
						"partial groups");
	names = append_steps(names, plan, DOES_WINDOWS | DOES_DISTINCT | DOES_NODE_DISTINCT);
	if (plan->sort != NIL)
		names = lappend(names, "merge");
	names = append_steps(names, plan, DOES_LIMIT | DOES_PER_ROW);
	return names == NIL ? list_make1("rows of shards") : names;
}

static void
show_strategy(const DistPlan * plan, ExplainState *es)
{
	if (plan->tier == 3)
		ExplainPropertyList("Strategy", scan_strategy(plan), es);
	else
		ExplainPropertyText("Strategy", whole_strategy(plan), es);
}

/* What the shards do not do, and why. */
static void
show_refusal(const DistPlan * plan, ExplainState *es)
{
	if (!es->verbose || plan->refused == NULL)
		return;
	ExplainPropertyText("Not Pushed", es->costs && plan->refused_costs != NULL ?
						psprintf("%s; %s", plan->refused, plan->refused_costs) :
						plan->refused, es);
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
	show_strategy(state->plan, es);
	show_refusal(state->plan, es);
	if (outlook.group != NULL)
		show_shards(&outlook, state->plan->node_head != NULL, es);
	else if (state->plan->target == TARGET_ALL_NODES)
		show_count("Nodes", list_length(node_list()), list_length(node_list()), es);
	show_merge_keys(node, state->plan->sort, ancestors, es);
	show_exchange(state, ancestors, es);
	dist_scan_stop(state);
	if (es->analyze && state->connections > 0)
		ExplainPropertyInteger("Connections Used", NULL, state->connections, es);
	show_figures(&state->counters, state->total_fragments, state->remote_fragments,
				 state->slowest_ms, es);
	ExplainPropertyText("SQL", scan_sql(state->plan), es);
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
