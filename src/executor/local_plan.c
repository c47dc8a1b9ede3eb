/*
 * local_plan.c
 *		Least-recently-used cache of plans of local fragments.
 *
 * The plan cache of PostgreSQL does the hard part: it notices changed tables,
 * roles and settings and plans again.  It also remembers the search path under
 * which a text was analysed, hence both analysis and later use happen under
 * the same one, pg_catalog, whatever the session's is.  Execution happens
 * under the session's, so that triggers and functions see what they should.
 *
 * PostgreSQL plans a statement for its parameters' values until it has seen what
 * five such plans cost, and prefers a plan for any values if that is no worse.
 * The same statement on other shards is one statement in this respect: what its
 * plans cost is counted over all of them, else each shard had to learn it anew.
 */
#include "postgres.h"

#include <ctype.h>

#include "common/hashfn.h"
#include "common/node_session.h"
#include "compat/search_path.h"
#include "executor/local_plan.h"
#include "lib/ilist.h"
#include "metadata/dist_table.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* Texts without parameters seen lately, by hash. */
#define ONCE_SLOTS 512
static uint32 seen_once[ONCE_SLOTS];

/* Plans kept; a fragment on 32 local shards needs 32 of them. */
#define LOCAL_PLANS_MAX 1024

typedef struct PlanKey
{
	const char *sql;
	int			nparams;
	const Oid  *types;
}			PlanKey;

/* What plans for certain values have cost, of texts that differ in the shard only. */
typedef struct PlanCosts
{
	uint32		family;			/* hash of these texts; 0: unused */
	int			nplans;
	double		total;
}			PlanCosts;

/* By family; one that meets another in its place starts again. */
#define COST_SLOTS 256
static PlanCosts plan_costs[COST_SLOTS];

/* So many plans for certain values PostgreSQL wants to see. */
#define ENOUGH_PLANS 5

typedef struct PlanEntry
{
	PlanKey		key;			/* must be first; sql and types in cxt */
	dlist_node	link;			/* most recently used first */
	MemoryContext cxt;
	uint32		family;
	CachedPlanSource *source;
}			PlanEntry;

static HTAB *plans = NULL;
static dlist_head recently_used = DLIST_STATIC_INIT(recently_used);

static uint32
plan_key_hash(const void *key, Size size)
{
	const		PlanKey *k = key;

	return hash_combine(hash_bytes((const unsigned char *) k->sql, strlen(k->sql)),
						k->nparams == 0 ? 0 :
						hash_bytes((const unsigned char *) k->types, k->nparams * sizeof(Oid)));
}

static int
plan_key_compare(const void *a, const void *b, Size size)
{
	const		PlanKey *x = a;
	const		PlanKey *y = b;

	if (x->nparams != y->nparams || strcmp(x->sql, y->sql) != 0)
		return 1;
	return x->nparams == 0 ? 0 : memcmp(x->types, y->types, x->nparams * sizeof(Oid));
}

