/*
 * modify_write.c
 *		Reads the child of a ShardliteModify and sends its rows to shards.
 *
 * The child is read to its end before anything is written, because a fragment
 * sees what earlier ones on its shard wrote, and a statement must not see its
 * own writes.  A child that reads no table at all is written as it comes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/dist_modify.h"
#include "executor/executor.h"
#include "executor/row_identity.h"
#include "executor/shard_choice.h"
#include "miscadmin.h"
#include "transaction/dist_xact.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

/* Does evaluating the child read no table? */
static bool
child_is_pure(DistModifyState * state)
{
	PlanState  *child = linitial(state->css.custom_ps);

	if (state->css.ss.ps.state->es_plannedstmt->subplans != NIL)
		return false;
	if (IsA(child, ResultState))
		return outerPlanState(child) == NULL;
	return IsA(child, ValuesScanState);
}

/* ---- rows written before ---- */

/* What tells rows apart: a tid, or the wire form of a primary key. */
typedef struct SeenKey
{
	uint64		hash;
	char	   *bytes;			/* NULL for tids: the hash is the tid */
	Size		length;
}			SeenKey;

static uint32
seen_hash(const void *key, Size size)
{
	uint64		hash = ((const SeenKey *) key)->hash;

	return hash_bytes_uint32((uint32) (hash ^ (hash >> 32)));
}

static int
seen_compare(const void *a, const void *b, Size size)
{
	const		SeenKey *x = a;
	const		SeenKey *y = b;

	if (x->hash != y->hash || x->length != y->length)
		return 1;
	return x->length == 0 ? 0 : memcmp(x->bytes, y->bytes, x->length);
}

/* Remember a row; true when it was there already. */
static bool
seen_before(DistModifyState * state, SeenKey key)
{
	SeenKey    *entry;
	bool		found;

	if (state->seen == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(SeenKey);
		ctl.entrysize = sizeof(SeenKey);
		ctl.hash = seen_hash;
		ctl.match = seen_compare;
		ctl.hcxt = state->cxt;
		state->seen = hash_create("shardlite written rows", 1024, &ctl,
								  HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	}
	entry = hash_search(state->seen, &key, HASH_ENTER, &found);
	if (!found && key.length > 0)
	{
		entry->bytes = MemoryContextAlloc(state->cxt, key.length);
		memcpy(entry->bytes, key.bytes, key.length);
	}
	return found;
}

static bool
tid_seen_before(DistModifyState * state, ItemPointer tid)
{
	SeenKey		key = {0};

	key.hash = ((uint64) ItemPointerGetBlockNumberNoCheck(tid) << 16) |
		ItemPointerGetOffsetNumberNoCheck(tid);
	return seen_before(state, key);
}

/* The first count values of a row, as bytes that equal for equal images. */
static bool
key_seen_before(DistModifyState * state, Datum *values, bool *nulls, int count)
{
	BatchWriter *writer = state->writer;
	StringInfoData buf;
	SeenKey		key;

	initStringInfo(&buf);
	for (int i = 0; i < count; i++)
	{
		Datum		value = values[i];

		appendStringInfoChar(&buf, nulls[i] ? 'n' : 'v');
		if (nulls[i])
			continue;
		if (writer->typbyval[i])
			appendBinaryStringInfo(&buf, (char *) &value, sizeof(Datum));
		else
		{
			Size		size;

			if (writer->typlen[i] == -1)
				value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
			size = datumGetSize(value, false, writer->typlen[i]);
			appendBinaryStringInfo(&buf, (char *) &size, sizeof(Size));
			appendBinaryStringInfo(&buf, DatumGetPointer(value), size);
		}
	}
	key.bytes = buf.data;
	key.length = buf.len;
	key.hash = hash_bytes_extended((unsigned char *) buf.data, buf.len, 0);
	return seen_before(state, key);
}

/* ---- one row ---- */

/* Values of a child row for a VALUES row: the columns of sent. */
static void
gather(DistModifyState * state, TupleTableSlot *slot, Datum *values, bool *nulls)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, state->plan->sent)
	{
		int			column = lfirst_int(lc) - 1;

		values[n] = slot->tts_values[column];
		nulls[n++] = slot->tts_isnull[column];
		if (state->plan->row_id_leaf && n == 1)
			nulls[n++] = true;	/* filled in when the identity is taken apart */
	}
}

/* Shard of the row's new key; -1 when the key is not written. */
static int
new_shard(DistModifyState * state, TupleTableSlot *slot)
{
	int			column = state->plan->key_resno - 1;

	if (state->table->kind != DIST_HASH)
		return state->plan->operation == CMD_INSERT ? 0 : -1;
	if (column < 0)
	{
		if (state->plan->operation == CMD_INSERT)
			null_key_error(state->table, NULL);
		return -1;
	}
	if (slot->tts_isnull[column])
	{
		check_null_key(state->table);
		return state->plan->operation == CMD_INSERT ? 0 : -1;
	}
	return dist_table_shard_index(state->table, slot->tts_values[column]);
}

