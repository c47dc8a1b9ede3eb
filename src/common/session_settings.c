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
#include "common/hashfn.h"
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
	"standard_conforming_strings",
	"synchronous_commit",
	"timezone_abbreviations",
	"transform_null_equals",
	"xmlbinary",
	"xmloption",
};

#define OWN_PREFIX "shardlite."

static struct config_generic *settings[lengthof(setting_names)];

static void
find_settings(void)
{
	int			count;
	struct config_generic **all = compat_guc_variables(&count);

	for (int i = 0; i < lengthof(setting_names); i++)
	{
		for (int j = 0; j < count && settings[i] == NULL; j++)
		{
			if (pg_strcasecmp(all[j]->name, setting_names[i]) == 0)
				settings[i] = all[j];
		}
	}
}

static uint64
hash_more(uint64 hash, const void *data, size_t len)
{
	return hash_combine64(hash, hash_bytes_extended(data, len, 0));
}

static uint64
hash_string(uint64 hash, const char *value)
{
	return value != NULL ? hash_more(hash, value, strlen(value)) : hash_combine64(hash, 1);
}

static uint64
hash_setting(uint64 hash, const struct config_generic *setting)
{
	switch (setting->vartype)
	{
		case PGC_BOOL:
			return hash_combine64(hash, *((const struct config_bool *) setting)->variable);
		case PGC_INT:
			return hash_combine64(hash, *((const struct config_int *) setting)->variable);
		case PGC_REAL:
			return hash_more(hash, ((const struct config_real *) setting)->variable,
							 sizeof(double));
		case PGC_ENUM:
			return hash_combine64(hash, *((const struct config_enum *) setting)->variable);
		case PGC_STRING:
			return hash_string(hash, *((const struct config_string *) setting)->variable);
	}
	return hash;
}

/* A custom setting of the user's or of another extension. */
static bool
is_custom(const struct config_generic *setting)
{
	return setting->group == CUSTOM_OPTIONS &&
		(setting->context == PGC_USERSET || setting->context == PGC_SUSET) &&
		strncmp(setting->name, OWN_PREFIX, sizeof(OWN_PREFIX) - 1) != 0;
}

uint64
session_settings_fingerprint(void)
{
	uint64		hash = 0;
	int			count;
	struct config_generic **all;

	if (settings[0] == NULL)
		find_settings();
	for (int i = 0; i < lengthof(settings); i++)
	{
		if (settings[i] != NULL)
			hash = hash_setting(hash, settings[i]);
	}
	all = compat_guc_variables(&count);
	for (int i = 0; i < count; i++)
	{
		if (is_custom(all[i]))
			hash = hash_setting(hash_string(hash, all[i]->name), all[i]);
	}
	return hash;
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
	int			count;
	struct config_generic **all = compat_guc_variables(&count);

	if (settings[0] == NULL)
		find_settings();
	for (int i = 0; i < lengthof(settings); i++)
	{
		if (settings[i] != NULL)
			pack_setting(out, settings[i]);
	}
	for (int i = 0; i < count; i++)
	{
		if (is_custom(all[i]))
			pack_setting(out, all[i]);
	}
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
