-- Sub-SELECTs that shards run: with samples, whole rows and grouping sets inside, and their own rows as wholes.
SET search_path = path;
\set SHOW_CONTEXT never
SELECT plan_of('SELECT a.k, s.n FROM acc a JOIN (SELECT m.k, count(*) AS n FROM mov m TABLESAMPLE bernoulli (50) REPEATABLE (3) GROUP BY m.k) s USING (k)');
SELECT plan_of('SELECT a.k, s.n FROM acc a JOIN (SELECT m.k, m.qty, count(*) AS n FROM mov m GROUP BY m.k, ROLLUP (m.qty)) s USING (k)');
SELECT plan_of('SELECT row_to_json(s) FROM acc a LEFT JOIN (SELECT m.k, count(*) AS n FROM mov m GROUP BY m.k) s USING (k)');
-- samples: all and nothing, with parameters; the same one again; not of a reference table
SELECT * FROM check_join('SELECT s.n FROM acc a LEFT JOIN (SELECT k, count(*) AS n FROM mov m TABLESAMPLE bernoulli (100) GROUP BY k) s USING (k)');
SELECT * FROM check_join('SELECT s.n FROM acc a LEFT JOIN (SELECT k, count(*) AS n FROM mov m TABLESAMPLE system (0) GROUP BY k) s USING (k)');
SELECT * FROM check_join('SELECT a.k, (SELECT count(*) FROM mov m WHERE m.k = a.k) FROM acc a TABLESAMPLE system (100)');
SELECT scans, same FROM check_join('SELECT a.k, (SELECT count(*) FROM mov m TABLESAMPLE bernoulli (a.k) WHERE m.k = a.k) FROM acc a WHERE k > 100');
SELECT scans, same FROM check_join('SELECT a.k, s.n FROM acc a JOIN (SELECT m.k, count(*) AS n FROM mov m JOIN kind t TABLESAMPLE bernoulli (100) ON t.id = m.qty GROUP BY m.k) s USING (k)');
PREPARE part(real) AS SELECT count(*), coalesce(sum(s.n), 0) FROM acc a JOIN (SELECT k, count(*) AS n FROM mov m TABLESAMPLE bernoulli ($1) GROUP BY k) s USING (k);
EXECUTE part(100);
EXECUTE part(0);
EXECUTE part(101);
DEALLOCATE part;
SELECT count(*) > 0 AND count(*) < 500 AS some, count(*) - count(b.n) AS others FROM (SELECT k, n, row_number() OVER (PARTITION BY k ORDER BY n) FROM mov TABLESAMPLE bernoulli (50) REPEATABLE (3)) a
  LEFT JOIN (SELECT k, n, row_number() OVER (PARTITION BY k ORDER BY n) FROM mov TABLESAMPLE bernoulli (50) REPEATABLE (3)) b USING (k, n);
