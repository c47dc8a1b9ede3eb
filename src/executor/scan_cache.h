/*
 * scan_cache.h
 *		What executions of one ShardliteScan plan in this backend share.
 */
#ifndef SHARDLITE_SCAN_CACHE_H
#define SHARDLITE_SCAN_CACHE_H

#include "executor/fragment_params.h"
#include "executor/row_map.h"
#include "lib/ilist.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

/* Made from the plan and the catalogs alone; lives in a context of its own. */
typedef struct ScanShare
{
	dlist_node	link;			/* by last use */
	MemoryContext cxt;
	uint64		generation;		/* of the metadata it was made from */
	bool		current;		/* in the cache; else it goes with its last user */
	int			users;			/* states of running executions */

	const DistPlan *plan;
	ParamSpec  *spec;			/* of custom_exprs */
	RowMap	   *map;			/* NULL when no rows come back */
	const FragmentText *wire_text;	/* the text as nodes want it */
	const char **sql;			/* per shard of the group, as far as made; or NULL */
	int			nshards;
}			ScanShare;

/*
 * That of a plan whose scan tuples are like desc, which lives as long as the
 * context user; so does the result.
 */
extern ScanShare * scan_share_get(CustomScan *scan, TupleDesc desc, MemoryContext user);

/* The fragment for one shard; lives as long as the share or the current context. */
extern const char *scan_share_sql(ScanShare * share, const ShardGroup * group, int index);

extern void scan_cache_init(void);

#endif							/* SHARDLITE_SCAN_CACHE_H */
