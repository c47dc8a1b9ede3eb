-- Groups that lie on several shards are put together on the nodes: rows are sent to the node of their group.
CREATE SCHEMA agg_exchange;
CREATE SCHEMA agg_exchange_plain;
SET search_path = agg_exchange;
SET shardlite.exchange_startup_cost = 0;
SET jit = off;
-- the groups are not to be made here
SET shardlite.enable_partial_aggregate = off;
SET shardlite.enable_sort_pushdown = off;
SET enable_hashagg = off;
SET enable_sort = off;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x int, y text);
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE sale (gone int, id int PRIMARY KEY, grp int, big bigint, few smallint, word text, ci text COLLATE nocase, m mood, f float8, n numeric, p pair, at timestamptz);
ALTER TABLE sale DROP COLUMN gone;
CREATE TABLE label (grp int PRIMARY KEY, name text);
SELECT create_distributed_table('sale', 'id', shard_count := 6, colocate_with := 'none');
SELECT create_reference_table('label');
INSERT INTO sale SELECT i, nullif(i * 7 % 900, 63), (i % 700)::bigint << 33, i % 3, 'w' || i % 800, CASE WHEN i % 2 = 0 THEN 'A' ELSE 'a' END || i % 500,
	(ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, CASE i % 400 WHEN 0 THEN '-0'::float8 WHEN 1 THEN 'NaN' ELSE i % 300 END, (i % 600) * 1.10, ROW(i % 9, 'y')::pair, timestamptz '2024-01-01' + i % 500 * interval '1 day'
	FROM generate_series(1, 4000) i;
INSERT INTO label SELECT i, 'name ' || i FROM generate_series(0, 899) i;
CREATE TABLE agg_exchange_plain.sale AS SELECT * FROM sale;
ALTER TABLE agg_exchange_plain.sale ADD PRIMARY KEY (id);
CREATE TABLE agg_exchange_plain.label AS SELECT * FROM label;
ANALYZE sale, label;

-- are rows exchanged, by what, and is the answer that of plain tables?
CREATE FUNCTION check_groups(query text, OUT exchanged text, OUT same boolean, OUT total int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
    rows text := 'SELECT coalesce(string_agg(r::text, chr(10) ORDER BY r::text), ''none''), count(*) FROM (' || query || ') r';
    here text;
    there text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        exchanged := coalesce(exchanged, substring(line FROM 'Exchange Between Nodes By: (.*)'));
    END LOOP;
    EXECUTE rows INTO here, total;
    SET LOCAL search_path = agg_exchange_plain, agg_exchange;
    EXECUTE rows INTO there;
    SET LOCAL search_path = agg_exchange;
    same := here = there;
END $$;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    indent int := 1000;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%Plan On One Node:%' THEN
            indent := length(substring(line FROM '^ *'));
        ELSIF length(substring(line FROM '^ *')) <= indent THEN
            indent := 1000;
        END IF;
        CONTINUE WHEN indent < 1000;
        line := regexp_replace(line, 'Fragments: .*', 'Fragments: N');
        RETURN NEXT regexp_replace(line, 'Nodes: .*', 'Nodes: all');
    END LOOP;
END $$;

SELECT plan_of('SELECT grp, count(DISTINCT word), array_agg(id ORDER BY id) FROM sale WHERE few < 2 GROUP BY grp HAVING count(*) > 2 ORDER BY 2 DESC, 1 LIMIT 5');
SELECT * FROM check_groups('SELECT grp, count(DISTINCT word), array_agg(id ORDER BY id) FROM sale WHERE few < 2 GROUP BY grp HAVING count(*) > 2 ORDER BY 2 DESC, 1 LIMIT 5');
SET shardlite.enable_sort_pushdown = on;
SET cpu_operator_cost = 0.1;
SELECT plan_of('SELECT grp, sum(n) FROM sale GROUP BY grp HAVING count(*) > 2 ORDER BY 2 DESC, 1 LIMIT 5');
SELECT * FROM check_groups('SELECT grp, sum(n) FROM sale GROUP BY grp HAVING count(*) > 2 ORDER BY 2 DESC, 1 LIMIT 5');
SELECT * FROM check_groups('SELECT grp, sum(n) FROM sale GROUP BY grp ORDER BY 2 DESC, 1 OFFSET 890 LIMIT 20');
SELECT * FROM check_groups('SELECT few, word, count(*) FROM sale GROUP BY word, few ORDER BY 3 FETCH FIRST 5 ROWS WITH TIES');
SET shardlite.enable_sort_pushdown = off;
RESET cpu_operator_cost;
-- NULLs are one group; the column with most values says where a group goes
SELECT * FROM check_groups('SELECT grp, count(*), string_agg(word, '','' ORDER BY id) FROM sale GROUP BY grp');
SELECT * FROM check_groups('SELECT few, grp, count(DISTINCT word) FROM sale GROUP BY few, grp');
SELECT * FROM check_groups('SELECT big, percentile_disc(0.5) WITHIN GROUP (ORDER BY id), mode() WITHIN GROUP (ORDER BY few) FROM sale GROUP BY big');
SELECT * FROM check_groups('SELECT word, json_agg(n ORDER BY id)::text, sum(DISTINCT n), count(*) FILTER (WHERE m > ''sad'') FROM sale GROUP BY word');
SELECT * FROM check_groups('SELECT abs(f), count(*), sum(n), min(m), avg(n) FROM sale GROUP BY f');
SELECT * FROM check_groups('SELECT n, count(*), max(at) FROM sale GROUP BY n');
SELECT * FROM check_groups('SELECT at, sum(id) FROM sale GROUP BY at');
-- equal values must have one hash
SELECT * FROM check_groups('SELECT count(*), sum(id) FROM sale GROUP BY ci');
SELECT * FROM check_groups('SELECT m, ci, count(*) FROM (SELECT m, lower(ci) COLLATE "C" AS ci FROM sale) s GROUP BY m, ci');
-- expressions are computed where rows arrive, if they are over columns
SELECT * FROM check_groups('SELECT grp, grp % 7 AS g, sum(id * 2 + few), count(DISTINCT word || few) FROM sale GROUP BY grp HAVING max(n) > 3 AND grp > 10');
SELECT * FROM check_groups('SELECT grp % 50, count(*) FROM sale GROUP BY grp % 50');
SELECT * FROM check_groups('SELECT grp, array_agg(p ORDER BY id)::text FROM sale GROUP BY grp');
SELECT * FROM check_groups('SELECT grp, few, count(*) FROM sale GROUP BY GROUPING SETS ((grp), (few), ())');
SELECT * FROM check_groups('SELECT grp, sum(id), generate_series(1, 2) FROM sale GROUP BY grp');
-- joins, sub-SELECTs, CTEs, and what is done with groups there
SELECT * FROM check_groups('SELECT l.grp, l.name, count(*), array_agg(s.id ORDER BY s.id) FROM sale s JOIN label l USING (grp) GROUP BY l.grp, l.name');
SELECT * FROM check_groups('SELECT s.grp, count(l.name) FROM sale s LEFT JOIN label l ON l.grp = s.grp AND s.few = 1 GROUP BY s.grp');
SELECT * FROM check_groups('SELECT c, count(*) FROM (SELECT grp, count(DISTINCT word) AS c FROM sale GROUP BY grp) g GROUP BY c');
SELECT * FROM check_groups('WITH g AS MATERIALIZED (SELECT grp, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY grp) SELECT * FROM g WHERE ids[1] < 50');
SELECT * FROM check_groups('SELECT l.name, (SELECT count(*) FROM (SELECT big FROM sale s WHERE s.few = l.grp % 4 GROUP BY big HAVING count(DISTINCT word) > 1) x) FROM label l WHERE l.grp < 5');
SELECT * FROM check_groups('SELECT grp, sum(n), rank() OVER (ORDER BY sum(n) DESC, grp) FROM sale GROUP BY grp');
SELECT * FROM check_groups('SELECT DISTINCT count(*) FROM sale GROUP BY grp');
SELECT * FROM check_groups('SELECT grp, count(*) FROM sale GROUP BY grp ORDER BY grp NULLS FIRST OFFSET 3 LIMIT 4');
SELECT * FROM check_groups('SELECT count(*), max(id) FROM sale GROUP BY few ORDER BY few FETCH FIRST 1 ROWS WITH TIES');
SELECT * FROM check_groups('SELECT grp, count(*) FROM sale WHERE id < 0 GROUP BY grp');
SELECT * FROM check_groups('SELECT grp, count(*) FROM sale WHERE id = 5 GROUP BY grp');

-- what the transaction has written is seen; a cursor sees what was there when it was opened
BEGIN;
INSERT INTO sale (id, grp, word) VALUES (9001, 5000, 'new'), (9002, 5000, 'newer');
SELECT grp, count(DISTINCT word), string_agg(word, ',' ORDER BY id) FROM sale WHERE id > 3990 GROUP BY grp ORDER BY grp DESC LIMIT 1;
DECLARE c CURSOR FOR SELECT grp, count(DISTINCT word) FROM sale GROUP BY grp HAVING max(id) > 9000;
SELECT plan_of('SELECT grp, count(DISTINCT word) FROM sale GROUP BY grp HAVING max(id) > 9000');
INSERT INTO sale (id, grp, word) VALUES (9003, 5000, 'newest');
FETCH ALL FROM c;
ROLLBACK;
-- an error in a group, and then again without
\set SHOW_CONTEXT never
SELECT grp, sum(1 / (grp - 70)) FROM sale GROUP BY grp;
SELECT count(*) FROM (SELECT grp, sum(1 / (grp + 70)) FROM sale GROUP BY grp) s;
PREPARE p(int, int) AS SELECT count(*), sum(c), sum(a) FROM (SELECT grp, count(DISTINCT word) AS c, sum(id * $2) AS a FROM sale WHERE few <> $1 GROUP BY grp HAVING count(*) > $2) s;
EXECUTE p(0, 1);
EXECUTE p(1, 2);
SET plan_cache_mode = force_generic_plan;
EXECUTE p(0, 1);
EXECUTE p(1, 2);
EXECUTE p(2, 3);
RESET plan_cache_mode;
DO $$
DECLARE
    total bigint := 0;
    n bigint;
BEGIN
    FOR i IN 1 .. 8 LOOP
        SELECT count(*) INTO n FROM (SELECT grp FROM sale WHERE id > i * 100 GROUP BY grp HAVING count(DISTINCT word) > 1) s;
        total := total + n;
    END LOOP;
    RAISE NOTICE '%', total;
END $$;
-- long values
UPDATE sale SET word = repeat('long ', 800000) || id WHERE id IN (14, 914);
SELECT grp, count(DISTINCT word), max(length(word)), md5(string_agg(word, '' ORDER BY id)) FROM sale WHERE id IN (14, 914, 1814) GROUP BY grp;
-- row security of the role
CREATE ROLE agg_exchange_reader;
GRANT USAGE ON SCHEMA agg_exchange TO agg_exchange_reader;
GRANT SELECT ON sale TO agg_exchange_reader;
ALTER TABLE sale ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON sale USING (few = 1);
SET ROLE agg_exchange_reader;
SELECT plan_of('SELECT grp, count(DISTINCT word) FROM sale GROUP BY grp');
SELECT count(*), sum(c), bool_and(few = 1) FROM (SELECT grp, few, count(DISTINCT word) AS c FROM sale GROUP BY grp, few) s;
RESET ROLE;
-- on request only, and not if something else is cheaper
SET shardlite.enable_exchange = off;
SELECT * FROM check_groups('SELECT grp, count(*), string_agg(word, '','' ORDER BY id) FROM sale WHERE id > 1000 GROUP BY grp');
RESET shardlite.enable_exchange;
RESET ALL;
SET search_path = agg_exchange;
SELECT * FROM check_groups('SELECT grp, count(*) FROM sale WHERE id > 1000 GROUP BY grp');
SELECT * FROM check_groups('SELECT few, count(DISTINCT word) FROM sale WHERE id > 1000 GROUP BY few');
SET client_min_messages = warning;
DROP SCHEMA agg_exchange, agg_exchange_plain CASCADE;
DROP ROLE agg_exchange_reader;
