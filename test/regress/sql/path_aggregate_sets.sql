-- Grouping sets: the set of a row is one more column of what shards deliver.
SET search_path = agg, path;

SELECT plan_of('SELECT region, paid, count(*), avg(qty) FROM sale GROUP BY GROUPING SETS ((region), (paid), (region, paid), ())');
SELECT same('SELECT region, paid, count(*), avg(qty) FROM sale GROUP BY GROUPING SETS ((region), (paid), (region, paid), ())');
SELECT same('SELECT region, paid, grouping(region), grouping(paid, region), count(*) FROM sale GROUP BY ROLLUP (region, paid)');
SELECT same('SELECT region, paid, day, sum(amount) FROM sale GROUP BY CUBE (region, paid), day');
SELECT same('SELECT region, count(*) FROM sale GROUP BY ROLLUP (region, (paid, id % 2))');

-- NULL of a row and NULL of a set are not the same; HAVING and ORDER BY may ask
SELECT region, grouping(region) AS g, count(*) FROM sale GROUP BY ROLLUP (region) ORDER BY 2, 1;
SELECT plan_of('SELECT region, count(*) FROM sale GROUP BY CUBE (region, paid) HAVING grouping(region) = 0 AND count(*) > 20 ORDER BY grouping(paid), 1');
SELECT same('SELECT region, count(*) FROM sale GROUP BY CUBE (region, paid) HAVING grouping(region) = 0 AND count(*) > 20');
SELECT same('SELECT lower(region) || grouping(lower(region)), id % 3 + 1, count(*) FROM sale GROUP BY GROUPING SETS (lower(region), id % 3)');
SELECT same('SELECT coalesce(region, ''all''), sum(id) + grouping(region) FROM sale GROUP BY ROLLUP (region)');

-- the same set twice gives its rows twice
SELECT plan_of('SELECT region, count(*) FROM sale GROUP BY GROUPING SETS ((region), (region), ())');
SELECT same('SELECT region, count(*) FROM sale GROUP BY GROUPING SETS ((region), (region), ())');
SELECT same('SELECT region, paid, count(*) FROM sale GROUP BY GROUPING SETS ((region, paid), (paid, region))');
SELECT same('SELECT region, paid, count(*) FROM sale GROUP BY DISTINCT ROLLUP (region, paid), ROLLUP (region)');

-- no rows: a row for the empty set only
SELECT same('SELECT region, count(*) FROM sale WHERE id < 0 GROUP BY ROLLUP (region)');
SELECT same('SELECT region, count(*) FROM sale WHERE k = NULL GROUP BY ROLLUP (region)');
SELECT same('SELECT region, count(*) FROM sale WHERE k = 3 AND k = 4 GROUP BY ROLLUP (region)');
SELECT same('SELECT count(*) FROM sale GROUP BY ()');
SELECT same('SELECT count(*) FROM sale WHERE id < 0 GROUP BY GROUPING SETS ((), ())');

-- every set has the key: the shards do all of it
SELECT plan_of('SELECT k, region, array_agg(id ORDER BY id), grouping(region) FROM sale GROUP BY k, ROLLUP (region) HAVING count(*) > 2');
SELECT same('SELECT k, region, array_agg(id ORDER BY id), grouping(region) FROM sale GROUP BY k, ROLLUP (region) HAVING count(*) > 2');
SELECT same('SELECT k, region, count(*) FROM sale GROUP BY GROUPING SETS ((k, region), (k), (k))');
SELECT same('SELECT k, region, array_agg(id ORDER BY id) FROM sale GROUP BY GROUPING SETS ((k, region), (region))');

-- a column outside of all sets, functional dependence, aggregates without states
SELECT same('SELECT k, id, region, count(*) FROM sale GROUP BY GROUPING SETS ((k, id), (k, id, day)) ORDER BY 2 LIMIT 10');
SELECT same('SELECT region, string_agg(note, '','' ORDER BY note) FROM (SELECT region, paid, day::text AS note FROM sale) x GROUP BY ROLLUP (region, paid)');
SELECT same('SELECT region, count(DISTINCT day) FROM sale GROUP BY ROLLUP (region)');
SELECT same('SELECT c.city, s.region, count(*), grouping(c.city, s.region) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 50 GROUP BY CUBE (c.city, s.region)');
PREPARE sets(int) AS SELECT id % $1 AS m, paid, count(*), grouping(id % $1) FROM sale GROUP BY ROLLUP (id % $1, paid) ORDER BY 4, 1, 2;
SET plan_cache_mode = force_generic_plan;
EXECUTE sets(2);
RESET plan_cache_mode;
DEALLOCATE sets;
