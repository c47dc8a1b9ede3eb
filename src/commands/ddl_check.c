/*
 * ddl_check.c
 *		What DDL on distributed tables refuses.
 *
 * The statement is examined as a raw parse tree, before anything runs.  What
 * PostgreSQL itself would refuse is left to it: unknown columns pass here.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_oper.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "commands/ddl_check.h"
#include "metadata/node.h"

static const char *
table_name(const DistTable *table)
{
	return get_rel_name(table->relid);
}

static const char *
key_name(const DistTable *table)
{
	return table->kind == DIST_HASH ?
		get_attname(table->relid, table->key_attno, false) : NULL;
}

static bool
is_key(const DistTable *table, const char *column)
{
	return table->kind == DIST_HASH && column != NULL &&
		strcmp(key_name(table), column) == 0;
}

static bool
string_list_has(List *strings, const char *name)
{
	ListCell   *lc;

	foreach(lc, strings)
	{
		if (strcmp(strVal(lfirst(lc)), name) == 0)
			return true;
	}
	return false;
}

/* ----------------------------------------------------------- uniqueness */

static void
refuse_uncovered(const DistTable *table, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot create %s on table \"%s\" that does not include distribution column \"%s\"",
					what, table_name(table), key_name(table)),
			 errdetail("Each shard can only check its own rows."),
			 errhint("Add the column to the %s.", what)));
}

static bool
index_elems_have(List *elems, const char *name)
{
	ListCell   *lc;

	foreach(lc, elems)
	{
		IndexElem  *elem = lfirst_node(IndexElem, lc);

		if (elem->name != NULL && strcmp(elem->name, name) == 0)
			return true;
	}
	return false;
}

/* Does the constraint exclude equal values of the distribution column? */
static bool
exclusion_covers(const DistTable *table, List *exclusions)
{
	ListCell   *lc;

	foreach(lc, exclusions)
	{
		IndexElem  *elem = linitial(lfirst_node(List, lc));
		List	   *opname = lsecond(lfirst_node(List, lc));
		Oid			type = get_atttype(table->relid, table->key_attno);
		Oid			op;

		if (elem->name == NULL || !is_key(table, elem->name))
			continue;
		op = compatible_oper_opid(opname, type, type, true);
		if (OidIsValid(op) && op_hashjoinable(op, type))
			return true;
	}
	return false;
}

void
check_create_index(const DistTable *table, const IndexStmt *stmt)
{
	if (table->kind == DIST_HASH && stmt->unique &&
		!index_elems_have(stmt->indexParams, key_name(table)))
		refuse_uncovered(table, "unique index");
}

/* ----------------------------------------------------------- foreign keys */

typedef struct ForeignKeyCheck
{
	const DistTable *table;
	const Constraint *con;
	List	   *columns;		/* of String: referencing */
	Oid			referenced_oid;
	const DistTable *referenced;
}			ForeignKeyCheck;

static void
refuse_foreign_key(const ForeignKeyCheck *fk, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot create foreign key on table \"%s\"", table_name(fk->table)),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

/* Would an action of the foreign key change the distribution column? */
static bool
action_changes_key(const ForeignKeyCheck *fk)
{
	const Constraint *con = fk->con;
	const char *key = key_name(fk->table);

	if (key == NULL || !string_list_has(fk->columns, key))
		return false;
	if (con->fk_upd_action == FKCONSTR_ACTION_CASCADE ||
		con->fk_upd_action == FKCONSTR_ACTION_SETNULL ||
		con->fk_upd_action == FKCONSTR_ACTION_SETDEFAULT)
		return true;
	if (con->fk_del_action != FKCONSTR_ACTION_SETNULL &&
		con->fk_del_action != FKCONSTR_ACTION_SETDEFAULT)
		return false;
	return con->fk_del_set_cols == NIL || string_list_has(con->fk_del_set_cols, key);
}

