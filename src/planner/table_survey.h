/*
 * table_survey.h
 *		The distributed tables of a statement, at all its levels, and what the
 *		statement's conditions say about their keys.
 */
#ifndef SHARDLITE_TABLE_SURVEY_H
#define SHARDLITE_TABLE_SURVEY_H

#include "metadata/dist_table.h"
#include "planner/key_facts.h"

/* Number of the statement's own level; those of its subqueries follow. */
#define SURVEY_TOP_LEVEL 1

/* One occurrence of a hash or single-shard table. */
typedef struct SurveyedTable
{
	DistTable  *table;
	KeyScope   *scope;			/* where it stands */
	KeyColumn	key;			/* its attno: DIST_HASH only */
}			SurveyedTable;

typedef struct TableSurvey
{
	List	   *tables;			/* of SurveyedTable * */
	bool		has_reference;
	bool		writes;			/* changes or locks rows */
}			TableSurvey;

/*
 * Look at every level of a statement.  False when it contains something that
 * cannot run as a whole on the shards of its tables: local tables, writes to
 * reference tables, a key that changes, ...  Does not modify query.
 */
extern bool survey_tables(Query *query, TableSurvey * survey);

/*
 * The one key value, of the group's key type, that all surveyed tables share;
 * NULL if there is none or if it cannot be proved.  All tables must be of group.
 */
extern Node *survey_single_key(const TableSurvey * survey, const ShardGroup * group);

/* Do all tables agree in their keys, row by row?  Same precondition. */
extern bool survey_is_colocated(const TableSurvey * survey);

/* The group of all surveyed tables; NULL when they are of several. */
extern const ShardGroup *survey_group(const TableSurvey * survey);

#endif							/* SHARDLITE_TABLE_SURVEY_H */