/* DELETE on the old shard, INSERT of the whole new row on the new one. */
static void
move_row(DistModifyState * state, TupleTableSlot *slot, RowPlace place, int to,
		 ItemPointer tid)
{
	const ModifyPlan *plan = state->plan;
	MemoryContext old = MemoryContextSwitchTo(state->run->cxt);
	FragmentParams *gone = fragment_params_create(plan->row_id_leaf ? 2 : 1);
	FragmentParams *added = fragment_params_create(list_length(plan->move_sent));
	int			i = 0;
	ListCell   *lc;

	gone->types[0] = TIDOID;
	gone->values[0] = datumCopy(PointerGetDatum(tid), false, sizeof(ItemPointerData));
	if (plan->row_id_leaf)
	{
		gone->types[1] = OIDOID;
		gone->values[1] = ObjectIdGetDatum(place.leaf);
	}
	foreach(lc, plan->move_sent)
	{
		int			column = lfirst_int(lc) - 1;
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, column);

		added->types[i] = att->atttypid;
		added->isnull[i] = slot->tts_isnull[column];
		if (!added->isnull[i])
			added->values[i] = att->attlen == -1 ?
				PointerGetDatum(PG_DETOAST_DATUM_COPY(slot->tts_values[column])) :
				datumCopy(slot->tts_values[column], att->attbyval, att->attlen);
		i++;
	}
	batch_move(state->writer, place.shard_index, to, gone, added, state->nread);
	MemoryContextSwitchTo(old);
}

/* Several source rows go with one row of the target: the first one counts. */
static void
second_hit(DistModifyState * state)
{
	if (state->hit_once)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("MERGE command cannot affect row a second time"),
				 errhint("Ensure that not more than one source row matches any one target row.")));
}

/* UPDATE or DELETE of a row known by its synthetic tid. */
static void
write_identified(DistModifyState * state, TupleTableSlot *slot, Datum *values, bool *nulls)
{
	int			column = state->plan->row_id_resno - 1;
	ItemPointerData tid;
	RowPlace	place;
	int			to;

	if (slot->tts_isnull[column])
		return;
	tid = *(ItemPointer) DatumGetPointer(slot->tts_values[column]);
	if (tid_seen_before(state, &tid))
	{
		second_hit(state);
		return;
	}
	place = row_identity_decode(state->statement, &tid);
	to = new_shard(state, slot);
	if (to >= 0 && to != place.shard_index && state->plan->operation == CMD_UPDATE)
	{
		move_row(state, slot, place, to, &tid);
		return;
	}
	values[0] = PointerGetDatum(&tid);
	if (state->plan->row_id_leaf)
	{
		values[1] = ObjectIdGetDatum(place.leaf);
		nulls[1] = false;
	}
	batch_add(state->writer, place.shard_index, values, nulls, state->nread);
}

void
modify_write_row(DistModifyState * state, TupleTableSlot *slot)
{
	const ModifyPlan *plan = state->plan;
	MemoryContext old = MemoryContextSwitchTo(state->row_cxt);
	Datum	   *values = palloc0(sizeof(Datum) * (state->writer->ncols + 1));
	bool	   *nulls = palloc0(sizeof(bool) * (state->writer->ncols + 1));

	slot_getallattrs(slot);
	gather(state, slot, values, nulls);
	if (plan->row_id_resno > 0)
		write_identified(state, slot, values, nulls);
	else if (state->table != NULL)
		batch_add(state->writer, new_shard(state, slot), values, nulls, state->nread);
	else if (plan->operation != CMD_INSERT &&
			 key_seen_before(state, values, nulls, plan->nkeycols))
		second_hit(state);
	else
		batch_add(state->writer, 0, values, nulls, state->nread);
	state->nread++;
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->row_cxt);
}

/* ---- all rows ---- */

/* Copy the child into state->rows. */
static void
store_child(DistModifyState * state)
{
	PlanState  *child = linitial(state->css.custom_ps);
	MemoryContext old = MemoryContextSwitchTo(state->cxt);
	TupleTableSlot *slot;

	state->rows = tuplestore_begin_heap(false, false, work_mem);
	state->row_slot = MakeSingleTupleTableSlot(ExecGetResultType(child), &TTSOpsMinimalTuple);
	tuplestore_set_eflags(state->rows, EXEC_FLAG_REWIND);
	MemoryContextSwitchTo(old);
	for (;;)
	{
		slot = ExecProcNode(child);
		if (TupIsNull(slot))
			break;
		tuplestore_puttupleslot(state->rows, slot);
	}
}

static void
take_row(DistModifyState * state, TupleTableSlot *slot)
{
	if (state->actions != NULL)
		modify_merge_row(state, slot);
	else
		modify_write_row(state, slot);
}

