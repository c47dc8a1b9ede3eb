-- Sub-SELECTs whose rows do not stay on their shard: each of these went wrong if it were run per shard.
SET search_path = path;
-- groups, partitions and duplicates without the key
SELECT same, scans > 0 AS here FROM check_join('SELECT s.grp, s.n, m.n FROM (SELECT grp, count(*) AS n FROM acc GROUP BY grp) s JOIN mov m ON m.qty = s.grp AND m.k = 5');
SELECT * FROM check_join('SELECT * FROM (SELECT k, row_number() OVER (PARTITION BY grp ORDER BY k) AS r FROM acc) s JOIN mov m USING (k) WHERE r = 2');
SELECT * FROM check_join('SELECT count(*) FROM (SELECT DISTINCT qty FROM mov) s JOIN acc a ON a.grp = s.qty');
SELECT * FROM check_join('SELECT count(*) FROM (SELECT qty FROM mov UNION SELECT grp FROM acc) s');
SELECT * FROM check_join('SELECT k, grp FROM acc UNION SELECT qty, k FROM mov');
SELECT * FROM check_join('SELECT grp FROM acc EXCEPT SELECT qty FROM mov');
SELECT * FROM check_join('SELECT k + 0 FROM acc UNION SELECT k FROM mov');
-- the key of one of two columns of that name
SELECT * FROM check_join('SELECT a.k, s.c FROM acc a JOIN (SELECT f.k, f.id, count(*) AS c FROM far f GROUP BY f.k, f.id) s ON s.k = a.k');
-- a key that an outer join made NULL: one group of NULL, not one per shard
SELECT * FROM check_join('SELECT s.n, count(*) FROM (SELECT a.k, count(*) AS n FROM mov m LEFT JOIN acc a ON a.k = m.k GROUP BY a.k) s GROUP BY s.n');
SELECT * FROM check_join('SELECT a.k FROM mov m LEFT JOIN acc a ON a.k = m.k UNION SELECT k FROM acc WHERE grp = 1');
SELECT * FROM check_join('SELECT count(*) FROM mov m LEFT JOIN acc a ON a.k = m.k WHERE (a.k NOT IN (SELECT k FROM mov WHERE qty > 90)) IS NOT FALSE');
-- aggregates of all, LIMIT, an ordered sub-SELECT
SELECT * FROM check_join('SELECT * FROM (SELECT count(*) AS n FROM mov) s, (SELECT k FROM acc ORDER BY k LIMIT 3) t');
SELECT * FROM check_join('SELECT count(*) FROM acc a JOIN (SELECT k FROM mov ORDER BY qty, n OFFSET 20) s USING (k)');
SELECT * FROM check_join('SELECT 1 AS x FROM acc WHERE grp > 100 HAVING true');
WITH w AS MATERIALIZED (SELECT k, n FROM mov WHERE n < 9 ORDER BY n DESC) SELECT n FROM w WHERE (SELECT count(*) FROM mov m WHERE m.k = w.k) > 4;
SELECT s.n FROM (SELECT k, n FROM mov WHERE n < 9 ORDER BY n DESC) s WHERE (SELECT count(*) FROM mov m WHERE m.k = s.k) > 4;
-- reference tables: null-extended once, an arm once, the same rows for all
SELECT * FROM check_join('SELECT s.id, s.c FROM (SELECT t.id, (SELECT count(*) FROM acc b WHERE b.k = a.k) AS c FROM kind t LEFT JOIN acc a ON a.k = t.id) s');
SELECT * FROM check_join('SELECT k FROM acc UNION ALL SELECT id FROM kind');
SELECT * FROM check_join('SELECT a.k, (SELECT count(*) FROM mov m WHERE m.k = a.k) FROM acc a FULL JOIN kind t ON t.id = a.k');
SELECT * FROM check_join('SELECT a.k, s.name FROM acc a, (SELECT name FROM kind ORDER BY id DESC LIMIT 1) s WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4');
SELECT * FROM check_join('SELECT a.k, ARRAY(SELECT id FROM kind) = ARRAY(SELECT id FROM kind) AS x, (SELECT count(*) FROM mov m WHERE m.k = a.k) FROM acc a');
-- rows of a function in the target list follow the order of the row they belong to
SELECT k, generate_series(1, 3) AS g FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 4 ORDER BY k LIMIT 4;
SELECT k, (SELECT count(*) FROM mov m WHERE m.k = a.k), generate_series(1, 3) AS g FROM acc a ORDER BY k LIMIT 4;
-- rows that meet but are not kept together: by a condition of an outer join, by two outer rows
SELECT * FROM check_join('SELECT s.x, s.y, s.c FROM (SELECT a.k AS x, b.k AS y, c.k AS z, (SELECT count(*) FROM mov m WHERE m.k = a.k) AS c FROM (acc a JOIN acc b ON a.grp = b.grp AND a.k < 9 AND b.k < 9) LEFT JOIN acc c ON c.k = a.k AND c.k = b.k) s');
SELECT * FROM check_join('SELECT a.k, b.k, (SELECT count(*) FROM mov m, far f WHERE m.k = a.k AND f.id = b.k) FROM acc a JOIN acc b ON b.k = a.k + 1 WHERE a.k < 20');
SELECT * FROM check_join('SELECT a.k, b.k, l.c FROM acc a JOIN acc b ON b.k = a.k + 1 CROSS JOIN LATERAL (SELECT count(*) AS c FROM mov m WHERE m.k = a.k AND m.k = b.k) l WHERE a.k < 20');
SELECT * FROM check_join('SELECT a.k, b.k, l.n FROM acc a LEFT JOIN (far b CROSS JOIN LATERAL (SELECT n FROM mov m WHERE m.k = b.id LIMIT 1) l) ON b.k = a.k');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE 2 > (SELECT count(*) FROM mov m LEFT JOIN acc b ON b.k = a.k)');
SELECT * FROM check_join('SELECT a.k, (SELECT count(*) FROM mov m WHERE m.k < a.k AND m.k > a.k - 2) FROM acc a WHERE grp = 1');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE EXISTS (SELECT FROM mov m WHERE m.k = a.grp) OR a.grp = 3');
-- recursion that leaves the shard
SELECT * FROM check_join('WITH RECURSIVE w AS (SELECT k, grp FROM acc WHERE k > 70 UNION SELECT a.k, a.grp FROM w JOIN acc a ON a.k = w.grp) SELECT k, count(*) FROM w GROUP BY k');
-- no shard knows ctid, the time, or a number of its own
SELECT * FROM check_join('SELECT count(*) FROM (SELECT k, ctid, count(*) FROM mov GROUP BY k, ctid) s JOIN acc a USING (k)');
SELECT * FROM check_join('SELECT count(DISTINCT s.t) FROM (SELECT k, clock_timestamp() > now() AS t, count(*) FROM mov GROUP BY k) s JOIN acc a USING (k)');
SELECT count(DISTINCT s.t), bool_and(s.t = now()) FROM (SELECT k, now() AS t, count(*) FROM mov GROUP BY k) s JOIN acc a USING (k);
CREATE SEQUENCE numbers;
SELECT count(DISTINCT s.v) FROM (SELECT k, nextval('numbers') AS v FROM mov WHERE k < 40 ORDER BY k) s JOIN acc a USING (k);
DROP SEQUENCE numbers;
