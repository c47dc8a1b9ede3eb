/*
 * one_row.h
 *		Statements for one shard that cannot return a second row.
 */
#ifndef SHARDLITE_ONE_ROW_H
#define SHARDLITE_ONE_ROW_H

#include "planner/table_survey.h"

/*
 * Does a surveyed statement return at most one row, whatever its tables hold?
 * False when that is not easily seen.
 */
extern bool returns_one_row(Query *query, const TableSurvey * survey);

#endif							/* SHARDLITE_ONE_ROW_H */
