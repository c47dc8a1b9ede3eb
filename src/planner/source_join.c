/*
 * source_join.c
 *		Joins with rows that are sent to where they can be joined.
 *
 * Rows that every shard gets are like a reference table: they can be joined in
 * any way that does not null-extend or repeat them per shard.  If the join is
 * on the distribution key, each row is sent to the shard of its key only: then
 * it is like a colocated table, for any join.  So a source is a record of one
 * of these kinds, and dist_join.c says what can be joined.
 *
 * Where the shards of neither side are the place for the other's rows, both can
 * meet on the nodes: each row goes to the node of its key's hash
 * (metadata/node_group.h).  Rows without a key go to one of them, so groups by
 * the key and outer joins are complete on a node, too.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/pathnode.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "deparse/shippable.h"
#include "metadata/node.h"
#include "metadata/node_group.h"
#include "planner/cost.h"
#include "planner/key_value.h"
#include "planner/scan_keys.h"
#include "planner/source_join.h"

/* Fewer different keys do not spread rows over the nodes. */
#define KEYS_PER_NODE	4

/* Settings */
static bool enable_broadcast = true;
static bool enable_exchange = true;

bool
source_join_sends(void)
{
	return enable_broadcast;
}

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
choose_exchange(RelOptInfo *rel, const ShardGroup * group, DistWrap * wrap)
{
	double		nnodes = Min(list_length(node_list()), group->nshards);
	DistRel    *dist = dist_rel_get(rel);

	if (wrap->key_resno == 0 || dist == NULL || dist->everywhere)
		return;
	wrap->not_exchanged = exchange_obstacle(rel, dist, wrap->path);
	if (wrap->not_exchanged == NULL && enable_broadcast &&
		cost_exchange(wrap->path, nnodes) >= cost_source(wrap->path, nnodes, 1, 1 / nnodes))
		wrap->not_exchanged = "fetching and sending the rows is cheaper";
	wrap->exchange = wrap->not_exchanged == NULL;
}

/* Why the rows of a relation cannot be sent, NULL if they can. */
static const char *
sending_obstacle(const JoinSides * sides, RelOptInfo *rel, List **exprs)
{
	const Path *path = rel->cheapest_total_path;

	if (path == NULL || path->param_info != NULL || path->parallel_aware ||
		!bms_is_empty(rel->lateral_relids))
		return "a lateral reference";
	if (needs_rows_here(sides->root, rel))
		return "rows that the statement changes, locks or identifies";
	return source_columns(rel, exprs) ? NULL : "a column of a type that cannot be sent";
}

/*
 * What is sent of a relation; NULL if it cannot be.  Not yet where it goes and by
 * which column.
 */
static DistWrap *
make_sent(const JoinSides * sides, RelOptInfo *rel)
{
	DistWrap   *wrap = palloc0(sizeof(DistWrap));
	const char *obstacle = sending_obstacle(sides, rel, &wrap->exprs);

	if (obstacle != NULL)
	{
		if (sides->obstacle != NULL)
			*sides->obstacle = obstacle;
		return NULL;
	}
	wrap->path = rel->cheapest_total_path;
	return wrap;
}

/* The record of a source that goes to a group's shards; NULL if that is not wanted. */
static DistRel *
make_record(RelOptInfo *rel, DistWrap * wrap, const ShardGroup * group)
{
	DistFrom   *item = palloc0(sizeof(DistFrom));
	DistRel    *dist = palloc0(sizeof(DistRel));

	choose_exchange(rel, group, wrap);
	if (!wrap->exchange && !enable_broadcast)
		return NULL;
	item->wrap = wrap;
	dist->from = list_make1(item);
	dist->relids = rel->relids;
	dist->sources = list_make1(wrap);

	/* all rows of a table without a key are on one shard */
	dist->everywhere = wrap->key_resno == 0 && OidIsValid(group->key_type);
	if (dist->everywhere)
		return dist;
	dist->colocation_id = group->colocation_id;
	dist->group = group;
	if (wrap->key_resno > 0)
		dist->keys = list_make1(list_nth(wrap->exprs, wrap->key_resno - 1));
	return dist;
}

