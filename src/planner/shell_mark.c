/*
 * shell_mark.c
 *		Marks on range table entries of distributed tables.
 *
 * The mark must follow the entry wherever the planner takes it: subqueries
 * are pulled up, trees are copied, indexes change.  So it lives in the entry
 * itself, in ctelevelsup, which PostgreSQL copies always and reads only for
 * entries of kind RTE_CTE.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"

#include "metadata/dist_table.h"
#include "planner/shell_mark.h"
#include "planner/target_table.h"
#include "planner/unsupported.h"

#define MARK_SHELL			0x0001
#define MARK_ONLY			0x0002
#define MARK_PARTITIONED	0x0004
#define MARK_BEFORE_WRITES	0x0008
#define MARK_STRENGTH_SHIFT 4
#define MARK_WAIT_SHIFT		8
#define MARK_TARGET			0x1000
#define MARK_REFERENCE		0x2000
#define MARK_LOCKED_ABOVE	0x4000
#define MARK_FIELD			0xf
#define MARK_LEVEL_SHIFT	16
#define MARK_WHY_SHIFT		20
#define MARK_REFUSED		0x0fff0000
#define MARK_WHY_FIELD		0xff

typedef struct MarkContext
{
	bool		before_writes;
	bool		locks_above;
}			MarkContext;

bool
shell_mark_get(const RangeTblEntry *rte, ShellMark * mark)
{
	Index		bits = rte->ctelevelsup;

	if (rte->rtekind != RTE_RELATION || !(bits & MARK_SHELL))
		return false;
	mark->strength = (LockClauseStrength) ((bits >> MARK_STRENGTH_SHIFT) & MARK_FIELD);
	mark->wait_policy = (LockWaitPolicy) ((bits >> MARK_WAIT_SHIFT) & MARK_FIELD);
	mark->only = (bits & MARK_ONLY) != 0;
	mark->partitioned = (bits & MARK_PARTITIONED) != 0;
	mark->before_writes = (bits & MARK_BEFORE_WRITES) != 0;
	mark->locked_above = (bits & MARK_LOCKED_ABOVE) != 0;
	mark->refused_level = (RefusedLevel) ((bits >> MARK_LEVEL_SHIFT) & MARK_FIELD);
	mark->refused_why = (ColocatedObstacle) ((bits >> MARK_WHY_SHIFT) & MARK_WHY_FIELD);
	return true;
}

void
shell_mark_refused(Query *query, RefusedLevel level, ColocatedObstacle why)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && dist_table_find(rte->relid) != NULL)
			rte->ctelevelsup = (level << MARK_LEVEL_SHIFT) | (why << MARK_WHY_SHIFT);
		else if (rte->rtekind == RTE_SUBQUERY && query->setOperations != NULL)
			shell_mark_refused(rte->subquery, level, why);
	}
}

bool
shell_mark_is_target(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_RELATION && (rte->ctelevelsup & MARK_TARGET) != 0;
}

bool
shell_mark_is_reference(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_RELATION && (rte->ctelevelsup & MARK_REFERENCE) != 0;
}

static void
mark_lock(RangeTblEntry *rte, LockClauseStrength strength, LockWaitPolicy wait)
{
	rte->ctelevelsup &= ~((MARK_FIELD << MARK_STRENGTH_SHIFT) |
						  (MARK_FIELD << MARK_WAIT_SHIFT));
	rte->ctelevelsup |= (strength << MARK_STRENGTH_SHIFT) |
		(wait << MARK_WAIT_SHIFT);
}

/*
 * Make one shell look like a plain table without children.  ONLY of a
 * partitioned table stays as it is: the planner knows that it is empty.
 */
static void
mark_shell(RangeTblEntry *rte, const MarkContext * context)
{
	rte->ctelevelsup = MARK_SHELL | (rte->ctelevelsup & MARK_REFUSED);
	if (!rte->inh)
		rte->ctelevelsup |= MARK_ONLY;
	if (rte->relkind == RELKIND_PARTITIONED_TABLE)
	{
		rte->ctelevelsup |= MARK_PARTITIONED;
		if (rte->inh)
			rte->relkind = RELKIND_RELATION;
	}
	if (context->before_writes)
		rte->ctelevelsup |= MARK_BEFORE_WRITES;
	rte->inh = false;
}

