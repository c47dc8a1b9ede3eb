/*
 * distribute_check.c
 *		What create_distributed_table() and its kin refuse, and why.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_policy.h"
#include "catalog/partition.h"
#include "compat/catalog_compat.h"
#include "commands/distribute.h"
#include "commands/extension.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteManip.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

void
check_table_owner(Oid relid)
{
	if (!compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
}

/* ------------------------------------------------------ the table itself */

static const char *
relkind_name(char relkind)
{
	switch (relkind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "foreign table";
		case RELKIND_SEQUENCE:
			return "sequence";
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return "index";
		case RELKIND_COMPOSITE_TYPE:
			return "composite type";
		case RELKIND_TOASTVALUE:
			return "TOAST table";
		default:
			return "table";
	}
}

static void
check_kind(Relation rel)
{
	char	   *schema = get_namespace_name(RelationGetNamespace(rel));
	char		relkind = rel->rd_rel->relkind;

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot distribute %s \"%s\"", relkind_name(relkind),
						RelationGetRelationName(rel)),
				 errdetail("Only tables and partitioned tables can be distributed.")));
	if (IsCatalogRelation(rel) || RelationGetRelid(rel) < FirstNormalObjectId ||
		strcmp(schema, SHARDLITE_SCHEMA) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot distribute system table \"%s\"",
						RelationGetRelationName(rel))));
	if (is_shard_table(RelationGetRelid(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot distribute shard table \"%s\"",
						RelationGetRelationName(rel))));
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot distribute temporary table \"%s\"",
						RelationGetRelationName(rel)),
				 errhint("Create the table without TEMPORARY.")));
	if (OidIsValid(getExtensionOfObject(RelationRelationId, RelationGetRelid(rel))))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute table \"%s\" because it belongs to extension \"%s\"",
						RelationGetRelationName(rel),
						get_extension_name(getExtensionOfObject(RelationRelationId,
																RelationGetRelid(rel))))));
}

static void
check_not_distributed(Relation rel)
{
	DistTable  *table = dist_table_find(RelationGetRelid(rel));

	if (table == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" is already %s", RelationGetRelationName(rel),
					table->kind == DIST_REFERENCE ? "a reference table" : "distributed"),
			 errhint("Use undistribute_table() first.")));
}

/* Triggers that users made; those behind foreign keys are carried along. */
static bool
has_user_trigger(Relation rel)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
		if (!rel->trigdesc->triggers[i].tgisinternal)
			return true;
	return false;
}

static bool
is_user_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
calls_user_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_user_function, context))
		return true;
	return expression_tree_walker(node, calls_user_function, context);
}

/*
 * Creating such a table evaluates what is constant in the expressions, and we
 * create tables on nodes and in our schema as a superuser.
 */
static bool
has_unsafe_partition_key(Relation rel)
{
	PartitionKey key;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE ||
		superuser_arg(rel->rd_rel->relowner))
		return false;
	key = RelationGetPartitionKey(rel);
	return calls_user_function((Node *) key->partexprs, NULL);
}

static void
check_features(Relation rel)
{
	const char *feature = NULL;
	const char *hint = NULL;

	if (OidIsValid(rel->rd_rel->reloftype))
	{
		feature = "is a typed table";
		hint = "Use ALTER TABLE ... NOT OF first.";
	}
	else if (rel->rd_rules != NULL)
	{
		feature = "has rules";
		hint = "Drop the rules first.";
	}
	else if (has_user_trigger(rel))
	{
		feature = "has triggers";
		hint = "Drop the triggers first.";
	}
	else if (!rel->rd_rel->relispartition && has_superclass(RelationGetRelid(rel)))
	{
		feature = "inherits from another table";
		hint = "Use ALTER TABLE ... NO INHERIT first, or declarative partitioning.";
	}
	else if (rel->rd_rel->relkind == RELKIND_RELATION &&
			 has_subclass(RelationGetRelid(rel)) &&
			 find_inheritance_children(RelationGetRelid(rel), NoLock) != NIL)
	{
		feature = "is inherited by another table";
		hint = "Use ALTER TABLE ... NO INHERIT first, or declarative partitioning.";
	}
	else if (has_unsafe_partition_key(rel))
	{
		feature = "calls a user-defined function in its partition key";
		hint = "A superuser must own the table.";
	}
	if (feature != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute table \"%s\" because it %s",
						RelationGetRelationName(rel), feature),
				 errhint("%s", hint)));
}

