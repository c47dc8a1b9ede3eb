/*
 * exchange.c
 *		The coordinator's part of sending rows from node to node.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/counters.h"
#include "executor/exchange.h"
#include "executor/exchange_file.h"
#include "executor/exchange_read.h"
#include "executor/exchange_write.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

struct Exchange
{
	DistScanState *scan;
	int64		id;
	char		token[EXCHANGE_TOKEN_LENGTH + 1];
	int			key_resno;
	const ShardGroup *group;	/* of the shards that rows go to */
	int32	   *ranges;			/* the least hash of each of them */
	int32	   *nodes;			/* and its node */
	int			ncolumns;
	Oid		   *types;
	List	   *sources;		/* IntList: nodes that have rows */
	char	  **locations;		/* per source */
	bool		unreachable;	/* a node has told so */
	int64		nrows;
	const char *fetch_sql;
};

/* Tags of fragments. */
static char tag_begin;
static char tag_rows;

/* ---- what can be exchanged ---- */

static bool
is_plain(const DistScanState * scan)
{
	const Plan *plan = scan->css.ss.ps.plan;
	ListCell   *lc;

	if (scan->plan->operation != CMD_SELECT || scan->plan->writes ||
		scan->plan->before_writes || scan->plan->fill != NIL || plan->qual != NIL ||
		scan->plan->target == TARGET_ANY_NODE || scan->plan->target == TARGET_ALL_NODES ||
		scan->map == NULL || !scan->map->binary)
		return false;
	foreach(lc, plan->targetlist)
	{
		if (!IsA(lfirst_node(TargetEntry, lc)->expr, Var))
			return false;
	}
	return true;
}

/* Functions that send and receive values convert text for the client of this session. */
bool
exchange_is_possible(PlanState *child)
{
	return IsA(child, CustomScanState) && is_dist_scan((CustomScan *) child->plan) &&
		is_plain((DistScanState *) child) && pg_get_client_encoding() == GetDatabaseEncoding();
}

/* ---- the first step ---- */

static void
make_token(char *token)
{
	uint8		bytes[EXCHANGE_TOKEN_LENGTH / 2];

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random value")));
	for (int i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
}

/* SELECT exchange_rows($n, columns of the scan's result) of a fragment's rows. */
static char *
rows_sql(const DistScanState * scan, const char *sql, int param)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "SELECT " EXCHANGE_ROWS "($%d", param);
	foreach(lc, scan->css.ss.ps.plan->targetlist)
		appendStringInfo(&buf, ", c%d", ((Var *) lfirst_node(TargetEntry, lc)->expr)->varattno);
	appendStringInfo(&buf, "), NULL::text FROM (%s) r(", sql);
	for (int i = 1; i <= scan->map->nsent; i++)
		appendStringInfo(&buf, "%sc%d", i > 1 ? ", " : "", i);
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/* A fragment's parameters and one more: the exchange's number. */
static FragmentParams *
with_id(const FragmentParams * params, int64 id)
{
	int			count = params == NULL ? 0 : params->count;
	FragmentParams *result = fragment_params_create(count + 1);

	for (int i = 0; i < count; i++)
	{
		result->types[i] = params->types[i];
		result->values[i] = params->values[i];
		result->isnull[i] = params->isnull[i];
	}
	result->types[count] = INT8OID;
	result->values[count] = Int64GetDatum(id);
	return result;
}

static Datum
int4_array(const int32 *values, int count)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		datums[i] = Int32GetDatum(values[i]);
	return PointerGetDatum(construct_array(datums, count, INT4OID, sizeof(int32), true,
										   TYPALIGN_INT));
}

static Datum
source_array(const Exchange * exchange)
{
	int32	   *ids = palloc(sizeof(int32) * Max(list_length(exchange->sources), 1));
	ListCell   *lc;

	foreach(lc, exchange->sources)
		ids[foreach_current_index(lc)] = lfirst_int(lc);
	return int4_array(ids, list_length(exchange->sources));
}

static FragmentParams *
begin_params(const Exchange * exchange)
{
	static const Oid types[] = {INT8OID, TEXTOID, INT4ARRAYOID, INT4OID, INT4ARRAYOID, INT4ARRAYOID};
	FragmentParams *params = fragment_params_create(lengthof(types));

	memcpy(params->types, types, sizeof(types));
	params->values[0] = Int64GetDatum(exchange->id);
	params->values[1] = CStringGetTextDatum(exchange->token);
	params->values[2] = int4_array(exchange->ranges, exchange->group->nshards);
	params->values[3] = Int32GetDatum(exchange->key_resno);
	params->values[4] = int4_array(exchange->nodes, exchange->group->nshards);
	params->values[5] = source_array(exchange);
	return params;
}