/* Names of the referenced columns; its primary key if the user named none. */
static List *
referenced_columns(const ForeignKeyCheck *fk)
{
	List	   *names = NIL;
	Relation	rel;
	Bitmapset  *columns;
	Relation	index;

	if (fk->con->pk_attrs != NIL)
		return fk->con->pk_attrs;
	rel = RelationIdGetRelation(fk->referenced_oid);
	if (!RelationIsValid(rel))
		return NIL;
	columns = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	if (!bms_is_empty(columns) && OidIsValid(rel->rd_pkindex))
	{
		index = RelationIdGetRelation(rel->rd_pkindex);
		for (int i = 0; i < index->rd_index->indnkeyatts; i++)
			names = lappend(names, makeString(get_attname(fk->referenced_oid,
														  index->rd_index->indkey.values[i], false)));
		RelationClose(index);
	}
	RelationClose(rel);
	return names;
}

/* Do the distribution columns of both tables stand at the same place? */
static bool
joins_keys(const ForeignKeyCheck *fk)
{
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, fk->columns, lc2, referenced_columns(fk))
	{
		if (is_key(fk->table, strVal(lfirst(lc))) &&
			is_key(fk->referenced, strVal(lfirst(lc2))))
			return true;
	}
	return false;
}

static void
check_colocated_foreign_key(const ForeignKeyCheck *fk)
{
	if (fk->table->kind == DIST_REFERENCE)
		refuse_foreign_key(fk, psprintf("A reference table cannot refer to distributed table \"%s\".",
										table_name(fk->referenced)),
						   "Make both tables reference tables, or distribute both.");
	if (fk->table->colocation_id != fk->referenced->colocation_id)
		refuse_foreign_key(fk, psprintf("The table is not colocated with referenced table \"%s\".",
										table_name(fk->referenced)),
						   "Distribute it with colocate_with, or make the referenced table a reference table.");
	if (fk->table->kind == DIST_HASH && !joins_keys(fk))
		refuse_foreign_key(fk, psprintf("It does not compare the distribution columns of \"%s\" and \"%s\".",
										table_name(fk->table), table_name(fk->referenced)),
						   "Add the distribution column to the foreign key, or make the referenced table a reference table.");
}

static void
check_foreign_key(const DistTable *table, const Constraint *con, List *columns)
{
	ForeignKeyCheck fk = {.table = table,.con = con,.columns = columns};

	fk.referenced_oid = RangeVarGetRelid(con->pktable, NoLock, true);
	if (!OidIsValid(fk.referenced_oid))
		return;
	fk.referenced = dist_table_find(fk.referenced_oid);
	if (fk.referenced == NULL)
		refuse_foreign_key(&fk, psprintf("It references table \"%s\", which is local to this server.",
										 con->pktable->relname),
						   "Distribute the referenced table first.");
	if (action_changes_key(&fk))
		refuse_foreign_key(&fk, "Its actions change the distribution column, which may move rows to other shards.",
						   "Use NO ACTION, RESTRICT, or ON DELETE CASCADE.");
	if (fk.referenced->kind != DIST_REFERENCE)
		check_colocated_foreign_key(&fk);
}

static void
check_local_constraint(const char *name, const Constraint *con)
{
	Oid			relid;
	const DistTable *table;

	if (con->contype != CONSTR_FOREIGN)
		return;
	relid = RangeVarGetRelid(con->pktable, NoLock, true);
	table = OidIsValid(relid) ? dist_table_find(relid) : NULL;
	if (table != NULL && table->kind != DIST_REFERENCE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot create foreign key from local table \"%s\" to distributed table \"%s\"",
						name, get_rel_name(relid)),
				 errhint("Distribute the table first, colocated with \"%s\".",
						 get_rel_name(relid))));
}

