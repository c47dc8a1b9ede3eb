/*
 * unsupported.h
 *		Every statement shape that the planner refuses, in one place.
 */
#ifndef SHARDLITE_UNSUPPORTED_H
#define SHARDLITE_UNSUPPORTED_H

#include "metadata/dist_table.h"
#include "nodes/parsenodes.h"

/*
 * Error (0A000) when this Query level, which changes a distributed or
 * reference table by select-then-write, has a shape that cannot work so.
 */
extern void unsupported_write_check(const Query *query);

/*
 * Error (0A000) when this Query level deletes or changes keys of rows of a
 * sharded table that a table of this server alone refers to.
 */
extern void unsupported_referenced_check(const Query *query, Oid relid);

/* Does a foreign key of a table of this server alone reference the relation? */
extern bool local_table_refers_to(Oid relid);

/*
 * Error (0A000) when the entry asks for a sample of several shards by a method that
 * may not pick each row by a chance of its own: it would be one sample per shard.
 */
extern void unsupported_sample_check(const RangeTblEntry *rte, const DistTable * table);

/*
 * The planned ON CONFLICT clause, values computed here already replaced by
 * parameters: refuse what is left that the shards cannot evaluate.
 */
/* MERGE actions that carry a multi-column subquery. */
extern void unsupported_merge_action_check(const MergeAction *action);

extern void unsupported_conflict_check(const OnConflictExpr *conflict, Oid relid);

/*
 * Must an entry's table be seen as a role other than the current one may see
 * it, under row-level security?  The check refuses writes to it.
 */
extern bool is_secured_for_other_role(Query *query, RangeTblEntry *rte);
extern void unsupported_row_security_check(Query *query, RangeTblEntry *rte);

#endif							/* SHARDLITE_UNSUPPORTED_H */
