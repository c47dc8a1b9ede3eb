/*
 * catalog_compat.h
 *		Differences between PostgreSQL versions in catalog and storage calls.
 */
#ifndef SHARDLITE_CATALOG_COMPAT_H
#define SHARDLITE_CATALOG_COMPAT_H

#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/relcache.h"

/* 16 replaced pg_class_ownercheck() and the like by object_ownercheck() */
static inline bool
compat_owns_relation(Oid relid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relid, roleid);
#else
	return pg_class_ownercheck(relid, roleid);
#endif
}

static inline bool
compat_owns_function(Oid funcid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(ProcedureRelationId, funcid, roleid);
#else
	return pg_proc_ownercheck(funcid, roleid);
#endif
}

/* 16 replaced pg_proc_aclcheck() by object_aclcheck() */
static inline bool
compat_may_execute(Oid funcid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, funcid, roleid, ACL_EXECUTE) == ACLCHECK_OK;
#else
	return pg_proc_aclcheck(funcid, roleid, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/* 16 renamed RelationSetNewRelfilenode() */
static inline void
compat_set_new_storage(Relation rel)
{
#if PG_VERSION_NUM >= 160000
	RelationSetNewRelfilenumber(rel, rel->rd_rel->relpersistence);
#else
	RelationSetNewRelfilenode(rel, rel->rd_rel->relpersistence);
#endif
}

/* 17 added the statement as first argument */
static inline void
compat_reindex_table(Oid relid)
{
	ReindexParams params = {0};

#if PG_VERSION_NUM >= 170000
	reindex_relation(NULL, relid, REINDEX_REL_PROCESS_TOAST, &params);
#else
	reindex_relation(relid, REINDEX_REL_PROCESS_TOAST, &params);
#endif
}

#endif							/* SHARDLITE_CATALOG_COMPAT_H */
