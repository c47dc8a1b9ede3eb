-- Aggregates in two phases: states from the shards, combined here.
SET search_path = agg, path;

SELECT plan_of('SELECT count(*), avg(qty), max(region) FROM sale WHERE paid');
SELECT plan_of('SELECT region, sum(amount) FILTER (WHERE paid), count(*) FROM sale GROUP BY region HAVING avg(price) > 3');

-- every kind of state: its own result, arrays, internal ones
SELECT same('SELECT count(*), count(amount), sum(small), sum(id), sum(qty), sum(amount), min(day), max(region), bool_and(paid), bit_or(id) FROM sale');
SELECT same('SELECT avg(small), avg(id), avg(qty), avg(amount), avg(price), avg(took), sum(took) FROM sale');
SELECT same('SELECT stddev(id), variance(qty), var_pop(amount), stddev_samp(small) FROM sale');
SELECT same('SELECT round(stddev(price)::numeric, 6), round(corr(price, id)::numeric, 6), regr_count(price, id) FROM sale');
SELECT same('SELECT region, count(*), avg(amount), avg(id), stddev(qty) FROM sale GROUP BY region');
SELECT same('SELECT max(tags), min(tags) FROM sale');

-- no rows: one row without GROUP BY, none with it
SELECT same('SELECT count(*), avg(id), avg(qty), max(region) FROM sale WHERE id < 0');
SELECT same('SELECT region, count(*), avg(id) FROM sale WHERE id < 0 GROUP BY region');
SELECT same('SELECT count(*) FROM sale WHERE k = NULL');
SELECT same('SELECT count(*), sum(id) FROM sale WHERE k = 3 AND k = 4');
SELECT same('SELECT region, avg(qty) FILTER (WHERE id < 0), avg(id) FILTER (WHERE paid) FROM sale GROUP BY region');

-- a constant SELECT with HAVING and no GROUP BY is one row, and reads nothing
SELECT plan_of('SELECT 1 FROM sale HAVING true');
SELECT same('SELECT 1 AS one FROM sale HAVING true');
SELECT same('SELECT 1 AS one FROM sale WHERE false HAVING 1 = 1');
SELECT same('SELECT 1 AS one FROM sale HAVING count(*) > 1000');
SELECT same('SELECT 1 AS one FROM sale HAVING min(id) = 1');

-- grouping by expressions and constants; expressions over groups are computed here
SELECT plan_of('SELECT (id % 3) * 2, count(*) + 1 FROM sale GROUP BY id % 3');
SELECT same('SELECT (id % 3) * 2, count(*) + 1, upper(max(region)) FROM sale GROUP BY id % 3');
SELECT same('SELECT ''x'' AS c, count(*) FROM sale GROUP BY 1');
SELECT same('SELECT lower(region) || ''-'', day - 1, count(*) FROM sale GROUP BY lower(region), day - 1');
SELECT same('SELECT count(*) FROM sale GROUP BY region, paid ORDER BY max(id) LIMIT 20');
SELECT same('SELECT region, count(*) AS n FROM sale GROUP BY region ORDER BY n DESC, region LIMIT 3 OFFSET 1');
SELECT same('SELECT count(*) FROM sale GROUP BY NULL::text');

-- set-returning functions: above groups, and as what is grouped
SELECT same('SELECT region, generate_series(1, count(*) / 20) FROM sale GROUP BY region');
SELECT plan_of('SELECT generate_series(1, 2) AS s, count(*) FROM sale GROUP BY 1');
SELECT same('SELECT generate_series(1, 2) AS s, count(*) FROM sale GROUP BY 1');

-- collations decide what is largest, and what one group is
SELECT same('SELECT max(region COLLATE "C"), min(region COLLATE "C") FROM sale');
SELECT same('SELECT max(city), min(city) FROM customer');
SELECT same('SELECT city COLLATE "C" AS c, max(name COLLATE "C") FROM customer GROUP BY 1');

-- casts that nobody wrote
SELECT plan_of('SELECT corr(price, id), avg(small + k) FROM sale');
CREATE VIEW agg.totals AS SELECT region, sum(amount) AS total FROM agg.sale GROUP BY region;
CREATE VIEW agg_plain.totals AS SELECT region, sum(amount) AS total FROM agg_plain.sale GROUP BY region;
SELECT same('SELECT avg(total), count(*) FROM totals');
DROP VIEW agg.totals, agg_plain.totals;

-- volatile and local expressions
SELECT plan_of('SELECT region, count(*) FILTER (WHERE random() < 2) FROM sale GROUP BY region');
SELECT same('SELECT count(*) FILTER (WHERE random() < 2) FROM sale');
SELECT same('SELECT random() < 2 AS r, count(*) FROM sale GROUP BY region');
SELECT same('SELECT region, (SELECT count(*) FROM customer c WHERE c.name > s.region) FROM sale s GROUP BY region');
SELECT same('SELECT region, count(*) FROM sale GROUP BY region HAVING count(*) > (SELECT count(*) * 2 FROM customer)');
SELECT same('SELECT tableoid = ''sale''::regclass AS t, count(*) FROM sale GROUP BY 1');

-- what is computed once becomes the same parameter in both places
PREPARE grouped(int) AS SELECT id % $1, count(*), sum(id + $1) FROM sale WHERE id < $1 * 50 GROUP BY id % $1 ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE grouped(3);
EXECUTE grouped(2);
RESET plan_cache_mode;
DEALLOCATE grouped;
SELECT count(*) AS groups, sum(n) AS rows FROM (SELECT now() - day, count(*) AS n FROM sale GROUP BY now() - day) x;

-- correlated to an outer query
SELECT same('SELECT name, (SELECT sum(id) FROM sale s WHERE s.id % 24 = c.k) FROM customer c');
SELECT same('SELECT name, t.n FROM customer c, LATERAL (SELECT sum(c.k * s.id) AS n FROM sale s WHERE s.id % 24 = c.k) t');

-- min and max of an indexed column
SELECT plan_of('SELECT min(k), max(k) FROM sale');
SELECT same('SELECT min(k), max(k) FROM sale');

-- switched off, rows are fetched
SET shardlite.enable_partial_aggregate = off;
SELECT plan_of('SELECT count(*) FROM sale WHERE paid');
RESET shardlite.enable_partial_aggregate;