/* Nodes that have or need rows. */
static List *
nodes_concerned(const Exchange * exchange)
{
	List	   *nodes = list_copy(exchange->sources);

	for (int i = 0; i < exchange->group->nshards; i++)
		nodes = list_append_unique_int(nodes, exchange->nodes[i]);
	return nodes;
}

/*
 * What the scan's fragments do with their rows, and what each node does before
 * and after.  Nobody's rows but texts and counts come back.
 */
static void
add_fragments(Exchange * exchange, DistScanState * scan)
{
	FragmentRun *run = scan->run;
	List	   *fragments = run->fragments;
	FragmentParams *params = begin_params(exchange);
	ListCell   *lc;

	foreach(lc, fragments)
	{
		Fragment   *fragment = lfirst(lc);

		fragment->params = with_id(fragment->params, exchange->id);
		fragment->sql = rows_sql(scan, fragment->sql, fragment->params->count);
		fragment->map = run->map;
		fragment->packed = false;
		fragment->tag = &tag_rows;
	}
	run->fragments = NIL;
	foreach(lc, nodes_concerned(exchange))
	{
		Fragment   *fragment = fragment_run_add(run, lfirst_int(lc), -1,
												"SELECT NULL::int8, " EXCHANGE_BEGIN "($1, $2, $3, $4, $5, $6)",
												params);

		fragment->tag = &tag_begin;
	}
	run->fragments = list_concat(run->fragments, fragments);
	foreach(lc, exchange->sources)
		(void) fragment_run_add(run, lfirst_int(lc), -1,
								"SELECT NULL::int8, NULL::text FROM " EXCHANGE_END "($1)",
								with_id(NULL, exchange->id));
}

/* Look at what a fragment returns; its row is kept nowhere. */
static bool
note_result(Fragment * fragment, const RowExtras * extras, Datum *values, bool *nulls)
{
	Exchange   *exchange = fragment->run->hook_arg;
	ListCell   *lc;

	if (fragment->tag == &tag_rows)
		exchange->nrows += DatumGetInt64(values[0]);
	else if (fragment->tag == &tag_begin && nulls[1])
		exchange->unreachable = true;
	else if (fragment->tag == &tag_begin)
	{
		foreach(lc, exchange->sources)
		{
			if (lfirst_int(lc) == fragment->node_id)
				exchange->locations[foreach_current_index(lc)] =
					MemoryContextStrdup(GetMemoryChunkContext(exchange),
										TextDatumGetCString(values[1]));
		}
	}
	return false;
}

static RowMap *
result_map(void)
{
	TupleDesc	desc = CreateTemplateTupleDesc(2);

	TupleDescInitEntry(desc, 1, NULL, INT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, NULL, TEXTOID, -1, 0);
	return row_map_create(desc, NIL, InvalidOid, NIL, false, false);
}

static void
send_fragments(Exchange * exchange, DistScanState * scan)
{
	FragmentRun *run = scan->run;
	MemoryContext old = MemoryContextSwitchTo(run->cxt);

	run->map = result_map();
	run->on_row = note_result;
	run->hook_arg = exchange;
	run->access |= DIST_ACCESS_KEEP;
	run->fragment_cost = 0;		/* one session per node has it all */
	add_fragments(exchange, scan);
	MemoryContextSwitchTo(old);
	fragment_run_flush(run);
}

static void
set_places(Exchange * exchange, const DistScanState * scan)
{
	const ShardGroup *group = exchange->group;
	ListCell   *lc;

	exchange->ranges = palloc(sizeof(int32) * group->nshards);
	exchange->nodes = palloc(sizeof(int32) * group->nshards);
	for (int i = 0; i < group->nshards; i++)
	{
		exchange->ranges[i] = group->shards[i].hash_min;
		exchange->nodes[i] = group->shards[i].node_id;
	}
	foreach(lc, scan->run->fragments)
		exchange->sources = list_append_unique_int(exchange->sources,
												   ((Fragment *) lfirst(lc))->node_id);
	exchange->locations = palloc0(sizeof(char *) * Max(list_length(exchange->sources), 1));
}

