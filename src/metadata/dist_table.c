/*
 * dist_table.c
 *		Distributed tables and their shard groups, through the metadata cache.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "mb/pg_wchar.h"
#include "metadata/dist_table.h"
#include "metadata/metadata_cache.h"
#include "metadata/node_group.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

/* A catalog row taken apart. */
typedef struct TableRow
{
	char		kind;
	NameData	key_column;
	int32		colocation_id;
	char	   *prefix;
}			TableRow;

/* Read the row of a table; false when there is none. */
static bool
read_table_row(MetadataCache * cache, Oid relid, TableRow * row)
{
	Relation	rel = table_open(cache->oids.distributed_table, AccessShareLock);
	Datum		values[Natts_distributed_table];
	bool		nulls[Natts_distributed_table];
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tup;

	ScanKeyInit(&key, Anum_distributed_table_relid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, cache->oids.distributed_table_pkey, true,
							  NULL, 1, &key);
	tup = systable_getnext(scan);
	if (HeapTupleIsValid(tup))
	{
		heap_deform_tuple(tup, RelationGetDescr(rel), values, nulls);
		memset(row, 0, sizeof(*row));
		row->kind = DatumGetChar(values[Anum_distributed_table_kind - 1]);
		if (!nulls[Anum_distributed_table_key_column - 1])
			row->key_column = *DatumGetName(values[Anum_distributed_table_key_column - 1]);
		if (!nulls[Anum_distributed_table_colocation_id - 1])
			row->colocation_id = DatumGetInt32(values[Anum_distributed_table_colocation_id - 1]);
		if (!nulls[Anum_distributed_table_shard_prefix - 1])
			row->prefix = MemoryContextStrdup(cache->cxt,
											  NameStr(*DatumGetName(values[Anum_distributed_table_shard_prefix - 1])));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tup);
}

