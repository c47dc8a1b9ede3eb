/*
 * vacuum_compat.h
 *		Differences between PostgreSQL versions around VACUUM and ANALYZE.
 */
#ifndef SHARDLITE_VACUUM_COMPAT_H
#define SHARDLITE_VACUUM_COMPAT_H

#include "access/multixact.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_database.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/sampling.h"
#include "utils/syscache.h"
#if PG_VERSION_NUM >= 170000
#include "storage/read_stream.h"
#endif

/* 18 added the number of all-frozen pages */
static inline void
compat_update_relstats(Relation rel, BlockNumber pages, double rows)
{
#if PG_VERSION_NUM >= 180000
	vac_update_relstats(rel, pages, rows, 0, 0, rel->rd_rel->relhasindex,
						InvalidTransactionId, InvalidMultiXactId, NULL, NULL, true);
#else
	vac_update_relstats(rel, pages, rows, 0, rel->rd_rel->relhasindex,
						InvalidTransactionId, InvalidMultiXactId, NULL, NULL, true);
#endif
}

/* 18 added the time when it began */
static inline void
compat_report_analyze(Relation rel, double rows, bool all_columns)
{
#if PG_VERSION_NUM >= 180000
	pgstat_report_analyze(rel, rows, 0, all_columns, GetCurrentTimestamp());
#else
	pgstat_report_analyze(rel, rows, 0, all_columns);
#endif
}

/* 16 renamed the times of a table's statistics */
static inline TimestampTz
compat_auto_analyzed(Oid relid)
{
	PgStat_StatTabEntry *entry = pgstat_fetch_stat_tabentry(relid);

#if PG_VERSION_NUM >= 160000
	return entry ? entry->last_autoanalyze_time : 0;
#else
	return entry ? entry->autovac_analyze_timestamp : 0;
#endif
}

static inline TimestampTz
compat_analyzed(Oid relid)
{
	PgStat_StatTabEntry *entry = pgstat_fetch_stat_tabentry(relid);

#if PG_VERSION_NUM >= 160000
	return entry ? entry->last_analyze_time : 0;
#else
	return entry ? entry->analyze_timestamp : 0;
#endif
}

/* 18 asks whether it is for ANALYZE */
static inline void
compat_vacuum_delay_point(void)
{
#if PG_VERSION_NUM >= 180000
	vacuum_delay_point(true);
#else
	vacuum_delay_point();
#endif
}

/*
 * May the current user vacuum and analyze the table?  The owner of the
 * database may, too, until 17 made it a privilege.
 */
static inline bool
compat_may_maintain(Oid relid)
{
#if PG_VERSION_NUM >= 170000
	return object_ownercheck(DatabaseRelationId, MyDatabaseId, GetUserId()) ||
		pg_class_aclcheck(relid, GetUserId(), ACL_MAINTAIN) == ACLCHECK_OK;
#elif PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relid, GetUserId()) ||
		object_ownercheck(DatabaseRelationId, MyDatabaseId, GetUserId());
#else
	return pg_class_ownercheck(relid, GetUserId()) ||
		pg_database_ownercheck(MyDatabaseId, GetUserId());
#endif
}

/* 17 made the column nullable and took the attribute out of VacAttrStats */
static inline void
compat_set_statistics_target(VacAttrStats *stats, Form_pg_attribute attribute)
{
#if PG_VERSION_NUM >= 170000
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(attribute->attrelid),
										Int16GetDatum(attribute->attnum));
	bool		isnull;
	Datum		target = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attstattarget, &isnull);

	stats->attstattarget = isnull ? -1 : DatumGetInt16(target);
	ReleaseSysCache(tuple);
#else
	stats->attr = palloc(ATTRIBUTE_FIXED_PART_SIZE);
	memcpy(stats->attr, attribute, ATTRIBUTE_FIXED_PART_SIZE);
#endif
}

static inline int
compat_statistics_target(const VacAttrStats *stats)
{
#if PG_VERSION_NUM >= 170000
	return stats->attstattarget;
#else
	return stats->attr->attstattarget;
#endif
}

/* Random blocks for a scan begun with table_beginscan_analyze(); 17 reads them ahead. */
typedef struct CompatBlockSample
{
	TableScanDesc scan;
	BlockSamplerData sampler;
	BufferAccessStrategy strategy;
#if PG_VERSION_NUM >= 170000
	ReadStream *stream;
#endif
} CompatBlockSample;

#if PG_VERSION_NUM >= 170000
static inline BlockNumber
compat_block_sample_choose(ReadStream *stream, void *arg, void *per_buffer)
{
	BlockSampler sampler = arg;

	return BlockSampler_HasMore(sampler) ? BlockSampler_Next(sampler) : InvalidBlockNumber;
}
#endif

static inline void
compat_block_sample_begin(CompatBlockSample *sample, TableScanDesc scan, BlockNumber nblocks, int wanted)
{
	sample->scan = scan;
	sample->strategy = GetAccessStrategy(BAS_VACUUM);
	BlockSampler_Init(&sample->sampler, nblocks, wanted, pg_prng_uint32(&pg_global_prng_state));
#if PG_VERSION_NUM >= 170000
	sample->stream = read_stream_begin_relation(READ_STREAM_MAINTENANCE, sample->strategy, scan->rs_rd,
												MAIN_FORKNUM, compat_block_sample_choose,
												&sample->sampler, 0);
#endif
}

/* Go to the next block; false after the last one. */
static inline bool
compat_block_sample_next(CompatBlockSample *sample)
{
#if PG_VERSION_NUM >= 170000
	return table_scan_analyze_next_block(sample->scan, sample->stream);
#else
	while (BlockSampler_HasMore(&sample->sampler))
	{
		if (table_scan_analyze_next_block(sample->scan, BlockSampler_Next(&sample->sampler),
										  sample->strategy))
			return true;
	}
	return false;
#endif
}

static inline void
compat_block_sample_end(CompatBlockSample *sample)
{
#if PG_VERSION_NUM >= 170000
	read_stream_end(sample->stream);
#endif
	FreeAccessStrategy(sample->strategy);
}

#endif							/* SHARDLITE_VACUUM_COMPAT_H */