static void
set_types(Exchange * exchange, const DistScanState * scan)
{
	TupleDesc	desc = scan->css.ss.ps.ps_ResultTupleDesc;

	exchange->ncolumns = desc->natts;
	exchange->types = palloc(sizeof(Oid) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
		exchange->types[i] = TupleDescAttr(desc, i)->atttypid;
}

Exchange *
exchange_create(PlanState *child, int key_resno, const ShardGroup * group, int64 id)
{
	DistScanState *scan = (DistScanState *) child;
	MemoryContext old = MemoryContextSwitchTo(scan->cxt);
	RemoteCounters before = remote_counters;
	Exchange   *exchange = palloc0(sizeof(Exchange));

	if (child->instrument)
		InstrStartNode(child->instrument);
	exchange->scan = scan;
	exchange->id = id;
	exchange->key_resno = key_resno;
	exchange->group = group;
	make_token(exchange->token);
	dist_scan_make_run(scan);
	set_places(exchange, scan);
	set_types(exchange, scan);
	send_fragments(exchange, scan);
	MemoryContextSwitchTo(old);
	if (child->instrument)
	{
		InstrStopNode(child->instrument, 0);
		remote_counters_add(&scan->counters, &before);
	}
	return exchange;
}

bool
exchange_complete(Exchange * exchange)
{
	DistScanState *scan = exchange->scan;
	Instrumentation *instrument = scan->css.ss.ps.instrument;
	RemoteCounters before = remote_counters;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(scan->run->map->desc, &TTSOpsVirtual);

	if (instrument)
		InstrStartNode(instrument);
	while (fragment_run_next(scan->run, slot))
		continue;
	ExecDropSingleTupleTableSlot(slot);
	dist_scan_stop(scan);
	if (instrument)
	{
		InstrStopNode(instrument, exchange->nrows);
		remote_counters_add(&scan->counters, &before);
	}
	if (exchange->unreachable)
		exchange_release(exchange);
	return !exchange->unreachable;
}

/* ---- the second step ---- */

static const char *
fetch_statement(const Exchange * exchange)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT " EXCHANGE_FETCH "($1, $2, $3, $4, $5");
	for (int i = 0; i < exchange->ncolumns; i++)
		appendStringInfo(&buf, ", NULL::%s", format_type_be_qualified(exchange->types[i]));
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

static FragmentParams *
fetch_params(const Exchange * exchange)
{
	static const Oid types[] = {INT8OID, TEXTOID, INT4ARRAYOID, INT4ARRAYOID, TEXTARRAYOID};
	FragmentParams *params = fragment_params_create(lengthof(types));
	int			count = list_length(exchange->sources);
	Datum	   *locations = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		locations[i] = CStringGetTextDatum(exchange->locations[i]);
	memcpy(params->types, types, sizeof(types));
	params->values[0] = Int64GetDatum(exchange->id);
	params->values[1] = CStringGetTextDatum(exchange->token);
	params->values[2] = int4_array(exchange->nodes, exchange->group->nshards);
	params->values[3] = source_array(exchange);
	params->values[4] = PointerGetDatum(construct_array(locations, count, TEXTOID, -1, false,
														TYPALIGN_INT));
	return params;
}

static void
fetch_here(const Exchange * exchange)
{
	int32	   *sources = palloc(sizeof(int32) * Max(list_length(exchange->sources), 1));
	ExchangeFetch fetch = {
		.id = exchange->id, .token = exchange->token,
		.nshards = exchange->group->nshards, .nodes = exchange->nodes,
		.nsources = list_length(exchange->sources), .sources = sources,
		.locations = exchange->locations,
		.ncolumns = exchange->ncolumns, .types = exchange->types
	};
	ListCell   *lc;

	foreach(lc, exchange->sources)
		sources[foreach_current_index(lc)] = lfirst_int(lc);
	exchange_fetch(&fetch);
}

void
exchange_send_fetch(Exchange * exchange, RemoteConnection *conn)
{
	RemoteRequest *request;

	if (conn == NULL)
	{
		fetch_here(exchange);
		return;
	}
	if (exchange->fetch_sql == NULL)
		exchange->fetch_sql = fetch_statement(exchange);
	request = remote_send(conn, exchange->fetch_sql,
						  fragment_params_wire(fetch_params(exchange)), REMOTE_PREPARE, NULL, NULL);
	remote_release(request);
}

/* ---- the end ---- */

/* Nobody waits for it; a transaction that has ended there has done it already. */
static void
drop_on_node(const Exchange * exchange, int32 node_id)
{
	RemoteConnection *conn;

	if (!dist_xact_in_block(node_id))
		return;
	conn = dist_xact_connection(node_id, DIST_ACCESS_READ);
	remote_release(remote_send(conn, "SELECT " EXCHANGE_DROP "($1)",
							  fragment_params_wire(with_id(NULL, exchange->id)),
							  REMOTE_PREPARE, NULL, NULL));
	remote_sync(conn);
}

void
exchange_release(Exchange * exchange)
{
	ListCell   *lc;

	foreach(lc, exchange->sources)
	{
		if (lfirst_int(lc) == local_node_id())
			exchange_forget(exchange->id);
		else
			drop_on_node(exchange, lfirst_int(lc));
	}
}
