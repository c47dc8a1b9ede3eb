/*
 * local_plan.c
 *		Least-recently-used cache of plans of local fragments.
 *
 * The plan cache of PostgreSQL does the hard part: it notices changed tables,
 * roles and settings and plans again.  It also remembers the search path under
 * which a text was analysed, hence both analysis and later use happen under
 * the same one, pg_catalog, whatever the session's is.  Execution happens
 * under the session's, so that triggers and functions see what they should.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/node_session.h"
#include "compat/search_path.h"
#include "executor/local_plan.h"
#include "lib/ilist.h"
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

typedef struct PlanEntry
{
	PlanKey		key;			/* must be first; sql and types in cxt */
	dlist_node	link;			/* most recently used first */
	MemoryContext cxt;
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

/* The plan source for a text, kept or not. */
static CachedPlanSource *
find_source(const PlanKey * key)
{
	PlanEntry  *entry;

	if (plans == NULL)
		create_cache();
	entry = hash_search(plans, key, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if (comes_once(key))
			return analyze(key, true);
		entry = remember(key, analyze(key, false));
	}
	else
		dlist_move_head(&recently_used, &entry->link);
	return entry->source;
}

CachedPlan *
local_plan_get(const char *sql, int nparams, const Oid *types, ParamListInfo params,
			   ResourceOwner *owner)
{
	PlanKey		key = {sql, nparams, types};
	int			path = compat_push_catalog_path();
	CachedPlanSource *source = find_source(&key);
	CachedPlan *plan;

	*owner = source->is_saved ? CurrentResourceOwner : NULL;
	plan = plan_fragment(source, params, *owner);
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
