/*
 * partial_aggregate.c
 *		The first phase of aggregates, as SQL.
 *
 * Where the state is the result (no final function) the shard computes the
 * aggregate itself.  Elsewhere it calls shardlite_internal.partial(), whose
 * result is the state (executor/partial_state.c).  In the plan both look like
 * PostgreSQL's own partial aggregates: a Finalize Agg finds them by equal().
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "deparse/shippable.h"
#include "planner/fragment_query.h"
#include "planner/partial_aggregate.h"

/* Arguments of partial() before those of the aggregate. */
#define OWN_ARGS 2

/* What the catalog says of an aggregate. */
typedef struct AggregateFacts
{
	bool		combines;		/* its states can be combined ... */
	bool		serializes;		/* ... and, if of type internal, sent */
	bool		finishes;		/* has a final function */
	bool		variadic_any;
}			AggregateFacts;

static AggregateFacts
aggregate_facts(Oid aggregate)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
	Form_pg_aggregate form;
	AggregateFacts facts;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggregate);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	facts.combines = form->aggkind == AGGKIND_NORMAL && OidIsValid(form->aggcombinefn);
	facts.serializes = OidIsValid(form->aggserialfn) && OidIsValid(form->aggdeserialfn);
	facts.finishes = OidIsValid(form->aggfinalfn);
	ReleaseSysCache(tuple);
	facts.variadic_any = get_func_variadictype(aggregate) == ANYOID;
	return facts;
}

/* Is the state its own result, which the aggregate itself delivers? */
static bool
state_is_result(const AggregateFacts * facts, Oid transtype)
{
	return !facts->finishes && transtype != INTERNALOID;
}

/* Can a state of this type be what partial() returns? */
static bool
is_state_type(Oid type)
{
	Oid			collation = get_typcollation(type);

	/* the collation of the NULL that names the type must not matter */
	return get_typtype(type) != TYPTYPE_PSEUDO && get_typtype(type) != TYPTYPE_DOMAIN &&
		is_returnable_type(type) &&
		(!OidIsValid(collation) || collation == DEFAULT_COLLATION_OID);
}

const char *
partial_aggregate_obstacle(Aggref *aggref)
{
	AggregateFacts facts = aggregate_facts(aggref->aggfnoid);
	Oid			transtype = aggref->aggtranstype;
	bool		travels;

	if (aggref->aggdistinct != NIL)
		return "an aggregate with DISTINCT";
	if (aggref->aggkind != AGGKIND_NORMAL)
		return "an aggregate with WITHIN GROUP";
	if (aggref->aggorder != NIL)
		return "an aggregate with ORDER BY";
	if (!facts.combines)
		return "an aggregate without combine function";
	if (state_is_result(&facts, transtype))
		travels = is_returnable_type(aggref->aggtype);
	else if (facts.variadic_any || list_length(aggref->args) > FUNC_MAX_ARGS - OWN_ARGS - 1)
		travels = false;
	else
		travels = transtype == INTERNALOID ? facts.serializes : is_state_type(transtype);
	return travels ? NULL : "an aggregate whose state cannot travel";
}

Aggref *
partial_aggregate_make(const Aggref *aggref)
{
	Aggref	   *partial = makeNode(Aggref);

	memcpy(partial, aggref, sizeof(Aggref));
	mark_partial_aggref(partial, AGGSPLIT_INITIAL_SERIAL);
	return partial;
}

static void
add_argument(Aggref *call, Expr *expr)
{
	call->args = lappend(call->args,
						 makeTargetEntry(expr, list_length(call->args) + 1, NULL, false));
	call->aggargtypes = lappend_oid(call->aggargtypes, exprType((Node *) expr));
}

/* partial(NULL::state type, 'aggregate', arguments) for a first phase. */
static Aggref *
call_partial(const Aggref *aggref)
{
	static const Oid types[] = {ANYELEMENTOID, TEXTOID, ANYOID};
	List	   *name = list_make2(makeString("shardlite_internal"), makeString("partial"));
	char	   *signature = format_procedure_qualified(aggref->aggfnoid);
	Aggref	   *call = makeNode(Aggref);
	ListCell   *lc;

	memcpy(call, aggref, sizeof(Aggref));
	call->aggfnoid = LookupFuncName(name, aggref->args == NIL ? OWN_ARGS : OWN_ARGS + 1,
									types, false);
	call->aggsplit = AGGSPLIT_SIMPLE;
	call->aggvariadic = false;
	call->aggstar = false;
	call->args = NIL;
	call->aggargtypes = NIL;
	add_argument(call, (Expr *) makeNullConst(aggref->aggtype, -1,
											  get_typcollation(aggref->aggtype)));
	add_argument(call, (Expr *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
										  CStringGetTextDatum(signature), false, false));
	foreach(lc, aggref->args)
		add_argument(call, fragment_written_cast(lfirst_node(TargetEntry, lc)->expr));
	return call;
}

static Node *
for_shard_mutator(Node *node, void *context)
{
	Aggref	   *aggref = (Aggref *) node;
	AggregateFacts facts;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Aggref) || aggref->aggsplit == AGGSPLIT_SIMPLE)
		return expression_tree_mutator(node, for_shard_mutator, context);
	facts = aggregate_facts(aggref->aggfnoid);
	if (!state_is_result(&facts, aggref->aggtranstype))
		return (Node *) call_partial(aggref);
	aggref = copyObject(aggref);
	aggref->aggsplit = AGGSPLIT_SIMPLE;
	return (Node *) aggref;
}

Node *
partial_aggregates_for_shard(Node *node)
{
	return for_shard_mutator(node, NULL);
}
