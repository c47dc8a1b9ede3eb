/*
 * vacuum_compat.h
 *		Differences between PostgreSQL versions around VACUUM.
 */
#ifndef SHARDLITE_VACUUM_COMPAT_H
#define SHARDLITE_VACUUM_COMPAT_H

#include "access/multixact.h"
#include "access/transam.h"
#include "commands/vacuum.h"

/* 18 added the number of all-frozen pages */
static inline void
compat_update_relstats(Relation rel, BlockNumber pages, double rows)
{
#if PG_VERSION_NUM >= 180000
	vac_update_relstats(rel, pages, rows, 0, 0, rel->rd_rel->relhasindex,
						InvalidTransactionId, InvalidMultiXactId, NULL, NULL, true);
#else
	vac_update_relstats(rel, pages, rows, 0, rel->rd_rel->relhasindex,
						InvalidTransactionId, InvalidMultiXactId, NULL, NULL, true);
#endif
}

#endif							/* SHARDLITE_VACUUM_COMPAT_H */
