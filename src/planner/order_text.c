/*
 * order_text.c
 *		ORDER BY and LIMIT over the rows of all shards of a node, as text.
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

/* One key of ORDER BY. */
static void
append_key(StringInfo buf, const SortGroupClause *clause, const TargetEntry *entry)
{
	Node	   *expr = (Node *) entry->expr;
	TypeCacheEntry *type = lookup_type_cache(exprType(expr),
											 TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	bool		reverse = clause->sortop == type->gt_opr;

	appendStringInfo(buf, "u.c%d", entry->resno);
	if (OidIsValid(exprCollation(expr)) && !IsA(expr, Var))
		append_collation(buf, exprCollation(expr));
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

void
order_text_set(const DistRel * dist, List *tuple, List *sent, DistPlan * plan,
			   List **params)
{
	const DistUpper *upper = dist->upper;
	StringInfoData buf;
	ListCell   *lc;

	if (upper == NULL || (upper->sort == NIL && upper->limit == NULL))
		return;
	initStringInfo(&buf);
	appendStringInfoChar(&buf, 'u');
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
	plan->node_head = pstrdup(upper->node_distinct == NIL ? "SELECT *" : "SELECT DISTINCT *");
	plan->node_tail = buf.data;
}
