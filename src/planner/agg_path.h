/*
 * agg_path.h
 *		Grouping and aggregates on the shards.
 */
#ifndef SHARDLITE_AGG_PATH_H
#define SHARDLITE_AGG_PATH_H

#include "planner/dist_rel.h"

/* One grouping of a relation with a record. */
typedef struct Grouping
{
	PlannerInfo *root;
	DistRel    *dist;			/* of the input */
	bool		rival;			/* which has a better path: this one competes */
	RelOptInfo *input;
	RelOptInfo *output;
	List	   *having;			/* bare clauses */
	List	   *clauses;		/* GROUP BY */
	double		groups;			/* estimate, over all shards */
}			Grouping;

/* Define the settings. */
extern void agg_path_init(void);

/* Add the work of grouping one of so many parts: nodes work side by side. */
extern void agg_path_add_cost(const Grouping * grouping, Path *path, AggSplit split, double parts);

/*
 * Add paths that leave the grouping of a relation with a record to its shards
 * (create_upper_paths_hook, at GROUP_AGG).  Where the shards do all of it, that
 * path is the only one and grouped_rel gets a record.
 */
extern void agg_paths_add(PlannerInfo *root, RelOptInfo *input_rel,
						  RelOptInfo *grouped_rel, GroupPathExtraData *extra);

/* What aggregates that sort or compare their input cost more, for so many rows at one place. */
extern Cost agg_path_ordered_cost(const Grouping * grouping, double rows);

#endif							/* SHARDLITE_AGG_PATH_H */
