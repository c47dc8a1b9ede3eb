/*
 * shard_error.c
 *		Users' names for the objects of one shard.
 */
#include "postgres.h"

#include "executor/shard_error.h"
#include "metadata/dist_table.h"
#include "metadata/shard_names.h"
#include "metadata/shard_names.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"

/* Longer index names may have been clipped to make room for the suffix. */
#define SURE_INDEX_NAME	(NAMEDATALEN - 1 - 26)

/* The part of a shard name before "_<shard id>". */
static char *
stem(char *shard_name)
{
	*strrchr(shard_name, '_') = '\0';
	return shard_name;
}

static List *
add_name(List *names, char *prefix, Oid relid)
{
	RemoteRenameTable *entry = palloc(sizeof(RemoteRenameTable));

	entry->prefix = prefix;
	entry->schema = get_namespace_name(get_rel_namespace(relid));
	entry->name = get_rel_name(relid);
	return lappend(names, entry);
}

/* Indexes whose name on the shard is clipped. */
static List *
add_long_indexes(List *names, const DistTable * table, int64 shard_id)
{
	Relation	rel = RelationIdGetRelation(table->relid);
	ListCell   *lc;

	if (!RelationIsValid(rel))
		return names;
	foreach(lc, RelationGetIndexList(rel))
	{
		char	   *name = get_rel_name(lfirst_oid(lc));

		if (name != NULL && strlen(name) > SURE_INDEX_NAME)
			names = add_name(names, stem(shard_index_name(name, table->prefix, shard_id)),
							 lfirst_oid(lc));
	}
	RelationClose(rel);
	return names;
}

/* Tables at the other end of foreign keys: the nodes' messages name them, too. */
static List *
add_foreign_tables(List *names, const DistTable * table, int64 shard_id)
{
	Relation	rel = RelationIdGetRelation(table->relid);
	TriggerDesc *triggers;

	if (!RelationIsValid(rel))
		return names;
	triggers = rel->trigdesc;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Oid			other = triggers->triggers[i].tgconstrrelid;
		DistTable  *foreign = OidIsValid(other) ? dist_table_find(other) : NULL;

		if (foreign != NULL && foreign->prefix != NULL && foreign != table)
			names = add_name(names, stem(shard_table_name(foreign->prefix, shard_id)), other);
	}
	RelationClose(rel);
	return names;
}

RemoteRename *
shard_rename_create(List *markers, int64 shard_id, bool writes)
{
	RemoteRename *rename = palloc0(sizeof(RemoteRename));
	RemoteRenameTable *tables;
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, markers)
	{
		DistTable  *table = dist_table_get(lfirst_oid(lc));

		names = add_name(names, stem(shard_table_name(table->prefix, shard_id)), table->relid);
		if (writes)
		{
			names = add_long_indexes(names, table, shard_id);
			names = add_foreign_tables(names, table, shard_id);
		}
	}
	tables = palloc(sizeof(RemoteRenameTable) * Max(list_length(names), 1));
	foreach(lc, names)
		tables[rename->count++] = *(RemoteRenameTable *) lfirst(lc);
	rename->shard_id = shard_id;
	rename->tables = tables;
	return rename;
}

/* The error's schema, when its table is one of the shard's. */
static char *
logical_schema(const ErrorData *edata, const RemoteRename * rename)
{
	char	   *prefix;

	if (edata->schema_name == NULL || edata->table_name == NULL ||
		strcmp(edata->schema_name, SHARDLITE_SHARDS_SCHEMA) != 0 ||
		strchr(edata->table_name, '_') == NULL)
		return edata->schema_name;
	prefix = stem(pstrdup(edata->table_name));
	for (int i = 0; i < rename->count; i++)
		if (strcmp(rename->tables[i].prefix, prefix) == 0)
			return pstrdup(rename->tables[i].schema);
	return edata->schema_name;
}

void
shard_error_rethrow(const RemoteRename * rename)
{
	ErrorData  *edata;

	MemoryContextSwitchTo(CurTransactionContext);
	edata = CopyErrorData();
	FlushErrorState();
	if (rename == NULL || rename->shard_id == 0)
	{
		/* any shard's foreign key may stand in the way of a reference table */
		edata->message = logical_names_in_text(edata->message);
		edata->detail = logical_names_in_text(edata->detail);
		ReThrowError(edata);
	}
	edata->schema_name = logical_schema(edata, rename);
	edata->table_name = remote_rename_text(edata->table_name, rename);
	edata->constraint_name = remote_rename_text(edata->constraint_name, rename);
	edata->message = remote_rename_text(edata->message, rename);
	edata->detail = remote_rename_text(edata->detail, rename);
	edata->hint = remote_rename_text(edata->hint, rename);
	edata->context = remote_rename_text(edata->context, rename);
	ReThrowError(edata);
}