/* Number of shards, key type and collation; error when the group is missing. */
static void
read_colocation(MetadataCache * cache, int32 colocation_id, ShardGroup * group)
{
	Relation	rel = table_open(cache->oids.colocation, AccessShareLock);
	Datum		values[Natts_colocation];
	bool		nulls[Natts_colocation];
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tup;

	ScanKeyInit(&key, Anum_colocation_colocation_id, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(colocation_id));
	scan = systable_beginscan(rel, cache->oids.colocation_pkey, true, NULL, 1, &key);
	tup = systable_getnext(scan);
	if (!HeapTupleIsValid(tup))
		elog(ERROR, "colocation group %d does not exist", colocation_id);
	heap_deform_tuple(tup, RelationGetDescr(rel), values, nulls);
	group->colocation_id = colocation_id;
	group->key_type = nulls[Anum_colocation_key_type - 1] ? InvalidOid :
		DatumGetObjectId(values[Anum_colocation_key_type - 1]);
	group->key_collation = nulls[Anum_colocation_key_collation - 1] ? InvalidOid :
		DatumGetObjectId(values[Anum_colocation_key_collation - 1]);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* The group's shards in the order of their ranges, as a List of Shard *. */
static List *
read_shards(MetadataCache * cache, int32 colocation_id)
{
	Relation	rel = table_open(cache->oids.shard, AccessShareLock);
	List	   *shards = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tup;

	ScanKeyInit(&key, Anum_shard_colocation_id, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(colocation_id));
	scan = systable_beginscan(rel, cache->oids.shard_colocation, true, NULL, 1, &key);
	while (HeapTupleIsValid(tup = systable_getnext(scan)))
	{
		Shard	   *shard = palloc(sizeof(Shard));
		Datum		values[Natts_shard];
		bool		nulls[Natts_shard];

		heap_deform_tuple(tup, RelationGetDescr(rel), values, nulls);
		shard->shard_id = DatumGetInt64(values[Anum_shard_shard_id - 1]);
		shard->hash_min = DatumGetInt32(values[Anum_shard_hash_min - 1]);
		shard->hash_max = DatumGetInt32(values[Anum_shard_hash_max - 1]);
		shard->node_id = DatumGetInt32(values[Anum_shard_node_id - 1]);
		shards = lappend(shards, shard);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return shards;
}

static int
compare_shards(const void *a, const void *b)
{
	int32		x = ((const Shard *) a)->hash_min;
	int32		y = ((const Shard *) b)->hash_min;

	return (x > y) - (x < y);
}

/* A group must cover every hash value exactly once. */
static void
check_coverage(const ShardGroup * group)
{
	int64		expected = PG_INT32_MIN;

	for (int i = 0; i < group->nshards; i++)
	{
		if (group->shards[i].hash_min != expected)
			break;
		expected = (int64) group->shards[i].hash_max + 1;
	}
	if (expected != (int64) PG_INT32_MAX + 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("shards of colocation group %d do not cover all hash values exactly once",
						group->colocation_id)));
}

static ShardGroup *
load_group(MetadataCache * cache, int32 colocation_id)
{
	List	   *shards = read_shards(cache, colocation_id);
	ShardGroup *group = MemoryContextAllocZero(cache->cxt,
											   offsetof(ShardGroup, shards) +
											   list_length(shards) * sizeof(Shard));
	Bitmapset  *nodes = NULL;
	ListCell   *lc;

	read_colocation(cache, colocation_id, group);
	foreach(lc, shards)
		group->shards[group->nshards++] = *(Shard *) lfirst(lc);
	list_free_deep(shards);
	qsort(group->shards, group->nshards, sizeof(Shard), compare_shards);
	for (int i = 0; i < group->nshards; i++)
		nodes = bms_add_member(nodes, group->shards[i].node_id);
	group->nnodes = bms_num_members(nodes);
	bms_free(nodes);
	check_coverage(group);
	return group;
}

const ShardGroup *
shard_group_get(int32 colocation_id)
{
	MetadataCache *cache = metadata_cache();
	GroupEntry *entry = hash_search(cache->groups, &colocation_id, HASH_FIND, NULL);

	if (entry == NULL)
	{
		ShardGroup *group = colocation_id < 0 ? node_group_load(cache, colocation_id) :
			load_group(cache, colocation_id);

		entry = hash_search(cache->groups, &colocation_id, HASH_ENTER, NULL);
		entry->group = group;
	}
	return entry->group;
}

static DistTable *
load_table(MetadataCache * cache, Oid relid)
{
	TableRow	row;
	DistTable  *table;

	if (!read_table_row(cache, relid, &row))
		return NULL;
	table = MemoryContextAllocZero(cache->cxt, sizeof(DistTable));
	table->relid = relid;
	table->kind = row.kind;
	table->colocation_id = row.colocation_id;
	table->prefix = row.prefix;
	if (row.kind != DIST_REFERENCE)
		table->group = shard_group_get(row.colocation_id);
	if (row.kind == DIST_HASH)
	{
		table->key_attno = get_attnum(relid, NameStr(row.key_column));
		if (table->key_attno == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("distribution column \"%s\" of table \"%s\" does not exist",
							NameStr(row.key_column), get_rel_name(relid))));
	}
	return table;
}

DistTable *
dist_table_find(Oid relid)
{
	MetadataCache *cache = metadata_cache();
	TableEntry *entry;

	if (!cache->any_tables)
		return NULL;
	entry = hash_search(cache->tables, &relid, HASH_FIND, NULL);
	if (entry == NULL)
	{
		/* catalogs are never distributed, and reading ours must not recurse */
		DistTable  *table = relid < FirstNormalObjectId ? NULL : load_table(cache, relid);

		entry = hash_search(cache->tables, &relid, HASH_ENTER, NULL);
		entry->table = table;
	}
	return entry->table;
}

DistTable *
dist_table_get(Oid relid)
{
	DistTable  *table = dist_table_find(relid);

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s\" is not distributed", get_rel_name(relid))));
	return table;
}

