-- Rows of both sides of a join go from node to node and meet there.
CREATE SCHEMA meet;
CREATE SCHEMA meet_plain;
SET search_path = meet;
SET shardlite.exchange_startup_cost = 0;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE l (id int PRIMARY KEY, gone int, x int, g int, t text, c char(12), m mood, p positive, v numeric, f float4, b text COLLATE blind);
ALTER TABLE l DROP COLUMN gone;
CREATE TABLE r (id bigint PRIMARY KEY, y bigint, h int, u varchar, c char(20), m mood, q positive, w numeric, f float8, b text COLLATE blind);
CREATE TABLE s (id int PRIMARY KEY, z smallint, n int);
CREATE TABLE o (k int, note text);
SELECT create_distributed_table('l', 'id', shard_count := 6);
SELECT create_distributed_table('r', 'id', shard_count := 4);
SELECT create_distributed_table('s', 'id', shard_count := 5, colocate_with := 'none');
INSERT INTO l SELECT i, nullif(i * 7 % 1500, 39), i % 40, 'k' || i % 900, 'c' || i % 700, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, i % 1000 + 1, i % 500 / 10.0,
	i % 300 / 4.0, CASE i % 2 WHEN 0 THEN 'Name' ELSE 'name' END || i % 400 FROM generate_series(1, 2000) i;
INSERT INTO r SELECT i, nullif(i * 3 % 1700, 48) + CASE WHEN i % 10 = 0 THEN 1::bigint << 33 ELSE 0 END, i % 25, 'k' || i % 1100, 'c' || i % 800, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood,
	i % 1200 + 1, i % 600 / 10.00, i % 400 / 4.0, 'NAME' || i % 450 FROM generate_series(1, 1800) i;
INSERT INTO s SELECT i, i % 1600, i % 7 FROM generate_series(1, 1500) i;
INSERT INTO o SELECT i % 1400, 'o' || i FROM generate_series(1, 1000) i;
ANALYZE l, r, s, o;
CREATE TABLE meet_plain.l AS SELECT * FROM l;
CREATE TABLE meet_plain.r AS SELECT * FROM r;
CREATE TABLE meet_plain.s AS SELECT * FROM s;
CREATE TABLE meet_plain.o AS SELECT * FROM o;
-- the joins are not to run here, nor the rows to come here
SET jit = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SET shardlite.enable_broadcast = off;

