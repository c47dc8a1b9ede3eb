/*
 * counters.c
 *		Figures of this session, for EXPLAIN ANALYZE and shardlite_counters().
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/counters.h"
#include "fmgr.h"
#include "funcapi.h"

PG_FUNCTION_INFO_V1(shardlite_counters);

void
remote_counters_add(RemoteCounters *total, const RemoteCounters *before)
{
	total->round_trips += remote_counters.round_trips - before->round_trips;
	total->batches += remote_counters.batches - before->batches;
	total->connections += remote_counters.connections - before->connections;
	total->extra_connections += remote_counters.extra_connections - before->extra_connections;
	total->bytes_sent += remote_counters.bytes_sent - before->bytes_sent;
	total->bytes_received += remote_counters.bytes_received - before->bytes_received;
	total->remote_fragments += remote_counters.remote_fragments - before->remote_fragments;
	total->local_fragments += remote_counters.local_fragments - before->local_fragments;
}

/* SQL: one row of counters since the session began. */
Datum
shardlite_counters(PG_FUNCTION_ARGS)
{
	const RemoteCounters *c = &remote_counters;
	TupleDesc	desc;
	bool		nulls[8] = {0};
	Datum		values[8];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(c->round_trips);
	values[1] = Int64GetDatum(c->batches);
	values[2] = Int64GetDatum(c->connections);
	values[3] = Int64GetDatum(c->bytes_sent);
	values[4] = Int64GetDatum(c->bytes_received);
	values[5] = Int64GetDatum(c->remote_fragments);
	values[6] = Int64GetDatum(c->local_fragments);
	values[7] = Int64GetDatum(c->extra_connections);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