static void
write_rows(DistModifyState * state)
{
	PlanState  *child = linitial(state->css.custom_ps);
	TupleTableSlot *slot;

	if (!child_is_pure(state) || state->plan->child_fill != NIL)
	{
		store_child(state);
		while (tuplestore_gettupleslot(state->rows, true, false, state->row_slot))
			take_row(state, state->row_slot);
		return;
	}
	for (;;)
	{
		slot = ExecProcNode(child);
		if (TupIsNull(slot))
			break;
		take_row(state, slot);
	}
}

/*
 * Is this write all that the statement does?  Then what is still to be flushed
 * is its last work, and nodes may commit it (nothing can fail here any more) or
 * at least prepare it.
 */
static bool
is_whole_statement(DistModifyState * state)
{
	EState	   *estate = state->css.ss.ps.state;
	ListCell   *lc;

	if (estate->es_plannedstmt->planTree != state->css.ss.ps.plan ||
		estate->es_plannedstmt->subplans != NIL)
		return false;
	foreach(lc, state->css.ss.ps.plan->targetlist)
		if (!IsA(((TargetEntry *) lfirst(lc))->expr, Var))
			return false;
	return true;
}

/* Are there triggers through which fewer rows than asked for may change? */
static bool
triggers_may_skip(DistModifyState * state)
{
	Relation	rel = RelationIdGetRelation(state->plan->relid);
	TriggerDesc *triggers = rel->trigdesc;
	bool		result = triggers != NULL &&
		(triggers->trig_update_before_row || triggers->trig_delete_before_row ||
		 triggers->trig_delete_after_row);

	RelationClose(rel);
	return result;
}

/*
 * Rows that were read must still be there: they are locked when read.  If not
 * all were, somebody changed them in between.
 */
static void
check_all_found(DistModifyState * state)
{
	ListCell   *lc;

	foreach(lc, state->run->fragments)
	{
		Fragment   *fragment = lfirst(lc);
		BatchTag   *tag = fragment->tag;

		if (!tag->must_match || fragment->affected >= tag->nrows)
			continue;
		if (state->statement->nmodifies > 1 || triggers_may_skip(state))
			return;
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errhint("Retry the transaction.")));
	}
}

/* Note which of its batch's rows a RETURNING row belongs to. */
static bool
note_position(Fragment * fragment, const RowExtras * extras, Datum *values, bool *nulls)
{
	BatchTag   *tag = fragment->tag;

	if (tag->npositions == tag->max_positions)
	{
		tag->max_positions = Max(tag->nrows, tag->max_positions * 2);
		tag->positions = tag->positions ?
			repalloc(tag->positions, sizeof(int) * tag->max_positions) :
			MemoryContextAlloc(fragment->run->cxt, sizeof(int) * tag->max_positions);
	}
	tag->positions[tag->npositions] = fragment->map->target[0] == ROW_MAP_POSITION ?
		extras->position - 1 : tag->npositions;
	tag->npositions++;
	return true;
}

static FragmentParams *
eval_tail(DistModifyState * state)
{
	CustomScan *cscan = (CustomScan *) state->css.ss.ps.plan;

	if (state->plan->ntailparams == 0)
		return NULL;
	return fragment_params_eval(state->exprs, param_spec_create(cscan->custom_exprs),
								0, state->plan->ntailparams,
								state->css.ss.ps.ps_ExprContext);
}

void
modify_write(DistModifyState * state)
{
	PlanState  *child = linitial(state->css.custom_ps);
	MemoryContext old = MemoryContextSwitchTo(state->cxt);
	FragmentParams *tail = eval_tail(state);

	state->run = fragment_run_create(state->cxt, state->css.ss.ps.state, state->map,
									 DIST_ACCESS_WRITE);
	state->run->local_first = state->table == NULL;
	state->row_cxt = AllocSetContextCreate(state->cxt, "shardlite row to write",
										   ALLOCSET_SMALL_SIZES);
	if (state->map != NULL)
		state->run->on_row = note_position;
	if (state->plan->operation == CMD_MERGE)
		modify_merge_start(state);
	else
		state->writer = batch_writer_create(state->plan, state->table, state->run, tail,
											ExecGetResultType(child));
	if (state->plan->operation == CMD_UPDATE && state->map != NULL)
		state->writer->insert_map =
			row_map_create(state->map->desc, state->plan->fill, state->plan->fill_tableoid,
						   state->plan->child_fill, false, false);
	MemoryContextSwitchTo(old);

	write_rows(state);
	if (state->actions != NULL)
		modify_merge_close(state);
	else
		batch_close(state->writer);
	if (is_whole_statement(state))
		state->run->access |= DIST_ACCESS_LAST |
			(child_is_pure(state) && state->plan->checks == NIL ? DIST_ACCESS_AUTOCOMMIT : 0);
	fragment_run_flush(state->run);
	fragment_run_finish(state->run);
	check_all_found(state);
}
