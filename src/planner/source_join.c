/*
 * source_join.c
 *		Joins of shards with rows that are computed here and sent to them.
 *
 * Rows that every shard gets are like a reference table: they can be joined in
 * any way that does not null-extend or repeat them per shard.  If the join is
 * on the distribution key, each row is sent to the shard of its key only: then
 * it is like a colocated table, for any join.  So a source is a record of one
 * of these kinds, and dist_join.c says what can be joined.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/pathnode.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "deparse/shippable.h"
#include "metadata/node.h"
#include "planner/cost.h"
#include "planner/scan_keys.h"
#include "planner/source_join.h"

/* Setting */
static bool enable_exchange = true;

/* The columns to be sent; false when one cannot travel. */
static bool
source_columns(const RelOptInfo *rel, List **exprs)
{
	ListCell   *lc;

	*exprs = NIL;
	foreach(lc, rel->reltarget->exprs)
	{
		Oid			type = exprType(lfirst(lc));

		/* a set of rows travels as an array per column */
		if (!is_returnable_type(type) || type_is_rowtype(type) ||
			!OidIsValid(get_array_type(type)))
			return false;
		*exprs = lappend(*exprs, lfirst(lc));
	}
	return true;
}

/* Does the statement lock or change rows of this relation, or need to find them again? */
static bool
needs_rows_here(PlannerInfo *root, const RelOptInfo *rel)
{
	int			relid = -1;

	/* the row identity of a partitioned target is not among its columns */
	if (bms_overlap(rel->relids, root->all_result_relids))
		return true;
	while ((relid = bms_next_member(rel->relids, relid)) >= 0)
	{
		if (dist_rel_needs_system_columns(root, find_base_rel(root, relid)))
			return true;
	}
	return false;
}

/* The column of rel that the join makes equal to a key of the shards. */
static int
key_column(const JoinSides * sides, const DistRel * shards, List *exprs)
{
	List	   *keys = list_concat_copy(shards->keys, shards->weak_keys);
	ListCell   *lc;

	foreach(lc, sides->restrictlist)
	{
		Var		   *partner = scan_keys_partner(shards, keys,
												lfirst_node(RestrictInfo, lc)->clause);
		int			resno = 0;
		ListCell   *lc2;

		if (partner == NULL)
			continue;
		foreach(lc2, exprs)
		{
			resno++;
			if (equal(lfirst(lc2), partner))
				return resno;
		}
	}
	return 0;
}

/*
 * Why cannot rows of this path go from node to node?  It must be a scan of shards
 * alone, whose fragments deliver the columns as they are.
 */
static const char *
exchange_obstacle(RelOptInfo *rel, const DistRel * dist, const Path *path)
{
	ListCell   *lc;

	if (!enable_exchange)
		return "shardlite.enable_exchange is off";
	if (!IsA(path, CustomPath) || path->parent != rel || dist->upper != NULL ||
		path->pathkeys != NIL)
		return "rows that are sorted or grouped first";
	if (dist->local != NIL)
		return "a filter that is evaluated here";
	if (dist->other_role)
		return "row security of another role";
	if (dist->before_writes || dist->row_marks != NIL)
		return "rows that are locked, or read before the statement writes";
	foreach(lc, path->pathtarget->exprs)
	{
		if (!IsA(lfirst(lc), Var) || ((Var *) lfirst(lc))->varattno <= 0)
			return "an expression that is computed here";
	}
	return NULL;
}

/* Do the rows of a source that goes by its key come straight from their nodes? */
static void
choose_exchange(RelOptInfo *rel, const DistRel * shards, DistWrap * wrap)
{
	double		nnodes = Min(list_length(node_list()), shards->group->nshards);
	DistRel    *dist = dist_rel_get(rel);

	if (wrap->key_resno == 0 || dist == NULL || dist->everywhere)
		return;
	wrap->not_exchanged = exchange_obstacle(rel, dist, wrap->path);
	if (wrap->not_exchanged == NULL &&
		cost_exchange(wrap->path, nnodes) >= cost_source(wrap->path, nnodes, 1, 1 / nnodes))
		wrap->not_exchanged = "fetching and sending the rows is cheaper";
	wrap->exchange = wrap->not_exchanged == NULL;
}

