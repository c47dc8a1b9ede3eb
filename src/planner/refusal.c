/*
 * refusal.c
 *		Why the shards do not do more, for EXPLAIN.
 */
#include "postgres.h"

#include "optimizer/pathnode.h"

#include "planner/refusal.h"
#include "utils/memutils.h"

void
refusal_set(DistRel * dist, const char *step, const char *why)
{
	refusal_forget(dist);
	dist->refused_step = step;
	dist->refused = why;
	dist->refused_rank = REFUSED_STEP;
}

void
refusal_note(DistRel * dist, const char *step, const char *why)
{
	if (why != NULL && dist->refused_rank < REFUSED_STEP)
		refusal_set(dist, step, why);
}

void
refusal_forget(DistRel * dist)
{
	dist->refused_step = NULL;
	dist->refused = NULL;
	dist->refused_rank = REFUSED_NOT;
	dist->refused_with = NULL;
	dist->refused_sources = false;
	dist->refused_sending = NULL;
}

void
refusal_note_level(DistRel * dist, RefusedLevel level, ColocatedObstacle why)
{
	static const char *const steps[] = {
		[LEVEL_SET_OPERATION] = "set operation",
		[LEVEL_WITH] = "WITH",
		[LEVEL_LATERAL] = "LATERAL",
		[LEVEL_SUBLINK] = "sub-SELECT",
	};
	static const char *const reasons[] = {
		[COLOCATED_OFF] = "shardlite.enable_subquery_pushdown is off",
		[COLOCATED_NOT_SAID] = "nodes cannot do it as it is",
		[COLOCATED_EXPRESSION] = "a function or expression that nodes cannot compute",
		[COLOCATED_OUTSIDE] = "it refers to rows around it",
		[COLOCATED_LOCAL_TABLE] = "a table that is not distributed",
		[COLOCATED_OTHER_GROUP] = "tables that are not colocated",
		[COLOCATED_SECURITY] = "row security of a reference table or of another role",
		[COLOCATED_SAMPLE] = "TABLESAMPLE, or ONLY",
		[COLOCATED_JOIN] = "a join that is not on the distribution column",
		[COLOCATED_SUBLINK] = "rows of other shards are looked at",
		[COLOCATED_STEP] = "its groups, windows, duplicates or LIMIT take rows of several shards",
		[COLOCATED_ARMS] = "arms that do not have the distribution column in the same place",
		[COLOCATED_COPIES] = "an order of rows of reference tables, which may differ on each node",
		[COLOCATED_RECURSION] = "a recursion that leaves the shard",
	};

	if (why == COLOCATED_YES)
		return;
	dist->refused_level = steps[level];
	dist->refused_level_why = reasons[why];
}

/* A join with a table that is connected to this one tells more than others. */
static RefusalRank
join_rank(const JoinSides * sides)
{
	return sides->restrictlist != NIL && dist_rel_get(sides->outerrel) != NULL &&
		dist_rel_get(sides->innerrel) != NULL ? REFUSED_STEP : REFUSED_ONE_SIDE;
}

static void
note_side(RelOptInfo *rel, const RelOptInfo *other, const char *why, RefusalRank rank,
		  bool with_sources)
{
	DistRel    *dist = dist_rel_get(rel);
	MemoryContext old;

	if (dist == NULL || dist->refused_rank >= rank)
		return;
	refusal_set(dist, "join with ", why);
	dist->refused_rank = rank;
	/* the other side may be a join that GEQO tries and forgets */
	old = MemoryContextSwitchTo(GetMemoryChunkContext(dist));
	dist->refused_with = bms_copy(other->relids);
	MemoryContextSwitchTo(old);
	dist->refused_sources = !with_sources;
}

void
refusal_note_join(const JoinSides * sides, const char *why, bool with_sources)
{
	if (why == NULL || sides->jointype == JOIN_RIGHT ||
		sides->jointype == JOIN_UNIQUE_INNER || sides->jointype == JOIN_UNIQUE_OUTER)
		return;
	note_side(sides->outerrel, sides->innerrel, why, join_rank(sides), with_sources);
	note_side(sides->innerrel, sides->outerrel, why, join_rank(sides), with_sources);
}

