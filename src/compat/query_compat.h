/*
 * query_compat.h
 *		Differences between PostgreSQL versions in Query and PlannedStmt.
 */
#ifndef SHARDLITE_QUERY_COMPAT_H
#define SHARDLITE_QUERY_COMPAT_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#if PG_VERSION_NUM >= 160000
#include "parser/parse_relation.h"
#endif

/* 16 moved privileges from range table entries to a list beside them. */
static inline void
compat_clear_required_perms(Query *query)
{
	ListCell   *lc;

#if PG_VERSION_NUM >= 160000
	foreach(lc, query->rteperminfos)
		lfirst_node(RTEPermissionInfo, lc)->requiredPerms = 0;
#else
	foreach(lc, query->rtable)
		lfirst_node(RangeTblEntry, lc)->requiredPerms = 0;
#endif
}

/* Role whose privileges on the entry's table count; InvalidOid: the current one. */
static inline Oid
compat_check_as_user(Query *query, RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	return rte->perminfoindex == 0 ? InvalidOid :
		getRTEPermissionInfo(query->rteperminfos, rte)->checkAsUser;
#else
	(void) query;
	return rte->checkAsUser;
#endif
}

/* Columns of the entry's table that the statement gives values to, as in a RangeTblEntry. */
static inline Bitmapset *
compat_given_columns(Query *query, RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	RTEPermissionInfo *info = getRTEPermissionInfo(query->rteperminfos, rte);

	return bms_union(info->insertedCols, info->updatedCols);
#else
	(void) query;
	return bms_union(rte->insertedCols, rte->updatedCols);
#endif
}

/* All range table entries that need privileges move to another Query. */
static inline void
compat_move_perms(Query *to, Query *from)
{
#if PG_VERSION_NUM >= 160000
	to->rteperminfos = from->rteperminfos;
	from->rteperminfos = NIL;
#else
	(void) to;
	(void) from;
#endif
}

/* Append an entry of query to the statement's flat range table. */
static inline void
compat_append_flat_rte(PlannedStmt *stmt, Query *query, RangeTblEntry *rte)
{
	stmt->rtable = lappend(stmt->rtable, rte);
#if PG_VERSION_NUM >= 160000
	if (rte->perminfoindex > 0)
	{
		RTEPermissionInfo *info = getRTEPermissionInfo(query->rteperminfos, rte);

		stmt->permInfos = lappend(stmt->permInfos, copyObject(info));
		rte->perminfoindex = list_length(stmt->permInfos);
	}
#else
	(void) query;
#endif
#if PG_VERSION_NUM >= 180000
	/* 18 locks and opens only what is named here */
	if (rte->rtekind == RTE_RELATION)
		stmt->unprunableRelids = bms_add_member(stmt->unprunableRelids,
												list_length(stmt->rtable));
#endif
}

/* 17 gave the join condition of MERGE a place of its own. */
static inline Node *
compat_merge_condition(Query *query)
{
#if PG_VERSION_NUM >= 170000
	return query->mergeJoinCondition;
#else
	return query->jointree->quals;
#endif
}

/* Does this MERGE look at source rows that match no target row? */
static inline bool
compat_merge_keeps_source(Query *query)
{
#if PG_VERSION_NUM >= 170000
	ListCell   *lc;

	foreach(lc, query->mergeActionList)
	{
		if (lfirst_node(MergeAction, lc)->matchKind == MERGE_WHEN_NOT_MATCHED_BY_TARGET)
			return true;
	}
	return false;
#else
	return query->mergeUseOuterJoin;
#endif
}

/* Does this MERGE look at target rows that match no source row? (17) */
static inline bool
compat_merge_keeps_target(Query *query)
{
#if PG_VERSION_NUM >= 170000
	ListCell   *lc;

	foreach(lc, query->mergeActionList)
	{
		if (lfirst_node(MergeAction, lc)->matchKind == MERGE_WHEN_NOT_MATCHED_BY_SOURCE)
			return true;
	}
#else
	(void) query;
#endif
	return false;
}

#endif							/* SHARDLITE_QUERY_COMPAT_H */
