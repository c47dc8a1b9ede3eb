/*
 * shardlite.c
 *		Entry point of the library: the ordered list of module initialisers.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "common/fault_point.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/*
 * Every module defines its settings and installs its hooks in its own
 * x_init(); this function only fixes the order.  Without preloading we stay
 * inert: the SQL functions say what to set.
 */
void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;

	fault_point_init();
}