/*
 * Take the row marks of shells out: their fragments lock the rows.  Or leave
 * them in: the planner puts a LockRows on top, which lock_path.c replaces.
 */
static void
move_row_marks(Query *query, const MarkContext * context)
{
	ListCell   *lc;

	foreach(lc, query->rowMarks)
	{
		RowMarkClause *clause = lfirst_node(RowMarkClause, lc);
		RangeTblEntry *rte = rt_fetch(clause->rti, query->rtable);
		ShellMark	mark;

		if (!shell_mark_get(rte, &mark))
			continue;
		if (context->locks_above)
		{
			rte->ctelevelsup |= MARK_LOCKED_ABOVE;
			continue;
		}
		CheckSelectLocking(query, clause->strength);
		mark_lock(rte, clause->strength, clause->waitPolicy);
		query->rowMarks = foreach_delete_current(query->rowMarks, lc);
	}
}

/* Prepare one Query level, not its sublinks, subqueries and CTEs. */
static void
mark_query(Query *query, const MarkContext * context)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		DistTable  *table;

		/* EXCLUDED carries the table's oid, too, but is no table */
		if (rte->rtekind != RTE_RELATION ||
			rte->relkind == RELKIND_COMPOSITE_TYPE)
			continue;
		table = dist_table_find(rte->relid);
		if (table == NULL)
			continue;
		if (table->kind == DIST_REFERENCE)
			rte->ctelevelsup = MARK_REFERENCE;
		else
			mark_shell(rte, context);
	}
	move_row_marks(query, context);

	if (query->commandType != CMD_SELECT && query->resultRelation > 0)
	{
		RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);
		ShellMark	mark;

		if (dist_table_find(rte->relid) == NULL)
			return;
		unsupported_write_check(query);
		target_table_prepare(query);
		rte->ctelevelsup |= MARK_TARGET;
		if (!shell_mark_get(rte, &mark))
			return;
		if (context->locks_above)
			rte->ctelevelsup |= MARK_LOCKED_ABOVE;
		else
			mark_lock(rte, target_table_lock_strength(query), LockWaitBlock);
	}
}

static bool
mark_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		mark_query((Query *) node, context);
		return query_tree_walker((Query *) node, mark_walker, context, 0);
	}
	return expression_tree_walker(node, mark_walker, context);
}

/* Does the list hold a sublink? */
static bool
sublink_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		return true;
	return expression_tree_walker(node, sublink_walker, context);
}

bool
shell_marks_read_first(Query *parse)
{
	return parse->hasModifyingCTE ||
		sublink_walker((Node *) parse->returningList, NULL) ||
		sublink_walker((Node *) parse->mergeActionList, NULL);
}

void
shell_marks_set(Query *parse, bool locks_above)
{
	MarkContext context;

	context.locks_above = locks_above;
	context.before_writes = shell_marks_read_first(parse);
	mark_walker((Node *) parse, &context);
}

void
shell_marks_announce_locks(PlannedStmt *stmt)
{
	ListCell   *lc;
	Index		rti = 0;

	if (stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE)
		return;
	foreach(lc, stmt->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		ShellMark	mark;
		PlanRowMark *announced;

		rti++;
		if (!shell_mark_get(rte, &mark) || mark.strength == LCS_NONE)
			continue;
		/* isParent: the executor ignores it */
		announced = makeNode(PlanRowMark);
		announced->rti = announced->prti = rti;
		announced->markType = ROW_MARK_EXCLUSIVE;
		announced->allMarkTypes = 1 << ROW_MARK_EXCLUSIVE;
		announced->strength = mark.strength;
		announced->waitPolicy = mark.wait_policy;
		announced->isParent = true;
		stmt->rowMarks = lappend(stmt->rowMarks, announced);
	}
}