void
check_distributable(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);

	check_kind(rel);
	check_not_distributed(rel);
	if (rel->rd_rel->relispartition)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot distribute partition \"%s\" on its own",
						RelationGetRelationName(rel)),
				 errhint("Distribute its partitioned table \"%s\"; the partitions follow.",
						 get_rel_name(get_partition_parent(relid, false)))));
	relation_close(rel, NoLock);
}

/* ------------------------------------------------------------ the key */

void
check_key_column(DistributeRequest * request)
{
	const char *column = request->key_column;
	AttrNumber	attno = get_attnum(request->relid, column);
	ShardHashInfo info;
	Oid			type;
	Oid			collation;
	int32		typmod;

	if (attno == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column, get_rel_name(request->relid))));
	if (attno < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("cannot distribute by system column \"%s\"", column)));
	if (get_attgenerated(request->relid, attno) != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute by generated column \"%s\"", column),
				 errdetail("Its value is computed where the row is stored.")));
	get_atttypetypmodcoll(request->relid, attno, &type, &typmod, &collation);
	request->key_type = getBaseType(type);
	request->key_collation = collation;
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute by column \"%s\" because its collation \"%s\" is nondeterministic",
						column, get_collation_name(collation)),
				 errhint("Values that differ in bytes may be equal under it.")));
	if (!shard_hash_init(&info, request->key_type, collation, CurrentMemoryContext))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("cannot distribute by column \"%s\": data type %s has no default operator class for access method \"hash\"",
						column, format_type_be(type))));
}

/* Is the key compared for equality by this unique or exclusion index? */
static bool
index_covers_key(Relation index, AttrNumber attno)
{
	Form_pg_index form = index->rd_index;
	Oid		   *operators = NULL;
	Oid		   *procs;
	uint16	   *strategies;

	if (form->indisexclusion)
		RelationGetExclusionInfo(index, &operators, &procs, &strategies);
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		Oid			left;
		Oid			right;

		if (form->indkey.values[i] != attno)
			continue;
		if (operators == NULL)
			return true;
		op_input_types(operators[i], &left, &right);
		if (op_hashjoinable(operators[i], left))
			return true;
	}
	return false;
}

static void
report_uncovered_index(const DistributeRequest * request, Relation rel, Relation index)
{
	Oid			constraint = get_index_constraint(RelationGetRelid(index));
	const char *what = "unique index";

	if (OidIsValid(constraint))
		what = index->rd_index->indisprimary ? "primary key" :
			index->rd_index->indisexclusion ? "exclusion constraint" : "unique constraint";
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot distribute table \"%s\" by column \"%s\": %s \"%s\" does not include it",
					RelationGetRelationName(rel), request->key_column, what,
					RelationGetRelationName(index)),
			 errdetail("Each shard can only check its own rows."),
			 errhint("Add the column to the %s, drop it, or distribute by another column.", what)));
}

static void
check_unique_indexes(const DistributeRequest * request, Relation rel)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), request->key_column);
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if ((index->rd_index->indisunique || index->rd_index->indisexclusion) &&
			!index_covers_key(index, attno))
			report_uncovered_index(request, rel, index);
		index_close(index, AccessShareLock);
	}
}

/* A policy is evaluated on a shard, which sees no other shards. */
static void
check_policies(Relation rel)
{
	Relation	policies = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationGetRelid(rel)));
	scan = systable_beginscan(policies, PolicyPolrelidPolnameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		const AttrNumber columns[] = {Anum_pg_policy_polqual, Anum_pg_policy_polwithcheck};

		for (int i = 0; i < lengthof(columns); i++)
		{
			bool		isnull;
			Datum		value = heap_getattr(tuple, columns[i],
											 RelationGetDescr(policies), &isnull);

			if (!isnull && checkExprHasSubLink(stringToNode(TextDatumGetCString(value))))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot distribute table \"%s\" because policy \"%s\" contains a subquery",
								RelationGetRelationName(rel),
								NameStr(((Form_pg_policy) GETSTRUCT(tuple))->polname)),
						 errhint("Use a setting or a column of the table in the policy.")));
		}
	}
	systable_endscan(scan);
	table_close(policies, AccessShareLock);
}

