-- ANALYZE of a distributed table: statistics as of one table.  The tables are
-- small enough for every row to be in the sample, so that nothing is random.
CREATE SCHEMA table_statistics;
SET search_path = table_statistics;
SET shardlite.shard_count = 6;
\set SHOW_CONTEXT never
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN pos AS int CHECK (VALUE > 0);
CREATE TABLE plain (k int PRIMARY KEY, dropped int, few int, skew text, ts timestamptz, m mood, d pos,
	a int[], v tsvector, r int4range, wide text, doc jsonb);
CREATE TABLE dist (LIKE plain INCLUDING ALL);
ALTER TABLE plain DROP dropped;
ALTER TABLE dist DROP dropped;
CREATE INDEX ON plain ((doc ->> 'kind'));
CREATE INDEX ON plain ((few * 2)) WHERE k <= 500;
CREATE INDEX ON dist ((doc ->> 'kind'));
CREATE INDEX ON dist ((few * 2)) WHERE k <= 500;
CREATE STATISTICS plain_s ON few, skew FROM plain;
CREATE STATISTICS dist_s ON few, skew FROM dist;
SELECT create_distributed_table('dist', 'k');
-- wide: 1 in 10 is 20 kB, 1 in 10 is NULL; doc: 2 kB each
INSERT INTO plain SELECT i, i % 10, repeat('s', floor(sqrt(i % 100))::int),
	'2020-01-01 UTC'::timestamptz + i * interval '1 h', (enum_range(null::mood))[1 + i % 2], 1 + i % 7,
	ARRAY[i % 3, i % 5 + 100], to_tsvector('simple', 'w' || i % 4), int4range(i, i + i % 9),
	CASE i % 10 WHEN 0 THEN NULL WHEN 1 THEN repeat(i::text, 20000 / length(i::text)) ELSE 'w' || i % 30 END,
	jsonb_build_object('kind', 'kind ' || i % 8, 'pad', repeat(md5(i::text), 64))
FROM generate_series(1, 2000) i;
INSERT INTO dist SELECT * FROM plain;
ANALYZE plain;
ANALYZE dist;

-- the same in every respect but the width of what is stored elsewhere
CREATE VIEW stats AS
SELECT s.tablename LIKE 'dist%' AS distributed, CASE WHEN s.tablename ~ 'expr' THEN 'index ' || regexp_replace(s.tablename, '^[a-z]+_', '') ELSE attname END AS attname,
	inherited, null_frac, n_distinct, avg_width,
	(SELECT array_agg(v || ':' || f ORDER BY v) FROM unnest(most_common_vals::text::text[], most_common_freqs) u(v, f)) AS mcv,
	histogram_bounds::text AS histogram, round(correlation::numeric, 1) AS correlation,
	most_common_elems::text AS elems, most_common_elem_freqs::text AS elem_freqs, elem_count_histogram::text AS elem_counts
FROM pg_stats s WHERE schemaname = 'table_statistics';
SELECT attname, count(*), count(DISTINCT null_frac) AS nulls, count(DISTINCT n_distinct) AS dist, count(DISTINCT mcv) AS mcv,
	count(DISTINCT histogram) AS hist, count(DISTINCT elems) AS elems, count(DISTINCT elem_freqs) AS elem_freqs,
	count(DISTINCT elem_counts) AS elem_counts, max(avg_width) - min(avg_width) AS width
FROM stats GROUP BY 1 ORDER BY 1;
SELECT attname, null_frac, n_distinct, avg_width FROM stats
WHERE distributed AND attname IN ('few', 'wide', 'doc', 'index expr_idx') ORDER BY 1;
SELECT attname, correlation FROM stats WHERE attname IN ('k', 'few') ORDER BY 1, 2;
SELECT statistics_name, n_distinct, dependencies, most_common_vals[1] FROM pg_stats_ext
WHERE schemaname = 'table_statistics' ORDER BY 1 DESC;
SELECT relname, reltuples FROM pg_class WHERE oid IN ('plain'::regclass, 'dist'::regclass) ORDER BY 1;
SELECT n_live_tup, last_analyze IS NOT NULL AS analyzed FROM pg_stat_get_live_tuples('dist'::regclass) n_live_tup,
	pg_stat_get_last_analyze_time('dist'::regclass) last_analyze;