-- by which columns do rows meet, what do nodes do then, and is the result that of plain tables?
CREATE FUNCTION check_meeting(query text, OUT meet text, OUT nodes text, OUT same boolean, OUT total int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
    part text;
    rows text := 'SELECT coalesce(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C"), ''none''), count(*) FROM (' || query || ') r';
    here text;
    there text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        part := substring(line FROM 'Exchange Between Nodes By: (.*)');
        meet := coalesce(meet || ', ' || part, part, meet);
        IF nodes IS NULL AND line ~ ' SQL: .* shardlite_internal.get_rows' THEN
            SELECT string_agg(match[1], ', ') INTO nodes FROM regexp_matches(line, '(JOIN|EXISTS|WHERE|GROUP BY|DISTINCT|OVER|ORDER BY|LIMIT)', 'g') match;
        END IF;
    END LOOP;
    EXECUTE rows INTO here, total;
    SET LOCAL search_path = meet_plain, meet;
    SET LOCAL enable_hashjoin = on;
    EXECUTE rows INTO there;
    SET LOCAL enable_hashjoin = off;
    SET LOCAL search_path = meet;
    same := here = there;
END $$;

SELECT * FROM check_meeting('SELECT l.id, r.id, r.y FROM l JOIN r ON l.x = r.y');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.t = r.u AND l.g < r.h');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.c = r.c');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.p = r.q WHERE l.m = ''ok'' AND r.m <> ''sad''');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.v = r.w AND l.m = r.m WHERE l.g = 3');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.f = r.f WHERE l.g = 3');
-- too few keys for the nodes; values that are equal without equal hashes; other types of operators; one table twice
SELECT * FROM check_meeting('SELECT count(*) FROM l JOIN r ON l.m = r.m');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.b = r.b');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.c::text = r.u');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.t::char(30) = r.u::char(40)');
SELECT * FROM check_meeting('SELECT a.id, b.id FROM l a JOIN l b ON a.x = b.p');
-- rows without a match, and without a key, on either side
SELECT * FROM check_meeting('SELECT l.id, l.x, r.id FROM l LEFT JOIN r ON l.x = r.y');
SELECT * FROM check_meeting('SELECT l.id, r.id, r.y FROM l RIGHT JOIN r ON l.x = r.y');
SELECT * FROM check_meeting('SELECT l.id, l.x, r.id, r.y FROM l FULL JOIN r ON l.x = r.y');
SELECT * FROM check_meeting('SELECT l.id FROM l WHERE EXISTS (SELECT FROM r WHERE l.x = r.y AND r.h > 3)');
SELECT * FROM check_meeting('SELECT l.id, l.x FROM l WHERE NOT EXISTS (SELECT FROM r WHERE l.x = r.y)');
SELECT * FROM check_meeting('SELECT l.id, l.x FROM l WHERE l.x IN (SELECT y FROM r)');
SELECT * FROM check_meeting('SELECT l.id, l.x FROM l WHERE l.x NOT IN (SELECT y FROM r WHERE y IS NOT NULL)');
-- what is above: filters, groups of the key and others, order, limit, distinct, windows
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l LEFT JOIN r ON l.x = r.y WHERE coalesce(r.h, 7) > l.g - 20');
SELECT * FROM check_meeting('SELECT l.x, count(*), sum(r.w), array_agg(r.id ORDER BY r.id) FROM l JOIN r ON l.x = r.y GROUP BY l.x HAVING count(*) > 1');
SELECT * FROM check_meeting('SELECT r.y, count(*), count(l.id) FROM l FULL JOIN r ON l.x = r.y GROUP BY r.y');
SELECT * FROM check_meeting('SELECT l.x, count(*), count(r.id) FROM l LEFT JOIN r ON l.x = r.y GROUP BY l.x');
SELECT * FROM check_meeting('SELECT l.g, count(*), avg(r.w), max(l.t) FROM l JOIN r ON l.x = r.y GROUP BY l.g');
SELECT * FROM check_meeting('SELECT count(*), sum(l.v), min(r.u) FROM l JOIN r ON l.x = r.y');
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.x = r.y ORDER BY r.w DESC, l.id, r.id LIMIT 20 OFFSET 5');
SELECT * FROM check_meeting('SELECT DISTINCT l.x, r.h FROM l JOIN r ON l.x = r.y');
SELECT * FROM check_meeting('SELECT l.id, r.id, rank() OVER (PARTITION BY l.x ORDER BY r.id, l.id) FROM l JOIN r ON l.x = r.y');
-- more tables: by the same key, by another one, by a table's own, and one that is not distributed
SELECT * FROM check_meeting('SELECT l.id, r.id, s.id FROM l JOIN r ON l.x = r.y JOIN s ON s.z = l.x');
SELECT * FROM check_meeting('SELECT l.x, count(*), sum(s.n) FROM l LEFT JOIN r ON l.x = r.y LEFT JOIN s ON s.z = l.x GROUP BY l.x');
SELECT * FROM check_meeting('SELECT l.id, r.id, s.id FROM l JOIN r ON l.x = r.y JOIN s ON s.z = r.q WHERE s.n = 2');
SELECT * FROM check_meeting('SELECT l.id, r.id, s.n FROM l JOIN r ON l.x = r.y JOIN s ON s.id = l.p');
SET shardlite.enable_broadcast = on;
SELECT same, total FROM check_meeting('SELECT l.id, r.id, o.note FROM l JOIN r ON l.x = r.y JOIN o ON o.k = l.x');
SET shardlite.enable_broadcast = off;
SELECT * FROM check_meeting('SELECT l.id, q.n FROM l JOIN (SELECT y, count(*) AS n FROM r GROUP BY y) q ON l.x = q.y');
SELECT * FROM check_meeting('SELECT s.id, (SELECT count(*) FROM l JOIN r ON l.x = r.y WHERE l.g = s.n) FROM s WHERE s.id < 6');
-- no row on one side, or on both, and all of one key
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l LEFT JOIN r ON l.x = r.y AND r.h + 0 > 100 WHERE l.id < 900');
SELECT * FROM check_meeting('SELECT count(*), max(l.id) FROM l JOIN r ON l.x = r.y WHERE l.g + 0 > 100 AND r.h + 0 > 100');
BEGIN;
UPDATE l SET x = 1 WHERE id % 3 > 0;
UPDATE meet_plain.l SET x = 1 WHERE id % 3 > 0;
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l LEFT JOIN r ON l.x = r.y');
ROLLBACK;

-- what the transaction has written is seen, what it has taken back is not
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO l (id, x) VALUES (5000, 1653);
INSERT INTO r (id, y) VALUES (5000, 39);
SELECT count(*), count(*) FILTER (WHERE l.id = 5000) AS mine FROM l JOIN r ON l.x = r.y;
SAVEPOINT s;
UPDATE l SET x = 39 WHERE id % 2 = 0;
SELECT count(*) FILTER (WHERE r.id = 5000) AS mine FROM l JOIN r ON l.x = r.y;
ROLLBACK TO s;
SELECT count(*), count(*) FILTER (WHERE r.id = 5000) AS taken_back FROM l JOIN r ON l.x = r.y;
DECLARE c CURSOR FOR SELECT l.id, r.id FROM l JOIN r ON l.x = r.y WHERE l.id < 100 ORDER BY 1, 2;
-- a cursor sees what was there when it was opened, wherever its rows are joined
SET LOCAL shardlite.enable_broadcast = on;
DECLARE by_key CURSOR FOR SELECT s.id, r.h FROM s JOIN r ON s.id = r.y AND r.h = 4 ORDER BY 1, 2;
DECLARE sums CURSOR FOR SELECT l.id, q.n FROM l JOIN (SELECT y, count(*) AS n FROM r GROUP BY y) q ON l.id = q.y ORDER BY 1;
FETCH 2 FROM c;
DELETE FROM r WHERE id < 900;
SELECT count(*) FROM l JOIN r ON l.x = r.y;
FETCH 2 FROM c;
FETCH 2 FROM by_key;
FETCH 2 FROM sums;
ROLLBACK;
SELECT s.id, r.h FROM s JOIN r ON s.id = r.y AND r.h = 4 ORDER BY 1, 2 LIMIT 2;
SELECT l.id, q.n FROM l JOIN (SELECT y, count(*) AS n FROM r GROUP BY y) q ON l.id = q.y ORDER BY 1 LIMIT 2;
\set SHOW_CONTEXT never
DO $$
BEGIN
    FOR i IN 1 .. 3 LOOP
        BEGIN
            PERFORM count(*) FROM l JOIN r ON l.x = r.y WHERE 1 / (l.id - 77) < 5 AND 1 / (r.id - 90) < 5;
        EXCEPTION WHEN division_by_zero THEN
            RAISE NOTICE 'failed';
        END;
    END LOOP;
    PERFORM count(*) FROM l JOIN r ON l.x = r.y;
END $$;
-- again and again, until the plan is generic
PREPARE by_g(int, bigint) AS SELECT count(*), sum(r.w) FROM l JOIN r ON l.x = r.y WHERE l.g = $1 AND r.id > $2;
EXECUTE by_g(3, 10);
EXECUTE by_g(3, 10);
EXECUTE by_g(4, 20);
EXECUTE by_g(3, 10);
EXECUTE by_g(3, 10);
EXECUTE by_g(5, 900);
EXECUTE by_g(3, 10);
-- long values; writes that read so
UPDATE l SET t = repeat('long ', 1600000) WHERE id IN (14, 15);
SELECT l.id, r.id, length(l.t), md5(l.t) FROM l JOIN r ON l.x = r.y WHERE l.id IN (14, 15, 16) AND r.id < 100 ORDER BY 1, 2;
UPDATE l SET t = 'short' WHERE id IN (14, 15);
UPDATE meet_plain.l SET t = 'short' WHERE id IN (14, 15);
INSERT INTO s SELECT 10000 + l.id * 3000 + r.id, l.x, 1 FROM l JOIN r ON l.x = r.y WHERE l.id < 50;
INSERT INTO meet_plain.s SELECT 10000 + l.id * 3000 + r.id, l.x, 1 FROM meet_plain.l JOIN meet_plain.r ON l.x = r.y WHERE l.id < 50;
UPDATE s SET n = l.g FROM l WHERE l.x = s.z AND l.id < 300 AND l.g = 5;
UPDATE meet_plain.s SET n = l.g FROM meet_plain.l WHERE l.x = s.z AND l.id < 300 AND l.g = 5;
SELECT * FROM check_meeting('SELECT * FROM s');
SELECT l.id FROM l JOIN r ON l.x = r.y WHERE r.id = 7 ORDER BY 1 FOR UPDATE OF l;
-- the key's column of another role's rows, and a client of another encoding
SET client_encoding = 'LATIN1';
SELECT count(*) FROM l JOIN r ON l.x = r.y;
RESET client_encoding;
CREATE ROLE meet_reader;
GRANT USAGE ON SCHEMA meet TO meet_reader;
GRANT SELECT ON l, r TO meet_reader;
ALTER TABLE l ENABLE ROW LEVEL SECURITY;
CREATE POLICY sevens ON l USING (id % 7 = 0);
SET ROLE meet_reader;
SELECT count(*), count(*) FILTER (WHERE l.id % 7 <> 0) AS leaked FROM l JOIN r ON l.x = r.y;
RESET ROLE;
-- on request only
SET shardlite.enable_exchange = off;
SELECT * FROM check_meeting('SELECT l.id, r.id FROM l JOIN r ON l.x = r.y');
RESET shardlite.enable_exchange;
SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp', true, false);
SET client_min_messages = warning;
DROP SCHEMA meet, meet_plain CASCADE;
DROP ROLE meet_reader;
