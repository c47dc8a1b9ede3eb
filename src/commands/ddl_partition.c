/*
 * ddl_partition.c
 *		Partitions of a distributed table come and go.
 *
 * A new partition is made here as PostgreSQL makes it, then distributed like
 * its parent: so it does not matter whether it was created as a partition or
 * attached with the rows that it had.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"

#include "commands/ddl_partition.h"
#include "commands/distribute.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"

static void
check_parent(const DistTable * parent)
{
	ensure_coordinator();
	lock_cluster_nodes();
	if (parent->kind == DIST_REFERENCE)
		elog(ERROR, "reference table %u is partitioned", parent->relid);
}

void
partition_create(UtilityCall * call, const DistTable * parent)
{
	CreateStmt *stmt = castNode(CreateStmt, call->stmt);
	RangeVar   *name = copyObject(stmt->relation);
	bool		existed;
	Oid			relid;

	existed = OidIsValid(RangeVarGetRelid(name, NoLock, true));
	check_parent(parent);
	utility_standard(call);
	CommandCounterIncrement();
	relid = RangeVarGetRelid(name, NoLock, true);
	/* IF NOT EXISTS may have found another table */
	if (!existed && OidIsValid(relid))
		distribute_partition(relid);
}

/* The partition that an ALTER TABLE attaches, as the parser left it. */
static RangeVar *
attached_partition(const AlterTableStmt *stmt)
{
	const AlterTableCmd *cmd = linitial_node(AlterTableCmd, stmt->cmds);

	if (cmd->subtype != AT_AttachPartition)
		return NULL;
	return copyObject(castNode(PartitionCmd, cmd->def)->name);
}

bool
partition_attach_local(UtilityCall * call, const DistTable * parent)
{
	RangeVar   *name = attached_partition(castNode(AlterTableStmt, call->stmt));
	Oid			relid;

	if (name == NULL)
		return false;
	relid = RangeVarGetRelid(name, NoLock, true);
	/* an index, or a table that is distributed: attached everywhere as typed */
	if (!OidIsValid(relid) || dist_table_find(relid) != NULL ||
		!(get_rel_relkind(relid) == RELKIND_RELATION ||
		  get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE))
		return false;
	check_parent(parent);
	utility_standard(call);
	CommandCounterIncrement();
	distribute_partition(relid);
	return true;
}