void
check_member(const DistributeRequest * request, Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);

	check_kind(rel);
	check_not_distributed(rel);
	check_features(rel);
	if (request->kind == DIST_REFERENCE && rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot make partitioned table \"%s\" a reference table",
						RelationGetRelationName(rel)),
				 errhint("Use create_distributed_table(), or a table without partitions.")));
	if (request->kind != DIST_REFERENCE)
		check_policies(rel);
	if (request->kind == DIST_HASH)
		check_unique_indexes(request, rel);
	CheckTableNotInUse(rel, "distribute");
	relation_close(rel, NoLock);
}

/* ------------------------------------------------------- foreign keys */

/* One foreign key of a table being distributed. */
typedef struct ForeignKey
{
	NameData	name;
	Oid			relid;
	Oid			referenced;
	char		on_update;
	char		on_delete;
	int			ncolumns;
	AttrNumber	columns[INDEX_MAX_KEYS];
	AttrNumber	referenced_columns[INDEX_MAX_KEYS];
	int			nset;			/* ON DELETE SET NULL (columns); 0: all */
	AttrNumber	set_columns[INDEX_MAX_KEYS];
}			ForeignKey;

static void
read_foreign_key(HeapTuple tuple, ForeignKey * key)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	Oid			operators[3][INDEX_MAX_KEYS];

	key->name = form->conname;
	key->relid = form->conrelid;
	key->referenced = form->confrelid;
	key->on_update = form->confupdtype;
	key->on_delete = form->confdeltype;
	DeconstructFkConstraintRow(tuple, &key->ncolumns, key->columns, key->referenced_columns,
							   operators[0], operators[1], operators[2],
							   &key->nset, key->set_columns);
}

static bool
has_column(const AttrNumber *columns, int count, AttrNumber attno)
{
	for (int i = 0; i < count; i++)
		if (columns[i] == attno)
			return true;
	return false;
}

/* Would an action of the foreign key change this column of a row? */
static bool
action_changes(const ForeignKey * key, AttrNumber attno)
{
	if (!has_column(key->columns, key->ncolumns, attno))
		return false;
	if (key->on_update == FKCONSTR_ACTION_CASCADE ||
		key->on_update == FKCONSTR_ACTION_SETNULL ||
		key->on_update == FKCONSTR_ACTION_SETDEFAULT)
		return true;
	if (key->on_delete != FKCONSTR_ACTION_SETNULL &&
		key->on_delete != FKCONSTR_ACTION_SETDEFAULT)
		return false;
	return key->nset == 0 || has_column(key->set_columns, key->nset, attno);
}

static void
refuse_foreign_key(const ForeignKey * key, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot keep foreign key \"%s\" of table \"%s\"",
					NameStr(key->name), get_rel_name(key->relid)),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

/* Do the key columns of both tables stand at the same place? */
static bool
joins_keys(const ForeignKey * key, AttrNumber attno, AttrNumber referenced_attno)
{
	for (int i = 0; i < key->ncolumns; i++)
		if (key->columns[i] == attno && key->referenced_columns[i] == referenced_attno)
			return true;
	return false;
}

/* A foreign key between tables of one group, or within one table. */
static void
check_colocated_foreign_key(const DistributeRequest * request, const ForeignKey * key,
							AttrNumber attno, AttrNumber referenced_attno)
{
	if (request->kind == DIST_HASH && !joins_keys(key, attno, referenced_attno))
		refuse_foreign_key(key,
						   psprintf("It does not compare the distribution columns of \"%s\" and \"%s\".",
									get_rel_name(key->relid), get_rel_name(key->referenced)),
						   "Add the distribution column to the foreign key, or make the referenced table a reference table.");
}