/* Why the rows of a relation cannot be sent to these shards, NULL if they can. */
static const char *
sending_obstacle(const JoinSides * sides, RelOptInfo *rel, const DistRel * shards, List **exprs)
{
	const Path *path = rel->cheapest_total_path;

	if (path == NULL || path->param_info != NULL || path->parallel_aware ||
		!bms_is_empty(rel->lateral_relids))
		return "a lateral reference";
	if (shards->before_writes)
		return "rows that are read before the statement writes";
	if (needs_rows_here(sides->root, rel))
		return "rows that the statement changes, locks or identifies";
	return source_columns(rel, exprs) ? NULL : "a column of a type that cannot be sent";
}

/* The record of a source that goes to these shards; NULL if it cannot. */
static DistRel *
make_source(const JoinSides * sides, RelOptInfo *rel, const DistRel * shards)
{
	Path	   *path = rel->cheapest_total_path;
	DistWrap   *wrap = palloc0(sizeof(DistWrap));
	DistFrom   *item = palloc0(sizeof(DistFrom));
	DistRel    *dist = palloc0(sizeof(DistRel));

	const char *obstacle = sending_obstacle(sides, rel, shards, &wrap->exprs);

	if (obstacle != NULL)
	{
		if (sides->obstacle != NULL)
			*sides->obstacle = obstacle;
		return NULL;
	}
	wrap->path = path;
	wrap->key_resno = key_column(sides, shards, wrap->exprs);
	choose_exchange(rel, shards, wrap);
	item->wrap = wrap;
	dist->from = list_make1(item);
	dist->relids = rel->relids;
	dist->sources = list_make1(wrap);

	/* all rows of a table without a key are on one shard */
	dist->everywhere = wrap->key_resno == 0 && OidIsValid(shards->group->key_type);
	if (dist->everywhere)
		return dist;
	dist->colocation_id = shards->colocation_id;
	dist->group = shards->group;
	if (wrap->key_resno > 0)
		dist->keys = list_make1(list_nth(wrap->exprs, wrap->key_resno - 1));
	return dist;
}

static List *
append_join(List *records, JoinSides sides)
{
	DistRel    *dist;

	if (sides.outer == NULL || sides.inner == NULL)
		return records;
	dist = dist_rel_make_join(&sides);
	return dist == NULL || dist->everywhere ? records : lappend(records, dist);
}

/* Shards that rows can be sent to. */
static DistRel *
shards_of(RelOptInfo *rel)
{
	DistRel    *dist = dist_rel_get(rel);

	return dist == NULL || dist->everywhere || dist->upper != NULL ? NULL : dist;
}

List *
source_join_records(const JoinSides * sides)
{
	DistRel    *outer = shards_of(sides->outerrel);
	DistRel    *inner = shards_of(sides->innerrel);
	List	   *records = NIL;
	JoinSides	trial = *sides;

	if (outer != NULL)
	{
		trial.outer = outer;
		trial.inner = make_source(sides, sides->innerrel, outer);
		records = append_join(records, trial);
	}

	/* inner joins come the other way round, too */
	if (inner != NULL && sides->jointype != JOIN_INNER)
	{
		trial.inner = inner;
		trial.outer = make_source(sides, sides->outerrel, inner);
		records = append_join(records, trial);
	}
	return records;
}

DistRel *
source_join_reference(const JoinSides * sides)
{
	JoinSides	trial = *sides;

	if (sides->inner == NULL || sides->outer == NULL ||
		sides->inner->everywhere == sides->outer->everywhere)
		return NULL;
	if (sides->inner->everywhere)
		trial.inner = make_source(sides, sides->innerrel, sides->outer);
	else
		trial.outer = make_source(sides, sides->outerrel, sides->inner);
	return trial.inner == NULL || trial.outer == NULL ? NULL : dist_rel_make_join(&trial);
}

void
source_join_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_exchange",
							 "Lets nodes send rows for a join on the distribution column to each other.",
							 NULL, &enable_exchange, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}
