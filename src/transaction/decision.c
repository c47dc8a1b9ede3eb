/*
 * decision.c
 *		Writing the decision record of a two-phase commit.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "metadata/dist_table.h"
#include "transaction/decision.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/*
 * Goes through the catalog's insert path: no snapshot, no trigger, no
 * privilege of the user is needed while committing.
 */
void
decision_insert(const char *dtx_id, List *nodes)
{
	Oid			relid = get_relname_relid("dtx", get_namespace_oid(SHARDLITE_SCHEMA, false));
	Relation	rel = table_open(relid, RowExclusiveLock);
	Datum	   *ids = palloc(sizeof(Datum) * list_length(nodes));
	Datum		values[Natts_dtx];
	bool		nulls[Natts_dtx] = {false};
	ListCell   *lc;
	int			n = 0;

	foreach(lc, nodes)
		ids[n++] = Int32GetDatum(lfirst_int(lc));
	values[Anum_dtx_dtx_id - 1] = CStringGetTextDatum(dtx_id);
	values[Anum_dtx_nodes - 1] = PointerGetDatum(construct_array(ids, n, INT4OID,
																  sizeof(int32), true, TYPALIGN_INT));
	values[Anum_dtx_created - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, NoLock);
}