static void
check_foreign_key(const DistributeRequest * request, const ForeignKey * key)
{
	DistTable  *referenced = dist_table_find(key->referenced);
	bool		own = list_member_oid(request->relids, key->referenced);
	AttrNumber	attno = request->kind == DIST_HASH ?
		get_attnum(key->relid, request->key_column) : InvalidAttrNumber;
	const char *name = get_rel_name(key->referenced);

	if (!own && referenced == NULL)
		refuse_foreign_key(key, psprintf("It references table \"%s\", which is local to this server.", name),
						   "Distribute the referenced table first, or drop the foreign key.");
	if (request->kind == DIST_REFERENCE)
	{
		if (!own && referenced->kind != DIST_REFERENCE)
			refuse_foreign_key(key, psprintf("A reference table cannot refer to distributed table \"%s\".", name),
							   "Drop the foreign key, or distribute both tables.");
		return;
	}
	if (attno != InvalidAttrNumber && action_changes(key, attno))
		refuse_foreign_key(key, "Its actions change the distribution column, which may move rows to other shards.",
						   "Use NO ACTION, RESTRICT, or ON DELETE CASCADE.");
	if (own)
		check_colocated_foreign_key(request, key, attno,
									request->key_column ? get_attnum(key->referenced, request->key_column) : 0);
	else if (referenced->kind == DIST_REFERENCE)
		return;
	else if (referenced->colocation_id != request->colocation_id)
		refuse_foreign_key(key, psprintf("The table is not colocated with referenced table \"%s\".", name),
						   "Name the referenced table in colocate_with, or make it a reference table.");
	else
		check_colocated_foreign_key(request, key, attno, referenced->key_attno);
}

/*
 * Call back for the foreign keys of a table, or for those that refer to it.
 */
static List *
foreign_keys(Oid relid, bool referring)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	List	   *keys = NIL;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&scankey, referring ? Anum_pg_constraint_confrelid : Anum_pg_constraint_conrelid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(constraints,
							  referring ? InvalidOid : ConstraintRelidTypidNameIndexId,
							  !referring, NULL, 1, &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
		ForeignKey *key;

		if (form->contype != CONSTRAINT_FOREIGN || OidIsValid(form->conparentid))
			continue;
		key = palloc(sizeof(ForeignKey));
		read_foreign_key(tuple, key);
		keys = lappend(keys, key);
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return keys;
}

/* Allowed, because some table has to be the first; but not for long. */
static void
notice_referring_tables(Oid relid)
{
	ListCell   *cell;

	foreach(cell, foreign_keys(relid, true))
	{
		const ForeignKey *key = lfirst(cell);

		if (key->relid != relid && dist_table_find(key->relid) == NULL)
			ereport(NOTICE,
					(errmsg("foreign key \"%s\" of local table \"%s\" refers to distributed table \"%s\"",
							NameStr(key->name), get_rel_name(key->relid), get_rel_name(relid)),
					 errhint("Distribute table \"%s\", too.", get_rel_name(key->relid))));
	}
}

void
check_foreign_keys(const DistributeRequest * request)
{
	ListCell   *cell;
	ListCell   *key;

	foreach(cell, request->relids)
		foreach(key, foreign_keys(lfirst_oid(cell), false))
			check_foreign_key(request, lfirst(key));
	if (request->kind != DIST_REFERENCE)
		notice_referring_tables(request->relid);
}

void
check_undistributable(Oid relid)
{
	ListCell   *cell;

	foreach(cell, foreign_keys(relid, false))
	{
		const ForeignKey *key = lfirst(cell);
		DistTable  *referenced = dist_table_find(key->referenced);

		if (key->referenced != relid && referenced != NULL && referenced->kind != DIST_REFERENCE)
			refuse_foreign_key(key, psprintf("It references distributed table \"%s\".",
											 get_rel_name(key->referenced)),
							   "Drop the foreign key first.");
	}
	foreach(cell, foreign_keys(relid, true))
	{
		const ForeignKey *key = lfirst(cell);

		if (key->relid != relid && dist_table_find(key->relid) != NULL)
			refuse_foreign_key(key, psprintf("It would reference table \"%s\", which would be local to this server.",
											 get_rel_name(relid)),
							   "Drop the foreign key first.");
	}
}

/* ------------------------------------------------------- dependencies */

void
check_needed_relations(const DistributeRequest * request, List *relations)
{
	ListCell   *cell;

	foreach(cell, relations)
	{
		Oid			relid = lfirst_oid(cell);

		if (list_member_oid(request->relids, relid) || dist_table_find(relid) != NULL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot distribute table \"%s\" because it depends on %s \"%s\"",
						get_rel_name(request->relid),
						relkind_name(get_rel_relkind(relid)), get_rel_name(relid)),
				 errdetail("That relation is local to this server."),
				 errhint("Make it a reference table first, if it is a table.")));
	}
}
