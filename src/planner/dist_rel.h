/*
 * dist_rel.h
 *		What the path tier keeps of a relation that lives on shards: one record
 *		per RelOptInfo, in its fdw_private, in planner memory.  Immutable after
 *		creation; text is made from it only when the plan is made.
 */
#ifndef SHARDLITE_DIST_REL_H
#define SHARDLITE_DIST_REL_H

#include "nodes/pathnodes.h"

#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

typedef struct DistRel
{
	bool		everywhere;		/* reference tables only: whole on every node */
	int32		colocation_id;	/* 0 if everywhere */
	const ShardGroup *group;	/* NULL if everywhere */
	Relids		relids;			/* base relations inside */
	List	   *from;			/* of RangeTblRef or JoinExpr */
	List	   *conds;			/* RestrictInfos that the shards evaluate */
	List	   *local;			/* RestrictInfos evaluated here */
	List	   *keys;			/* Vars that carry the distribution column */
	List	   *row_marks;		/* of RowMarkClause */
	bool		before_writes;
	bool		other_role;		/* its policies are not those of the current role */
}			DistRel;

/* The record of a relation, NULL when it does not live on shards. */
extern DistRel * dist_rel_get(RelOptInfo *rel);

/* Make the record of a base relation whose entry is a marked shell. */
extern DistRel * dist_rel_make_base(PlannerInfo *root, RelOptInfo *rel, Index rti);

/*
 * Make the record of a reference table, so that joins with it can be pushed.
 * NULL when this entry must be read here.
 */
extern DistRel * dist_rel_make_reference(PlannerInfo *root, RelOptInfo *rel, Index rti);

/*
 * Make the record of an inner join of two relations with records and without
 * local clauses.  NULL when the shards cannot compute it on their own.
 */
extern DistRel * dist_rel_make_join(PlannerInfo *root, RelOptInfo *joinrel,
									const DistRel * outer, const DistRel * inner,
									List *restrictlist);

/* May the shards evaluate this clause over rel (and over outer values)? */
extern bool dist_rel_can_ship(const DistRel * dist, RelOptInfo *rel,
							  RestrictInfo *clause);

/*
 * Query that reads the columns (Vars or expressions over the relation) of the
 * rows that satisfy quals (bare clauses).  Values computed here become $1.. and
 * are appended to *params.
 */
extern Query *dist_rel_query(PlannerInfo *root, const DistRel * dist,
							 List *columns, List *quals, List **params);

/* Replace values computed here, outer Vars included, by parameters. */
extern Node *dist_rel_bind(const DistRel * dist, Node *node, List **params);

/*
 * Is the row's ctid wanted for EvalPlanQual only?  That cannot succeed for a
 * DistScan, whose recheck is an error, so nothing needs to be sent.
 */
extern bool dist_rel_ctid_is_junk(PlannerInfo *root, Index rti);

#endif							/* SHARDLITE_DIST_REL_H */
