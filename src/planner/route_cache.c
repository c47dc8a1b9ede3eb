/*
 * route_cache.c
 *		Plans of statements for one shard, kept by the statement's shape.
 *
 * The shape of a statement is its tree with the literals blanked out that
 * become parameters of the fragment anyway.  When a shape comes a second time it
 * is planned with parameters in the place of its literals, as a prepared
 * statement would be.  If that gives a plan for one shard, the plan holds
 * whatever the literals are; the next statement of the shape takes it and puts
 * its own literals in.
 *
 * A shape is as a rewritten tree shows it, so search path, views, policies and
 * the role that they depend on are part of it.  Plans depend, beside that, on
 * the metadata (its generation) and on objects whose changes PostgreSQL announces.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "deparse/literals.h"
#include "metadata/dist_table.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "planner/route_cache.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Shapes that are kept. */
#define MAX_ROUTES	512

/* Statements with more literals are planned every time. */
#define MAX_LITERALS	64

/* Marks a blanked literal; no literal has this modifier. */
#define BLANK_TYPMOD	(-2)

/* Numbers of the parameters that stand for literals begin here. */
#define LITERAL_PARAM	1000000

typedef struct Literals
{
	int			count;			/* may exceed MAX_LITERALS; then the rest is not here */
	Const	   *nodes[MAX_LITERALS];
	Const		values[MAX_LITERALS];
}			Literals;

typedef struct Route
{
	dlist_node	link;			/* by last use */
	dlist_node	bucket_link;
	MemoryContext cxt;
	uint32		hash;
	uint64		generation;		/* of the metadata */
	bool		current;		/* in the cache; else it goes with its last user */
	int			users;			/* contexts that hold plans made of it */
	Query	   *shape;
	PlannedStmt *stmt;			/* NULL: these must be planned one by one */
}			Route;

#define ROUTE_BUCKETS	256

static dlist_head buckets[ROUTE_BUCKETS];
static dlist_head by_use = DLIST_STATIC_INIT(by_use);
static int	nroutes = 0;

/* Counts the announced changes. */
static uint64 changes = 0;

/* ---- shapes ---- */

static void
blank_literal(Node **place, void *arg)
{
	Literals   *literals = arg;
	Const	   *node = (Const *) *place;

	if (literals->count++ >= MAX_LITERALS)
		return;
	literals->nodes[literals->count - 1] = node;
	literals->values[literals->count - 1] = *node;
	node->constvalue = (Datum) 0;
	node->constisnull = true;
	node->consttypmod = BLANK_TYPMOD;
}

static void
restore_literals(Literals * literals)
{
	for (int i = 0; i < Min(literals->count, MAX_LITERALS); i++)
		*literals->nodes[i] = literals->values[i];
}

static void
literal_to_param(Node **place, void *arg)
{
	Const	   *literal = (Const *) *place;
	Param	   *param = makeNode(Param);
	int		   *count = arg;

	param->paramkind = PARAM_EXTERN;
	param->paramid = LITERAL_PARAM + (*count)++;
	param->paramtype = literal->consttype;
	param->paramtypmod = literal->consttypmod;
	param->paramcollid = literal->constcollid;
	param->location = -1;
	*place = (Node *) param;
}

/* What of a node goes into the hash; enough to tell most shapes apart. */
static uint32
node_bits(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Var:
			return ((Var *) node)->varno << 16 | (uint16) ((Var *) node)->varattno;
		case T_Const:
			return ((Const *) node)->consttype ^ ((Const *) node)->consttypmod;
		case T_OpExpr:
			return ((OpExpr *) node)->opno;
		case T_FuncExpr:
			return ((FuncExpr *) node)->funcid;
		case T_Aggref:
			return ((Aggref *) node)->aggfnoid;
		case T_RangeTblEntry:
			return ((RangeTblEntry *) node)->relid;
		case T_Query:
			return ((Query *) node)->commandType;
		default:
			return 0;
	}
}

static bool
hash_walker(Node *node, void *arg)
{
	uint32	   *hash = arg;

	if (node == NULL)
		return false;
	*hash = hash_combine(*hash, (uint32) nodeTag(node) ^ node_bits(node));
	if (IsA(node, RangeTblEntry))
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, hash_walker, arg, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, hash_walker, arg);
}

/* ---- the cache ---- */

static void
route_forget(Route * route)
{
	dlist_delete(&route->link);
	dlist_delete(&route->bucket_link);
	nroutes--;
	route->current = false;
	if (route->users == 0)
		MemoryContextDelete(route->cxt);
}

static void
release_route(void *arg)
{
	Route	   *route = arg;

	if (--route->users == 0 && !route->current)
		MemoryContextDelete(route->cxt);
}

static void
forget_all(void)
{
	dlist_mutable_iter iter;

	changes++;
	dlist_foreach_modify(iter, &by_use)
		route_forget(dlist_container(Route, link, iter.cur));
}

static void
object_callback(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_all();
}

