/*
 * exchange_agg_path.c
 *		Path tier: rows are sent to the node of their group.
 *
 * What lies on several shards is put together on one node: the rows go from node
 * to node by the hash of a grouping column (executor/exchange.h), so every group
 * is complete where it arrives, also the one without a key.  From then on they
 * are rows of a relation whose shards are the nodes (metadata/node_group.h) and
 * whose key is that column: groups, HAVING, ORDER BY and LIMIT are done there, as
 * for any other whose groups lie on one shard, whatever the aggregates.
 *
 * Only columns are sent.  Expressions are computed where they arrive.
 */
#include "postgres.h"

#include <math.h>

#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "common/shard_hash.h"
#include "deparse/shippable.h"
#include "metadata/node_group.h"
#include "planner/cost.h"
#include "planner/exchange_agg_path.h"
#include "planner/fragment_query.h"
#include "planner/group_target.h"
#include "planner/key_value.h"
#include "planner/scan_path.h"
#include "planner/source_join.h"
#include "planner/upper_record.h"

/* Reading a row that was stored, in tuples. */
#define STORED_ROW_TUPLES 2.0

/* The column by which rows are sent. */
typedef struct ExchangeKey
{
	int			resno;			/* in what is sent; 0: there is none */
	double		values;			/* estimate of how many it has */
	const ShardGroup *group;	/* of the nodes that take them */
}			ExchangeKey;

/* The columns of the input that the grouping takes; false if one cannot be sent. */
static bool
find_columns(const Grouping * grouping, List **columns)
{
	List	   *exprs = list_concat_copy(grouping->output->reltarget->exprs, grouping->having);
	ListCell   *lc;

	*columns = NIL;
	foreach(lc, pull_var_clause((Node *) exprs,
								PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
								PVC_INCLUDE_PLACEHOLDERS))
	{
		Var		   *var = lfirst(lc);

		if (!IsA(var, Var) || var->varattno <= 0 || !is_returnable_type(var->vartype) ||
			type_is_rowtype(var->vartype) || !OidIsValid(get_array_type(var->vartype)) ||
			!fragment_columns_visible(grouping->dist, (Node *) var))
			return false;
		*columns = list_append_unique(*columns, var);
	}
	return true;
}

/* The group of nodes for a grouping column whose equal values have one hash; else NULL. */
static const ShardGroup *
group_for(const SortGroupClause *clause, const Var *column)
{
	Oid			type = shard_hash_common_type(column->vartype);

	if (!OidIsValid(type) ||
		equality_opfamily(clause->eqop, column->varcollid) != key_opfamily(type))
		return NULL;
	return node_group_get(type);
}

/* The one with most values: rows of few would come together on few nodes. */
static ExchangeKey
choose_key(const Grouping * grouping, List *columns)
{
	ExchangeKey best = {0};
	ListCell   *lc;

	foreach(lc, grouping->clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		Node	   *column = get_sortgroupclause_expr(clause, grouping->root->processed_tlist);
		const ShardGroup *group;
		double		values;

		if (!IsA(column, Var) || !list_member(columns, column))
			continue;
		group = group_for(clause, (Var *) column);
		if (group == NULL)
			continue;
		values = estimate_num_groups(grouping->root, list_make1(column), grouping->input->rows,
									 NULL, NULL);
		if (best.resno > 0 && values <= best.values)
			continue;
		best.group = group;
		best.values = values;
		for (best.resno = 1; !equal(list_nth(columns, best.resno - 1), column);)
			best.resno++;
	}
	return best;
}

/* The scan whose rows are sent. */
static Path *
sent_path(const Grouping * grouping, List *columns)
{
	RelOptInfo *rel = fetch_upper_rel(grouping->root, UPPERREL_PARTIAL_GROUP_AGG, NULL);
	DistUpper  *upper;
	DistRel    *dist = upper_record_copy(grouping->dist,
										 upper_target_make(grouping->root, columns), &upper);

	rel->consider_parallel = false;
	return scan_path_make_upper(rel, dist, grouping->input->rows);
}

/* The record of the rows after that. */
static DistRel *
received_record(const Grouping * grouping, List *columns, const ExchangeKey * key)
{
	DistWrap   *wrap = palloc0(sizeof(DistWrap));
	DistFrom   *item = palloc0(sizeof(DistFrom));
	DistRel    *dist = palloc0(sizeof(DistRel));

	wrap->exprs = columns;
	wrap->path = sent_path(grouping, columns);
	wrap->key_resno = key->resno;
	wrap->exchange = true;
	item->wrap = wrap;
	dist->from = list_make1(item);
	dist->relids = grouping->dist->relids;
	dist->sources = list_make1(wrap);
	dist->colocation_id = key->group->colocation_id;
	dist->group = key->group;
	dist->keys = list_make1(list_nth(columns, key->resno - 1));
	dist->work = grouping->input->rows * STORED_ROW_TUPLES * cpu_tuple_cost;
	return dist;
}

/*
 * What it costs to send rows and group them, sorted by the groups if an aggregate
 * wants an order.  The node that happens to get most
 * of few keys is waited for: so many nodes less are at work.
 */
static void
add_costs(const Grouping * grouping, const DistRel * dist, const ExchangeKey * key, Path *path)
{
	const DistWrap *wrap = linitial(dist->sources);
	double		nodes = key->group->nnodes;
	double		at_work = nodes / (1 + sqrt((nodes - 1) / Max(key->values, 1)));
	double		rows = grouping->input->rows / at_work;
	Cost		wait = cost_exchange(wrap->path, at_work) - cost_exchange(wrap->path, nodes);

	if (grouping->root->numOrderedAggs > 0)
		wait += 2 * cpu_operator_cost * rows * log2(Max(rows, 2)) +
			agg_path_ordered_cost(grouping, rows);
	path->startup_cost += wait;
	path->total_cost += wait;
	agg_path_add_cost(grouping, path, AGGSPLIT_SIMPLE, at_work);
}

static bool
can_exchange(const Grouping * grouping)
{
	const DistRel *dist = grouping->dist;

	return source_join_exchanges() && grouping->clauses != NIL &&
		grouping->root->parse->groupingSets == NIL && dist->sources == NIL &&
		!dist->other_role && !dist->before_writes;
}

void
exchange_agg_path_add(const Grouping * grouping)
{
	RelOptInfo *output = grouping->output;
	List	   *columns;
	ExchangeKey key;
	DistRel    *dist;
	DistUpper  *upper;
	Path	   *path;
	const char *obstacle;

	if (!can_exchange(grouping) || !find_columns(grouping, &columns))
		return;
	key = choose_key(grouping, columns);
	if (key.resno == 0 || key.group->nnodes < 2 || key.values < key.group->nnodes)
		return;
	dist = received_record(grouping, columns, &key);
	upper = group_target_make(grouping->root, dist, output->reltarget, grouping->having, false,
							  &obstacle);
	if (upper == NULL)
		return;
	dist->upper = upper;
	path = scan_path_make_upper(output, dist, grouping->groups);
	add_costs(grouping, dist, &key, path);
	dist->cost = path->total_cost;
	output->fdw_private = dist;
	add_path(output, apply_projection_to_path(grouping->root, output, path, output->reltarget));
}
