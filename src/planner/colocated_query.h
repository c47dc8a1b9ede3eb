/*
 * colocated_query.h
 *		Is the result of a Query the results of its shards put together?
 */
#ifndef SHARDLITE_COLOCATED_QUERY_H
#define SHARDLITE_COLOCATED_QUERY_H

#include "nodes/parsenodes.h"

#include "metadata/dist_table.h"

/* Why a Query is not such a one; texts: refusal.c. */
typedef enum ColocatedObstacle
{
	COLOCATED_YES = 0,
	COLOCATED_NOT_SAID,
	COLOCATED_OFF,
	COLOCATED_EXPRESSION,
	COLOCATED_OUTSIDE,
	COLOCATED_LOCAL_TABLE,
	COLOCATED_OTHER_GROUP,
	COLOCATED_SECURITY,
	COLOCATED_SAMPLE,
	COLOCATED_JOIN,
	COLOCATED_SUBLINK,
	COLOCATED_STEP,
	COLOCATED_ARMS,
	COLOCATED_COPIES,
	COLOCATED_RECURSION,
}			ColocatedObstacle;

typedef struct ColocatedQuery
{
	ColocatedObstacle obstacle;
	const ShardGroup *group;
	List	   *keys;			/* IntList: output columns that carry the key */
	List	   *weak_keys;		/* IntList: the same, but they may be NULL */
	List	   *values;			/* key values, or one array of them, that all rows
								 * have one of; NIL: any */
	List	   *tables;			/* of DistTable: every occurrence */
	List	   *lookups;		/* of DistTable: those read once per row of others */
	List	   *copies;			/* OidList: occurrences of reference tables */
} ColocatedQuery;

/*
 * May every shard run this Query (not yet planned) over its own rows, so that
 * their rows together, in any order, are the Query's?  Does not modify it.
 * Nothing of it refers to what is outside.
 */
extern bool colocated_query(Query *query, ColocatedQuery * result);

/*
 * Is each row that an UPDATE, DELETE or MERGE concerns on the shard of all that
 * decides about it?  What it writes stays on its shard, says the caller.
 */
extern bool colocated_modify(Query *query);

#endif							/* SHARDLITE_COLOCATED_QUERY_H */