static Route *
route_find(uint32 hash, Query *shape)
{
	dlist_iter	iter;

	dlist_foreach(iter, &buckets[hash % ROUTE_BUCKETS])
	{
		Route	   *route = dlist_container(Route, bucket_link, iter.cur);

		if (route->hash == hash && equal(route->shape, shape))
			return route;
	}
	return NULL;
}

static void
route_enter(Route * route)
{
	if (nroutes >= MAX_ROUTES)
		route_forget(dlist_tail_element(Route, link, &by_use));
	dlist_push_head(&by_use, &route->link);
	dlist_push_head(&buckets[route->hash % ROUTE_BUCKETS], &route->bucket_link);
	route->current = true;
	nroutes++;
}

/* Has this shape been here, as far as its hash tells? */
static bool
seen_before(uint32 hash)
{
	static uint32 seen[MAX_ROUTES];
	uint32	   *place = &seen[hash % MAX_ROUTES];
	bool		result = *place == hash;

	*place = hash;
	return result;
}

/* Plan the shape; query has its literals, shape has not.  Nobody uses it yet. */
static Route *
route_make(Query *query, Query *shape, uint32 hash, int cursor_options, RoutePlanner planner)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "shardlite route",
											  ALLOCSET_SMALL_SIZES);
	uint64		changes_before = changes;
	uint64		generation = metadata_generation();
	PlannedStmt *stmt;
	MemoryContext old;
	Route	   *route;
	int			nparams = 0;

	query = copyObject(query);
	visit_literals(query, literal_to_param, &nparams);
	stmt = planner(query, cursor_options);
	old = MemoryContextSwitchTo(cxt);
	route = palloc0(sizeof(Route));
	route->cxt = cxt;
	route->hash = hash;
	route->generation = generation;
	route->shape = copyObject(shape);
	route->stmt = copyObject(stmt);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(cxt, CacheMemoryContext);
	if (changes == changes_before)
		route_enter(route);
	return route;
}

/* ---- plans ---- */

static Node *
literal_mutator(Node *node, void *arg)
{
	Literals   *literals = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN &&
		((Param *) node)->paramid >= LITERAL_PARAM)
		return copyObject((Node *) literals->nodes[((Param *) node)->paramid - LITERAL_PARAM]);
	return expression_tree_mutator(node, literal_mutator, arg);
}

/* Keep the route while the current context lasts. */
static void
route_hold(Route * route)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	callback->func = release_route;
	callback->arg = route;
	route->users++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

/* The route's plan with the literals of a statement. */
static PlannedStmt *
route_instantiate(Route * route, Query *query, Literals * literals)
{
	PlannedStmt *stmt = makeNode(PlannedStmt);
	CustomScan *scan = makeNode(CustomScan);

	*stmt = *route->stmt;
	*scan = *castNode(CustomScan, stmt->planTree);
	scan->custom_exprs = (List *) literal_mutator((Node *) scan->custom_exprs, literals);
	stmt->planTree = (Plan *) scan;
	stmt->invalItems = list_copy(stmt->invalItems);
	stmt->queryId = query->queryId;
	stmt->stmt_location = query->stmt_location;
	stmt->stmt_len = query->stmt_len;
	return stmt;
}

/* The route of a statement whose literals are blanked; made if it is time. */
static Route *
route_get(Query *query, Literals * literals, int cursor_options, RoutePlanner planner)
{
	uint64		generation = metadata_generation();
	uint32		hash = 0;
	Route	   *route;
	Query	   *shape;

	/* From here to route_hold() nothing may look at catalogs. */
	(void) hash_walker((Node *) query, &hash);
	route = route_find(hash, query);
	if (route != NULL && route->generation != generation)
	{
		route_forget(route);
		route = NULL;
	}
	if (route != NULL)
		dlist_move_head(&by_use, &route->link);
	else if (seen_before(hash))
	{
		shape = copyObject(query);
		restore_literals(literals);
		route = route_make(query, shape, hash, cursor_options, planner);
	}
	return route;
}

PlannedStmt *
route_cache_plan(Query *query, int cursor_options, RoutePlanner planner)
{
	Literals	literals;
	Route	   *route = NULL;

	if ((cursor_options & CURSOR_OPT_SCROLL) != 0)
		return NULL;
	literals.count = 0;
	visit_literals(query, blank_literal, &literals);
	if (literals.count <= MAX_LITERALS)
		route = route_get(query, &literals, cursor_options, planner);
	restore_literals(&literals);
	if (route == NULL)
		return NULL;
	route_hold(route);
	return route->stmt != NULL ? route_instantiate(route, query, &literals) : NULL;
}

void
route_cache_init(void)
{
	static const int caches[] = {PROCOID, TYPEOID, OPEROID, AMOPOPID, COLLOID, NAMESPACEOID};

	for (int i = 0; i < ROUTE_BUCKETS; i++)
		dlist_init(&buckets[i]);
	for (int i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], object_callback, (Datum) 0);
}
