-- Aggregates with DISTINCT, ORDER BY or WITHIN GROUP: nodes sort what they
-- take, and drop duplicates where nothing minds.
SET search_path = agg, path;

SELECT plan_of('SELECT count(DISTINCT region) FROM sale');
SELECT same('SELECT count(DISTINCT region) FROM sale');
SELECT plan_of('SELECT paid, count(DISTINCT day), max(id) FROM sale GROUP BY paid HAVING min(id) < 10');
SELECT same('SELECT paid, count(DISTINCT day), max(id) FROM sale GROUP BY paid HAVING min(id) < 10');
SELECT same('SELECT count(DISTINCT region), count(DISTINCT paid), sum(DISTINCT id % 7), bool_or(paid) FROM sale');
SELECT same('SELECT region, count(DISTINCT day - 1) FILTER (WHERE id % 2 = 0), array_agg(DISTINCT small % 5 ORDER BY small % 5 DESC) FROM sale GROUP BY region');
SELECT same('SELECT count(DISTINCT (region, paid)), count(DISTINCT k), avg(DISTINCT k) FROM sale');
SELECT same('SELECT region, string_agg(DISTINCT day::text, '','' ORDER BY day::text) FROM sale GROUP BY region');
SELECT same('SELECT count(DISTINCT region) FROM sale WHERE id < 0');
SELECT same('SELECT count(DISTINCT region) FROM sale WHERE k = NULL');
SELECT same('SELECT count(DISTINCT amount) FROM sale');

-- an aggregate that counts every row keeps the duplicates
SELECT plan_of('SELECT paid, count(DISTINCT day), count(*) FROM sale GROUP BY paid');
SELECT same('SELECT paid, count(DISTINCT day), count(*), sum(id) FROM sale GROUP BY paid');
SELECT same('SELECT count(DISTINCT random() < 2), count(DISTINCT 1) FROM sale');
SELECT same('SELECT count(DISTINCT region || (random() < 2)::text) FROM sale');

-- ordered aggregates and ordered sets; arguments come with the type that is taken
SELECT plan_of('SELECT region, percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM sale GROUP BY region');
SELECT same('SELECT region, percentile_cont(0.5) WITHIN GROUP (ORDER BY id), percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY amount) FROM sale GROUP BY region');
SELECT same('SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took), mode() WITHIN GROUP (ORDER BY day DESC) FROM sale');
SELECT same('SELECT region, rank(50) WITHIN GROUP (ORDER BY id), dense_rank(region) WITHIN GROUP (ORDER BY region DESC) FROM sale GROUP BY region');
SELECT same('SELECT paid, array_agg(id ORDER BY amount DESC NULLS LAST, id), string_agg(region, ''-'' ORDER BY id), xmlagg(xmlelement(name a, id) ORDER BY id)::text FROM sale GROUP BY paid');
SELECT same('SELECT region, json_agg(tags ORDER BY id)::text, count(*) FROM sale GROUP BY region');
SELECT same('SELECT array_agg(city ORDER BY city COLLATE "C" DESC), array_agg(name ORDER BY name COLLATE "C") FROM customer');
SELECT same('SELECT count(DISTINCT city COLLATE "C"), count(DISTINCT lower(name)) FROM customer');
SELECT same('SELECT upper(region), array_agg(DISTINCT lower(region)) FROM sale GROUP BY upper(region)');

-- groups and joins
SELECT same('SELECT c.city, count(DISTINCT s.region), array_agg(s.id ORDER BY s.id, c.k) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 60 GROUP BY c.city');
SELECT same('SELECT s.region, count(DISTINCT c.city) FROM customer c JOIN sale s USING (k) GROUP BY s.region ORDER BY 2, 1');
SELECT same('SELECT region, day, count(DISTINCT paid) FROM sale GROUP BY region, day ORDER BY day DESC, region LIMIT 7');
SELECT same('SELECT ''x'' AS c, count(DISTINCT region) FROM sale GROUP BY 1');
SELECT same('SELECT generate_series(1, 2), count(DISTINCT region) FROM sale GROUP BY 1');
SELECT same('SELECT generate_series(1, count(DISTINCT region)), paid FROM sale GROUP BY paid');
CREATE TABLE agg.wide (k bigint PRIMARY KEY, v int);
SELECT create_distributed_table('wide', 'k', colocate_with := 'none', shard_count := 4);
INSERT INTO wide SELECT i, i FROM generate_series(1, 30) i;
CREATE TABLE agg_plain.wide AS SELECT * FROM wide;
-- USING makes one column of an integer and a bigint
SELECT same('SELECT k, count(*) FROM customer JOIN wide USING (k) GROUP BY k');
SELECT same('SELECT k, count(DISTINCT v), count(*) FROM (SELECT k + 0 AS k FROM customer) x JOIN wide USING (k) GROUP BY k');
DROP TABLE wide, agg_plain.wide;

PREPARE ordered(int) AS SELECT id % $1, count(DISTINCT region), array_agg(id + $1 ORDER BY id + $1) FROM sale WHERE id < 13 GROUP BY id % $1 ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE ordered(3);
EXECUTE ordered(2);
RESET plan_cache_mode;
DEALLOCATE ordered;

SET shardlite.enable_sort_pushdown = off;
SELECT plan_of('SELECT count(DISTINCT region) FROM sale');
RESET shardlite.enable_sort_pushdown;

-- duplicates: hashed away if few rows remain, dropped from what is sorted, or left to large groups here
CREATE TABLE agg.many (k int, few int, grp int, x int, word text, amount numeric);
SELECT create_distributed_table('many', 'k', colocate_with := 'none', shard_count := 4);
INSERT INTO many
SELECT i, i % 4, nullif(i % 150, 0), nullif(hashint4(i) % 2000, 0), 'w' || i % 1500, i % 5 FROM generate_series(1, 8000) i;
CREATE TABLE agg_plain.many AS SELECT * FROM many;
ANALYZE many;
SELECT plan_of('SELECT count(DISTINCT few) FROM many');
SELECT same('SELECT count(DISTINCT few), max(few) FROM many');
SELECT plan_of('SELECT count(DISTINCT x) FROM many');
SELECT same('SELECT count(DISTINCT x), sum(DISTINCT x), min(x) FROM many');
SELECT plan_of('SELECT count(DISTINCT word) FROM many');
SELECT same('SELECT count(DISTINCT word) FROM many');
SELECT plan_of('SELECT few, count(DISTINCT x) FROM many GROUP BY few');
SELECT same('SELECT few, count(DISTINCT x), array_agg(DISTINCT x), percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM many GROUP BY few');
SELECT plan_of('SELECT grp, count(DISTINCT x) FROM many GROUP BY grp');
SELECT same('SELECT grp, count(DISTINCT x), sum(DISTINCT x), max(x) FROM many GROUP BY grp');
SELECT plan_of('SELECT few, count(DISTINCT amount) FROM many GROUP BY few');
SELECT same('SELECT few, count(DISTINCT amount) FROM many GROUP BY few');
SELECT same('SELECT few, count(DISTINCT word), count(DISTINCT amount) FROM many GROUP BY few');
SELECT same('SELECT few, string_agg(word, '','' ORDER BY x, k), array_agg(x ORDER BY x DESC NULLS LAST) FROM many GROUP BY few');
DROP TABLE many, agg_plain.many;