-- grouping sets that all have the key, or not
SELECT * FROM check_join('SELECT a.k, s.n, s.g FROM acc a JOIN (SELECT m.k, m.qty, count(*) AS n, grouping(m.k, m.qty) AS g FROM mov m GROUP BY GROUPING SETS ((m.k), (m.k, qty), (qty, day, k))) s USING (k)');
SELECT * FROM check_join('SELECT a.k, s.n, s.g FROM acc a JOIN (SELECT m.k, m.qty, count(*) AS n, grouping(m.k, m.qty) AS g FROM mov m GROUP BY CUBE (m.k, qty)) s USING (k)');
SELECT * FROM check_join('SELECT a.k, s.n, s.m FROM acc a JOIN (SELECT m.k, m.qty, count(*) AS n, max(m.n) AS m FROM mov m GROUP BY DISTINCT m.k, ROLLUP (qty, day), ROLLUP (qty, n % 2) HAVING count(*) > 1) s USING (k)');
-- one of two keys, each set the other: NULL in it is on any shard
SELECT * FROM check_join('SELECT x.k, count(*) FROM (SELECT m.k, b.k AS bk, count(*) AS n FROM mov m JOIN acc b ON b.k = m.k GROUP BY GROUPING SETS ((m.k), (b.k), (m.k, qty))) x GROUP BY x.k');
SELECT * FROM check_join('SELECT x.k FROM (SELECT m.k, b.k AS bk, count(*) AS n FROM mov m JOIN acc b ON b.k = m.k GROUP BY GROUPING SETS ((m.k), (b.k))) x UNION SELECT k FROM acc');
SELECT * FROM check_join('SELECT s.n, s.g, count(*) FROM (SELECT m.k, b.k AS bk, count(*) AS n, grouping(m.k, b.k) AS g FROM mov m JOIN acc b ON b.k = m.k GROUP BY GROUPING SETS ((m.k), (b.k), (m.k, qty))) s LEFT JOIN acc a ON a.k = s.k GROUP BY GROUPING SETS ((n), (g), (n, g))');
-- whole rows of tables inside, at a level that stays partly above
SELECT * FROM check_join('SELECT a.k, s.n, s.j FROM acc a JOIN (SELECT m.k, count(m) AS n, max(row_to_json(m)::text) AS j FROM mov m GROUP BY m.k) s USING (k)');
SELECT * FROM check_join('SELECT a.grp, max((SELECT count(*) FROM mov m WHERE m.k = a.k)), count(a), max(a::text) FROM acc a GROUP BY grp');
SELECT * FROM check_join('SELECT a.grp, max((SELECT count(*) FROM mov m WHERE m.k = a.k)), count(b), max(b::text) FROM acc a LEFT JOIN far b ON b.id = a.k + 0 AND b.id > 40 GROUP BY grp');
-- whole rows of the sub-SELECT: none, of NULLs, with names, in all places
SELECT * FROM check_join('SELECT a.k, row_to_json(s)::text, s IS NULL AS x, s IS NOT NULL AS y, s IS DISTINCT FROM NULL AS z FROM acc a LEFT JOIN (SELECT m.k, NULL::int AS n, count(*) AS c FROM mov m GROUP BY m.k) s(k, "A b") USING (k)');
SELECT * FROM check_join('SELECT count(s), count(*), count(DISTINCT s) FROM acc a LEFT JOIN (SELECT nullif(m.k, m.k) AS j, m.k, count(*) AS n FROM mov m GROUP BY m.k) s USING (k)');
SELECT * FROM check_join('SELECT s, count(a) FROM acc a LEFT JOIN (SELECT m.k, count(*) AS n FROM mov m GROUP BY m.k) s USING (k) GROUP BY s HAVING count(s) < 2');
SELECT * FROM check_join('SELECT a.k, (SELECT string_agg(x::text || s::text, '','') FROM (VALUES (1)) x) FROM acc a JOIN (SELECT m.k, count(*) AS n FROM mov m GROUP BY m.k) s USING (k)');
SELECT * FROM check_join('SELECT a.k, l FROM acc a LEFT JOIN (SELECT m.k, count(*) AS n FROM mov m GROUP BY m.k) s USING (k), LATERAL (SELECT s AS t, s.n) l');
SELECT * FROM check_join('WITH w AS (SELECT k, count(m) AS n FROM mov m GROUP BY k) SELECT to_jsonb(w), w.n FROM acc JOIN w USING (k) WHERE w <> ROW(3, 3::bigint)::record OR w IS NULL');
SELECT * FROM check_join('SELECT s.k FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s JOIN acc a USING (k) WHERE s IN (SELECT t FROM (SELECT k, count(*) AS n FROM mov GROUP BY k HAVING count(*) > 2) t)');
SELECT row_to_json(s) FROM (SELECT DISTINCT k, qty FROM mov WHERE qty < 2) s JOIN acc a USING (k) ORDER BY s LIMIT 2;
