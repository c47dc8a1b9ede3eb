/*
 * session_settings.c
 *		Which settings travel to the nodes, and how.
 *
 * A fixed list of PostgreSQL's own and every custom one (with a dot in its
 * name) that a user may set.  Custom ones never disappear from a session, so
 * sending present values is enough to undo earlier ones.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/session_settings.h"
#include "compat/pg_compat.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

/* Not here: what only changes speed, and what the connection fixes itself. */
static const char *const setting_names[] = {
	"DateStyle",
	"IntervalStyle",
	"TimeZone",
	"array_nulls",
	"backslash_quote",
	"bytea_output",
	"check_function_bodies",
	"client_min_messages",
	"default_table_access_method",
	"default_text_search_config",
	"default_toast_compression",
	"extra_float_digits",
	"gin_fuzzy_search_limit",
	"lc_monetary",
	"lc_numeric",
	"lc_time",
	"lock_timeout",
	"quote_all_identifiers",
	"row_security",
	"search_path",
	"session_replication_role",
	"synchronous_commit",
	"timezone_abbreviations",
	"transform_null_equals",
	"xmlbinary",
	"xmloption",
};

#define OWN_PREFIX "shardlite."

/* One of them, and the value it had when we looked last. */
typedef struct Watched
{
	struct config_generic *setting;
	int			slot;			/* custom ones: in the server's table */
	char	   *name;			/* which may give the slot to another one */
	double		number;			/* not strings */
	char	   *text;			/* strings; NULL stays NULL */
}			Watched;

/* Custom ones, then the listed ones. */
static MemoryContext watched_cxt = NULL;
static Watched *watched = NULL;
static int	ncustom = 0;
static int	nwatched = 0;

static uint64 generation = 0;

/* A custom setting of the user's or of another extension. */
static bool
is_custom(const struct config_generic *setting)
{
	return setting->group == CUSTOM_OPTIONS &&
		(setting->context == PGC_USERSET || setting->context == PGC_SUSET) &&
		strncmp(setting->name, OWN_PREFIX, sizeof(OWN_PREFIX) - 1) != 0;
}

static bool
is_listed(const struct config_generic *setting)
{
	for (int i = 0; i < lengthof(setting_names); i++)
	{
		if (pg_strcasecmp(setting->name, setting_names[i]) == 0)
			return true;
	}
	return false;
}

static double
number_of(const struct config_generic *setting)
{
	switch (setting->vartype)
	{
		case PGC_BOOL:
			return *((const struct config_bool *) setting)->variable;
		case PGC_INT:
			return *((const struct config_int *) setting)->variable;
		case PGC_REAL:
			return *((const struct config_real *) setting)->variable;
		case PGC_ENUM:
			return *((const struct config_enum *) setting)->variable;
		default:
			return 0;
	}
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
add_watched(struct config_generic *setting, int slot)
{
	Watched    *w = &watched[nwatched++];

	w->setting = setting;
	w->slot = slot;
	w->name = MemoryContextStrdup(watched_cxt, setting->name);
}

/* Find the settings to watch; their values are noted later. */
static void
watch(struct config_generic **all, int count)
{
	if (watched_cxt == NULL)
		watched_cxt = AllocSetContextCreate(TopMemoryContext, "shardlite settings",
											ALLOCSET_SMALL_SIZES);
	nwatched = 0;
	MemoryContextReset(watched_cxt);
	watched = MemoryContextAllocZero(watched_cxt, sizeof(Watched) * count);
	for (int i = 0; i < count; i++)
	{
		if (is_custom(all[i]))
			add_watched(all[i], i);
	}
	ncustom = nwatched;
	for (int i = 0; i < count; i++)
	{
		if (!is_custom(all[i]) && is_listed(all[i]))
			add_watched(all[i], -1);
	}
}

/*
 * Custom settings may come, and one that was not known before its extension
 * was loaded is replaced; then the number or the entry of a slot changes.
 */
static bool
is_watched_set(struct config_generic **all, int count)
{
	static int	known = 0;
	bool		same = count == known;

	for (int i = 0; i < ncustom && same; i++)
	{
		const Watched *w = &watched[i];

		same = all[w->slot] == w->setting && strcmp(w->setting->name, w->name) == 0;
	}
	known = 0;
	if (!same)
		watch(all, count);
	known = count;
	return same;
}

/* Note the present value; true when it is the one noted before. */
static bool
note_value(Watched * w)
{
	const char *text;

	if (w->setting->vartype != PGC_STRING)
	{
		double		number = number_of(w->setting);
		bool		same = number == w->number;

		w->number = number;
		return same;
	}
	text = *((const struct config_string *) w->setting)->variable;
	if (same_text(text, w->text))
		return true;
	if (w->text != NULL)
		pfree(w->text);
	w->text = NULL;
	if (text != NULL)
		w->text = MemoryContextStrdup(watched_cxt, text);
	return false;
}

uint64
session_settings_generation(void)
{
	int			count;
	struct config_generic **all = compat_guc_variables(&count);
	bool		same = is_watched_set(all, count);

	for (int i = 0; i < nwatched; i++)
		same &= note_value(&watched[i]);
	if (!same)
		generation++;
	return generation;
}

void
pack_string(StringInfo out, const char *value)
{
	appendStringInfo(out, "%d:%s", (int) strlen(value), value);
}

char *
unpack_string(const char **cursor)
{
	char	   *end;
	long		len;
	char	   *value;

	if (**cursor == '\0')
		return NULL;
	len = strtol(*cursor, &end, 10);
	if (end == *cursor || *end != ':' || len < 0 || strnlen(end + 1, len) < len)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("malformed context from another node")));
	value = pnstrdup(end + 1, len);
	*cursor = end + 1 + len;
	return value;
}

/*
 * Fragments leave names in pg_catalog unqualified, so nothing may hide those:
 * where the user's path has pg_catalog later, it goes to the front.
 */
static char *
safe_search_path(const char *path)
{
	char	   *copy = pstrdup(path);
	List	   *names;

	if (!SplitIdentifierString(copy, ',', &names))
		return pstrdup(path);
	for (int i = 1; i < list_length(names); i++)
	{
		if (strcmp(list_nth(names, i), "pg_catalog") == 0)
			return psprintf("pg_catalog, %s", path);
	}
	return pstrdup(path);
}

static void
pack_setting(StringInfo out, const struct config_generic *setting)
{
	const char *value = GetConfigOption(setting->name, true, false);

	pack_string(out, setting->name);
	if (strcmp(setting->name, "search_path") == 0)
		value = safe_search_path(value);
	pack_string(out, value != NULL ? value : "");
}

void
session_settings_pack(StringInfo out)
{
	(void) session_settings_generation();
	for (int i = 0; i < nwatched; i++)
		pack_setting(out, watched[i].setting);
}

void
session_settings_apply(const char **cursor)
{
	char	   *name;

	while ((name = unpack_string(cursor)) != NULL)
	{
		char	   *value = unpack_string(cursor);
		const char *present = GetConfigOption(name, true, false);

		/* An extension's own setting may be unknown here: then it has no effect. */
		if (value != NULL && (present == NULL || strcmp(present, value) != 0))
			(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION,
									 GUC_ACTION_SET, true,
									 strchr(name, '.') != NULL ? DEBUG1 : ERROR, false);
	}
}
