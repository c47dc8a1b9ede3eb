/*
 * shard_names.c
 *		Names of the objects that belong to a shard table, and the way back.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/pg_index.h"
#include "mb/pg_wchar.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "common/shard_hash.h"
#include "metadata/dist_table.h"
#include "metadata/shard_names.h"

char *
shard_index_name(const char *index_name, const char *prefix, int64 shard_id)
{
	uint32		digits = (uint32) shard_hash_bytes(prefix, strlen(prefix));
	int			room = NAMEDATALEN - 1 - (int) strlen("_0000_");
	int			length = (int) strlen(index_name);

	room -= snprintf(NULL, 0, INT64_FORMAT, shard_id);
	if (length > room)
	{
		digits ^= (uint32) shard_hash_bytes(index_name, length);
		length = pg_mbcliplen(index_name, length, room);
	}
	return psprintf("%.*s_%04x_" INT64_FORMAT, length, index_name,
					digits & 0xffff, shard_id);
}

/* The shell's index whose shard index has this name; NULL when none has. */
static char *
logical_index_name(Oid relid, const char *prefix, int64 shard_id,
				   const char *name)
{
	Relation	rel = RelationIdGetRelation(relid);
	List	   *indexes;
	ListCell   *lc;
	char	   *result = NULL;

	if (!RelationIsValid(rel))
		return NULL;
	indexes = RelationGetIndexList(rel);
	foreach(lc, indexes)
	{
		char	   *index_name = get_rel_name(lfirst_oid(lc));

		if (index_name != NULL && result == NULL &&
			strcmp(shard_index_name(index_name, prefix, shard_id), name) == 0)
			result = index_name;
	}
	RelationClose(rel);
	return result;
}

/*
 * What the user calls the shard object of this name; NULL when it is none.
 * The index of a table that is just being dropped or altered may be gone from
 * the catalog already; then the suffix is cut off.
 */
static char *
logical_name(const char *name)
{
	const char *digits = strrchr(name, '_');
	int64		shard_id;
	char	   *end;
	ListCell   *lc;

	if (digits == NULL || !isdigit((unsigned char) digits[1]))
		return NULL;
	shard_id = strtoll(digits + 1, &end, 10);
	if (*end != '\0')
		return NULL;
	foreach(lc, dist_table_list(0))
	{
		DistTable  *table = dist_table_find(lfirst_oid(lc));
		char	   *result;

		if (table == NULL || table->kind == DIST_REFERENCE)
			continue;
		if (strcmp(shard_table_name(table->prefix, shard_id), name) == 0)
			return get_rel_name(table->relid);
		result = logical_index_name(table->relid, table->prefix, shard_id, name);
		if (result != NULL)
			return result;
	}
	if (digits - name > 5 && digits[-5] == '_' &&
		strspn(digits - 4, "0123456789abcdef") == 4)
		return pnstrdup(name, digits - 5 - name);
	return NULL;
}

char *
logical_names_in_text(char *text)
{
	StringInfoData result;
	const char *rest = text;
	const char *open;
	bool		changed = false;

	if (text == NULL || strchr(text, '"') == NULL || !IsTransactionState() ||
		!dist_tables_exist())
		return text;
	initStringInfo(&result);
	while ((open = strchr(rest, '"')) != NULL)
	{
		const char *close = strchr(open + 1, '"');
		char	   *logical = NULL;

		if (close == NULL)
			break;
		if (close - open - 1 < NAMEDATALEN)
			logical = logical_name(pnstrdup(open + 1, close - open - 1));
		if (logical != NULL)
		{
			appendBinaryStringInfo(&result, rest, open + 1 - rest);
			appendStringInfo(&result, "%s\"", logical);
			changed = true;
		}
		else
			appendBinaryStringInfo(&result, rest, close + 1 - rest);
		rest = close + 1;
	}
	if (!changed)
		return text;
	appendStringInfoString(&result, rest);
	return result.data;
}