/* The record of a source that goes to these shards; NULL if it cannot. */
static DistRel *
make_source(const JoinSides * sides, RelOptInfo *rel, const DistRel * shards)
{
	DistWrap   *wrap;

	if (shards->before_writes)
	{
		if (sides->obstacle != NULL)
			*sides->obstacle = "rows that are read before the statement writes";
		return NULL;
	}
	wrap = make_sent(sides, rel);
	if (wrap == NULL)
		return NULL;
	wrap->key_resno = key_column(sides, shards, wrap->exprs);
	return make_record(rel, wrap, shards->group);
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

/* ---- both sides ---- */

/* The column by which a side of an equality goes to nodes, one of exprs; 0 if there is none. */
static int
meeting_column(Node *side, Oid key_type, List *exprs)
{
	int			resno = 0;
	ListCell   *lc;

	while (IsA(side, RelabelType) && shard_hash_common_type(exprType(side)) == key_type)
		side = (Node *) ((RelabelType *) side)->arg;
	if (!IsA(side, Var) || shard_hash_common_type(exprType(side)) != key_type)
		return 0;
	foreach(lc, exprs)
	{
		resno++;
		if (equal(lfirst(lc), side))
			return resno;
	}
	return 0;
}

/*
 * Does this clause say of a column of each side that they are equal, in a way
 * that equal values have one hash?  Then it is said which columns.
 */
static bool
find_meeting(Expr *clause, DistWrap * outer, DistWrap * inner, Oid *key_type)
{
	OpExpr	   *op = (OpExpr *) clause;
	Oid			family;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2)
		return false;
	family = equality_opfamily(op->opno, op->inputcollid);
	*key_type = shard_hash_common_type(exprType(linitial(op->args)));
	if (!OidIsValid(family) || !OidIsValid(*key_type) || key_opfamily(*key_type) != family)
		return false;
	for (int i = 0; i < 2; i++)
	{
		outer->key_resno = meeting_column(list_nth(op->args, i), *key_type, outer->exprs);
		inner->key_resno = meeting_column(list_nth(op->args, 1 - i), *key_type, inner->exprs);
		if (outer->key_resno > 0 && inner->key_resno > 0)
			return true;
	}
	return false;
}

/* Rows that have few different keys may meet on few of the nodes. */
static bool
spreads(PlannerInfo *root, RelOptInfo *rel, const DistWrap * wrap, const ShardGroup * group)
{
	List	   *key = list_make1(list_nth(wrap->exprs, wrap->key_resno - 1));

	return estimate_num_groups(root, key, rel->rows, NULL, NULL) >=
		KEYS_PER_NODE * group->nshards;
}

/* The records in which both sides are sent, one per column that they can meet by. */
static List *
append_meetings(List *records, JoinSides trial)
{
	ListCell   *lc;

	trial.obstacle = NULL;
	foreach(lc, trial.restrictlist)
	{
		DistWrap   *outer = make_sent(&trial, trial.outerrel);
		DistWrap   *inner = make_sent(&trial, trial.innerrel);
		const ShardGroup *group;
		Oid			key_type;

		if (outer == NULL || inner == NULL)
			return records;
		if (!find_meeting(lfirst_node(RestrictInfo, lc)->clause, outer, inner, &key_type))
			continue;
		group = node_group_get(key_type);
		if (!spreads(trial.root, trial.outerrel, outer, group) ||
			!spreads(trial.root, trial.innerrel, inner, group))
			continue;
		trial.outer = make_record(trial.outerrel, outer, group);
		trial.inner = make_record(trial.innerrel, inner, group);
		if (outer->exchange || inner->exchange)
			records = append_join(records, trial);
	}
	return records;
}

/* Inner joins come the other way round, too. */
static bool
is_mirrored(const JoinSides * sides)
{
	return sides->jointype == JOIN_INNER &&
		bms_next_member(sides->outerrel->relids, -1) > bms_next_member(sides->innerrel->relids, -1);
}

static bool
reads_before_writes(const DistRel * dist)
{
	return dist != NULL && dist->before_writes;
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
	if (enable_exchange && !is_mirrored(sides) && !reads_before_writes(sides->outer) &&
		!reads_before_writes(sides->inner))
		records = append_meetings(records, *sides);
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

bool
source_join_exchanges(void)
{
	return enable_exchange;
}

void
source_join_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_broadcast",
							 "Lets rows of a join's other side be sent from here to the shards.",
							 NULL, &enable_broadcast, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomBoolVariable("shardlite.enable_exchange",
							 "Lets nodes send rows for a join, or of a group, to each other.",
							 NULL, &enable_exchange, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
}
