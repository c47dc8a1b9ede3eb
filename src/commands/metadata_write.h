/*
 * metadata_write.h
 *		Change the cluster's metadata on every node in one transaction.
 */
#ifndef SHARDLITE_METADATA_WRITE_H
#define SHARDLITE_METADATA_WRITE_H

/*
 * Run one INSERT, UPDATE or DELETE on the tables of schema shardlite, here and
 * on every other node, as the extension's owner and inside the distributed
 * transaction; the change is visible to the caller afterwards.
 *
 * The same text runs everywhere, so it must not contain OIDs: write
 * 'schema.table'::pg_catalog.regclass (metadata_regclass) instead.  Throws
 * what the statement throws, on whichever node.  Coordinator only.
 */
extern void metadata_write(const char *sql);

/* The same, on this node only. */
extern void metadata_write_local(const char *sql);

/* 'schema.table'::pg_catalog.regclass for a relation, palloc'd. */
extern char *metadata_regclass(Oid relid);

#endif							/* SHARDLITE_METADATA_WRITE_H */
