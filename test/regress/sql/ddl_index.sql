-- Indexes of distributed tables.
CREATE SCHEMA ddl_index;
SET search_path = ddl_index;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE TABLE t (k int, "V x" text, n int, r int4range);
SELECT create_distributed_table('t', 'k');
INSERT INTO t SELECT i, 'v' || i, i % 10, int4range(i, i + 10) FROM generate_series(1, 200) i;

CREATE INDEX ON t (n);
CREATE INDEX ON t (n);
CREATE INDEX "Idx" ON t USING hash ("V x");
CREATE INDEX ON t (lower("V x") COLLATE "C" DESC NULLS LAST, twice(n)) INCLUDE (k) WITH (fillfactor = 70) WHERE n > 1;
CREATE INDEX ON t USING gist (r);
CREATE INDEX IF NOT EXISTS "Idx" ON t (k);
CREATE INDEX "Idx" ON t (k);
CREATE INDEX ON t (nosuch);
CREATE INDEX a_very_long_index_name_that_fills_all_of_the_sixty_three_bytes_xx ON t (n, k);
CREATE UNIQUE INDEX t_unique ON t (k, n);
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 't'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
INSERT INTO t VALUES (1, 'x', 1);

ALTER INDEX "Idx" RENAME TO idx;
ALTER TABLE t_n_idx RENAME TO by_n;
ALTER INDEX by_n SET (fillfactor = 60);
ALTER INDEX t_lower_twice_k_idx ALTER COLUMN 2 SET STATISTICS 500;
ALTER INDEX t_unique RENAME TO t_uniq;
INSERT INTO t VALUES (1, 'x', 1);
REINDEX INDEX idx;
REINDEX TABLE t;
REINDEX (VERBOSE false) TABLE CONCURRENTLY t;
REINDEX INDEX CONCURRENTLY by_n;
DROP INDEX idx, by_n;
DROP INDEX IF EXISTS idx;
DROP INDEX idx;

CREATE INDEX CONCURRENTLY con ON t (n, "V x");
CREATE INDEX CONCURRENTLY IF NOT EXISTS con ON t (n, "V x");
CREATE INDEX CONCURRENTLY ON t ("V x") WHERE twice(n) > 4;
DROP INDEX CONCURRENTLY con;
DROP INDEX CONCURRENTLY IF EXISTS con;
BEGIN;
CREATE INDEX CONCURRENTLY con ON t (n);
ROLLBACK;
-- a failure leaves an invalid index, as on one server
INSERT INTO t VALUES (1, 'twin', 100), (2, 'twin', 7), (2, 'twin', 8);
CREATE UNIQUE INDEX CONCURRENTLY broken ON t ("V x", k);
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 't'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
DROP INDEX broken;
DELETE FROM t WHERE "V x" = 'twin';
CREATE UNIQUE INDEX CONCURRENTLY broken ON t ("V x", k);
INSERT INTO t VALUES (5, 'v5', 50);
INSERT INTO t VALUES (5, 'v5', 50) ON CONFLICT ("V x", k) DO UPDATE SET n = 55 RETURNING k, n;

-- same names in another schema, colocated
CREATE SCHEMA ddl_index2;
CREATE TABLE ddl_index2.t (k int PRIMARY KEY, n int);
SELECT create_distributed_table('ddl_index2.t', 'k', colocate_with => 't');
CREATE UNIQUE INDEX t_uniq ON ddl_index2.t (n, k);
CREATE INDEX t_k_idx ON ddl_index2.t (k);
CREATE INDEX t_k_idx ON t (k);
DROP INDEX t_k_idx;
DROP INDEX ddl_index2.t_k_idx;

-- reference and single-shard tables
CREATE TABLE r (id int, x int);
SELECT create_reference_table('r');
CREATE UNIQUE INDEX ON r (x);
CREATE INDEX CONCURRENTLY r_id ON r (id);
INSERT INTO r VALUES (1, 1);
INSERT INTO r VALUES (2, 1);
DROP INDEX CONCURRENTLY r_id;
DROP INDEX r_x_idx;
INSERT INTO r VALUES (2, 1);
SELECT * FROM r ORDER BY id;

CREATE STATISTICS st (ndistinct, dependencies) ON k, n FROM t;
CREATE STATISTICS t_stat ON (n + 1), "V x" FROM t;
ALTER STATISTICS st RENAME TO st2;
ALTER STATISTICS st2 SET STATISTICS 100;
DROP STATISTICS st2;
DROP STATISTICS st2;
DROP SCHEMA ddl_index CASCADE;
DROP SCHEMA ddl_index2 CASCADE;
