/*
 * shell_mark.h
 *		Marks on range table entries of distributed tables: what planner hooks
 *		must know about a shell and what standard_planner must not see.
 */
#ifndef SHARDLITE_SHELL_MARK_H
#define SHARDLITE_SHELL_MARK_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

#include "planner/colocated_query.h"

/* Parts of a Query level that make it hard (shard_level.h). */
typedef enum RefusedLevel
{
	LEVEL_SET_OPERATION,
	LEVEL_WITH,
	LEVEL_LATERAL,
	LEVEL_SUBLINK,
}			RefusedLevel;

typedef struct ShellMark
{
	LockClauseStrength strength;	/* LCS_NONE: rows are not locked */
	LockWaitPolicy wait_policy;
	bool		only;			/* the user wrote ONLY */
	bool		partitioned;
	bool		before_writes;	/* see DistPlan */
	bool		locked_above;	/* by a ShardliteLock, not by the fragments */
	RefusedLevel refused_level; /* for EXPLAIN: what it is part of, */
	ColocatedObstacle refused_why;	/* and why shards do not run that as it is */
}			ShellMark;

/*
 * Prepare every Query level of the statement for standard_planner: shells of
 * hash and single-shard tables become plain relations without children, their
 * row marks move into the mark, and targets of UPDATE and DELETE get the junk
 * columns that a ShardliteModify needs.  With locks_above row marks stay, see
 * lock_path.h.  Scribbles on parse.
 */
extern void shell_marks_set(Query *parse, bool locks_above);

/*
 * Before that: the tables of this Query are read for part of a level that shards
 * do not run as it is.
 */
extern void shell_mark_refused(Query *query, RefusedLevel level, ColocatedObstacle why);

/*
 * A statement that reads after it began to write must not see its own changes:
 * modifying CTEs, RETURNING and MERGE's actions with sublinks.
 */
extern bool shell_marks_read_first(Query *parse);

/* False when the entry is not a marked shell. */
extern bool shell_mark_get(const RangeTblEntry *rte, ShellMark * mark);

/* Is this a reference table in a statement of the path tier? */
extern bool shell_mark_is_reference(const RangeTblEntry *rte);

/* Is this the target of a write that the path tier carries out? */
extern bool shell_mark_is_target(const RangeTblEntry *rte);

/*
 * Let the finished plan say that it locks rows, as PostgreSQL does for FOR
 * UPDATE: command tags and read-only checks look there.
 */
extern void shell_marks_announce_locks(PlannedStmt *stmt);

#endif							/* SHARDLITE_SHELL_MARK_H */
