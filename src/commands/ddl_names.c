/*
 * ddl_names.c
 *		Names of tables and indexes in the raw parse tree of a DDL statement.
 *
 * One walk over the statement serves both purposes: on the coordinator it
 * collects the distributed tables and their indexes, on a node it replaces
 * them.  What it does not visit keeps its meaning on a shard: column names,
 * check and foreign key constraint names, policies, types, functions, and
 * reference tables.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/index.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "commands/ddl_names.h"
#include "metadata/dist_table.h"
#include "metadata/shard_names.h"

typedef struct NameWalk
{
	List	   *names;			/* of DdlName * */
	bool		collect;		/* else replace */
	int64		shard_id;
}			NameWalk;

Node *
ddl_parse(const char *command)
{
	List	   *statements = raw_parser(command, RAW_PARSE_DEFAULT);

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("one statement expected, %d found",
						list_length(statements))));
	return linitial_node(RawStmt, statements)->stmt;
}

/* kind 't' finds indexes, too. */
static const DdlName *
find_name(const NameWalk *walk, char kind, const char *schema,
		  const char *name)
{
	ListCell   *lc;

	foreach(lc, walk->names)
	{
		const DdlName *entry = lfirst(lc);

		if ((entry->kind == kind || (kind == 't' && entry->kind == 'i')) &&
			strcmp(entry->name, name) == 0 &&
			strcmp(entry->schema, schema ? schema : "") == 0)
			return entry;
	}
	return NULL;
}

static List *
add_name(List *names, char kind, const char *schema, const char *name,
		 const char *prefix)
{
	DdlName    *entry = palloc(sizeof(DdlName));

	entry->kind = kind;
	entry->schema = pstrdup(schema ? schema : "");
	entry->name = pstrdup(name);
	entry->prefix = pstrdup(prefix);
	return lappend(names, entry);
}

static bool
has_shards(const DistTable *table)
{
	return table != NULL && table->kind != DIST_REFERENCE;
}

List *
ddl_names_of_table(List *names, Oid relid)
{
	DistTable  *table = dist_table_get(relid);
	const char *name = get_rel_name(relid);

	if (!has_shards(table) || name == NULL)
		return names;
	names = add_name(names, 't', get_namespace_name(get_rel_namespace(relid)),
					 name, table->prefix);
	return add_name(names, 't', NULL, name, table->prefix);
}

/* ------------------------------------------------------------ visitors */

static void
collect_relation(NameWalk *walk, const RangeVar *rv)
{
	Oid			relid;
	char		kind = 't';
	DistTable  *table;

	if (find_name(walk, 't', rv->schemaname, rv->relname))
		return;
	relid = RangeVarGetRelid(rv, NoLock, true);
	if (!OidIsValid(relid))
		return;
	if (get_rel_relkind(relid) == RELKIND_INDEX)
	{
		kind = 'i';
		relid = IndexGetRelation(relid, true);
	}
	table = OidIsValid(relid) ? dist_table_find(relid) : NULL;
	if (has_shards(table))
		walk->names = add_name(walk->names, kind, rv->schemaname, rv->relname,
							   table->prefix);
}

/*
 * Visit a table or index.  Returns the shard prefix of the distributed table
 * that it is or belongs to, else NULL.
 */
static const char *
visit_relation(NameWalk *walk, RangeVar *rv)
{
	const DdlName *entry;

	if (rv == NULL)
		return NULL;
	if (walk->collect)
		collect_relation(walk, rv);
	entry = find_name(walk, 't', rv->schemaname, rv->relname);
	if (entry == NULL)
		return NULL;
	if (!walk->collect)
	{
		rv->catalogname = NULL;
		rv->schemaname = pstrdup(SHARDLITE_SHARDS_SCHEMA);
		rv->relname = entry->kind == 'i' ?
			shard_index_name(entry->name, entry->prefix, walk->shard_id) :
			shard_table_name(entry->prefix, walk->shard_id);
	}
	return entry->prefix;
}

