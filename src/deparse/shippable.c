/*
 * shippable.c
 *		May an expression run on a node, and what must be evaluated here first?
 *
 * The question is always whether the node gives what one server would give.
 * Settings and the effective role travel, OIDs, transaction times, sequences,
 * locks and the contents of other tables do not.  User-defined functions and
 * aggregates are created on every node; operators and casts of no extension
 * may be missing there, so they are shipped only while this server is alone.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "deparse/shippable.h"
#include "metadata/dist_table.h"
#include "metadata/node.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define INTERNAL_SCHEMA "shardlite_internal"

static bool unshippable_walker(Node *node, void *context);
static Node *extract_mutator(Node *node, void *arg);

/* Types whose values are OIDs of objects, different on each node. */
static bool
is_object_id_type(Oid type)
{
	switch (type)
	{
		case OIDOID:
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGNAMESPACEOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGROLEOID:
		case REGTYPEOID:
			return true;
		default:
			return false;
	}
}

static bool
is_name_type(Oid type)
{
	return is_object_id_type(type) && type != OIDOID;
}

/*
 * Stable built-in functions whose result depends on where they run, beyond
 * those that take or return object ids: catalogs, transaction times, other
 * tables.
 */
static bool
is_bound_to_server(const char *name)
{
	static const char *const prefixes[] = {
		"pg_", "has_", "to_reg", "table_to_xml", "query_to_xml", "cursor_to_xml",
		"schema_to_xml", "database_to_xml", "current_", "inet_server", "inet_client",
		"obj_description", "col_description", "shobj_description", "ts_stat",
		"ts_rewrite", "now", "statement_timestamp", "transaction_timestamp",
		"timeofday", "session_user", "getdatabaseencoding", "version",
		"row_security_active", "txid_", "lo_", "currtid", "setting_", "age",
	};

	for (int i = 0; i < lengthof(prefixes); i++)
	{
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* Does a function take or return an object id, or something that may hold one? */
static bool
handles_object_ids(const FormData_pg_proc *proc)
{
	if (is_object_id_type(proc->prorettype))
		return true;
	for (int i = 0; i < proc->proargtypes.dim1; i++)
	{
		if (is_object_id_type(proc->proargtypes.values[i]))
			return true;
	}
	return false;
}

/* Volatile functions that are as good on a node as here. */
static bool
is_harmless_volatile(Oid funcid)
{
	return funcid == F_RANDOM || funcid == F_GEN_RANDOM_UUID;
}

/* Objects of extensions are on all nodes; others only where DDL brings them. */
static bool
exists_on_nodes(Oid classid, Oid objectid)
{
	return objectid < FirstNormalObjectId ||
		OidIsValid(getExtensionOfObject(classid, objectid)) ||
		list_length(node_list()) == 1;
}

static bool is_unshippable_function(Oid funcid, void *context);

/* The function that stands for a value computed here, see defer(). */
static bool
is_deferred(const FormData_pg_proc *proc)
{
	return proc->oid >= FirstNormalObjectId && strcmp(NameStr(proc->proname), "deferred") == 0 &&
		proc->pronamespace == get_namespace_oid(INTERNAL_SCHEMA, true);
}

/*
 * An aggregate is marked immutable whatever it calls.  Those of extensions are
 * trusted: their support functions are often not marked at all.
 */
static bool
calls_unshippable(Oid aggregate)
{
	HeapTuple	tuple;
	Form_pg_aggregate form;
	bool		result;

	if (OidIsValid(getExtensionOfObject(ProcedureRelationId, aggregate)))
		return false;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggregate);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	result = is_unshippable_function(form->aggtransfn, NULL) ||
		(OidIsValid(form->aggfinalfn) && is_unshippable_function(form->aggfinalfn, NULL)) ||
		(OidIsValid(form->aggserialfn) && is_unshippable_function(form->aggserialfn, NULL));
	ReleaseSysCache(tuple);
	return result;
}

static bool
is_unshippable_function(Oid funcid, void *context)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	Form_pg_proc proc;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", funcid);
	proc = (Form_pg_proc) GETSTRUCT(tuple);

	if (is_deferred(proc))
		result = false;
	else if (funcid >= FirstNormalObjectId)
		result = proc->provolatile != PROVOLATILE_IMMUTABLE ||
			isTempNamespace(proc->pronamespace) ||
			(proc->prokind == PROKIND_AGGREGATE && calls_unshippable(funcid));
	else if (proc->provolatile == PROVOLATILE_IMMUTABLE)
		result = false;
	else if (proc->provolatile == PROVOLATILE_VOLATILE)
		result = !is_harmless_volatile(funcid);
	else
		result = handles_object_ids(proc) || is_bound_to_server(NameStr(proc->proname));
	ReleaseSysCache(tuple);
	return result;
}

