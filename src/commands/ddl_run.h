/*
 * ddl_run.h
 *		Run DDL statements from their text on this node.
 */
#ifndef SHARDLITE_DDL_RUN_H
#define SHARDLITE_DDL_RUN_H

#include "nodes/parsenodes.h"

/* Are we inside ddl_run_*()?  Then the utility hook lets statements pass. */
extern bool ddl_running(void);

/*
 * Run one command for each of the shards, which live here.  object_names: see
 * ddl_fill_names(); names: List of DdlName *.
 */
extern void ddl_run_on_shards(const char *command, List *object_names,
							  List *names, const int64 *shard_ids, int nshards);

/* Run one command as it is, with its unnamed objects named. */
extern void ddl_run_as_typed(const char *command, List *object_names);

/* Run one command as a client would, outside of a transaction block. */
extern void ddl_run_toplevel(const char *command);

/* "verbose, parallel 2" from a statement's options; "" if there are none. */
extern char *ddl_options_text(List *options);

#endif							/* SHARDLITE_DDL_RUN_H */