/* Visit an index or statistics name that goes without schema of its own. */
static void
visit_index_name(NameWalk *walk, char **name, const char *prefix)
{
	if (!walk->collect && *name != NULL && prefix != NULL)
		*name = shard_index_name(*name, prefix, walk->shard_id);
}

/*
 * Visit the name of an existing constraint: one behind which stands an index
 * is called differently on shards.  Returns whether it was replaced.
 */
static bool
visit_constraint_name(NameWalk *walk, char **name, const RangeVar *rv,
					  const char *prefix)
{
	if (*name == NULL || prefix == NULL)
		return false;
	if (walk->collect)
	{
		Oid			relid = RangeVarGetRelid(rv, NoLock, true);
		Oid			conid;

		conid = OidIsValid(relid) ?
			get_relation_constraint_oid(relid, *name, true) : InvalidOid;
		if (OidIsValid(conid))
		{
			HeapTuple	tup = SearchSysCache1(CONSTROID, ObjectIdGetDatum(conid));
			char		type = ((Form_pg_constraint) GETSTRUCT(tup))->contype;

			ReleaseSysCache(tup);
			if (type == CONSTRAINT_PRIMARY || type == CONSTRAINT_UNIQUE ||
				type == CONSTRAINT_EXCLUSION)
				walk->names = add_name(walk->names, 'c', NULL, *name, prefix);
		}
		return false;
	}
	if (find_name(walk, 'c', NULL, *name) == NULL)
		return false;
	*name = shard_index_name(*name, prefix, walk->shard_id);
	return true;
}

static void
visit_constraint(NameWalk *walk, Constraint *con, const char *prefix)
{
	switch (con->contype)
	{
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
		case CONSTR_EXCLUSION:
			visit_index_name(walk, &con->conname, prefix);
			visit_index_name(walk, &con->indexname, prefix);
			break;
		case CONSTR_FOREIGN:
			visit_relation(walk, con->pktable);
			break;
		default:
			break;
	}
}

static bool
calls_nextval_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) &&
		strcmp(strVal(llast(((FuncCall *) node)->funcname)), "nextval") == 0)
		return true;
	return raw_expression_tree_walker(node, calls_nextval_walker, context);
}

/* serial and its kin are an integer that is not null as far as shards go. */
static void
replace_serial(ColumnDef *column)
{
	static const char *const serial[][2] = {
		{"smallserial", "int2"}, {"serial2", "int2"},
		{"serial", "int4"}, {"serial4", "int4"},
		{"bigserial", "int8"}, {"serial8", "int8"},
	};

	if (column->typeName == NULL || list_length(column->typeName->names) != 1)
		return;
	for (int i = 0; i < lengthof(serial); i++)
	{
		if (strcmp(strVal(linitial(column->typeName->names)), serial[i][0]) == 0)
		{
			column->typeName = SystemTypeName(pstrdup(serial[i][1]));
			column->is_not_null = true;
			return;
		}
	}
}

/* A column: values of sequences are never made on a shard. */
static void
visit_column(NameWalk *walk, ColumnDef *column, const char *prefix)
{
	bool		fill = find_name(walk, 'f', NULL, column->colname) != NULL;
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *con = lfirst_node(Constraint, lc);

		visit_constraint(walk, con, prefix);
		if (con->contype == CONSTR_IDENTITY ||
			(con->contype == CONSTR_DEFAULT &&
			 (fill || calls_nextval_walker(con->raw_expr, NULL))) ||
			(con->contype == CONSTR_NOTNULL && fill))
			continue;
		kept = lappend(kept, con);
	}
	if (!walk->collect)
	{
		column->constraints = kept;
		replace_serial(column);
		if (fill)
			column->is_not_null = false;
	}
}

