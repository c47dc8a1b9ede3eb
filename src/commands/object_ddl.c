/*
 * object_ddl.c
 *		Walk from a table to everything that a node must have first.
 *
 * Depth first over pg_depend: an object is listed after what it depends on.
 * Objects made by initdb are everywhere; members of an extension are replaced
 * by the extension.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_shdepend.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/ddl_text.h"
#include "commands/object_ddl.h"
#include "miscadmin.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Name of the extension itself: every node has it. */
#define EXTENSION_NAME "shardlite"

typedef struct ObjectWalk
{
	Oid			root;			/* the table, or InvalidOid */
	ObjectAddresses *visited;
	List	   *relations;		/* other relations met, OIDs */
	List	   *statements;
}			ObjectWalk;

static void visit(ObjectWalk *walk, Oid classid, Oid objid);

/*
 * Addresses found by a scan of pg_depend, as a List of palloc'd
 * ObjectAddress: what an object depends on, or (dependents) what depends on a
 * relation as part of it.  Collected first, because visiting scans again.
 */
static List *
depend_edges(Oid classid, Oid objid, bool dependents)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	List	   *edges = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], dependents ? Anum_pg_depend_refclassid : Anum_pg_depend_classid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], dependents ? Anum_pg_depend_refobjid : Anum_pg_depend_objid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(rel, dependents ? DependReferenceIndexId : DependDependerIndexId,
							  true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *edge;

		if (dependents && depend->deptype != DEPENDENCY_AUTO &&
			depend->deptype != DEPENDENCY_INTERNAL)
			continue;
		edge = palloc(sizeof(ObjectAddress));
		if (dependents)
			ObjectAddressSet(*edge, depend->classid, depend->objid);
		else
			ObjectAddressSet(*edge, depend->refclassid, depend->refobjid);
		edges = lappend(edges, edge);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return edges;
}

static void
visit_references(ObjectWalk *walk, Oid classid, Oid objid)
{
	ListCell   *cell;

	foreach(cell, depend_edges(classid, objid, false))
	{
		ObjectAddress *edge = lfirst(cell);

		visit(walk, edge->classId, edge->objectId);
	}
}

/* Owner, grantees and policy roles of an object of this database. */
static void
visit_roles(ObjectWalk *walk, Oid classid, Oid objid)
{
	Relation	rel = table_open(SharedDependRelationId, AccessShareLock);
	List	   *roles = NIL;
	ListCell   *cell;
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_shdepend_dbid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(MyDatabaseId));
	ScanKeyInit(&keys[1], Anum_pg_shdepend_classid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[2], Anum_pg_shdepend_objid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(objid));
	scan = systable_beginscan(rel, SharedDependDependerIndexId, true, NULL, 3, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_shdepend depend = (Form_pg_shdepend) GETSTRUCT(tuple);

		if (depend->refclassid == AuthIdRelationId)
			roles = lappend_oid(roles, depend->refobjid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	foreach(cell, roles)
		visit(walk, AuthIdRelationId, lfirst_oid(cell));
}

/* The roles that a role is a member of come before it. */
static void
visit_memberships(ObjectWalk *walk, Oid roleid)
{
	CatCList   *memberships = SearchSysCacheList1(AUTHMEMMEMROLE, ObjectIdGetDatum(roleid));

	for (int i = 0; i < memberships->n_members; i++)
	{
		HeapTuple	tuple = &memberships->members[i]->tuple;

		visit(walk, AuthIdRelationId,
			  ((Form_pg_auth_members) GETSTRUCT(tuple))->roleid);
	}
	ReleaseSysCacheList(memberships);
}

/* Does this part of a table refer to what must exist before the table? */
static bool
is_described_part(const ObjectAddress *part)
{
	char		relkind;

	switch (part->classId)
	{
		case AttrDefaultRelationId:
		case ConstraintRelationId:
		case PolicyRelationId:
		case StatisticExtRelationId:
			return true;
		case RelationRelationId:
			relkind = get_rel_relkind(part->objectId);
			return relkind == RELKIND_INDEX || relkind == RELKIND_PARTITIONED_INDEX;
		default:
			return false;
	}
}

/*
 * What a table consists of besides itself: the expressions, constraints,
 * indexes, policies and statistics are not objects to create here, but what
 * they refer to is.  Sequences that it owns come with it: mark them first.
 */
static void
visit_parts(ObjectWalk *walk, Oid relid)
{
	List	   *parts = depend_edges(RelationRelationId, relid, true);
	ListCell   *cell;

	foreach(cell, parts)
	{
		ObjectAddress *part = lfirst(cell);

		if (part->classId != RelationRelationId ||
			get_rel_relkind(part->objectId) != RELKIND_SEQUENCE)
			continue;
		add_exact_object_address(part, walk->visited);
		visit_roles(walk, RelationRelationId, part->objectId);
	}
	foreach(cell, parts)
	{
		ObjectAddress *part = lfirst(cell);

		if (!is_described_part(part) || object_address_present(part, walk->visited))
			continue;
		add_exact_object_address(part, walk->visited);
		visit_references(walk, part->classId, part->objectId);
		visit_roles(walk, part->classId, part->objectId);
	}
}

/*
 * Follow a reference to a relation.  Indexes and composite types stand for
 * something else; sequences are created; tables are the caller's business.
 */
static void
visit_relation(ObjectWalk *walk, Oid relid)
{
	ObjectAddress address;

	if (relid == walk->root)
		return;
	switch (get_rel_relkind(relid))
	{
		case RELKIND_SEQUENCE:
			ObjectAddressSet(address, RelationRelationId, relid);
			if (object_address_present(&address, walk->visited))
				return;
			add_exact_object_address(&address, walk->visited);
			/* who owns the sequence does not matter: only its schema and roles */
			visit(walk, NamespaceRelationId, get_rel_namespace(relid));
			visit_roles(walk, RelationRelationId, relid);
			walk->statements = lappend(walk->statements, object_ddl_ensure_call(&address));
			break;
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			/* the index of a referenced key: its table is referenced as well */
			break;
		case RELKIND_COMPOSITE_TYPE:
			visit(walk, TypeRelationId, get_rel_type_id(relid));
			break;
		default:
			walk->relations = list_append_unique_oid(walk->relations, relid);
			break;
	}
}

/* The type that is created for this one, or a relation; InvalidOid: none. */
static Oid
creatable_type(ObjectWalk *walk, Oid typid)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	Form_pg_type type;
	Oid			result = typid;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", typid);
	type = (Form_pg_type) GETSTRUCT(tuple);
	if (IsTrueArrayType(type))
		result = creatable_type(walk, type->typelem);
	else if (type->typtype == TYPTYPE_MULTIRANGE)
		result = get_multirange_range(typid);
	else if (type->typtype == TYPTYPE_COMPOSITE &&
			 get_rel_relkind(type->typrelid) != RELKIND_COMPOSITE_TYPE)
	{
		visit_relation(walk, type->typrelid);
		result = InvalidOid;
	}
	ReleaseSysCache(tuple);
	return result;
}

