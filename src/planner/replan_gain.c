/*
 * replan_gain.c
 *		May a statement that was planned decorrelated have a much cheaper plan?
 *
 * Whatever a plan does with the outer rows, the others do, too.  What they can
 * save is in the grouped subqueries: a shard that is asked for the rows of some
 * keys does not look at the rest.  But they ask it, so a subquery that costs
 * little more than that is not worth the time to plan the statement again.
 *
 * Where the rows of a group lie on one shard, one shard is asked for them; or,
 * where the outer row lies there, too, the shards do all without being asked again.
 *
 * The mark goes with the range table entry as those of shell_mark.c do, and so
 * does what was noted: from the entry of the Query to that of its plan.
 */
#include "postgres.h"

#include "optimizer/optimizer.h"
#include "parser/parsetree.h"

#include "metadata/dist_table.h"
#include "planner/cost.h"
#include "planner/replan_gain.h"

#define MARK_GROUPED	0x0001
#define MARK_KEYED		0x0002	/* the rows of a group lie on one shard */
#define MARK_NOTED		0x0004

/* Planning takes about as long as a round trip, and a bound is seldom reached. */
#define ROUND_TRIPS_TO_SAVE 5

/* Do groups by this expression have their rows on one shard? */
static bool
is_key(const Query *query, Node *expr)
{
	Var		   *var = (Var *) expr;
	RangeTblEntry *rte;
	DistTable  *table;

	if (!IsA(expr, Var))
		return false;
	rte = rt_fetch(var->varno, query->rtable);
	table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;
	return table != NULL && table->kind == DIST_HASH && table->key_attno == var->varattno;
}

void
replan_gain_mark(RangeTblEntry *rte)
{
	const Query *query = rte->subquery;
	ListCell   *lc;

	rte->ctelevelsup = MARK_GROUPED;
	foreach(lc, get_sortgrouplist_exprs(query->groupClause, query->targetList))
	{
		if (is_key(query, lfirst(lc)))
			rte->ctelevelsup |= MARK_KEYED;
	}
}

/* What it costs at least to ask the shards for rows of the subquery. */
static Cost
least_cost(const Query *query)
{
	Cost		least = -1;
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		DistTable  *table = rte->rtekind == RTE_RELATION ? dist_table_find(rte->relid) : NULL;
		Cost		cost;

		if (table == NULL || table->kind == DIST_REFERENCE)
			continue;
		cost = cost_asking(table->group);
		if (least < 0 || cost < least)
			least = cost;
	}
	return Max(least, 0);
}

void
replan_gain_note(const RelOptInfo *rel, RangeTblEntry *rte)
{
	Cost		cost = -1;
	ListCell   *lc;

	if (rte->rtekind != RTE_SUBQUERY || !(rte->ctelevelsup & MARK_GROUPED))
		return;
	foreach(lc, rel->pathlist)
	{
		const Path *path = lfirst(lc);

		if (path->param_info == NULL && (cost < 0 || path->total_cost < cost))
			cost = path->total_cost;
	}
	if (cost < 0)
		return;
	/* a field that entries of this kind do not use */
	rte->enrtuples = Max(cost - least_cost(rte->subquery), 0);
	rte->ctelevelsup |= MARK_NOTED;
}

bool
replan_gain_pays(const PlannedStmt *stmt)
{
	Cost		enough = ROUND_TRIPS_TO_SAVE * cost_round_trip();
	Cost		gain = 0;
	bool		found = false;
	ListCell   *lc;

	foreach(lc, stmt->rtable)
	{
		const RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind != RTE_SUBQUERY || !(rte->ctelevelsup & MARK_GROUPED))
			continue;
		found = true;
		if (!(rte->ctelevelsup & MARK_NOTED) || (rte->ctelevelsup & MARK_KEYED))
			gain += stmt->planTree->total_cost - cost_round_trip();
		else
			gain += rte->enrtuples;
	}
	return !found || gain > enough;
}
