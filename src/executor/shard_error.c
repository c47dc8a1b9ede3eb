/*
 * shard_error.c
 *		Replaces names of shard tables by those of the users' tables.
 *
 * A name is found by its end, "_<shard id>": ids are unique in the cluster and
 * the shard is known, so a false match needs a user's object that carries the
 * very number of the shard that failed.
 */
#include "postgres.h"

#include "executor/shard_error.h"
#include "lib/stringinfo.h"
#include "metadata/dist_table.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

RemoteRename *
shard_rename_create(List *markers, int64 shard_id)
{
	RemoteRename *rename = palloc0(sizeof(RemoteRename));
	RemoteRenameTable *tables = palloc0(sizeof(RemoteRenameTable) * Max(list_length(markers), 1));
	ListCell   *lc;

	foreach(lc, markers)
	{
		DistTable  *table = dist_table_get(lfirst_oid(lc));
		RemoteRenameTable *entry = &tables[rename->count++];

		entry->prefix = table->prefix;
		entry->schema = get_namespace_name(get_rel_namespace(table->relid));
		entry->name = get_rel_name(table->relid);
	}
	rename->shard_id = shard_id;
	rename->tables = tables;
	return rename;
}

/* May this byte stand in a name outside quotes? */
static bool
is_name_byte(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/* Does text [start, end) end in "_" and 4 hex digits? */
static bool
ends_in_digits(const char *start, const char *end)
{
	if (end - start < 6 || end[-5] != '_')
		return false;
	for (int i = 1; i <= 4; i++)
		if (!isxdigit((unsigned char) end[-i]) || isupper((unsigned char) end[-i]))
			return false;
	return true;
}

/* Take a trailing "shardlite_shards." off the output. */
static bool
drop_schema(StringInfo buf)
{
	static const char schema[] = SHARDLITE_SHARDS_SCHEMA ".";
	int			length = sizeof(schema) - 1;

	if (buf->len < length || strcmp(buf->data + buf->len - length, schema) != 0)
		return false;
	buf->len -= length;
	buf->data[buf->len] = '\0';
	return true;
}

/*
 * Append the logical name for the shard name of which [start, end) is the
 * part before "_<shard id>".
 */
static void
append_logical(StringInfo buf, const char *start, const char *end, const RemoteRename * rename)
{
	bool		qualified = drop_schema(buf);

	for (int i = 0; i < rename->count; i++)
	{
		const RemoteRenameTable *table = &rename->tables[i];

		if (strlen(table->prefix) == end - start &&
			strncmp(table->prefix, start, end - start) == 0)
		{
			if (qualified)
				appendStringInfo(buf, "%s.", quote_identifier(table->schema));
			appendStringInfoString(buf, qualified ? quote_identifier(table->name) : table->name);
			return;
		}
	}
	if (ends_in_digits(start, end))
		end -= 5;
	appendBinaryStringInfo(buf, start, end - start);
}

char *
shard_text_logical(const char *text, const RemoteRename * rename)
{
	char		suffix[32];
	int			length;
	StringInfoData buf;
	const char *copied = text;
	const char *hit;

	if (text == NULL || rename == NULL || rename->shard_id == 0)
		return text ? pstrdup(text) : NULL;
	length = snprintf(suffix, sizeof(suffix), "_" INT64_FORMAT, rename->shard_id);
	initStringInfo(&buf);
	for (hit = strstr(text, suffix); hit != NULL; hit = strstr(hit + length, suffix))
	{
		const char *start = hit;
		bool		quoted = hit[length] == '"';

		if (!quoted && is_name_byte(hit[length]))
			continue;
		while (start > copied && (quoted ? start[-1] != '"' : is_name_byte(start[-1])))
			start--;
		appendBinaryStringInfo(&buf, copied, start - copied);
		append_logical(&buf, start, hit, rename);
		copied = hit + length;
	}
	appendStringInfoString(&buf, copied);
	return buf.data;
}

/* Schema and table of the error's data, when it is about a shard table. */
static void
rename_fields(ErrorData *edata, const RemoteRename * rename)
{
	if (edata->schema_name && strcmp(edata->schema_name, SHARDLITE_SHARDS_SCHEMA) == 0 &&
		edata->table_name)
	{
		char	   *qualified = psprintf("%s_" INT64_FORMAT, "", rename->shard_id);
		int			stem = strlen(edata->table_name) - strlen(qualified);

		for (int i = 0; i < rename->count && stem > 0; i++)
			if (strlen(rename->tables[i].prefix) == stem &&
				strncmp(edata->table_name, rename->tables[i].prefix, stem) == 0)
				edata->schema_name = pstrdup(rename->tables[i].schema);
	}
	edata->table_name = shard_text_logical(edata->table_name, rename);
	edata->constraint_name = shard_text_logical(edata->constraint_name, rename);
}

void
shard_error_rethrow(const RemoteRename * rename)
{
	ErrorData  *edata;

	if (rename == NULL || rename->shard_id == 0)
		PG_RE_THROW();
	MemoryContextSwitchTo(CurTransactionContext);
	edata = CopyErrorData();
	FlushErrorState();
	rename_fields(edata, rename);
	edata->message = shard_text_logical(edata->message, rename);
	edata->detail = shard_text_logical(edata->detail, rename);
	edata->hint = shard_text_logical(edata->hint, rename);
	edata->context = shard_text_logical(edata->context, rename);
	ReThrowError(edata);
}
