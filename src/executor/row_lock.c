/*
 * row_lock.c
 *		Locks on rows of shards by their ctid, on the node that has them.
 *
 * The ctids come from an earlier statement of the same transaction, which the
 * coordinator has told to keep its snapshot (planner/lock_path.c).  So a row's
 * old version and the way to the newest one are still there, though vacuum
 * could remove them as soon as nobody else needed them.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/node_session.h"
#include "executor/row_lock.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

/* Registered with the transaction; NULL when none is kept. */
static Snapshot held = NULL;

static LockTupleMode
lock_mode(LockClauseStrength strength)
{
	switch (strength)
	{
		case LCS_FORUPDATE:
			return LockTupleExclusive;
		case LCS_FORNOKEYUPDATE:
			return LockTupleNoKeyExclusive;
		case LCS_FORSHARE:
			return LockTupleShare;
		default:
			return LockTupleKeyShare;
	}
}

static void
raise_serialization_failure(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

static bool
lock_tuple(Relation relation, ItemPointer tid, LockClauseStrength strength,
		   LockWaitPolicy policy, Snapshot snapshot)
{
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	int			flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
	TM_FailureData failure;
	TM_Result	result;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	result = table_tuple_lock(relation, tid, snapshot, slot, GetCurrentCommandId(true),
							  lock_mode(strength), policy, flags, &failure);
	if (result == TM_Ok)
		*tid = slot->tts_tid;
	ExecDropSingleTupleTableSlot(slot);
	switch (result)
	{
		case TM_Ok:
			return true;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				raise_serialization_failure();
			return false;
		case TM_SelfModified:
		case TM_WouldBlock:
			return false;
		default:
			elog(ERROR, "unexpected result %u of locking a row", result);
	}
}

bool
row_lock(const char *table, Oid leaf, ItemPointer tid, LockClauseStrength strength,
		 LockWaitPolicy policy, Snapshot snapshot)
{
	RangeVar   *name = makeRangeVarFromNameList(stringToQualifiedNameList(table));
	Relation	relation = OidIsValid(leaf) ? table_open(leaf, RowShareLock) :
		table_openrv(name, RowShareLock);
	bool		locked = lock_tuple(relation, tid, strength, policy, snapshot);

	table_close(relation, NoLock);
	return locked;
}

static void
require_node_session(void)
{
	if (!node_session)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only nodes of a cluster may call this function")));
}

/*
 * shardlite_internal.lock_rows(table, leaf, tids, strength, policy): the tids
 * of the rows' newest versions, NULL for those that are not locked.
 */
PG_FUNCTION_INFO_V1(shardlite_lock_rows);
Datum
shardlite_lock_rows(PG_FUNCTION_ARGS)
{
	char	   *table = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			leaf = PG_GETARG_OID(1);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);
	Datum	   *tids;
	bool	   *nulls;
	int			count;
	int			lower = 1;

	require_node_session();
	deconstruct_array(array, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT,
					  &tids, NULL, &count);
	nulls = palloc(sizeof(bool) * Max(count, 1));
	for (int i = 0; i < count; i++)
		nulls[i] = !row_lock(table, leaf, (ItemPointer) DatumGetPointer(tids[i]),
							 PG_GETARG_INT32(3), PG_GETARG_INT32(4), GetActiveSnapshot());
	PG_RETURN_ARRAYTYPE_P(construct_md_array(tids, nulls, 1, &count, &lower, TIDOID,
											 sizeof(ItemPointerData), false, TYPALIGN_SHORT));
}

/* An abort releases it with the transaction's other resources. */
static void
release_snapshot(XactEvent event, void *arg)
{
	if (held != NULL && (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE))
		UnregisterSnapshotFromOwner(held, TopTransactionResourceOwner);
	held = NULL;
}

/*
 * shardlite_internal.hold_snapshot(): keep this statement's snapshot until the
 * transaction ends.  One is enough: what a later one sees it protects, too.
 */
PG_FUNCTION_INFO_V1(shardlite_hold_snapshot);
Datum
shardlite_hold_snapshot(PG_FUNCTION_ARGS)
{
	static bool registered = false;

	if (held == NULL && node_session)
	{
		if (!registered)
			RegisterXactCallback(release_snapshot, NULL);
		registered = true;
		held = RegisterSnapshotOnOwner(GetActiveSnapshot(), TopTransactionResourceOwner);
	}
	PG_RETURN_BOOL(true);
}