static void
create_cache(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(PlanKey);
	ctl.entrysize = sizeof(PlanEntry);
	ctl.hash = plan_key_hash;
	ctl.match = plan_key_compare;
	ctl.hcxt = CacheMemoryContext;
	plans = hash_create("shardlite local plans", 128, &ctl,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static void
drop_entry(PlanEntry * entry)
{
	MemoryContext cxt = entry->cxt;

	dlist_delete(&entry->link);
	DropCachedPlan(entry->source);
	hash_search(plans, &entry->key, HASH_REMOVE, NULL);
	MemoryContextDelete(cxt);
}

/*
 * Will this text hardly come again?  Values written into it make a new one of
 * every statement, and keeping those costs more than it gains.
 */
static bool
comes_once(const PlanKey * key)
{
	uint32		hash = plan_key_hash(key, sizeof(PlanKey));
	uint32	   *slot = &seen_once[hash % ONCE_SLOTS];

	if (key->nparams > 0 || *slot == hash)
		return false;
	*slot = hash;
	return true;
}

/* A backslash in a text of ours means itself, as on other nodes. */
static List *
parse(const char *sql)
{
	bool		saved = standard_conforming_strings;
	List	   *parsed;

	standard_conforming_strings = true;
	PG_TRY();
	{
		parsed = pg_parse_query(sql);
	}
	PG_FINALLY();
	{
		standard_conforming_strings = saved;
	}
	PG_END_TRY();
	return parsed;
}

/* Parse and analyse a text; an unsaved plan source in the current context. */
static CachedPlanSource *
analyze(const PlanKey * key, bool once)
{
	List	   *parsed = parse(key->sql);
	RawStmt    *stmt;
	CachedPlanSource *source;
	List	   *queries;

	if (list_length(parsed) != 1)
		elog(ERROR, "fragment is not one statement: %s", key->sql);
	stmt = linitial_node(RawStmt, parsed);
	source = once ?
		CreateOneShotCachedPlan(stmt, key->sql, CreateCommandTag(stmt->stmt)) :
		CreateCachedPlan(stmt, key->sql, CreateCommandTag(stmt->stmt));
	queries = pg_analyze_and_rewrite_fixedparams(stmt, key->sql, key->types,
												 key->nparams, NULL);
	CompleteCachedPlan(source, queries, NULL, unconstify(Oid *, key->types),
					   key->nparams, NULL, NULL, 0, false);
	return source;
}

/* Hash of a text without the numbers at the end of shard tables' names; not 0. */
static uint32
family_hash(const PlanKey * key)
{
	const char *schema = SHARDLITE_SHARDS_SCHEMA ".";
	const char *from = key->sql;
	const char *name;
	uint32		hash = key->nparams;

	while ((name = strstr(from, schema)) != NULL)
	{
		const char *end = name + strlen(schema);
		const char *number;

		end += *end == '"' ? 1 + strcspn(end + 1, "\"") :
			strspn(end, "abcdefghijklmnopqrstuvwxyz0123456789_$");
		for (number = end; isdigit((unsigned char) number[-1]); number--)
			 /* back to where it begins */ ;
		hash = hash_combine(hash, hash_bytes((const unsigned char *) from, number - from));
		from = end;
	}
	hash = hash_combine(hash, hash_bytes((const unsigned char *) from, strlen(from)));
	return Max(hash, 1);
}

static PlanCosts *
costs_of(const PlanEntry * entry)
{
	PlanCosts  *costs = &plan_costs[entry->family % COST_SLOTS];

	if (costs->family != entry->family)
		*costs = (PlanCosts) {.family = entry->family};
	return costs;
}

/* Remember a completed plan source under its key. */
static PlanEntry *
remember(const PlanKey * key, CachedPlanSource *source)
{
	MemoryContext cxt = AllocSetContextCreate(CacheMemoryContext,
											  "shardlite local plan",
											  ALLOCSET_SMALL_SIZES);
	PlanKey		own;
	PlanEntry  *entry;

	own.sql = MemoryContextStrdup(cxt, key->sql);
	own.nparams = key->nparams;
	own.types = NULL;
	if (key->nparams > 0)
	{
		Oid		   *types = MemoryContextAlloc(cxt, sizeof(Oid) * key->nparams);

		memcpy(types, key->types, sizeof(Oid) * key->nparams);
		own.types = types;
	}
	if (hash_get_num_entries(plans) >= LOCAL_PLANS_MAX)
		drop_entry(dlist_tail_element(PlanEntry, link, &recently_used));
	SaveCachedPlan(source);
	entry = hash_search(plans, &own, HASH_ENTER, NULL);
	entry->cxt = cxt;
	entry->family = family_hash(key);
	entry->source = source;
	dlist_push_head(&recently_used, &entry->link);
	return entry;
}

/* Plan under the flag that tells the planner hook whose text this is. */
static CachedPlan *
plan_fragment(CachedPlanSource *source, ParamListInfo params, ResourceOwner owner)
{
	CachedPlan *plan = NULL;

	planning_local_fragment = true;
	PG_TRY();
	{
		plan = GetCachedPlan(source, params, owner, NULL);
	}
	PG_FINALLY();
	{
		planning_local_fragment = false;
	}
	PG_END_TRY();
	return plan;
}

/* A plan of a kept source; what it learns from the other shards, they learn from it. */
static CachedPlan *
plan_entry(PlanEntry * entry, ParamListInfo params)
{
	CachedPlanSource *source = entry->source;
	PlanCosts  *costs = costs_of(entry);
	CachedPlan *plan;
	double		total;
	int			nplans;

	if (source->num_custom_plans < ENOUGH_PLANS && costs->nplans >= ENOUGH_PLANS)
	{
		source->num_custom_plans = costs->nplans;
		source->total_custom_cost = costs->total;
	}
	nplans = source->num_custom_plans;
	total = source->total_custom_cost;
	plan = plan_fragment(source, params, CurrentResourceOwner);
	if (source->num_custom_plans > nplans && costs->nplans < ENOUGH_PLANS)
	{
		costs->nplans++;
		costs->total += source->total_custom_cost - total;
	}
	return plan;
}

/* The entry of a text; NULL when it is not to be kept. */
static PlanEntry *
find_entry(const PlanKey * key)
{
	PlanEntry  *entry;

	if (plans == NULL)
		create_cache();
	entry = hash_search(plans, key, HASH_FIND, NULL);
	if (entry != NULL)
		dlist_move_head(&recently_used, &entry->link);
	else if (!comes_once(key))
		entry = remember(key, analyze(key, false));
	return entry;
}

CachedPlan *
local_plan_get(const char *sql, int nparams, const Oid *types, ParamListInfo params,
			   ResourceOwner *owner)
{
	PlanKey		key = {sql, nparams, types};
	int			path = compat_push_catalog_path();
	PlanEntry  *entry = find_entry(&key);
	CachedPlan *plan;

	*owner = entry != NULL ? CurrentResourceOwner : NULL;
	plan = entry != NULL ? plan_entry(entry, params) :
		plan_fragment(analyze(&key, true), params, NULL);
	compat_pop_catalog_path(path);
	return plan;
}

CachedPlan *
local_plan_once(const char *sql, int nparams, const Oid *types, ParamListInfo params)
{
	PlanKey		key = {sql, nparams, types};
	int			path = compat_push_catalog_path();
	CachedPlan *plan = plan_fragment(analyze(&key, true), params, NULL);

	compat_pop_catalog_path(path);
	return plan;
}
