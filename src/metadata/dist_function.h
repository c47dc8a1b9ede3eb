/*
 * dist_function.h
 *		Functions and procedures whose calls run where their key's shard is.
 */
#ifndef SHARDLITE_DIST_FUNCTION_H
#define SHARDLITE_DIST_FUNCTION_H

#include "metadata/dist_table.h"

typedef struct DistFunction
{
	Oid			funcid;
	int			argument;		/* among the input arguments, from 0 */
	const ShardGroup *group;	/* NULL: it only exists on all nodes */
	ShardHashInfo hash;			/* scratch of its FmgrInfo changes */
}			DistFunction;

/* NULL when calls of the function run like any other's.  Cheap. */
extern DistFunction * dist_function_find(Oid funcid);

/* Does metadata name a function that does not exist any more? */
extern bool dist_functions_dropped(void);

/* The node of the shard for a non-null key of the group's key type. */
extern int32 dist_function_node(DistFunction * function, Datum key);

#endif							/* SHARDLITE_DIST_FUNCTION_H */