-- again: the same
CREATE TEMP TABLE before AS SELECT * FROM stats;
ANALYZE dist;
SELECT count(*) FROM (TABLE stats EXCEPT TABLE before) x;

-- estimates
CREATE FUNCTION estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT condition, estimate('SELECT * FROM dist t WHERE ' || condition) AS dist,
	estimate('SELECT * FROM plain t WHERE ' || condition) AS plain
FROM (VALUES ('few = 3'), ('skew = ''s'''), ('ts < ''2020-02-01 UTC'''), ('wide IS NULL'), ('m = ''happy'''),
	('few = 9 AND skew = ''sss'''), ('doc ->> ''kind'' = ''kind 1'''), ('a @> ARRAY[104]'), ('d > 5')) c(condition);
SELECT estimate('SELECT few, skew FROM dist GROUP BY 1, 2'), estimate('SELECT few, skew FROM plain GROUP BY 1, 2');
SELECT estimate('SELECT FROM dist a JOIN dist b ON a.few = b.d'), estimate('SELECT FROM plain a JOIN plain b ON a.few = b.d');

-- columns, targets
UPDATE plain SET few = 1, d = 1;
UPDATE dist SET few = 1, d = 1;
ALTER TABLE dist ALTER m SET STATISTICS 0, ALTER ts SET STATISTICS 5;
DELETE FROM pg_statistic WHERE starelid = 'dist'::regclass AND stawidth = 4 AND stadistinct = 2;
DROP STATISTICS dist_s;
ANALYZE dist (few, ts);
SELECT attname, n_distinct FROM stats WHERE distributed AND attname IN ('few', 'd', 'index expr_idx1', 'm') ORDER BY 1;
ANALYZE dist;
SELECT attname, n_distinct FROM stats WHERE distributed AND attname IN ('few', 'd', 'index expr_idx1', 'm') ORDER BY 1;
SELECT array_length(string_to_array(histogram, ','), 1) FROM stats WHERE distributed AND attname = 'ts';
ANALYZE dist (few, nosuch);
ANALYZE dist (few, few);
ANALYZE dist (ctid);
ANALYZE (nosuch) dist;
ANALYZE VERBOSE dist (few);

-- in a block: of what it sees, and undone with it
BEGIN;
DELETE FROM dist WHERE k > 1000;
ANALYZE dist (k);
SELECT histogram LIKE '%,2000}' AS all_rows FROM stats WHERE distributed AND attname = 'k';
ROLLBACK;
SELECT histogram LIKE '%,2000}' AS all_rows FROM stats WHERE distributed AND attname = 'k';

-- a distributed table that is empty keeps what was known, as PostgreSQL does
DELETE FROM dist;
VACUUM ANALYZE dist;
SELECT relpages, reltuples FROM pg_class WHERE oid = 'dist'::regclass;
SELECT count(*) FROM stats WHERE distributed AND attname = 'k';
SELECT estimate('SELECT * FROM dist');
TRUNCATE dist;
SELECT reltuples FROM pg_class WHERE oid = 'dist'::regclass;
SELECT estimate('SELECT * FROM dist');
ANALYZE dist;

-- many rows at once: known at once, when they at least double the table
INSERT INTO dist (k) SELECT generate_series(1, 2000);
SELECT estimate('SELECT * FROM dist');
INSERT INTO dist (k) SELECT generate_series(2001, 3000);
SELECT estimate('SELECT * FROM dist');
COPY dist (k) FROM PROGRAM 'seq 3001 6000';
SELECT estimate('SELECT * FROM dist');

-- what is known of a table before stays known when it is distributed
ANALYZE plain;
SELECT create_distributed_table('plain', 'k');
SELECT count(*), bool_or(n_distinct = 1 AND attname = 'few') FROM stats WHERE NOT distributed;
SELECT estimate('SELECT * FROM plain WHERE few = 1');
DROP SCHEMA table_statistics CASCADE;