/* ALTER TABLE local INHERIT, or ATTACH PARTITION, a distributed table. */
static void
check_local_inheritance(const AlterTableCmd *cmd)
{
	const RangeVar *rv = NULL;
	Oid			relid;

	if (cmd->subtype == AT_AddInherit)
		rv = castNode(RangeVar, cmd->def);
	else if (cmd->subtype == AT_AttachPartition)
		rv = castNode(PartitionCmd, cmd->def)->name;
	relid = rv ? RangeVarGetRelid(rv, NoLock, true) : InvalidOid;
	if (OidIsValid(relid) && dist_table_find(relid) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot inherit from, or attach, distributed table \"%s\"",
						get_rel_name(relid)),
				 errhint("Distributed tables neither inherit nor are inherited from.")));
}

void
check_local_constraints(const char *name, List *elements)
{
	ListCell   *lc;

	foreach(lc, elements)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, AlterTableCmd))
		{
			check_local_inheritance((AlterTableCmd *) element);
			element = ((AlterTableCmd *) element)->def;
		}
		if (element != NULL && IsA(element, Constraint))
			check_local_constraint(name, (Constraint *) element);
		else if (element != NULL && IsA(element, ColumnDef))
			check_local_constraints(name, ((ColumnDef *) element)->constraints);
	}
}

/* ------------------------------------------------------------ ALTER TABLE */

static void
check_constraint(const DistTable *table, const Constraint *con, const char *column)
{
	List	   *columns = column ? list_make1(makeString(pstrdup(column))) : NIL;

	switch (con->contype)
	{
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
			if (column == NULL)
				columns = con->keys;
			if (table->kind == DIST_HASH && con->indexname == NULL &&
				!string_list_has(columns, key_name(table)))
				refuse_uncovered(table, con->contype == CONSTR_PRIMARY ?
								 "primary key" : "unique constraint");
			break;
		case CONSTR_EXCLUSION:
			if (table->kind == DIST_HASH && !exclusion_covers(table, con->exclusions))
				refuse_uncovered(table, "exclusion constraint");
			break;
		case CONSTR_FOREIGN:
			check_foreign_key(table, con, column ? columns : con->fk_attrs);
			break;
		default:
			break;
	}
}

static void
refuse_key_change(const DistTable *table, const char *change)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot %s \"%s\" because it is the distribution column of table \"%s\"",
					change, key_name(table), table_name(table)),
			 errhint("Run undistribute_table('%s') first, and distribute the table again afterwards.",
					 table_name(table))));
}

void
refuse_drop_of_key(const DistTable *table)
{
	refuse_key_change(table, "drop column");
}

void
refuse_fill_of_reference(const DistTable *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot add a column that a sequence fills to reference table \"%s\", which has rows",
					table_name(table)),
			 errdetail("Every copy of the table needs the same values."),
			 errhint("Add the column without default, UPDATE it, and add the default afterwards.")));
}

static void
refuse_subcommand(const DistTable *table, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot %s of distributed table \"%s\"", what, table_name(table)),
			 errhint("%s", hint)));
}

/* A distributed partition must be split like its parent. */
static void
check_attach(const DistTable *parent, const RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	const DistTable *table = OidIsValid(relid) ? dist_table_find(relid) : NULL;

	if (table == NULL)
		return;
	if (table->kind != parent->kind || table->colocation_id != parent->colocation_id)
		refuse_subcommand(parent, "attach a differently distributed table as partition",
						  "Undistribute the partition first, or distribute it with colocate_with.");
	if (parent->kind == DIST_HASH &&
		strcmp(get_attname(table->relid, table->key_attno, false),
			   get_attname(parent->relid, parent->key_attno, false)) != 0)
		refuse_subcommand(parent, "attach a table with another distribution column as partition",
						  "Undistribute the partition first.");
}