static void
note_sending(RelOptInfo *rel, const RelOptInfo *other, const char *why)
{
	DistRel    *dist = dist_rel_get(rel);

	if (dist != NULL && bms_equal(dist->refused_with, other->relids))
		dist->refused_sending = why;
}

void
refusal_note_sending(const JoinSides * sides, const char *why)
{
	if (sides->jointype == JOIN_RIGHT ||
		sides->jointype == JOIN_UNIQUE_INNER || sides->jointype == JOIN_UNIQUE_OUTER)
		return;
	note_sending(sides->outerrel, sides->innerrel, why);
	note_sending(sides->innerrel, sides->outerrel, why);
}

/* The names of the relations, as the statement has them. */
static void
append_names(StringInfo buf, PlannerInfo *root, Relids relids)
{
	const char *separator = "";
	int			relid = -1;

	while ((relid = bms_next_member(relids, relid)) >= 0)
	{
		RangeTblEntry *rte = root->simple_rte_array[relid];

		if (rte == NULL || rte->rtekind == RTE_JOIN)
			continue;
		appendStringInfo(buf, "%s%s", separator, rte->eref->aliasname);
		separator = ", ";
	}
}

/* Could the shards compute the join with rows sent to them?  What it costs, if that is too much. */
static void
describe_sending(StringInfo buf, PlannerInfo *root, const DistRel * dist, DistPlan * plan)
{
	RelOptInfo *join = find_join_rel(root, bms_union(dist->relids, dist->refused_with));
	const DistRel *sent = join != NULL && join->fdwroutine == NULL ? join->fdw_private : NULL;

	if (dist->refused_sources)
		appendStringInfoString(buf, "; shardlite.enable_broadcast is off");
	else if (sent == NULL || sent->sources == NIL)
	{
		if (dist->refused_sending != NULL)
			appendStringInfo(buf, "; rows cannot be sent to the shards: %s",
							 dist->refused_sending);
	}
	else if (dist_rel_get(join) == NULL)
		plan->refused_costs = psprintf("with rows sent to the shards it costs %.2f, here %.2f",
									   sent->cost, join->cheapest_total_path->total_cost);
}

/* The step that comes next and is not done there. */
static void
describe_step(StringInfo buf, PlannerInfo *root, const DistRel * dist, DistPlan * plan)
{
	appendStringInfoString(buf, dist->refused_step);
	if (dist->refused_with != NULL)
		append_names(buf, root, dist->refused_with);
	appendStringInfo(buf, ": %s", dist->refused);
	if (dist->refused_with != NULL)
		describe_sending(buf, root, dist, plan);
}

/* Begin one more reason. */
static void
append_separator(StringInfo buf)
{
	if (buf->data == NULL)
		initStringInfo(buf);
	else
		appendStringInfoString(buf, "; ");
}

void
refusal_describe(PlannerInfo *root, RelOptInfo *rel, const DistRel * dist, List *filters,
				 DistPlan * plan)
{
	StringInfoData buf = {NULL};
	const DistRel *noted = dist;
	ListCell   *lc;

	if (dist->refused_level != NULL)
	{
		append_separator(&buf);
		appendStringInfo(&buf, "%s: %s", dist->refused_level, dist->refused_level_why);
	}
	/* a copy of the relation's record, as for an order, may be older than the note */
	if (dist->refused == NULL && dist_rel_get(rel) != NULL)
		noted = dist_rel_get(rel);
	/* rows that come sorted need no more order */
	if (noted->refused != NULL &&
		(plan->sort == NIL || strcmp(noted->refused_step, "ORDER BY") != 0))
	{
		append_separator(&buf);
		describe_step(&buf, root, noted, plan);
	}
	foreach(lc, dist->sources)
	{
		const DistWrap *source = lfirst(lc);

		if (source->not_exchanged == NULL)
			continue;
		append_separator(&buf);
		appendStringInfo(&buf, "exchange between nodes: %s", source->not_exchanged);
	}
	foreach(lc, filters)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (clause->pseudoconstant)
			continue;
		append_separator(&buf);
		appendStringInfo(&buf, "filter: %s", dist_rel_clause_obstacle(dist, rel, clause));
		break;
	}
	plan->refused = buf.data;
}
