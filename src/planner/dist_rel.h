/*
 * dist_rel.h
 *		What the path tier keeps of a relation that lives on shards: one record
 *		per RelOptInfo, in its fdw_private, in planner memory.  Immutable after
 *		creation; text is made from it only when the plan is made
 *		(fragment_query.h).
 */
#ifndef SHARDLITE_DIST_REL_H
#define SHARDLITE_DIST_REL_H

#include "nodes/pathnodes.h"

#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

typedef struct DistRel DistRel;

/*
 * A relation whose rows come from a sub-SELECT of the fragment: the nullable
 * sides of outer joins, so that what is computed below the join is.  Or from a
 * source: rows that are computed here and sent to the nodes.  Vars and
 * PlaceHolderVars that equal one of exprs are its columns, in this order.
 */
typedef struct DistWrap
{
	List	   *exprs;
	const DistRel *dist;		/* of a sub-SELECT, or NULL: */
	Path	   *path;			/* computes the rows of a source */
	int			key_resno;		/* column that says to which shard a row goes; 0:
								 * every shard gets all rows */
	bool		exchange;		/* path is a DistScan, whose rows go there from
								 * the nodes where they are */
	const char *not_exchanged;	/* why rows of shards do not, or NULL */
}			DistWrap;

/* An item of a fragment's FROM clause; exactly one of rti, wrap, right is set. */
typedef struct DistFrom
{
	Index		rti;			/* a base relation */
	DistWrap   *wrap;			/* a sub-SELECT */
	JoinType	jointype;		/* a join: JOIN_LEFT or JOIN_FULL */
	List	   *left;			/* of DistFrom, joined by JOIN_INNER */
	struct DistFrom *right;
	List	   *quals;			/* of the ON clause, bare */
}			DistFrom;

/* A semi-join or anti-join: (NOT) EXISTS in the WHERE clause. */
typedef struct DistExists
{
	const DistRel *dist;		/* the right side */
	List	   *quals;			/* that connect it, bare */
	bool		anti;
}			DistExists;

/*
 * What a fragment does with the rows of its FROM clause, besides filtering.
 * Only in records of upper relations.
 */
typedef struct DistUpper
{
	PathTarget *target;			/* what the fragment delivers, instead of the
								 * relation's reltarget */
	bool		grouped;		/* has GROUP BY, HAVING or aggregates */
	bool		partial;		/* its aggregates deliver transition states */
	bool		on_nodes;		/* groups once per node, over all its shards */
	List	   *group;			/* of SortGroupClause, for target's sortgrouprefs */
	List	   *grouping_sets;	/* as Query.groupingSets */
	List	   *having;			/* bare clauses */
	List	   *windows;		/* of WindowClause */
	List	   *filter;			/* bare clauses over window functions, applied last */
	List	   *distinct;		/* of SortGroupClause: all of target */
	PathTarget *referred;		/* more columns that the clauses refer to, or NULL */

	/*
	 * What a node does with the rows of all its shards together.  Whoever makes
	 * the record part of another may forget an order by itself, but neither
	 * node_distinct nor limit.
	 */
	List	   *node_distinct;	/* of SortGroupClause: all of target or, with
								 * distinct_on, the first columns of sort */
	bool		distinct_on;
	List	   *sort;			/* of SortGroupClause */
	Node	   *limit;			/* of rows, an int8 expression, or NULL */
	bool		with_ties;		/* and those that equal the last one in order */
}			DistUpper;

/* How much a reason tells the user: a greater one takes the place of a smaller one. */
typedef enum RefusalRank
{
	REFUSED_NOT = 0,
	REFUSED_ONE_SIDE,			/* a join without condition, or with rows from here */
	REFUSED_STEP,				/* the next step of the relation itself */
}			RefusalRank;

struct DistRel
{
	bool		everywhere;		/* reference tables only: whole on every node */
	int32		colocation_id;	/* 0 if everywhere */
	const ShardGroup *group;	/* NULL if everywhere */
	Relids		relids;			/* base relations inside */
	Relids		nulled;			/* of them, right sides of anti-joins */
	List	   *stand_ins;		/* pairs of Vars: one of a semi-join's right
								 * side, and its equal on the left */
	List	   *from;			/* of DistFrom */
	List	   *exists;			/* of DistExists */
	List	   *conds;			/* RestrictInfos that the shards evaluate */
	List	   *local;			/* RestrictInfos evaluated here */