int
shard_group_index(const ShardGroup * group, int32 hash)
{
	int			low = 0;
	int			high = group->nshards - 1;

	while (low < high)
	{
		int			middle = (low + high + 1) / 2;

		if (group->shards[middle].hash_min <= hash)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

int
shard_group_key_index(const ShardGroup * group, Datum key)
{
	ShardHashInfo *hash = unconstify(ShardHashInfo *, &group->hash);

	if (!OidIsValid(hash->type) &&
		!shard_hash_init(hash, group->key_type, group->key_collation,
						 GetMemoryChunkContext(unconstify(ShardGroup *, group))))
		elog(ERROR, "keys of type %u cannot be hashed", group->key_type);
	return shard_group_index(group, shard_hash_datum(hash, key));
}

int
dist_table_shard_index(const DistTable * table, Datum key)
{
	return shard_group_key_index(table->group, key);
}

char *
shard_table_name(const char *prefix, int64 shard_id)
{
	char		suffix[32];
	int			room = NAMEDATALEN - 1 - snprintf(suffix, sizeof(suffix), "_" INT64_FORMAT, shard_id);

	return psprintf("%.*s%s", pg_mbcliplen(prefix, strlen(prefix), room), prefix, suffix);
}

/*
 * Do names made of this prefix need neither quotes nor clipping?  With the
 * shard's number behind it no name is a keyword.
 */
static bool
is_plain_prefix(const char *prefix)
{
	int			len = 0;

	for (; prefix[len] != '\0'; len++)
	{
		char		c = prefix[len];

		if (!((c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9' && len > 0)))
			return false;
	}
	return len > 0 && len + 1 + MAXINT8LEN < NAMEDATALEN;
}

char *
shard_table_qualified_name(const DistTable * table, int64 shard_id)
{
	char		buf[NAMEDATALEN * 2];
	char	   *name;
	char	   *qualified;

	if (is_plain_prefix(table->prefix) && !quote_all_identifiers)
	{
		char	   *end = stpcpy(stpcpy(buf, SHARDLITE_SHARDS_SCHEMA "."), table->prefix);

		*end++ = '_';
		end += pg_lltoa(shard_id, end);
		return pnstrdup(buf, end - buf);
	}
	name = shard_table_name(table->prefix, shard_id);
	qualified = quote_qualified_identifier(SHARDLITE_SHARDS_SCHEMA, name);
	pfree(name);
	return qualified;
}

Oid
shard_table_oid(const DistTable * table, int64 shard_id)
{
	char	   *name = shard_table_name(table->prefix, shard_id);
	Oid			relid = get_relname_relid(name, metadata_cache()->oids.shards_schema);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("shard table \"%s\" does not exist on this node", name)));
	pfree(name);
	return relid;
}

bool
is_shard_table(Oid relid)
{
	MetadataCache *cache = metadata_cache();

	return cache->installed &&
		get_rel_namespace(relid) == cache->oids.shards_schema;
}

Oid
partition_of_shard_table(Oid parent, text *shard_table)
{
	char	   *name = strVal(llast(textToQualifiedNameList(shard_table)));
	char	   *shard_id = strrchr(name, '_');
	ListCell   *lc;

	foreach(lc, find_all_inheritors(parent, NoLock, NULL))
	{
		DistTable  *table = dist_table_find(lfirst_oid(lc));

		if (table != NULL && shard_id != NULL &&
			strlen(table->prefix) == shard_id - name &&
			strncmp(table->prefix, name, shard_id - name) == 0)
			return table->relid;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("no partition of table \"%s\" has the shard table \"%s\"",
					get_rel_name(parent), name)));
}

/* All rows of distributed_table of one group, or of all (colocation_id 0). */
List *
dist_table_list(int32 colocation_id)
{
	MetadataCache *cache = metadata_cache();
	List	   *tables = NIL;
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tup;

	if (!cache->any_tables)
		return NIL;
	rel = table_open(cache->oids.distributed_table, AccessShareLock);
	ScanKeyInit(&key, Anum_distributed_table_colocation_id, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(colocation_id));
	scan = systable_beginscan(rel, cache->oids.distributed_table_colocation,
							  colocation_id != 0, NULL, colocation_id ? 1 : 0, &key);
	while (HeapTupleIsValid(tup = systable_getnext(scan)))
	{
		bool		isnull;

		tables = lappend_oid(tables,
							 DatumGetObjectId(heap_getattr(tup, Anum_distributed_table_relid,
														   RelationGetDescr(rel), &isnull)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(tables, list_oid_cmp);
	return tables;
}