/* Can a value of this type be named in a node's SQL text? */
static bool
is_unshippable_type(Oid type)
{
	Oid			element = get_element_type(type);
	Oid			relid;
	char		kind;
	DistTable  *dist;

	if (OidIsValid(element))
		type = element;
	if (type < FirstNormalObjectId)
		return type == RECORDOID;
	relid = get_typ_typrelid(type);
	if (!OidIsValid(relid))
		return false;
	kind = get_rel_relkind(relid);
	if (kind == RELKIND_COMPOSITE_TYPE)
		return false;
	dist = dist_table_find(relid);
	return dist == NULL;
}

/* A literal is printed as text and read again on the node. */
static bool
is_unshippable_const(const Const *constant)
{
	Oid			value;

	if (constant->consttype == RECORDOID || constant->consttype == RECORDARRAYOID ||
		constant->consttype == INTERNALOID || is_unshippable_type(constant->consttype))
		return true;
	if (constant->constisnull || !is_name_type(constant->consttype))
		return false;
	value = DatumGetObjectId(constant->constvalue);
	if (value < FirstNormalObjectId)
		return false;
	return constant->consttype != REGCLASSOID || dist_table_find(value) == NULL;
}

/*
 * A row of a sub-SELECT that was pulled up keeps the names of its columns,
 * which row_to_json() shows; the text would be ROW(...), whose columns are
 * f1, f2 and so on.
 */
static bool
has_column_names(const RowExpr *row)
{
	ListCell   *lc;

	foreach(lc, row->colnames)
	{
		char		name[NAMEDATALEN];

		snprintf(name, NAMEDATALEN, "f%d", foreach_current_index(lc) + 1);
		if (strcmp(strVal(lfirst(lc)), name) != 0)
			return true;
	}
	return false;
}

/* All others are on every node. */
static bool
is_temporary_collation(Oid collation)
{
	HeapTuple	tuple;
	bool		result;

	if (collation < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	result = isTempNamespace(((Form_pg_collation) GETSTRUCT(tuple))->collnamespace);
	ReleaseSysCache(tuple);
	return result;
}

static bool
is_unshippable_node(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Const:
			return is_unshippable_const((Const *) node);
		case T_Param:
			return ((Param *) node)->paramkind == PARAM_EXEC ||
				is_unshippable_type(((Param *) node)->paramtype);
		case T_Var:
			/* system columns named like this hold OIDs and are filled in here */
			if (((Var *) node)->varattno == TableOidAttributeNumber)
				return true;
			/* the row of a view is printed with a cast to its type */
			return ((Var *) node)->varattno == InvalidAttrNumber &&
				((Var *) node)->vartype != RECORDOID &&
				is_unshippable_type(((Var *) node)->vartype);
		case T_RowExpr:
			return ((RowExpr *) node)->row_typeid == RECORDOID ?
				has_column_names((RowExpr *) node) :
				is_unshippable_type(((RowExpr *) node)->row_typeid);
		case T_ConvertRowtypeExpr:
			return is_unshippable_type(((ConvertRowtypeExpr *) node)->resulttype);
		case T_CoerceViaIO:
			return is_object_id_type(((CoerceViaIO *) node)->resulttype) ||
				is_object_id_type(exprType((Node *) ((CoerceViaIO *) node)->arg)) ||
				is_unshippable_type(((CoerceViaIO *) node)->resulttype);
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			return !exists_on_nodes(OperatorRelationId, ((OpExpr *) node)->opno);
		case T_ScalarArrayOpExpr:
			return !exists_on_nodes(OperatorRelationId, ((ScalarArrayOpExpr *) node)->opno);
		case T_CollateExpr:
			return is_temporary_collation(((CollateExpr *) node)->collOid);
		case T_RelabelType:
			/* printed as COLLATE if it changes the collation */
			return ((RelabelType *) node)->resultcollid !=
				exprCollation((Node *) ((RelabelType *) node)->arg) &&
				is_temporary_collation(((RelabelType *) node)->resultcollid);
		case T_FuncExpr:
			/* printed as a cast, which is an object of its own */
			return ((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CALL &&
				((FuncExpr *) node)->funcformat != COERCE_SQL_SYNTAX &&
				!exists_on_nodes(ProcedureRelationId, ((FuncExpr *) node)->funcid);
		case T_SQLValueFunction:
		case T_NextValueExpr:
		case T_CurrentOfExpr:
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return true;
		default:
			return false;
	}
}

/* Stops at what is unshippable; context: Node **, where to put it, or NULL. */
static bool
unshippable_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, unshippable_walker, context, 0);
	if (is_unshippable_node(node) ||
		check_functions_in_node(node, is_unshippable_function, NULL))
	{
		if (context != NULL)
			*(Node **) context = node;
		return true;
	}
	return expression_tree_walker(node, unshippable_walker, context);
}

