/*
 * delegate.h
 *		A call of a distributed function, sent whole to the node that owns its
 *		key.
 */
#ifndef SHARDLITE_DELEGATE_H
#define SHARDLITE_DELEGATE_H

#include "executor/fragment_params.h"
#include "executor/row_map.h"
#include "utils/tuplestore.h"

/*
 * The node for a call with this key, or 0 when it is to run here: no function
 * of ours, a NULL key, the key's shard is here, or calls of this function were
 * refused lately.  The key is of the group's key type.
 */
extern int32 delegate_node(Oid funcid, Datum key, bool isnull);

typedef struct DelegatedCall
{
	Oid			funcid;
	int32		node_id;
	const char *sql;			/* begins with DELEGATED_CALL */
	FragmentParams *params;		/* or NULL */
	bool		writes;			/* the function may */
	RowMap	   *map;			/* NULL when no rows come back */
	Tuplestorestate *rows;		/* receives them */
}			DelegatedCall;

/*
 * Send the call and wait for its end.  False: the node refused what the
 * function wants to do there, nothing of it has happened, and the caller must
 * run the function here.
 */
extern bool delegate_call(DelegatedCall * call);

#endif							/* SHARDLITE_DELEGATE_H */
