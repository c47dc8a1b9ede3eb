-- DISTINCT and DISTINCT ON: on the shards if the distribution column is among
-- the columns, else once per node and once here.
SET search_path = sorted, path;
\set SHOW_CONTEXT never

-- with the key nothing is left to do here
SELECT plan_of('SELECT DISTINCT k, t FROM sale');
SELECT in_order('SELECT DISTINCT k, t FROM sale ORDER BY t, k DESC');
SELECT plan_of('SELECT DISTINCT t, k + 0, k FROM sale ORDER BY 1, 2 LIMIT 3');
SELECT in_order('SELECT DISTINCT t, k + 0, k FROM sale ORDER BY 1, 2, 3 LIMIT 3 OFFSET 1');
SELECT in_order('SELECT count(*) FROM (SELECT DISTINCT k, n FROM sale) s');
SELECT in_order('SELECT DISTINCT p.k, s.t FROM sale s JOIN pal p ON p.k = s.k ORDER BY 1, 2');
SELECT plan_of('SELECT DISTINCT s.k FROM thing t LEFT JOIN (SELECT * FROM sale WHERE id < 9) s ON s.k = t.k');
SELECT in_order('SELECT DISTINCT s.k FROM thing t LEFT JOIN (SELECT * FROM sale WHERE id < 9) s ON s.k = t.k ORDER BY 1');
SELECT in_order('SELECT DISTINCT k, count(*) FROM sale GROUP BY k, t ORDER BY 1, 2');
SELECT in_order('SELECT DISTINCT k, count(*) OVER (PARTITION BY k, t) FROM sale ORDER BY 1, 2');

-- without it
SELECT plan_of('SELECT DISTINCT t FROM sale');
SELECT in_order('SELECT DISTINCT t FROM sale ORDER BY t DESC');
SELECT plan_of('SELECT DISTINCT n, t FROM sale ORDER BY t, n');
SELECT in_order('SELECT DISTINCT n, t FROM sale ORDER BY t, n NULLS FIRST LIMIT 7');
SELECT plan_of('SELECT DISTINCT k % 4 AS r, lower(t) FROM sale ORDER BY 2, 1');
SELECT in_order('SELECT DISTINCT k % 4 AS r, lower(t) FROM sale ORDER BY 2, 1');
SELECT in_order('SELECT DISTINCT t || ''x'' COLLATE "C" AS r FROM sale ORDER BY r DESC LIMIT 3');
SELECT in_order('SELECT DISTINCT n, n, 1, NULL FROM sale ORDER BY 1');
SELECT in_order('SELECT DISTINCT count(*) FROM sale GROUP BY k, t ORDER BY 1');
SELECT in_order('SELECT DISTINCT rank() OVER (PARTITION BY k ORDER BY at) FROM sale ORDER BY 1');
SELECT in_order('SELECT DISTINCT m, e FROM thing ORDER BY m, e DESC');
SELECT in_order('SELECT DISTINCT 1 FROM sale');
SELECT in_order('SELECT DISTINCT n FROM sale WHERE n = 3');
SELECT in_order('SELECT n FROM sale WHERE n IN (SELECT DISTINCT k FROM sale) ORDER BY 1');

-- values that are computed here are no columns
SELECT plan_of('SELECT DISTINCT k, (SELECT max(id) FROM one) FROM sale WHERE n < (SELECT 5)');
SELECT in_order('SELECT DISTINCT k, (SELECT max(id) FROM one) FROM sale WHERE n < (SELECT 5) ORDER BY 1');
SELECT in_order('SELECT DISTINCT t, now() IS NULL AS x, (SELECT 7) AS y FROM sale WHERE n < (SELECT 5) ORDER BY x, t, y');
PREPARE value(int) AS SELECT DISTINCT $1 AS v, k, count(*) OVER (PARTITION BY k, $1) FROM sale WHERE k < $1 ORDER BY 1, 2;
EXECUTE value(2);
SET plan_cache_mode = force_generic_plan;
EXECUTE value(2);
RESET plan_cache_mode;

-- DISTINCT ON: the first row of each, in the order of the statement
SELECT plan_of('SELECT DISTINCT ON (k) k, id, t FROM sale ORDER BY k, id DESC');
SELECT in_order('SELECT DISTINCT ON (k) k, id, t FROM sale ORDER BY k, id DESC');
SELECT in_order('SELECT DISTINCT ON (k) t FROM sale ORDER BY k DESC, at DESC, id LIMIT 3 OFFSET 1');
SELECT in_order('SELECT DISTINCT ON (k, t) k, t FROM sale ORDER BY k');
SELECT plan_of('SELECT DISTINCT ON (t) t, k, id FROM sale ORDER BY t, at, id DESC');
SELECT in_order('SELECT DISTINCT ON (t) t, k, id FROM sale ORDER BY t, at, id DESC');
SELECT in_order('SELECT DISTINCT ON (n) n, id FROM sale ORDER BY n NULLS FIRST, id DESC LIMIT 2');
SELECT in_order('SELECT DISTINCT ON (t COLLATE "C") id FROM sale ORDER BY t COLLATE "C" DESC, id');
SELECT in_order('SELECT DISTINCT ON (1) id FROM sale ORDER BY 1');
SELECT in_order('SELECT DISTINCT ON (t) t, sum(n) FROM sale GROUP BY t, k ORDER BY t, sum(n), k');
SELECT in_order('SELECT DISTINCT ON (t) t, row_number() OVER (PARTITION BY k ORDER BY id) AS r, id FROM sale ORDER BY t, r DESC, id');

-- here: what nodes cannot compare or compute
SELECT plan_of('SELECT DISTINCT ROW(k, n) FROM sale');
SELECT in_order('SELECT DISTINCT ROW(k, n) FROM sale ORDER BY 1');
SELECT in_order('SELECT DISTINCT k, (SELECT count(*) FROM one WHERE one.id <= sale.n) FROM sale ORDER BY 1, 2');
SELECT in_order('SELECT DISTINCT k, generate_series(1, 2) FROM sale ORDER BY 1, 2');
SELECT in_order('SELECT DISTINCT t FROM sale WHERE random() < 2 ORDER BY 1');
SELECT in_order('SELECT DISTINCT k < 3 AND random() < 2 AS b FROM sale ORDER BY b');

SET shardlite.enable_distinct_pushdown = off;
SELECT plan_of('SELECT DISTINCT k, t FROM sale');
SELECT in_order('SELECT DISTINCT k, t FROM sale ORDER BY t, k DESC');
RESET shardlite.enable_distinct_pushdown;
