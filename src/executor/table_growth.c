/*
 * table_growth.c
 *		The size of a distributed table right after many rows came in.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

#include "compat/vacuum_compat.h"
#include "executor/table_growth.h"

/* Fewer rows do not change how the table is best read. */
#define MANY_ROWS	1000

/*
 * As VACUUM does it: not undone by a rollback, so an estimate, which the next
 * look at the shards corrects.  Its lock is not waited for.
 */
static void
add_to_shell(Oid relid, double rows)
{
	Relation	rel = table_open(relid, NoLock);
	double		known = Max(rel->rd_rel->reltuples, 0);
	double		pages = (int32) rel->rd_rel->relpages;

	if (pages > 0 && known > 0)
		pages = Min(pages * (known + rows) / known, (double) MaxBlockNumber);
	if (rows >= known)
		compat_update_relstats(rel, (BlockNumber) (int64) pages, known + rows);
	table_close(rel, NoLock);
}

void
table_grown(const DistTable *table, int64 rows)
{
	if (rows < MANY_ROWS || table->kind == DIST_REFERENCE ||
		!ConditionalLockRelationOid(table->relid, ShareUpdateExclusiveLock))
		return;
	add_to_shell(table->relid, rows);
	UnlockRelationOid(table->relid, ShareUpdateExclusiveLock);
}