bool
is_shippable(Node *node)
{
	return !unshippable_walker(node, NULL);
}

static bool
is_user_function(Oid funcid, void *context)
{
	return funcid >= FirstNormalObjectId && is_unshippable_function(funcid, NULL);
}

const char *
shipping_obstacle(Node *node)
{
	Node	   *found = NULL;

	if (!unshippable_walker(node, &found))
		return NULL;
	if (check_functions_in_node(found, is_user_function, NULL))
		return "a function that is not IMMUTABLE";
	switch (nodeTag(found))
	{
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return "a sub-SELECT that is computed here";
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
			if (is_unshippable_node(found))
				return "an operator of no extension, which nodes may not have";
			break;
		case T_FuncExpr:
			if (is_unshippable_node(found))
				return "a cast of no extension, which nodes may not have";
			break;
		case T_Var:
			return ((Var *) found)->varattno < 0 ? "a system column" :
				"a type that nodes do not have";
		case T_CollateExpr:
		case T_RelabelType:
			return "a temporary collation";
		case T_Const:
		case T_Param:
		case T_RowExpr:
		case T_ConvertRowtypeExpr:
		case T_CoerceViaIO:
			return "a type that nodes do not have, or an object id";
		default:
			break;
	}
	return "a function whose result depends on the server";
}

/* Anything whose value depends on a row, on a subquery or on its place? */
static bool
depends_on_place_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_PlaceHolderVar:
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
		case T_SubLink:
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_Query:
		case T_CaseTestExpr:
		case T_CoerceToDomainValue:
		case T_SetToDefault:
		case T_CurrentOfExpr:
		case T_NextValueExpr:
			return true;
		case T_Param:
			if (((Param *) node)->paramkind == PARAM_SUBLINK ||
				((Param *) node)->paramkind == PARAM_MULTIEXPR)
				return true;
			break;
		default:
			break;
	}
	return expression_tree_walker(node, depends_on_place_walker, context);
}

bool
can_evaluate_here(Node *node)
{
	return !depends_on_place_walker(node, NULL) && !contain_volatile_functions(node) &&
		!expression_returns_set(node);
}

bool
is_returnable_type(Oid type)
{
	return type != RECORDARRAYOID && type != UNKNOWNOID && !is_unshippable_type(type);
}

/* Is this an expression node that stands for a value by itself? */
static bool
is_value_node(Node *node)
{
	switch (nodeTag(node))
	{
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_ConvertRowtypeExpr:
		case T_CaseExpr:
		case T_ArrayExpr:
		case T_RowCompareExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_SQLValueFunction:
		case T_XmlExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoerceToDomain:
		case T_FieldSelect:
		case T_SubscriptingRef:
			return true;
		default:
			return false;
	}
}

/* regclass and the like turned into an OID: only this server knows it. */
static bool
is_named_oid(Node *node)
{
	RelabelType *relabel = (RelabelType *) node;

	return IsA(node, RelabelType) && IsA(relabel->arg, Const) &&
		is_name_type(((Const *) relabel->arg)->consttype) &&
		!is_name_type(relabel->resulttype);
}

/* Can this subtree, which is not immutable, be evaluated here, once for all rows? */
static bool
is_stable_value(Node *node)
{
	Oid			type;

	if (!is_value_node(node) || !contain_mutable_functions(node) || !can_evaluate_here(node))
		return false;
	type = exprType(node);
	return type != RECORDOID && get_typtype(type) != TYPTYPE_PSEUDO;
}

