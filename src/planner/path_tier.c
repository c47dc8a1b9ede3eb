/*
 * path_tier.c
 *		Tier 3: PostgreSQL's own planner, with scans of distributed tables and
 *		writes to them replaced through hooks.
 *
 * The hooks act on marked shells only (shell_mark.h), so plans that this tier
 * did not start are never touched.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "optimizer/geqo.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "compat/query_compat.h"
#include "planner/agg_path.h"
#include "planner/batch_plan.h"
#include "planner/cost.h"
#include "planner/decorrelate.h"
#include "planner/dist_rel.h"
#include "planner/distinct_path.h"
#include "planner/lock_path.h"
#include "planner/modify_path.h"
#include "planner/order_path.h"
#include "planner/path_tier.h"
#include "planner/refusal.h"
#include "planner/replan_gain.h"
#include "planner/scan_path.h"
#include "planner/shard_subquery.h"
#include "planner/shell_mark.h"
#include "planner/source_join.h"
#include "planner/window_path.h"

static get_relation_info_hook_type next_relation_info = NULL;
static get_relation_stats_hook_type next_relation_stats = NULL;
static get_attavgwidth_hook_type next_attavgwidth = NULL;
static set_rel_pathlist_hook_type next_rel_pathlist = NULL;
static set_join_pathlist_hook_type next_join_pathlist = NULL;
static join_search_hook_type next_join_search = NULL;
static create_upper_paths_hook_type next_upper_paths = NULL;

/* Settings */
static bool enable_join_pushdown = true;
static bool enable_decorrelation = true;
static bool enable_semijoin_reduction = true;

/*
 * The planner looked at the empty shell: put in the whole table.  Indexes
 * stay, because uniqueness within the shards is uniqueness, but none can be
 * scanned here.
 */
static void
shell_relation_info(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	ShellMark	mark;
	ListCell   *lc;

	if (next_relation_info)
		next_relation_info(root, relid, inhparent, rel);
	if (!shell_mark_get(root->simple_rte_array[rel->relid], &mark))
		return;
	cost_table_size(rel, dist_table_get(relid));
	rel->rel_parallel_workers = 0;
	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, lc);

		index->amhasgettuple = false;
		index->amhasgetbitmap = false;
		index->tuples = rel->tuples;
	}
}

/*
 * The statistics of a partitioned table are those of its partitions' rows,
 * which PostgreSQL would not look for in a table without children.
 */
static HeapTuple
partitioned_statistics(Oid relid, AttrNumber attnum)
{
	return SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(attnum),
						   BoolGetDatum(true));
}

/* May functions that leak values see them?  Who may read the column anyway. */
static bool
statistics_allowed(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum)
{
	Oid			user = compat_check_as_user(root->parse, rte);

	if (!OidIsValid(user))
		user = GetUserId();
	return rte->securityQuals == NIL &&
		(pg_class_aclcheck(rte->relid, user, ACL_SELECT) == ACLCHECK_OK ||
		 pg_attribute_aclcheck(rte->relid, attnum, user, ACL_SELECT) == ACLCHECK_OK);
}

static bool
shell_relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
					 VariableStatData *vardata)
{
	ShellMark	mark;

	if (next_relation_stats && next_relation_stats(root, rte, attnum, vardata))
		return true;
	if (!shell_mark_get(rte, &mark) || !mark.partitioned || mark.only)
		return false;
	vardata->statsTuple = partitioned_statistics(rte->relid, attnum);
	vardata->freefunc = ReleaseSysCache;
	if (HeapTupleIsValid(vardata->statsTuple))
		vardata->acl_ok = statistics_allowed(root, rte, attnum);
	return true;
}

