/*
 * node_text.c
 *		Grouping over the rows of all shards of a node, as text.
 *
 * Groups that occur on most shards arrive once per node instead of once per
 * shard.  The Query is that of a fragment with the shards' rows in a
 * sub-SELECT, which is cut out: it becomes the text of a shard.
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parsetree.h"

#include "deparse/query_text.h"
#include "planner/fragment_query.h"
#include "planner/node_text.h"

/* The only sub-SELECT in FROM. */
static Index
sub_select(const Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		if (lfirst_node(RangeTblEntry, lc)->rtekind == RTE_SUBQUERY)
			return foreach_current_index(lc) + 1;
	}
	elog(ERROR, "fragment of a node has no rows");
}

void
node_text_set(PlannerInfo *root, const DistRel * dist, List *sent,
			  DistPlan * plan, List **params)
{
	DistRel		rows = *dist;
	DistRel		node = *dist;
	DistWrap	wrap = {.dist = &rows};
	DistFrom	from = {.wrap = &wrap};
	Query	   *query;
	Index		rti;

	rows.upper = NULL;
	wrap.exprs = fragment_columns(&rows, NIL, sent);
	wrap.exprs = fragment_columns(&rows, wrap.exprs, dist->upper->having);
	node.from = list_make1(&from);
	node.exists = NIL;
	node.nulled = NULL;
	query = fragment_query(root, &node, sent, NIL, params);
	rti = sub_select(query);
	plan->text = query_text(rt_fetch(rti, query->rtable)->subquery);
	query_text_around(query, rti, &plan->node_head, &plan->node_tail);
}