/* What can be evaluated here without need, because it does not fail. */
static bool
never_fails(Node *node)
{
	FuncExpr   *call = (FuncExpr *) node;

	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXTERN ||
			((Param *) node)->paramkind == PARAM_EXEC;
	if (IsA(node, SQLValueFunction) || is_named_oid(node))
		return true;
	return IsA(node, FuncExpr) && call->funcid < FirstNormalObjectId && call->args == NIL &&
		is_stable_value(node);
}

/* Position in *params of an expression, from 1; appended if it is not there. */
static int
param_number(Node *node, List **params)
{
	ListCell   *lc;

	foreach(lc, *params)
	{
		if (equal(lfirst(lc), node))
			return foreach_current_index(lc) + 1;
	}
	*params = lappend(*params, copyObject(node));
	return list_length(*params);
}

/* The parameter that stands for an expression; equal ones share it. */
static Node *
parameter_for(Node *node, List **params)
{
	Param	   *param = makeNode(Param);
	Oid			collation = exprCollation(node);
	CollateExpr *collate;

	param->paramkind = PARAM_EXTERN;
	param->paramid = param_number(node, params);
	param->paramtype = exprType(node);
	param->paramtypmod = exprTypmod(node);
	param->paramcollid = get_typcollation(param->paramtype);
	param->location = -1;
	if (collation == param->paramcollid || !OidIsValid(collation))
		return (Node *) param;

	collate = makeNode(CollateExpr);
	collate->arg = (Expr *) param;
	collate->collOid = collation;
	collate->location = -1;
	return (Node *) collate;
}

static FuncExpr *
internal_call(const char *name, List *args, Oid result_type, Oid collation)
{
	static const Oid types[] = {ANYELEMENTOID, BYTEAOID};
	List	   *qualified = list_make2(makeString(INTERNAL_SCHEMA), makeString(pstrdup(name)));

	return makeFuncExpr(LookupFuncName(qualified, list_length(args), types, false), result_type,
						args, collation, collation, COERCE_EXPLICIT_CALL);
}

/*
 * Two parameters for an expression that may fail: the value and, behind it, its
 * error, see executor/deferred_value.c.  The fragment raises the error if it
 * comes to the expression.
 */
static Node *
defer(Node *node, List **params)
{
	Oid			type = exprType(node);
	Oid			collation = exprCollation(node);
	Node	   *no_error = (Node *) makeNullConst(BYTEAOID, -1, InvalidOid);
	FuncExpr   *value = internal_call("deferred", list_make2(node, no_error), type, collation);
	FuncExpr   *error = internal_call("deferred_error", list_make1(node), BYTEAOID, InvalidOid);
	Node	   *value_param = parameter_for((Node *) value, params);
	Node	   *error_param = parameter_for((Node *) error, params);

	return (Node *) internal_call("deferred", list_make2(value_param, error_param), type, collation);
}

/*
 * A stable expression without columns: as much of it as the node can compute
 * itself is left to it, so that it fails there if it must.
 */
static Node *
ship_stable(Node *node, List **params)
{
	int			nparams = list_length(*params);
	Node	   *rest = expression_tree_mutator(node, extract_mutator, params);
	bool		whole = is_shippable(rest);

	for (int i = nparams; i < list_length(*params); i++)
		whole &= never_fails(list_nth(*params, i));
	if (whole)
		return rest;
	*params = list_truncate(*params, nparams);
	return defer(node, params);
}

/*
 * A function in FROM stays a function call; only its arguments are candidates.
 */
static Node *
extract_from_range_function(RangeTblFunction *function, void *arg)
{
	RangeTblFunction *result = makeNode(RangeTblFunction);

	memcpy(result, function, sizeof(RangeTblFunction));
	result->funcexpr = expression_tree_mutator(function->funcexpr, extract_mutator, arg);
	return (Node *) result;
}

static Node *
extract_mutator(Node *node, void *arg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, extract_mutator, arg, 0);
	if (IsA(node, RangeTblFunction))
		return extract_from_range_function((RangeTblFunction *) node, arg);
	if (never_fails(node))
		return parameter_for(node, (List **) arg);
	if (is_stable_value(node))
		return ship_stable(node, (List **) arg);
	return expression_tree_mutator(node, extract_mutator, arg);
}

Node *
extract_params(Node *node, List **params)
{
	return extract_mutator(node, params);
}
