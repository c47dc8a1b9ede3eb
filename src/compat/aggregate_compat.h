/*
 * aggregate_compat.h
 *		Differences between PostgreSQL versions around aggregates.
 */
#ifndef SHARDLITE_AGGREGATE_COMPAT_H
#define SHARDLITE_AGGREGATE_COMPAT_H

#include "catalog/pg_proc.h"
#include "nodes/pathnodes.h"
#include "utils/acl.h"

/* 16: one function for all kinds of objects. */
static inline AclResult
compat_function_aclcheck(Oid function, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE);
#else
	return pg_proc_aclcheck(function, role, ACL_EXECUTE);
#endif
}

/* GROUP BY; 16 drops what is redundant from a copy. */
static inline List *
compat_group_clause(PlannerInfo *root)
{
#if PG_VERSION_NUM >= 160000
	return root->processed_groupClause;
#else
	return root->parse->groupClause;
#endif
}

#endif							/* SHARDLITE_AGGREGATE_COMPAT_H */