/* Returns whether the subcommand means something on a shard. */
static bool
visit_alter_cmd(NameWalk *walk, AlterTableCmd *cmd, const RangeVar *rv,
				const char *prefix)
{
	switch (cmd->subtype)
	{
		case AT_AddColumn:
			visit_column(walk, castNode(ColumnDef, cmd->def), prefix);
			return true;
		case AT_AddConstraint:
			visit_constraint(walk, castNode(Constraint, cmd->def), prefix);
			return true;
		case AT_DropConstraint:
		case AT_ValidateConstraint:
			visit_constraint_name(walk, &cmd->name, rv, prefix);
			return true;
		case AT_ClusterOn:
			visit_index_name(walk, &cmd->name, prefix);
			return true;
		case AT_ReplicaIdentity:
			visit_index_name(walk, &castNode(ReplicaIdentityStmt, cmd->def)->name,
							 prefix);
			return true;
		case AT_ColumnDefault:
			if (!walk->collect && calls_nextval_walker(cmd->def, NULL))
				cmd->def = NULL;
			return true;
		case AT_AttachPartition:
		case AT_DetachPartition:
			visit_relation(walk, castNode(PartitionCmd, cmd->def)->name);
			return true;
		case AT_AddIdentity:
		case AT_SetIdentity:
		case AT_DropIdentity:
			return false;
		default:
			return true;
	}
}

static bool
visit_alter_table(NameWalk *walk, AlterTableStmt *stmt)
{
	RangeVar   *typed = copyObject(stmt->relation);
	const char *prefix = visit_relation(walk, stmt->relation);
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (visit_alter_cmd(walk, lfirst_node(AlterTableCmd, lc), typed, prefix))
			kept = lappend(kept, lfirst(lc));
	}
	if (!walk->collect)
		stmt->cmds = kept;
	return kept != NIL;
}

static void
visit_create_table(NameWalk *walk, CreateStmt *stmt)
{
	const char *prefix = visit_relation(walk, stmt->relation);
	ListCell   *lc;

	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, ColumnDef))
			visit_column(walk, (ColumnDef *) element, prefix);
		else if (IsA(element, Constraint))
			visit_constraint(walk, (Constraint *) element, prefix);
	}
}

/* Statistics have names of their own kind; they follow their table's prefix. */
static void
visit_statistics_name(NameWalk *walk, List **name)
{
	char	   *schema;
	char	   *relname;
	const DdlName *entry;

	DeconstructQualifiedName(*name, &schema, &relname);
	if (walk->collect)
	{
		Oid			oid = get_statistics_object_oid(*name, true);
		HeapTuple	tup = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(oid));
		DistTable  *table;

		if (!HeapTupleIsValid(tup))
			return;
		table = dist_table_find(((Form_pg_statistic_ext) GETSTRUCT(tup))->stxrelid);
		ReleaseSysCache(tup);
		if (has_shards(table))
			walk->names = add_name(walk->names, 'i', schema, relname, table->prefix);
		return;
	}
	entry = find_name(walk, 't', schema, relname);
	if (entry != NULL)
		*name = list_make2(makeString(pstrdup(SHARDLITE_SHARDS_SCHEMA)),
						   makeString(shard_index_name(relname, entry->prefix,
													   walk->shard_id)));
}

static void
visit_drop(NameWalk *walk, DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		List	   *name = (List *) lfirst(lc);
		RangeVar   *rv;

		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_INDEX:
				rv = makeRangeVarFromNameList(name);
				visit_relation(walk, rv);
				lfirst(lc) = rv->schemaname ?
					list_make2(makeString(rv->schemaname), makeString(rv->relname)) :
					list_make1(makeString(rv->relname));
				break;
			case OBJECT_POLICY:
				rv = makeRangeVarFromNameList(list_truncate(list_copy(name),
															list_length(name) - 1));
				visit_relation(walk, rv);
				lfirst(lc) = rv->schemaname ?
					list_make3(makeString(rv->schemaname), makeString(rv->relname), llast(name)) :
					list_make2(makeString(rv->relname), llast(name));
				break;
			case OBJECT_STATISTIC_EXT:
				visit_statistics_name(walk, &name);
				lfirst(lc) = name;
				break;
			default:
				break;
		}
	}
}

static void
rename_statistics(NameWalk *walk, RenameStmt *stmt)
{
	List	   *name = (List *) stmt->object;
	char	   *schema;
	char	   *relname;
	const DdlName *entry;

	DeconstructQualifiedName(name, &schema, &relname);
	visit_statistics_name(walk, &name);
	stmt->object = (Node *) name;
	entry = find_name(walk, 't', schema, relname);
	visit_index_name(walk, &stmt->newname, entry ? entry->prefix : NULL);
}