static void
check_alter_cmd(const DistTable *table, const AlterTableCmd *cmd)
{
	ListCell   *lc;

	switch (cmd->subtype)
	{
		case AT_DropColumn:
			if (is_key(table, cmd->name))
				refuse_key_change(table, "drop column");
			break;
		case AT_AlterColumnType:
			if (is_key(table, cmd->name))
				refuse_key_change(table, "change the type of column");
			break;
		case AT_AddConstraint:
			check_constraint(table, castNode(Constraint, cmd->def), NULL);
			break;
		case AT_AddColumn:
			foreach(lc, castNode(ColumnDef, cmd->def)->constraints)
				check_constraint(table, lfirst_node(Constraint, lc),
								 castNode(ColumnDef, cmd->def)->colname);
			break;
		case AT_AddInherit:
		case AT_DropInherit:
			refuse_subcommand(table, "change the inheritance",
							  "Distributed tables neither inherit nor are inherited from.");
			break;
		case AT_AttachPartition:
			check_attach(table, castNode(PartitionCmd, cmd->def)->name);
			break;
		case AT_DetachPartition:
			if (castNode(PartitionCmd, cmd->def)->concurrent)
				refuse_subcommand(table, "concurrently detach a partition",
								  "Use DETACH PARTITION without CONCURRENTLY.");
			break;
		case AT_AddOf:
		case AT_DropOf:
			refuse_subcommand(table, "change the row type",
							  "Distributed tables are not typed tables.");
			break;
		case AT_EnableTrig:
		case AT_EnableAlwaysTrig:
		case AT_EnableReplicaTrig:
		case AT_DisableTrig:
		case AT_EnableRule:
		case AT_EnableAlwaysRule:
		case AT_EnableReplicaRule:
		case AT_DisableRule:
			refuse_subcommand(table, "enable or disable a trigger or rule",
							  "Distributed tables have none of their own.");
			break;
		default:
			break;
	}
}

void
check_alter_table(const DistTable *table, const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
		check_alter_cmd(table, lfirst_node(AlterTableCmd, lc));
}

/* ----------------------------------------------------------- other objects */

void
check_create_table(const CreateStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->inhRelations)
	{
		Oid			relid = RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true);

		if (OidIsValid(relid) && dist_table_find(relid) != NULL && stmt->partbound == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot inherit from distributed table \"%s\"",
							get_rel_name(relid)),
					 errhint("Use CREATE TABLE ... (LIKE \"%s\").", get_rel_name(relid))));
	}
	check_local_constraints(stmt->relation->relname, stmt->tableElts);
}

static bool
reads_other_shards_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
	{
		Oid			relid = RangeVarGetRelid((RangeVar *) node, NoLock, true);
		DistTable  *table = OidIsValid(relid) ? dist_table_find(relid) : NULL;

		return OidIsValid(relid) && relid >= FirstNormalObjectId &&
			(table == NULL || table->kind != DIST_REFERENCE);
	}
	return raw_expression_tree_walker(node, reads_other_shards_walker, context);
}

void
check_policy(const DistTable *table, Node *qual, Node *with_check)
{
	if (reads_other_shards_walker(qual, NULL) ||
		reads_other_shards_walker(with_check, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot use a policy on table \"%s\" that reads other tables",
						table_name(table)),
				 errdetail("It is evaluated on each shard by itself."),
				 errhint("Use columns of the table, settings, and reference tables.")));
}

void
refuse_on_distributed(Oid relid, const char *what, const char *hint)
{
	if (OidIsValid(relid) && dist_table_find(relid) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot create %s on distributed table \"%s\"", what,
						get_rel_name(relid)),
				 errhint("%s", hint)));
}

void
check_drop_extension(bool cascade)
{
	if (cascade && local_node_id() != COORDINATOR_NODE_ID)
		return;
	if (dist_tables_exist())
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop extension \"%s\" because there are distributed tables", "shardlite"),
				 errhint("Drop these tables or run undistribute_table() on them first; see shardlite_tables.")));
	if (list_length(node_list()) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop extension \"%s\" because the cluster has several nodes", "shardlite"),
				 errhint("Run shardlite_remove_node() for the other nodes first; see shardlite_nodes.")));
}