	/*
	 * Vars that carry the distribution column.  Those in weak_keys may be NULL
	 * on any shard, because of an outer join: good for strict equalities, but
	 * not for grouping.
	 */
	List	   *keys;
	List	   *weak_keys;
	List	   *key_values;		/* of rows, however filtered: one of these values or
								 * arrays of them; NIL: any */
	List	   *row_marks;		/* of RowMarkClause */
	bool		locked_above;	/* rows are locked by a ShardliteLock */
	bool		before_writes;
	bool		other_role;		/* its policies are not those of the current role */
	Cost		work;			/* of all shards together, to find the rows */
	Cost		copies_cost;	/* of reading the reference tables inside once */
	List	   *sources;		/* of DistWrap: all that are inside */
	Cost		cost;			/* of its path, if it has sources */
	const DistUpper *upper;		/* NULL: its columns are the reltarget's */

	/* What the shards could not do with it next; changes after creation (refusal.h). */
	const char *refused_step;	/* what it is, or NULL */
	const char *refused;		/* why */
	RefusalRank refused_rank;
	Relids		refused_with;	/* a join with these, or NULL */
	bool		refused_sources;	/* and rows are not sent for joins at all */
	const char *refused_sending;	/* or cannot be sent, why; or NULL */

	/* The part of a Query level for which it is read and that they do not run, or NULL. */
	const char *refused_level;
	const char *refused_level_why;
};

/*
 * The record of a relation, NULL when it does not live on shards.  One with
 * sources counts only if its path is the best for the relation.
 */
extern DistRel * dist_rel_get(RelOptInfo *rel);

/*
 * The record with sources that is not the best for the relation by itself, but
 * may be once less of it has to come here; or NULL.
 */
extern DistRel * dist_rel_rival(RelOptInfo *rel);

/*
 * The path of a record with sources, if that is the best or, for a relation that
 * has not been told which is, if it is there; else NULL.
 */
extern Path *dist_rel_path(RelOptInfo *rel, const DistRel * dist);

/* Make the record of a base relation whose entry is a marked shell. */
extern DistRel * dist_rel_make_base(PlannerInfo *root, RelOptInfo *rel, Index rti);

/*
 * Make the record of a reference table, so that joins with it can be pushed.
 * NULL when this entry must be read here.
 */
extern DistRel * dist_rel_make_reference(PlannerInfo *root, RelOptInfo *rel, Index rti);

/* Make the record of a sub-SELECT that shards run as it is (shard_subquery.h). */
extern DistRel * dist_rel_make_subquery(PlannerInfo *root, RelOptInfo *rel, Index rti);

/* A join of two relations, with the records that are to be tried (or NULL). */
typedef struct JoinSides
{
	PlannerInfo *root;
	RelOptInfo *joinrel;
	RelOptInfo *outerrel;
	RelOptInfo *innerrel;
	JoinType	jointype;
	List	   *restrictlist;
	const DistRel *outer;
	const DistRel *inner;
	const char **obstacle;		/* where to say why not, or NULL */
}			JoinSides;

/*
 * Make the record of a join (INNER, LEFT, FULL, SEMI or ANTI).  NULL when the
 * shards cannot compute it on their own.
 */
extern DistRel * dist_rel_make_join(const JoinSides * sides);

/*
 * May the shards evaluate this expression over the columns of the record (and
 * over values computed here)?  Security barriers are the caller's business.
 */
extern bool dist_rel_can_compute(const DistRel * dist, Node *expr);

/* The same for a clause, and no barrier of rel forbids it. */
extern bool dist_rel_can_ship(const DistRel * dist, RelOptInfo *rel,
							  RestrictInfo *clause);

/* Why the shards cannot compute it, or may not see it before others. */
extern const char *dist_rel_obstacle(const DistRel * dist, Node *expr);
extern const char *dist_rel_clause_obstacle(const DistRel * dist, RelOptInfo *rel,
											RestrictInfo *clause);

/*
 * Is there a source of which each shard gets rows of its own?  Then there must
 * be one fragment per shard.
 */
extern bool dist_rel_has_keyed_source(const DistRel * dist);

/* Bare expressions of RestrictInfos. */
extern List *bare_clauses(List *restrictinfos);

/*
 * Is the row's ctid wanted for EvalPlanQual only?  That cannot succeed for a
 * DistScan, whose recheck is an error, so nothing needs to be sent.
 */
extern bool dist_rel_ctid_is_junk(PlannerInfo *root, Index rti);

/* Does the statement want a system column of this base relation? */
extern bool dist_rel_needs_system_columns(PlannerInfo *root, const RelOptInfo *rel);

#endif							/* SHARDLITE_DIST_REL_H */
