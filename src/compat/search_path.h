/*
 * search_path.h
 *		Resolve names in pg_catalog only, for a short while.
 *
 * PostgreSQL 17 removed the override stack of search paths in favour of a
 * cached search_path setting (upstream commit 5e4dacb986b), so there the
 * setting is changed within a GUC nest level.  An error between the two calls
 * is undone by (sub)transaction abort in both ways.
 */
#ifndef SHARDLITE_COMPAT_SEARCH_PATH_H
#define SHARDLITE_COMPAT_SEARCH_PATH_H

#include "catalog/namespace.h"
#include "utils/guc.h"

/* Returns what compat_pop_catalog_path() wants back. */
static inline int
compat_push_catalog_path(void)
{
#if PG_VERSION_NUM < 170000
	OverrideSearchPath path = {0};

	path.addCatalog = true;
	PushOverrideSearchPath(&path);
	return 0;
#else
	int			level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
#endif
}

static inline void
compat_pop_catalog_path(int level)
{
#if PG_VERSION_NUM < 170000
	(void) level;
	PopOverrideSearchPath();
#else
	AtEOXact_GUC(true, level);
#endif
}

#endif							/* SHARDLITE_COMPAT_SEARCH_PATH_H */
