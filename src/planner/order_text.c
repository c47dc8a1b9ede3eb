/*
 * order_text.c
 *		DISTINCT, ORDER BY and LIMIT over the rows of all shards of a node, as text.
 *
 * Collations are named wherever they are not those of a plain column, and
 * operators wherever they are not the usual ones: the merge here compares with
 * the same.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "planner/fragment_query.h"
#include "planner/order_text.h"

static TargetEntry *
entry_for(List *entries, Index reference)
{
	ListCell   *lc;

	foreach(lc, entries)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (entry->ressortgroupref == reference)
			return entry;
	}
	elog(ERROR, "sort column %u is not sent", reference);
}

static void
append_collation(StringInfo buf, Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	appendStringInfo(buf, " COLLATE %s",
					 quote_qualified_identifier(get_namespace_name(form->collnamespace),
												NameStr(form->collname)));
	ReleaseSysCache(tuple);
}

static void
append_operator(StringInfo buf, Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	appendStringInfo(buf, " USING OPERATOR(%s.%s)",
					 quote_identifier(get_namespace_name(form->oprnamespace)),
					 NameStr(form->oprname));
	ReleaseSysCache(tuple);
}

/* A sort column with its collation. */
static void
append_column(StringInfo buf, const TargetEntry *entry)
{
	Oid			collation = exprCollation((Node *) entry->expr);

	appendStringInfo(buf, "u.c%d", entry->resno);
	if (OidIsValid(collation) && !IsA(entry->expr, Var))
		append_collation(buf, collation);
}

/* One key of ORDER BY. */
static void
append_key(StringInfo buf, const SortGroupClause *clause, const TargetEntry *entry)
{
	TypeCacheEntry *type = lookup_type_cache(exprType((Node *) entry->expr),
											 TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	bool		reverse = clause->sortop == type->gt_opr;

	append_column(buf, entry);
	if (reverse)
		appendStringInfoString(buf, " DESC");
	else if (clause->sortop != type->lt_opr)
		append_operator(buf, clause->sortop);
	if (clause->nulls_first != reverse)
		appendStringInfoString(buf, clause->nulls_first ? " NULLS FIRST" : " NULLS LAST");
}

static void
append_limit(StringInfo buf, const DistUpper * upper, List **params)
{
	Const	   *bound = (Const *) upper->limit;
	char	   *rows;

	if (IsA(bound, Const))
		rows = psprintf(INT64_FORMAT, DatumGetInt64(bound->constvalue));
	else
		rows = psprintf("$%d", fragment_param(upper->limit, params)->paramid);
	if (upper->with_ties)
		appendStringInfo(buf, " FETCH FIRST (%s) ROWS WITH TIES", rows);
	else
		appendStringInfo(buf, " LIMIT %s", rows);
}

static bool
has_inner_level(const DistUpper * upper)
{
	return upper->node_distinct != NIL && !upper->distinct_on && upper->sort != NIL;
}

/*
 * SELECT, with or without DISTINCT.  A DISTINCT of all columns with an order
 * gets a level of its own: above it, sort columns may name their collation.
 */
static char *
node_head(const DistUpper * upper, List *sent)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoString(&buf, has_inner_level(upper) ? "SELECT * FROM (SELECT " : "SELECT ");
	if (upper->node_distinct != NIL)
		appendStringInfoString(&buf, "DISTINCT ");
	if (upper->distinct_on)
	{
		foreach(lc, upper->node_distinct)
		{
			SortGroupClause *clause = lfirst_node(SortGroupClause, lc);

			appendStringInfoString(&buf, foreach_current_index(lc) == 0 ? "ON (" : ", ");
			append_column(&buf, entry_for(sent, clause->tleSortGroupRef));
		}
		appendStringInfoString(&buf, ") ");
	}
	appendStringInfoChar(&buf, '*');
	return buf.data;
}

void
order_text_set(const DistRel * dist, List *tuple, List *sent, DistPlan * plan,
			   List **params)
{
	const DistUpper *upper = dist->upper;
	StringInfoData buf;
	ListCell   *lc;

	if (upper == NULL || (upper->sort == NIL && upper->limit == NULL && upper->node_distinct == NIL))
		return;
	initStringInfo(&buf);
	appendStringInfoString(&buf, has_inner_level(upper) ? "d) u" : "u");
	foreach(lc, sent)
		appendStringInfo(&buf, "%sc%d", foreach_current_index(lc) == 0 ? "(" : ", ",
						 foreach_current_index(lc) + 1);
	if (sent != NIL)
		appendStringInfoChar(&buf, ')');
	foreach(lc, upper->sort)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, lc);
		TargetEntry *entry = entry_for(sent, clause->tleSortGroupRef);

		appendStringInfoString(&buf, foreach_current_index(lc) == 0 ? " ORDER BY " : ", ");
		append_key(&buf, clause, entry);
		plan->sort = lappend_int(plan->sort,
								 entry_for(tuple, clause->tleSortGroupRef)->resno);
		plan->sort = lappend_int(plan->sort, (int) clause->sortop);
		plan->sort = lappend_int(plan->sort, (int) exprCollation((Node *) entry->expr));
		plan->sort = lappend_int(plan->sort, clause->nulls_first);
	}
	if (upper->limit != NULL)
		append_limit(&buf, upper, params);
	plan->node_head = node_head(upper, sent);
	plan->node_tail = buf.data;
}