static int32
shell_attavgwidth(Oid relid, AttrNumber attnum)
{
	int32		width = next_attavgwidth ? next_attavgwidth(relid, attnum) : 0;
	HeapTuple	tuple;

	if (width > 0 || get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE ||
		dist_table_find(relid) == NULL)
		return width;
	tuple = partitioned_statistics(relid, attnum);
	if (HeapTupleIsValid(tuple))
	{
		width = ((Form_pg_statistic) GETSTRUCT(tuple))->stawidth;
		ReleaseSysCache(tuple);
	}
	return width;
}

static void
shell_rel_pathlist(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	if (next_rel_pathlist)
		next_rel_pathlist(root, rel, rti, rte);
	scan_paths_replace(root, rel, rti, rte);
	replan_gain_note(rel, rte);
}

static void
shell_join_pathlist(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outerrel,
					RelOptInfo *innerrel, JoinType jointype, JoinPathExtraData *extra)
{
	JoinSides	sides = {
		.root = root, .joinrel = joinrel, .outerrel = outerrel,
		.innerrel = innerrel, .jointype = jointype,
		.restrictlist = extra->restrictlist,
		.outer = dist_rel_get(outerrel), .inner = dist_rel_get(innerrel)
	};

	if (next_join_pathlist)
		next_join_pathlist(root, joinrel, outerrel, innerrel, jointype, extra);
	if (enable_join_pushdown)
		join_paths_push(&sides);
	else if (sides.outer != NULL && sides.inner != NULL)
		refusal_note_join(&sides, "shardlite.enable_join_pushdown is off", true);
}

/* Does one of the relations live on shards? */
static bool
has_records(List *rels)
{
	ListCell   *lc;

	foreach(lc, rels)
	{
		if (dist_rel_get(lfirst(lc)) != NULL)
			return true;
	}
	return false;
}

/*
 * The planner keeps join clauses without Vars for a Result node, and does not
 * call hooks for such joins.  Let the joins have them: evaluated there or in
 * a fragment, they mean the same.
 */
static RelOptInfo *
shell_join_search(PlannerInfo *root, int levels_needed, List *initial_rels)
{
	bool		saved = root->hasPseudoConstantQuals;
	RelOptInfo *result;

	if (levels_needed > 1 && has_records(initial_rels))
		root->hasPseudoConstantQuals = false;
	if (next_join_search)
		result = next_join_search(root, levels_needed, initial_rels);
	else if (enable_geqo && levels_needed >= geqo_threshold)
		result = geqo(root, levels_needed, initial_rels);
	else
		result = standard_join_search(root, levels_needed, initial_rels);
	root->hasPseudoConstantQuals = saved;
	return result;
}

static void
shell_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
				  RelOptInfo *output_rel, void *extra)
{
	if (next_upper_paths)
		next_upper_paths(root, stage, input_rel, output_rel, extra);
	if (stage == UPPERREL_GROUP_AGG)
		agg_paths_add(root, input_rel, output_rel, extra);
	if (stage == UPPERREL_WINDOW)
		window_paths_push(root, input_rel, output_rel);
	if (stage == UPPERREL_DISTINCT)
		distinct_paths_add(root, input_rel, output_rel);
	order_paths_push(root, stage, input_rel, output_rel);
	if (stage == UPPERREL_FINAL)
	{
		lock_paths_replace(root, output_rel);
		modify_paths_replace(root, output_rel);
	}
}

/* What the planner is told beside the statement. */
typedef struct PlanRequest
{
	const char *query_string;
	int			cursor_options;
	ParamListInfo params;
}			PlanRequest;

/*
 * Parallel workers cannot use this backend's connections, and a fragment may
 * need a transaction id, which parallel mode forbids.
 */
static PlannedStmt *
plan_marked(const PlanRequest * request, Query *parse, bool locks_above)
{
	List	   *subqueries = shard_subqueries_mark(parse);
	PlannedStmt *stmt;

	shell_marks_set(parse, locks_above);
	stmt = standard_planner(parse, request->query_string,
							request->cursor_options & ~CURSOR_OPT_PARALLEL_OK, request->params);
	shell_marks_announce_locks(stmt);
	shard_subqueries_note(stmt, subqueries);
	if (locks_above)
		lock_paths_finish(stmt);
	return stmt;
}

