-- Levels with sublinks, set operations, LATERAL or CTEs that every shard can run over its own rows.
SET search_path = path;
SELECT plan_of('SELECT a.k, (SELECT count(*) FROM mov m WHERE m.k = a.k) FROM acc a ORDER BY 2 DESC, 1 LIMIT 4');
SELECT plan_of('SELECT grp, count(*) FROM acc a WHERE 4 > (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty > 3) GROUP BY grp');
SELECT plan_of('SELECT k FROM acc UNION SELECT k FROM mov ORDER BY k DESC LIMIT 3');
-- sublinks of every kind, in every place
SELECT * FROM check_join('SELECT a.k, (SELECT count(*) FROM mov m WHERE m.k = a.k), ARRAY(SELECT n FROM mov m WHERE m.k = a.k AND qty > 9 ORDER BY n) FROM acc a');
SELECT * FROM check_join('SELECT grp, count(*) FROM acc a WHERE 4 > (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty > 3) GROUP BY grp');
SELECT * FROM check_join('SELECT grp, sum((SELECT count(*) FROM mov m WHERE m.k = a.k)) FROM acc a GROUP BY grp');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE EXISTS (SELECT FROM mov m WHERE m.k = a.k AND m.qty = 9) OR a.grp = 3');
SELECT * FROM check_join('SELECT count(*) FROM acc a WHERE a.k NOT IN (SELECT k FROM mov WHERE qty > 9)');
SELECT * FROM check_join('SELECT count(*) FROM acc a WHERE a.k IN (SELECT k FROM mov GROUP BY k HAVING sum(qty) > 30)');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE (a.k, a.grp) IN (SELECT m.k, m.qty FROM mov m) IS NOT TRUE');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE a.grp < ALL (SELECT qty FROM mov m WHERE m.k = a.k)');
SELECT * FROM check_join('SELECT k, sum(qty) FROM mov m GROUP BY k HAVING sum(qty) > (SELECT sum(a.grp) + 20 FROM acc a WHERE a.k = m.k)');
SELECT * FROM check_join('SELECT a.k, CASE WHEN (SELECT max(qty) FROM mov m WHERE m.k = a.k) > 10 THEN ''much'' END FROM acc a LEFT JOIN mov x ON x.k = a.k AND x.n = (SELECT min(n) FROM mov y WHERE y.k = a.k)');
-- three levels down, the key handed on
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE 1 < (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty > (SELECT avg(o.qty) FROM mov o WHERE o.k = m.k AND EXISTS (SELECT FROM acc b WHERE b.k = a.k AND b.grp > 1)))');
-- one that is computed once stays here
SELECT * FROM check_join('SELECT count(*) FROM acc a WHERE a.grp > (SELECT avg(grp) FROM acc) AND (SELECT count(*) FROM mov m WHERE m.k = a.k) > 3');
-- CTEs read twice, materialized, recursive
SELECT * FROM check_join('WITH w AS MATERIALIZED (SELECT k, sum(qty) AS s FROM mov GROUP BY k) SELECT a.k, a.s + b.s FROM w a JOIN w b USING (k)');
SELECT * FROM check_join('WITH w AS (SELECT k, sum(qty) AS s FROM mov GROUP BY k) SELECT a.grp, sum(w.s) FROM w JOIN acc a ON a.k = w.k GROUP BY a.grp');
SELECT * FROM check_join('WITH RECURSIVE w AS (SELECT k, min(n) AS n FROM mov GROUP BY k UNION ALL SELECT m.k, m.n FROM w JOIN mov m ON m.k = w.k AND m.n > w.n WHERE m.n < w.n + 150) SELECT k, count(*) FROM w GROUP BY k');
SELECT * FROM check_join('WITH RECURSIVE w AS (SELECT k, 0 AS lvl FROM acc WHERE grp = 1 UNION SELECT w.k, lvl + 1 FROM w JOIN mov m ON m.k = w.k WHERE lvl < 3) SELECT k, max(lvl) FROM w GROUP BY k');
-- a CTE with sublinks, read once: it is the entry's, and no longer looked at by itself
SELECT plan_of('WITH w AS (SELECT k, grp FROM acc a WHERE 4 > (SELECT count(*) FROM mov m WHERE m.k = a.k)) SELECT w.k, x.grp FROM w FULL JOIN acc x ON x.grp = w.k WHERE w.grp = 2');
SELECT * FROM check_join('WITH w AS (SELECT k, grp FROM acc a WHERE 4 > (SELECT count(*) FROM mov m WHERE m.k = a.k)) SELECT w.k, x.grp FROM w FULL JOIN acc x ON x.grp = w.k WHERE w.grp = 2');
SELECT * FROM check_join('WITH RECURSIVE w AS (SELECT k, (SELECT max(qty) FROM mov m WHERE m.k = a.k) AS q FROM acc a), n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT w.q, count(*) FROM n LEFT JOIN w ON w.k = n.i GROUP BY w.q');
SELECT same, total FROM check_join('WITH w AS (SELECT k FROM mov UNION SELECT k FROM acc), v AS MATERIALIZED (SELECT grp FROM acc) SELECT a.id, (WITH u AS (SELECT k FROM mov m WHERE qty < (SELECT avg(o.qty) FROM mov o WHERE o.k = m.k)) SELECT count(*) FROM u JOIN kind t ON t.id = u.k), (SELECT sum(grp) FROM v) FROM kind a LEFT JOIN w ON w.k = a.id');
BEGIN;
CREATE TABLE lone (k int PRIMARY KEY, v int);
SELECT create_distributed_table('lone', 'k', shard_count := 1, colocate_with := 'none');
INSERT INTO lone SELECT i, i * 3 FROM generate_series(1, 5) i;
WITH w AS (SELECT v, (SELECT count(*) FROM lone b WHERE b.v > a.v) AS n FROM lone a) SELECT w.n, f.v FROM w JOIN far f ON f.id = w.v ORDER BY n;
WITH w AS (SELECT v FROM lone a WHERE 3 > (SELECT count(*) FROM lone b WHERE b.v > a.v)) SELECT w.v, f.v FROM w JOIN far f ON f.id = w.v ORDER BY 1;
ROLLBACK;
-- set operations
SELECT * FROM check_join('SELECT k, grp FROM acc UNION SELECT k, qty FROM mov');
SELECT * FROM check_join('SELECT k FROM mov EXCEPT ALL SELECT k FROM acc');
SELECT * FROM check_join('(SELECT k FROM mov INTERSECT ALL SELECT k FROM mov WHERE qty > 2) UNION ALL SELECT grp FROM acc ORDER BY 1');
-- what must be done here: random(), windows and groups over all shards
SELECT * FROM check_join('SELECT a.k, random() < 2 FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4');
SELECT * FROM check_join('SELECT a.k, rank() OVER (ORDER BY a.grp) FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4');
SELECT * FROM check_join('SELECT DISTINCT grp FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4');
SELECT * FROM check_join('SELECT grp, k % 2, count(*) FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4 GROUP BY ROLLUP (grp, k % 2)');
SELECT * FROM check_join('SELECT note, (SELECT t.name FROM kind t WHERE t.id = max(a.grp)) FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4 GROUP BY note');
-- orders and bounds
SELECT a.k, (SELECT max(day) FROM mov m WHERE m.k = a.k) AS d FROM acc a WHERE grp = 2 ORDER BY d DESC NULLS LAST, note, k LIMIT 3 OFFSET 1;
SELECT k FROM (SELECT k, qty FROM mov UNION SELECT k, grp FROM acc) u WHERE qty = 5 ORDER BY k FETCH FIRST 2 ROWS WITH TIES;
SELECT DISTINCT ON (k) k, (SELECT note FROM acc a WHERE a.k = m.k) AS note, n FROM mov m WHERE qty > 10 ORDER BY k, n DESC LIMIT 3;
-- parameters, NULL among them, in generic plans, too
PREPARE busy(int, text) AS SELECT grp, count(*) FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty > $1) > 1 AND note <> 'note ' || $2 GROUP BY grp ORDER BY grp;
EXECUTE busy(5, '1');
EXECUTE busy(NULL, '1');
SET plan_cache_mode = force_generic_plan;
EXECUTE busy(5, '1');
EXECUTE busy(5, NULL);
-- which shards are asked is known when it runs
PREPARE two(int) AS SELECT k, (SELECT count(*) FROM mov m WHERE m.k = a.k) FROM acc a WHERE k = $1 OR k = $1 + 1 ORDER BY k;
EXECUTE two(4);
EXECUTE two(5);
RESET plan_cache_mode;
-- a cursor backwards, an INSERT from one, a write with one is not of this kind
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k, (SELECT count(*) FROM mov m WHERE m.k = a.k) FROM acc a ORDER BY k;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
CREATE TABLE taken (k int PRIMARY KEY, n bigint);
SELECT create_distributed_table('taken', 'k', colocate_with := 'acc');
INSERT INTO taken SELECT a.k, s.n FROM acc a JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s USING (k) WHERE (SELECT max(qty) FROM mov m WHERE m.k = a.k) > 11;
SELECT count(*), sum(n) FROM taken;
UPDATE taken SET n = s.n * 2 FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s WHERE s.k = taken.k AND (SELECT count(*) FROM far f WHERE f.k = s.k) > 0;
SELECT count(*), sum(n) FROM taken;
SELECT count(*) FROM (SELECT t.k FROM taken t JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s USING (k) FOR UPDATE OF t) x;
ROLLBACK;
-- what the shards cannot do of a level stays above what they can
SELECT same, total FROM check_join('SELECT a.k FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4 AND (SELECT count(*) FROM far f WHERE f.k = a.k) < 2');
SELECT same, total FROM check_join('SELECT a.k, (SELECT count(*) FROM far f WHERE f.k = a.k) FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4');
SELECT same, total FROM check_join('SELECT grp, count(*) FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4 AND a.k IN (SELECT f.k FROM far f) GROUP BY grp');
SELECT plan_of('SELECT a.k FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4 AND a.k NOT IN (SELECT f.k FROM far f WHERE f.v > 50)');