static void
visit_rename(NameWalk *walk, RenameStmt *stmt)
{
	RangeVar   *typed = copyObject(stmt->relation);
	const char *prefix;

	if (stmt->renameType == OBJECT_STATISTIC_EXT)
	{
		rename_statistics(walk, stmt);
		return;
	}
	prefix = visit_relation(walk, stmt->relation);
	if (prefix == NULL)
		return;
	/* ALTER TABLE, too, may rename an index */
	if (find_name(walk, 't', typed->schemaname, typed->relname)->kind == 'i')
		visit_index_name(walk, &stmt->newname, prefix);
	else if (stmt->renameType == OBJECT_TABCONSTRAINT &&
			 visit_constraint_name(walk, &stmt->subname, typed, prefix))
		visit_index_name(walk, &stmt->newname, prefix);
}

static void
visit_create_statistics(NameWalk *walk, CreateStatsStmt *stmt)
{
	const char *prefix = NULL;
	char	   *schema;
	char	   *name;
	ListCell   *lc;

	foreach(lc, stmt->relations)
	{
		if (IsA(lfirst(lc), RangeVar))
			prefix = visit_relation(walk, lfirst(lc));
	}
	if (walk->collect || prefix == NULL || stmt->defnames == NIL)
		return;
	DeconstructQualifiedName(stmt->defnames, &schema, &name);
	stmt->defnames = list_make2(makeString(pstrdup(SHARDLITE_SHARDS_SCHEMA)),
								makeString(shard_index_name(name, prefix,
															walk->shard_id)));
}

static void
visit_relations(NameWalk *walk, List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
		visit_relation(walk, lfirst_node(RangeVar, lc));
}

/* The walk proper.  Returns false when nothing is left to do on a shard. */
static bool
visit_statement(NameWalk *walk, Node *stmt)
{
	const char *prefix;

	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			visit_create_table(walk, (CreateStmt *) stmt);
			break;
		case T_AlterTableStmt:
			return visit_alter_table(walk, (AlterTableStmt *) stmt);
		case T_IndexStmt:
			prefix = visit_relation(walk, ((IndexStmt *) stmt)->relation);
			visit_index_name(walk, &((IndexStmt *) stmt)->idxname, prefix);
			break;
		case T_DropStmt:
			visit_drop(walk, (DropStmt *) stmt);
			break;
		case T_RenameStmt:
			visit_rename(walk, (RenameStmt *) stmt);
			break;
		case T_TruncateStmt:
			visit_relations(walk, ((TruncateStmt *) stmt)->relations);
			break;
		case T_LockStmt:
			visit_relations(walk, ((LockStmt *) stmt)->relations);
			break;
		case T_CreatePolicyStmt:
			visit_relation(walk, ((CreatePolicyStmt *) stmt)->table);
			break;
		case T_AlterPolicyStmt:
			visit_relation(walk, ((AlterPolicyStmt *) stmt)->table);
			break;
		case T_ClusterStmt:
			prefix = visit_relation(walk, ((ClusterStmt *) stmt)->relation);
			visit_index_name(walk, &((ClusterStmt *) stmt)->indexname, prefix);
			break;
		case T_ReindexStmt:
			visit_relation(walk, ((ReindexStmt *) stmt)->relation);
			break;
		case T_CreateStatsStmt:
			visit_create_statistics(walk, (CreateStatsStmt *) stmt);
			break;
		case T_AlterStatsStmt:
			visit_statistics_name(walk, &((AlterStatsStmt *) stmt)->defnames);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("this statement cannot be run on shards")));
	}
	return true;
}

List *
ddl_names_collect(Node *stmt)
{
	NameWalk	walk = {.names = NIL,.collect = true};

	(void) visit_statement(&walk, stmt);
	return walk.names;
}

bool
ddl_names_replace(Node *stmt, List *names, int64 shard_id)
{
	NameWalk	walk = {.names = names,.collect = false,.shard_id = shard_id};

	return visit_statement(&walk, stmt);
}
