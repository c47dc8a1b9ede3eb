/*
 * one_row.c
 *		Statements for one shard that cannot return a second row.
 *
 * An aggregate without groups, or only tables of which a unique index finds one row
 * each, since the facts of the survey give every column of it a value.  The
 * executor has such a result sent and received in one piece, without what makes
 * large ones stream.
 */
#include "postgres.h"

#include "access/hash.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "nodes/nodeFuncs.h"
#include "planner/key_value.h"
#include "planner/one_row.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

/* Must a column of the index have one value, in the sense in which the index is unique? */
static bool
is_pinned(Relation index, int column, const SurveyedTable * table)
{
	KeyColumn	key = table->key;
	Oid			type = index->rd_opcintype[column];
	Oid			family = key_opfamily(type);
	Oid			equality = get_opfamily_member(index->rd_opfamily[column], type, type,
											   BTEqualStrategyNumber);

	key.attno = index->rd_index->indkey.values[column];
	return key.attno > 0 && OidIsValid(family) && OidIsValid(equality) &&
		get_op_opfamily_strategy(equality, family) == HTEqualStrategyNumber &&
		key_scope_values(table->scope, key, family, NULL) != NIL;
}

static bool
index_finds_one(Oid relid, const SurveyedTable * table)
{
	Relation	index = RelationIdGetRelation(relid);
	bool		result;

	if (!RelationIsValid(index))
		return false;
	result = index->rd_index->indisunique && index->rd_index->indimmediate &&
		index->rd_index->indisvalid &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
	for (int i = 0; i < index->rd_index->indnkeyatts && result; i++)
		result = is_pinned(index, i, table);
	RelationClose(index);
	return result;
}

static bool
has_one_row(const SurveyedTable * table)
{
	Relation	rel = RelationIdGetRelation(table->table->relid);
	bool		result = false;
	ListCell   *lc;

	if (!RelationIsValid(rel))
		return false;
	foreach(lc, RelationGetIndexList(rel))
		result = result || index_finds_one(lfirst_oid(lc), table);
	RelationClose(rel);
	return result;
}

/* The occurrence at the statement's top level that a range table index means. */
static const SurveyedTable *
find_surveyed(const TableSurvey * survey, int rti)
{
	ListCell   *lc;

	foreach(lc, survey->tables)
	{
		const SurveyedTable *table = lfirst(lc);

		if (table->key.level == SURVEY_TOP_LEVEL && table->key.varno == rti)
			return table;
	}
	return NULL;
}

bool
returns_one_row(Query *query, const TableSurvey * survey)
{
	int			rti = 0;
	ListCell   *lc;

	if (query->hasTargetSRFs || query->groupingSets != NIL)
		return false;
	if (query->commandType == CMD_SELECT && query->groupClause == NIL &&
		(query->hasAggs || query->havingQual != NULL))
		return query->setOperations == NULL;
	if (query->commandType != CMD_SELECT && query->commandType != CMD_UPDATE &&
		query->commandType != CMD_DELETE)
		return false;
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		const SurveyedTable *table = find_surveyed(survey, ++rti);

		if (rte->rtekind == RTE_JOIN)
			continue;
		if (table == NULL || rte->relkind != RELKIND_RELATION || !has_one_row(table))
			return false;
	}
	return true;
}