/* The first of two plans, if the other is not cheaper; one may be missing. */
static PlannedStmt *
cheaper(PlannedStmt *stmt, PlannedStmt *other)
{
	if (stmt == NULL || other == NULL)
		return stmt != NULL ? stmt : other;
	return other->planTree->total_cost < stmt->planTree->total_cost ? other : stmt;
}

/*
 * Planning changes a Query, so what is planned as it was written comes last, when
 * there is no more to copy.
 */
static PlannedStmt *
plan_cheapest(const PlanRequest * request, Query *parse)
{
	Query	   *joined = enable_decorrelation ? decorrelated_copy(parse, false) : NULL;
	Query	   *locking = lock_paths_asked(parse) ? copyObject(parse) : NULL;
	Query	   *reduced = NULL;
	PlannedStmt *written = NULL;
	PlannedStmt *other = NULL;

	if (locking != NULL)
	{
		written = plan_marked(request, parse, false);
		if ((request->cursor_options & CURSOR_OPT_FAST_PLAN) != 0 ||
			lock_paths_excessive(written))
			return plan_marked(request, locking, true);
		parse = locking;
	}
	if (joined != NULL)
	{
		other = plan_marked(request, joined, false);
		if (!replan_gain_pays(other))
			return cheaper(written, other);
	}
	if (enable_decorrelation && enable_semijoin_reduction)
		reduced = decorrelated_copy(parse, true);
	if (reduced != NULL)
		other = cheaper(other, plan_marked(request, reduced, false));
	if (written == NULL)
		written = plan_marked(request, parse, false);
	return cheaper(written, other);
}

PlannedStmt *
plan_path_tier(Query *parse, const char *query_string, int cursor_options,
			   ParamListInfo params)
{
	PlanRequest request = {query_string, cursor_options, params};
	bool		secret = batch_policies_walker((Node *) parse, NULL);
	PlannedStmt *stmt = plan_cheapest(&request, parse);

	batch_nodes_add(stmt, cursor_options, secret);
	return stmt;
}

void
path_tier_init(void)
{
	DefineCustomBoolVariable("shardlite.enable_join_pushdown",
							 "Lets shards compute joins on the distribution column.",
							 NULL, &enable_join_pushdown, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);
	agg_path_init();
	batch_plan_init();
	order_path_init();
	window_path_init();
	distinct_path_init();
	shard_subquery_init();
	source_join_init();
	cost_init();

	DefineCustomBoolVariable("shardlite.enable_decorrelation",
							 "Lets correlated aggregates of distributed tables become joins.",
							 NULL, &enable_decorrelation, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);

	DefineCustomBoolVariable("shardlite.enable_semijoin_reduction",
							 "Lets only those groups of a decorrelated aggregate be computed that outer rows ask for.",
							 NULL, &enable_semijoin_reduction, true, PGC_USERSET,
							 GUC_EXPLAIN, NULL, NULL, NULL);

	next_relation_info = get_relation_info_hook;
	get_relation_info_hook = shell_relation_info;
	next_relation_stats = get_relation_stats_hook;
	get_relation_stats_hook = shell_relation_stats;
	next_attavgwidth = get_attavgwidth_hook;
	get_attavgwidth_hook = shell_attavgwidth;
	next_rel_pathlist = set_rel_pathlist_hook;
	set_rel_pathlist_hook = shell_rel_pathlist;
	next_join_pathlist = set_join_pathlist_hook;
	set_join_pathlist_hook = shell_join_pathlist;
	next_join_search = join_search_hook;
	join_search_hook = shell_join_search;
	next_upper_paths = create_upper_paths_hook;
	create_upper_paths_hook = shell_upper_paths;
}
