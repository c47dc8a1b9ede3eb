/*
 * refusal.c
 *		Why the shards do not do more, for EXPLAIN.
 */
#include "postgres.h"

#include "optimizer/pathnode.h"

#include "planner/refusal.h"
#include "utils/memutils.h"

void
refusal_note(DistRel * dist, const char *why)
{
	if (dist->refused == NULL)
		dist->refused = why;
}

static void
note_side(RelOptInfo *rel, const RelOptInfo *other, const char *why, bool with_sources)
{
	DistRel    *dist = dist_rel_get(rel);
	MemoryContext old;

	if (dist == NULL || dist->refused != NULL)
		return;
	dist->refused = why;
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
	note_side(sides->outerrel, sides->innerrel, why, with_sources);
	note_side(sides->innerrel, sides->outerrel, why, with_sources);
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

/* What a join that the shards compute with rows sent to them would have cost; NULL: no such join lost. */
static char *
compare_costs(PlannerInfo *root, const DistRel * dist)
{
	RelOptInfo *join = find_join_rel(root, bms_union(dist->relids, dist->refused_with));
	const DistRel *sent = join != NULL && join->fdwroutine == NULL ? join->fdw_private : NULL;

	if (sent == NULL || sent->sources == NIL || dist_rel_get(join) != NULL)
		return NULL;
	return psprintf("with rows sent to the shards it costs %.2f, here %.2f",
					sent->cost, join->cheapest_total_path->total_cost);
}

void
refusal_describe(PlannerInfo *root, RelOptInfo *rel, const DistRel * dist, DistPlan * plan)
{
	StringInfoData buf;

	/* a copy of the relation's record, as for an order, may be older than the note */
	if (dist->refused == NULL && dist_rel_get(rel) != NULL)
		dist = dist_rel_get(rel);
	if (dist->refused == NULL)
		return;
	initStringInfo(&buf);
	if (dist->refused_with != NULL)
	{
		appendStringInfoString(&buf, "join with ");
		append_names(&buf, root, dist->refused_with);
		appendStringInfoString(&buf, ": ");
		if (!dist->refused_sources)
			plan->refused_costs = compare_costs(root, dist);
	}
	appendStringInfoString(&buf, dist->refused);
	if (dist->refused_sources)
		appendStringInfoString(&buf, "; shardlite.enable_broadcast is off");
	plan->refused = buf.data;
}
