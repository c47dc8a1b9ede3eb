-- Wrong answers that distributed systems are known to give without an error.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- a constant SELECT with HAVING and no GROUP BY is one row, or none
SELECT 1 FROM item HAVING true;
SELECT 1 FROM item HAVING false;
SELECT 1 FROM item HAVING count(*) > 5;
SELECT 1 FROM item HAVING count(*) > 500;
SELECT 1 FROM item WHERE k = 3 HAVING true;
SELECT 1 FROM item WHERE k = 300 HAVING count(*) = 0;
SELECT 1 FROM item WHERE false HAVING true;
-- an aggregation is one row, also where nobody looks at its columns
SELECT same('SELECT i.k FROM item i, (SELECT count(*) FROM line) s WHERE i.k < 3');
SELECT same('SELECT i.k FROM item i, (SELECT max(n) FROM line WHERE k = 7) s WHERE i.k < 3');
SELECT same('SELECT c.id FROM colour c LEFT JOIN (SELECT bool_and(qty > 1) FROM line HAVING true) s ON true');
SELECT same('SELECT count(*) FROM (SELECT sum(n) FROM line) a, (SELECT avg(k) FROM item) b, (SELECT 1 FROM other GROUP BY ()) c');
SELECT same('SELECT 1 FROM (SELECT 1 FROM line GROUP BY GROUPING SETS ((), ())) s');
SELECT same('SELECT EXISTS (SELECT count(*) FROM line WHERE n > 1000), (SELECT count(*) FROM (SELECT sum(n) FROM line WHERE false) s)');
-- and so where all rows are on one shard
BEGIN;
SELECT in_both('CREATE TABLE single (a int, b int)');
SELECT in_both('INSERT INTO single SELECT i, i % 3 FROM generate_series(1, 9) i');
SELECT create_distributed_table('single', NULL);
SELECT same('SELECT i.k FROM item i, (SELECT bool_and(a > 3) FROM single) s WHERE i.k < 3');
SELECT same('SELECT i.k FROM item i CROSS JOIN (SELECT sum(a) FROM single HAVING count(*) > 100) s');
SELECT same('SELECT i.k, s.x FROM item i LEFT JOIN (SELECT 7 AS x FROM single HAVING true) s ON s.x = i.k');
SELECT same('SELECT count(*) FROM (SELECT FROM single GROUP BY b) s, item');
ROLLBACK;

-- a distributed table LEFT JOINed to a temporary table inside another LEFT JOIN
CREATE TEMP TABLE t_here AS SELECT i AS k, i * 10 AS v FROM generate_series(1, 10) i;
SELECT count(*), count(s.n), count(s.v), sum(s.v) FROM item i LEFT JOIN (SELECT l.k, l.n, t.v FROM line l LEFT JOIN t_here t ON t.k = l.k) s ON s.k = i.k;
SELECT same('SELECT i.k, s.* FROM item i LEFT JOIN (SELECT l.k AS lk, l.n, t.v FROM line l LEFT JOIN pg_temp.t_here t ON t.k = l.k) s ON s.lk = i.k AND s.v > 50');
SELECT same('SELECT i.k, s.* FROM item i LEFT JOIN (pg_temp.t_here t LEFT JOIN line l ON t.k = l.k) s(a, v, k, n, qty, day) ON s.k = i.k AND s.n < 40');
SELECT same('SELECT o.id, s.n FROM other o LEFT JOIN (line l LEFT JOIN pg_temp.t_here t ON t.v = l.n) s(k, n, qty, day, a, v) ON s.a = o.k');
DROP TABLE t_here;

-- grouping by a nullable side's key: one group of NULL, not one per shard
SELECT l.k, count(*) FROM item i LEFT JOIN line l ON l.k = i.k AND l.n > 50 GROUP BY l.k HAVING l.k IS NULL;
SELECT same('SELECT l.k, count(*) FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1 GROUP BY l.k');
SELECT same('SELECT DISTINCT l.k FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1');
SELECT same('SELECT count(DISTINCT l.k), count(*) FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1');
SELECT same('SELECT i.k, l.k, count(*) FROM (SELECT * FROM item WHERE grp > 1) i FULL JOIN line l ON l.k = i.k GROUP BY i.k, l.k');
SELECT same('SELECT l.k, row_number() OVER (PARTITION BY l.k ORDER BY i.k) FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1');
SELECT same('SELECT DISTINCT ON (l.k) l.k, i.k FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1 ORDER BY l.k, i.k');
SELECT same('SELECT s.k, count(*) FROM (SELECT l.k FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1) s JOIN colour c ON true GROUP BY s.k');
SELECT same('SELECT l.k FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1 UNION SELECT NULL');

-- a filter that needs no row: $1 = 1, now()
PREPARE gated(int) AS SELECT count(*) FROM item i JOIN line l USING (k) WHERE $1 = 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE gated(1);
EXECUTE gated(2);
RESET plan_cache_mode;
DEALLOCATE gated;
SELECT same('SELECT count(*), sum(n) FROM line WHERE now() < ''2000-01-01''');
SELECT same('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k AND current_date < ''2000-01-01''');

