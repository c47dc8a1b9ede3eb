/*
 * explain_node.h
 *		The plan that one node makes for a fragment.
 */
#ifndef SHARDLITE_EXPLAIN_NODE_H
#define SHARDLITE_EXPLAIN_NODE_H

#include "commands/explain.h"
#include "executor/fragment_run.h"

/*
 * Lines (List of char *) of EXPLAIN for a fragment on the node that would run
 * it, with users' names.  Costs a round trip unless that is this server.
 * params may be NULL although the text has parameters: then only a plan of
 * this server can be told, otherwise NIL comes back.
 */
extern List *explain_fragment(int32 node_id, const char *sql, int nparams,
							  const Oid *types, FragmentParams * params,
							  const RemoteRename * rename, const ExplainState *es);

#endif							/* SHARDLITE_EXPLAIN_NODE_H */
