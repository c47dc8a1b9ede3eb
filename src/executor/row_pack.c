/*
 * row_pack.c
 *		Many rows in one message: what a node sends to who asks for packs.
 *
 * The node's session recognises the format of the results that the client asked
 * for and puts a DestReceiver of its own in the place of PostgreSQL's.  That is
 * possible where the rows go from the executor to the client, for a plain
 * SELECT; elsewhere PostgreSQL refuses the format.
 */
#include "postgres.h"

#include "common/node_session.h"
#include "executor/executor.h"
#include "executor/row_encode.h"
#include "executor/row_pack.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "remote/connection.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"

/* What PostgreSQL collects before it sends; see there PQ_SEND_BUFFER_SIZE. */
#define PACK_SIZE 8192

typedef struct PackWriter
{
	DestReceiver pub;			/* must be first */
	MemoryContext cxt;			/* of this struct and what hangs on it */
	MemoryContext row_cxt;
	int			natts;
	RowEncoder *encoder;
	StringInfoData message;		/* the DataRow being filled */
	int			complete;		/* its length after the last whole row */
}			PackWriter;

/* Before the rows: number of columns, length of the first. */
#define PACK_HEAD_SIZE (sizeof(int16) + sizeof(int32))

static void
start_message(PackWriter * writer)
{
	pq_beginmessage_reuse(&writer->message, 'D');
	pq_sendint16(&writer->message, writer->natts);
	pq_sendint32(&writer->message, 0);
	writer->complete = writer->message.len;
}

static void
send_message(PackWriter * writer)
{
	uint32		length = pg_hton32(writer->complete - PACK_HEAD_SIZE);

	if (writer->complete == PACK_HEAD_SIZE)
		return;
	memcpy(writer->message.data + sizeof(int16), &length, sizeof(length));
	writer->message.len = writer->complete;
	for (int i = 1; i < writer->natts; i++)
		pq_sendint32(&writer->message, -1);
	pq_endmessage_reuse(&writer->message);
	start_message(writer);
}

static void
writer_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	PackWriter *writer = (PackWriter *) self;
	MemoryContext old = MemoryContextSwitchTo(writer->cxt);
	Oid		   *types = palloc(sizeof(Oid) * desc->natts);

	writer->natts = desc->natts;
	for (int i = 0; i < desc->natts; i++)
		types[i] = TupleDescAttr(desc, i)->atttypid;
	writer->encoder = row_encoder_create(desc->natts, types);
	initStringInfo(&writer->message);
	start_message(writer);
	MemoryContextSwitchTo(old);
}

static bool
writer_receive(TupleTableSlot *slot, DestReceiver *self)
{
	PackWriter *writer = (PackWriter *) self;
	MemoryContext old = MemoryContextSwitchTo(writer->row_cxt);

	slot_getallattrs(slot);
	row_encode(writer->encoder, &writer->message, slot->tts_values, slot->tts_isnull);
	writer->complete = writer->message.len;
	if (writer->complete >= PACK_SIZE)
		send_message(writer);
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->row_cxt);
	return true;
}

static void
writer_shutdown(DestReceiver *self)
{
	send_message((PackWriter *) self);
}

/* The context takes it along. */
static void
writer_destroy(DestReceiver *self)
{
}

static PackWriter *
create_writer(void)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite row packs",
											  ALLOCSET_DEFAULT_SIZES);
	PackWriter *writer = MemoryContextAllocZero(cxt, sizeof(PackWriter));

	writer->cxt = cxt;
	writer->row_cxt = AllocSetContextCreate(cxt, "shardlite packed row",
											ALLOCSET_DEFAULT_SIZES);
	writer->pub.receiveSlot = writer_receive;
	writer->pub.rStartup = writer_startup;
	writer->pub.rShutdown = writer_shutdown;
	writer->pub.rDestroy = writer_destroy;
	writer->pub.mydest = DestRemoteExecute;
	return writer;
}

/* ---- the node's side of the format ---- */

static ExecutorRun_hook_type next_executor_run;

static void
run_query(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
	if (next_executor_run)
		next_executor_run(query, direction, count, once);
	else
		standard_ExecutorRun(query, direction, count, once);
}

/* Does this query send its rows straight to a client that wants packs? */
static bool
wants_packs(const QueryDesc *query)
{
	return node_session && query->dest->mydest == DestRemoteExecute &&
		query->operation == CMD_SELECT && query->tupDesc->natts > 0 &&
		ActivePortal != NULL && ActivePortal->queryDesc == query &&
		ActivePortal->formats != NULL && ActivePortal->formats[0] == REMOTE_FORMAT_PACKED;
}

static void
pack_executor_run(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
	DestReceiver *dest = query->dest;
	PackWriter *writer;

	if (!wants_packs(query))
	{
		run_query(query, direction, count, once);
		return;
	}
	writer = create_writer();
	query->dest = &writer->pub;
	PG_TRY();
	{
		run_query(query, direction, count, once);
	}
	PG_CATCH();
	{
		/* Rows before an error may be all that the other side needs. */
		if (writer->message.data != NULL)
			send_message(writer);
		PG_RE_THROW();
	}
	PG_END_TRY();
	query->dest = dest;
	MemoryContextDelete(writer->cxt);
}

void
row_pack_init(void)
{
	next_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = pack_executor_run;
}
