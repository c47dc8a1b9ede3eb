-- Rows of one side of a join go from node to node, to the shards of the other side.
CREATE SCHEMA exchange;
CREATE SCHEMA exchange_plain;
SET search_path = exchange;
SET shardlite.exchange_startup_cost = 0;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE point3 AS (x int, m mood, note text);
CREATE TABLE fact (gone int, id int PRIMARY KEY, ref int, m mood, p positive, c point3, tags text[], note text, amount numeric);
ALTER TABLE fact DROP COLUMN gone;
CREATE TABLE dim (k int PRIMARY KEY, label text, m mood);
CREATE TABLE word (w text PRIMARY KEY, n int);
SELECT create_distributed_table('fact', 'id', shard_count := 6);
SELECT create_distributed_table('dim', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('word', 'w', shard_count := 5);
INSERT INTO fact SELECT i, nullif(i * 3 % 5000, 39), (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, i, ROW(i, 'ok'::mood, 'n' || i)::point3, ARRAY['a' || i, NULL],
	'word ' || i % 3500, i / 7.0 FROM generate_series(1, 4000) i;
INSERT INTO dim SELECT i, 'dim ' || i, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood FROM generate_series(0, 3999) i;
INSERT INTO word SELECT 'word ' || i, i FROM generate_series(1, 3000) i;
ANALYZE fact, dim, word;
CREATE TABLE exchange_plain.fact AS SELECT * FROM fact;
CREATE TABLE exchange_plain.dim AS SELECT * FROM dim;
CREATE TABLE exchange_plain.word AS SELECT * FROM word;
-- the joins are not to run here
SET jit = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;

-- does the plan exchange rows, and are the rows those of plain tables?
CREATE FUNCTION check_exchange(query text, OUT exchanged text, OUT same boolean, OUT total int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
    key text;
    rows text := 'SELECT coalesce(string_agg(r::text, chr(10) ORDER BY r::text), ''none''), count(*) FROM (' || query || ') r';
    here text;
    there text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        key := substring(line FROM 'Exchange Between Nodes By: (.*)');
        exchanged := coalesce(exchanged || ', ' || key, key, exchanged);
    END LOOP;
    EXECUTE rows INTO here, total;
    SET LOCAL search_path = exchange_plain, exchange;
    SET LOCAL enable_hashjoin = on;
    EXECUTE rows INTO there;
    SET LOCAL enable_hashjoin = off;
    SET LOCAL search_path = exchange;
    same := here = there;
END $$;

SELECT * FROM check_exchange('SELECT f.id, d.label FROM fact f JOIN dim d ON d.k = f.ref');
SELECT * FROM check_exchange('SELECT f.id, f.ref, f.m, f.p, f.tags, f.note, f.amount, d.* FROM fact f JOIN dim d ON d.k = f.ref');
-- composite values do not travel so
SELECT * FROM check_exchange('SELECT * FROM fact f JOIN dim d ON d.k = f.ref');
SELECT * FROM check_exchange('SELECT f.id, w.n FROM fact f JOIN word w ON w.w = f.note');
SELECT * FROM check_exchange('SELECT count(*), sum(f.amount), max(d.m) FROM fact f JOIN dim d ON d.k = f.ref WHERE f.amount > 9');
SELECT * FROM check_exchange('SELECT f.ref, d.label, count(*), sum(f.p) FROM fact f JOIN dim d ON d.k = f.ref GROUP BY 1, 2');
-- rows without a match, and without a key, are kept on either side
SELECT * FROM check_exchange('SELECT f.id, f.ref, d.label FROM fact f LEFT JOIN dim d ON d.k = f.ref');
SELECT * FROM check_exchange('SELECT f.id, d.label FROM fact f RIGHT JOIN dim d ON d.k = f.ref');
SELECT * FROM check_exchange('SELECT f.id, f.ref, d.k FROM fact f FULL JOIN dim d ON d.k = f.ref');
SELECT * FROM check_exchange('SELECT d.k FROM dim d WHERE EXISTS (SELECT FROM fact f WHERE f.ref = d.k AND f.m = ''ok'')');
SELECT * FROM check_exchange('SELECT d.k FROM dim d WHERE NOT EXISTS (SELECT FROM fact f WHERE f.ref = d.k)');
SELECT * FROM check_exchange('SELECT f.id FROM fact f WHERE NOT EXISTS (SELECT FROM dim d WHERE d.k = f.ref)');
-- twice in one statement, and no row at all
SELECT * FROM check_exchange('SELECT f.id, d.label, w.n FROM fact f JOIN dim d ON d.k = f.ref JOIN word w ON w.w = f.note');
SELECT * FROM check_exchange('SELECT f.id, d.label FROM fact f JOIN dim d ON d.k = f.ref WHERE f.id < 0');
SELECT * FROM check_exchange('SELECT f.id, d.label FROM fact f JOIN dim d ON d.k = f.ref ORDER BY f.id DESC LIMIT 5');
-- the columns may have other types that are equal to the key's
CREATE TABLE wide (id int PRIMARY KEY, ref8 bigint, ref2 smallint, f4 float4, v varchar);
CREATE TABLE ratio (f8 float8 PRIMARY KEY, n int);
SELECT create_distributed_table('wide', 'id', shard_count := 5), create_distributed_table('ratio', 'f8', shard_count := 5);
INSERT INTO wide SELECT i, CASE WHEN i % 9 = 0 THEN 1::bigint << 40 ELSE i * 7 % 4500 END, i % 400 - 10, i % 300 / 2.0 - 1, 'word ' || i % 900 FROM generate_series(1, 2000) i;
INSERT INTO ratio SELECT i / 4.0 - 1, i FROM generate_series(0, 900) i;
ANALYZE wide, ratio;
CREATE TABLE exchange_plain.wide AS SELECT * FROM wide;
CREATE TABLE exchange_plain.ratio AS SELECT * FROM ratio;
SELECT * FROM check_exchange('SELECT w.id, d.k FROM wide w JOIN dim d ON d.k = w.ref8');
SELECT * FROM check_exchange('SELECT w.id, d.k FROM wide w FULL JOIN dim d ON d.k = w.ref2');
SELECT * FROM check_exchange('SELECT w.id, r.n FROM wide w LEFT JOIN ratio r ON r.f8 = w.f4');
SELECT * FROM check_exchange('SELECT w.id, d.n FROM wide w JOIN word d ON d.w = w.v');
-- in a subquery that runs again, with and without the outer row's values
SELECT * FROM check_exchange('SELECT w.n, (SELECT count(*) FROM fact f JOIN dim d ON d.k = f.ref WHERE f.p % 5 = w.n % 3) FROM word w WHERE w.n < 7');

-- what the transaction has written is seen, what it has taken back is not
BEGIN;
INSERT INTO fact (id, ref, p) VALUES (5000, 499, 1);
INSERT INTO dim VALUES (9999, 'new', 'happy');
SELECT count(*), count(*) FILTER (WHERE f.id = 5000) AS mine FROM fact f JOIN dim d ON d.k = f.ref;
SAVEPOINT s;
UPDATE fact SET ref = 9999 WHERE id % 2 = 0;
SELECT count(*) FILTER (WHERE d.k = 9999) FROM fact f JOIN dim d ON d.k = f.ref;
ROLLBACK TO s;
SELECT count(*), count(*) FILTER (WHERE d.k = 9999) AS taken_back FROM fact f JOIN dim d ON d.k = f.ref;
DECLARE c CURSOR FOR SELECT f.id FROM fact f JOIN dim d ON d.k = f.ref WHERE f.id < 100 ORDER BY f.id;
FETCH 2 FROM c;
SELECT count(*) FROM fact f JOIN dim d ON d.k = f.ref;
FETCH 2 FROM c;
ROLLBACK;
-- a statement that fails on the way, and the same one after it
\set SHOW_CONTEXT never
SELECT count(*) FROM fact f JOIN dim d ON d.k = f.ref WHERE 1 / (f.id - 77) < 5;
DO $$
BEGIN
    FOR i IN 1 .. 3 LOOP
        BEGIN
            PERFORM count(*) FROM fact f JOIN dim d ON d.k = f.ref WHERE 1 / (f.id - 77) < 5;
        EXCEPTION WHEN division_by_zero THEN
            RAISE NOTICE 'failed';
        END;
    END LOOP;
    PERFORM count(*) FROM fact f JOIN dim d ON d.k = f.ref;
END $$;
-- again and again, until the plan is generic
PREPARE by_m(mood, int) AS SELECT count(*), sum(f.p) FROM fact f JOIN dim d ON d.k = f.ref WHERE f.m = $1 AND f.id > $2;
EXECUTE by_m('ok', 10);
EXECUTE by_m('ok', 10);
EXECUTE by_m('sad', 20);
EXECUTE by_m('ok', 10);
EXECUTE by_m('ok', 10);
EXECUTE by_m('happy', 3000);
EXECUTE by_m('ok', 10);
-- long values
UPDATE fact SET note = repeat('long ', 1600000) WHERE id IN (14, 15);
SELECT f.id, length(f.note), md5(f.note), d.k FROM fact f JOIN dim d ON d.k = f.ref WHERE f.id IN (14, 15, 16) ORDER BY 1;
UPDATE fact SET note = 'short' WHERE id IN (14, 15);
-- writes and other statements read so
UPDATE dim SET label = 'by ' || f.id FROM fact f WHERE f.ref = dim.k AND f.id < 300;
UPDATE exchange_plain.dim SET label = 'by ' || f.id FROM fact f WHERE f.ref = dim.k AND f.id < 300;
SELECT * FROM check_exchange('SELECT * FROM dim');
-- a session whose client has another encoding than the database
SET client_encoding = 'LATIN1';
SELECT count(*) FROM fact f JOIN dim d ON d.k = f.ref;
RESET client_encoding;
-- on request only
SET shardlite.enable_exchange = off;
SELECT * FROM check_exchange('SELECT f.id, d.label FROM fact f JOIN dim d ON d.k = f.ref');
RESET shardlite.enable_exchange;
RESET shardlite.exchange_startup_cost;
RESET enable_hashjoin;
SELECT * FROM check_exchange('SELECT d.label FROM fact f JOIN dim d ON d.k = f.ref WHERE f.id < 20');
SET shardlite.exchange_startup_cost = 0;
SET enable_hashjoin = off;

-- row security of the role, who may do nothing with what others left
CREATE ROLE exchange_reader;
GRANT USAGE ON SCHEMA exchange TO exchange_reader;
GRANT SELECT ON fact, dim, word TO exchange_reader;
ALTER TABLE fact ENABLE ROW LEVEL SECURITY;
CREATE POLICY tens ON fact USING (id % 10 = 0);
SET ROLE exchange_reader;
SELECT count(*), count(*) FILTER (WHERE f.id % 10 <> 0) AS leaked FROM fact f JOIN dim d ON d.k = f.ref;
SELECT * FROM shardlite_internal.exchange_read('1 1 1663', repeat('0', 32), 1);
SELECT shardlite_internal.exchange_fetch(1, 'x', '{1}', '{1}', '{""}', NULL::int);
SELECT shardlite_internal.exchange_rows(1, 2);
SELECT shardlite_internal.exchange_end(1);
RESET ROLE;
SELECT * FROM shardlite_internal.exchange_read('1 1 1663', repeat('0', 32), 1);
SELECT * FROM shardlite_internal.exchange_read('1 1 1663', '../../PG_VERSION', 1);
SELECT * FROM shardlite_internal.exchange_read('1 1 1 2 3 4 5 6 7 8 9', repeat('0', 32), 1);
-- a session that plays coordinator can leave nothing behind, nor mix up types
BEGIN;
SELECT shardlite_internal.exchange_begin(1, repeat('a', 32), array_agg(hash_min ORDER BY hash_min), 1, array_agg(1), '{1}') FROM shardlite.shard JOIN shardlite.distributed_table t USING (colocation_id)
	WHERE t.relid = 'exchange.dim'::regclass GROUP BY colocation_id;
SELECT shardlite_internal.exchange_rows(1, i) FROM generate_series(1, 100) i;
SAVEPOINT s;
SELECT shardlite_internal.exchange_rows(1, i, 'x'::text) FROM generate_series(1, 100) i;
ROLLBACK TO s;
SELECT shardlite_internal.exchange_end(1);
SELECT sum(n) FROM (SELECT count(*) AS n FROM shardlite_internal.get_rows(1) AS r(i int) UNION ALL SELECT count(*) FROM shardlite_internal.get_rows(2) AS r(i int)
	UNION ALL SELECT count(*) FROM shardlite_internal.get_rows(3) AS r(i int) UNION ALL SELECT count(*) FROM shardlite_internal.get_rows(4) AS r(i int)) s;
SELECT shardlite_internal.put_rows(1, ARRAY['x']);
ROLLBACK;
SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp', true, false);
SET client_min_messages = warning;
DROP SCHEMA exchange, exchange_plain CASCADE;
DROP ROLE exchange_reader;