-- an expression below the nullable side is NULL above, not computed again
SELECT sum(s.one), count(s.q), count(*) FROM item i LEFT JOIN (SELECT k, 1 AS one, coalesce(qty, 9) AS q FROM line WHERE n <= 20) s ON s.k = i.k;
SELECT same('SELECT i.k, s.one, s.q FROM item i LEFT JOIN (SELECT k, 1 AS one, coalesce(qty, 9) AS q FROM line WHERE n <= 20) s ON s.k = i.k WHERE coalesce(s.q, 9) = 9');
SELECT same('SELECT i.k, s.r FROM item i LEFT JOIN (SELECT k, ROW(k, n) AS r, line AS w FROM line WHERE n <= 20) s ON s.k = i.k WHERE s.w IS NULL OR (s.w).n > 5');

-- the first column of a sub-SELECT is not its key
SELECT same('SELECT count(*) FROM item i JOIN (SELECT qty, k, count(*) AS n FROM line GROUP BY qty, k) s ON s.qty = i.k');
SELECT same('SELECT i.k, s.n FROM item i JOIN (SELECT qty AS k, count(*) AS n FROM line GROUP BY qty) s USING (k)');
SELECT same('SELECT a.k, b.k FROM (SELECT grp AS k, note FROM item) a JOIN line b ON a.k = b.k');
SELECT same('SELECT i.k, s.x FROM item i JOIN (SELECT k + 1 AS x FROM line) s ON s.x = i.k');

-- NULLs in semi-joins and anti-joins
SELECT count(*) FROM item WHERE k NOT IN (SELECT qty FROM line);
SELECT same('SELECT k FROM item WHERE k NOT IN (SELECT qty FROM line WHERE qty IS NOT NULL)');
SELECT same('SELECT k FROM item i WHERE grp NOT IN (SELECT qty FROM line l WHERE l.k = i.k)');
SELECT same('SELECT k, grp IN (SELECT qty FROM line l WHERE l.k = i.k), grp NOT IN (SELECT k FROM other) FROM item i');
SELECT same('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k WHERE l.n IS NULL');
SELECT same('SELECT id FROM other o WHERE NOT EXISTS (SELECT 1 FROM item i WHERE i.grp = o.k)');
SELECT same('SELECT id FROM other o WHERE k <> ALL (SELECT grp FROM item)');
SELECT same('SELECT id FROM other o WHERE k > ANY (SELECT grp FROM item WHERE k > 100) IS NULL OR id < 3');
SELECT same('SELECT k FROM item i WHERE EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND EXISTS (SELECT 1 FROM item j WHERE j.k = l.k AND j.grp = l.qty))');

-- a key that is compared with NULL asks no shard, but an aggregate has a row
SELECT count(*), max(grp) FROM item WHERE k = NULL;
SELECT same('SELECT count(*) FROM item WHERE k = NULL GROUP BY GROUPING SETS ((), (grp))');
-- rows of a reference table are neither repeated nor null-extended per shard
SELECT same('SELECT c.id, i.k FROM colour c LEFT JOIN item i ON i.k = c.id + 29');
SELECT same('SELECT c.id FROM colour c WHERE NOT EXISTS (SELECT 1 FROM item i WHERE i.grp = c.id)');
SELECT same('SELECT count(*) FROM colour c FULL JOIN item i ON i.k = c.id');
SELECT same('SELECT id FROM colour UNION ALL SELECT k FROM item WHERE k < 3');
-- LIMIT and OFFSET count all rows once; top-N over groups needs whole groups
SELECT same('SELECT k FROM item ORDER BY grp NULLS FIRST, k DESC LIMIT 5 OFFSET 3');
SELECT same('SELECT grp, count(*) FROM item GROUP BY grp ORDER BY count(*) DESC, grp LIMIT 2');
SELECT same('SELECT grp, count(*) FROM item GROUP BY grp ORDER BY 2 DESC FETCH FIRST 3 ROWS WITH TIES');
SELECT same('SELECT count(*) FROM (SELECT n FROM line LIMIT 7 OFFSET 55) s');
-- an alias of a join hides its tables, not their columns
SELECT same('SELECT s.n, s.grp FROM (item i JOIN line l USING (k)) s WHERE s.k < 9');
SELECT same('SELECT s.i, s.b FROM (item i JOIN line l USING (k)) AS s (a, b, c, d, e, f, g, h, i) WHERE s.a = 9');
SELECT same('SELECT u.k, i.grp FROM item i JOIN line l USING (k) AS u WHERE u.k > 20');
SELECT same('SELECT s.b, count(*) FROM (item i LEFT JOIN other o ON o.id = i.k) AS s (a, b) GROUP BY s.b ORDER BY s.b');
SELECT same('SELECT s FROM (line l JOIN colour c ON c.id = l.qty) s WHERE s.n < 20');