/*
 * A type's own parts: the columns of a composite type, a domain's
 * constraints.
 */
static void
visit_type_parts(ObjectWalk *walk, Oid typid)
{
	Oid			typrelid = get_typ_typrelid(typid);
	ListCell   *cell;

	if (OidIsValid(typrelid))
		visit_references(walk, RelationRelationId, typrelid);
	foreach(cell, depend_edges(TypeRelationId, typid, true))
	{
		ObjectAddress *part = lfirst(cell);

		if (part->classId == ConstraintRelationId)
			visit_references(walk, part->classId, part->objectId);
	}
}

/* Objects that initdb made are on every node, but for what a user can rename or regrant. */
static bool
is_everywhere(Oid classid, Oid objid)
{
	if (classid == NamespaceRelationId && objid == PG_PUBLIC_NAMESPACE)
		return false;
	if (classid == AuthIdRelationId && objid == BOOTSTRAP_SUPERUSERID)
		return false;
	return objid < FirstNormalObjectId;
}

/* A constraint stands for what it is on: a table or a domain. */
static void
visit_constraint(ObjectWalk *walk, Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (OidIsValid(form->conrelid))
		visit_relation(walk, form->conrelid);
	else
		visit(walk, TypeRelationId, form->contypid);
	ReleaseSysCache(tuple);
}

/* Visit an object: what it needs, then itself. */
static void
visit(ObjectWalk *walk, Oid classid, Oid objid)
{
	ObjectAddress address;
	Oid			extension;

	check_stack_depth();
	if (is_everywhere(classid, objid))
		return;
	if (classid == TypeRelationId)
	{
		objid = creatable_type(walk, objid);
		if (!OidIsValid(objid) || is_everywhere(classid, objid))
			return;
	}
	extension = getExtensionOfObject(classid, objid);
	if (OidIsValid(extension))
	{
		visit(walk, ExtensionRelationId, extension);
		return;
	}
	if (classid == RelationRelationId)
	{
		visit_relation(walk, objid);
		return;
	}
	if (classid == ConstraintRelationId)
	{
		visit_constraint(walk, objid);
		return;
	}
	ObjectAddressSet(address, classid, objid);
	if (object_address_present(&address, walk->visited))
		return;
	add_exact_object_address(&address, walk->visited);
	if (classid == ExtensionRelationId &&
		get_extension_oid(EXTENSION_NAME, true) == objid)
		return;

	visit_references(walk, classid, objid);
	visit_roles(walk, classid, objid);
	if (classid == TypeRelationId)
		visit_type_parts(walk, objid);
	if (classid == AuthIdRelationId)
		visit_memberships(walk, objid);
	walk->statements = lappend(walk->statements, object_ddl_ensure_call(&address));
}

static void
walk_begin(ObjectWalk *walk, Oid root)
{
	walk->root = root;
	walk->visited = new_object_addresses();
	walk->relations = NIL;
	walk->statements = NIL;
	/* it owns what pg_shdepend does not mention */
	visit(walk, AuthIdRelationId, BOOTSTRAP_SUPERUSERID);
}

List *
object_ddl_for_table(Oid relid, List **relations)
{
	ObjectWalk	walk;
	int			level = ddl_settings_begin();

	walk_begin(&walk, relid);
	visit_references(&walk, RelationRelationId, relid);
	visit_roles(&walk, RelationRelationId, relid);
	visit_parts(&walk, relid);
	ddl_settings_end(level);
	free_object_addresses(walk.visited);
	*relations = walk.relations;
	return walk.statements;
}

List *
object_ddl_for_object(const ObjectAddress *object, List **relations)
{
	ObjectWalk	walk;
	int			level = ddl_settings_begin();

	walk_begin(&walk, InvalidOid);
	visit(&walk, object->classId, object->objectId);
	ddl_settings_end(level);
	free_object_addresses(walk.visited);
	*relations = walk.relations;
	return walk.statements;
}
