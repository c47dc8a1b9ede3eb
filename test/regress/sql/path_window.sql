-- Window functions: on the shards if every window's partitions lie within
-- shards, else here, above rows that the nodes have sorted.
SET search_path = sorted, path;
\set SHOW_CONTEXT never
CREATE TABLE sale (k int, id int, n int, t text, at date, PRIMARY KEY (k, id));
SELECT create_distributed_table('sale', 'k', colocate_with := 'thing');
INSERT INTO sale SELECT i % 12, i, nullif(i % 7, 0), chr(97 + i % 5), date '2024-01-01' + i % 9 FROM generate_series(1, 90) i;
CREATE TABLE sorted_copy.sale AS SELECT * FROM sale;
ANALYZE sale;

-- on the shards
SELECT plan_of('SELECT k, id, row_number() OVER (PARTITION BY k ORDER BY id DESC) FROM sale');
SELECT in_order('SELECT k, id, row_number() OVER (PARTITION BY k ORDER BY id DESC) FROM sale ORDER BY 1, 2');
SELECT plan_of('SELECT k, id, rank() OVER w, sum(n) OVER (w ROWS 1 PRECEDING), count(*) OVER (PARTITION BY t, k) FROM sale WINDOW w AS (PARTITION BY k ORDER BY at, id), unused AS (PARTITION BY n) ORDER BY 1, 2 LIMIT 3');
SELECT in_order('SELECT k, id, rank() OVER w, sum(n) OVER (w ROWS 1 PRECEDING), count(*) OVER (PARTITION BY t, k) FROM sale WINDOW w AS (PARTITION BY k ORDER BY at, id), unused AS (PARTITION BY n) ORDER BY 1, 2');
SELECT in_order('SELECT k, id, sum(n) FILTER (WHERE n > 2) OVER (PARTITION BY k ORDER BY at RANGE BETWEEN ''2 days'' PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM sale ORDER BY 1, 2');
SELECT in_order('SELECT k, id, first_value(t) OVER (PARTITION BY k ORDER BY n NULLS FIRST, id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM sale ORDER BY 1, 2');
SELECT in_order('SELECT k, id, lag(t, 2, ''none'') OVER (PARTITION BY k ORDER BY t COLLATE "C" DESC, id) || k AS l, (SELECT max(id) FROM sale) FROM sale ORDER BY 1, 2');
SELECT in_order('SELECT sum(r) FROM (SELECT ntile(3) OVER (PARTITION BY k ORDER BY id) AS r FROM sale) s');
SELECT in_order('SELECT k, id, sum(id) OVER (PARTITION BY k ORDER BY id) AS total FROM sale ORDER BY total DESC, id LIMIT 4 OFFSET 2');
PREPARE frame(int) AS SELECT id, sum(id) OVER (PARTITION BY k ORDER BY id ROWS $1 PRECEDING) FROM sale WHERE k < 2 ORDER BY 1 LIMIT 4;
EXECUTE frame(1);
EXECUTE frame(0);
EXECUTE frame(-1);

-- filters on window functions, which the planner makes conditions of the window
SELECT plan_of('SELECT * FROM (SELECT k, id, row_number() OVER (PARTITION BY k ORDER BY id DESC) AS r FROM sale) s WHERE r <= 2');
SELECT in_order('SELECT * FROM (SELECT k, id, row_number() OVER (PARTITION BY k ORDER BY id DESC) AS r FROM sale) s WHERE r <= 2 ORDER BY k, id');
SELECT in_order('SELECT * FROM (SELECT k, id, rank() OVER (PARTITION BY k ORDER BY at) + 0 AS q, row_number() OVER (PARTITION BY k ORDER BY at, id) AS r FROM sale) s WHERE r < 3 AND q = 1 ORDER BY k, id');
SELECT in_order('SELECT * FROM (SELECT DISTINCT k, rank() OVER (PARTITION BY k ORDER BY at) AS r FROM sale) s WHERE r < 3 ORDER BY k, r');
SELECT in_order('SELECT * FROM (SELECT k, id, count(*) OVER (PARTITION BY k ORDER BY id) AS r FROM sale ORDER BY id LIMIT 20) s WHERE r < 3 ORDER BY k, id');
PREPARE top(int) AS SELECT k, id FROM (SELECT k, id, row_number() OVER (PARTITION BY k ORDER BY id) AS r FROM sale) s WHERE r <= $1 AND k IN (3, 4) ORDER BY 1, 2;
EXECUTE top(1);
EXECUTE top(2);
EXECUTE top(NULL);

-- over groups
SELECT plan_of('SELECT k, t, sum(n), rank() OVER (PARTITION BY k ORDER BY sum(n) DESC, t) FROM sale GROUP BY k, t HAVING count(*) > 1');
SELECT in_order('SELECT k, t, sum(n), rank() OVER (PARTITION BY k ORDER BY sum(n) DESC, t) FROM sale GROUP BY k, t HAVING count(*) > 1 ORDER BY 1, 2');
SELECT in_order('SELECT k + 1, sum(count(*)) OVER (PARTITION BY k ORDER BY min(at), t) / 2 AS s FROM sale GROUP BY k, t ORDER BY 1, 2');

-- over joins, also with a key that may be NULL
SELECT plan_of('SELECT s.k, s.id, max(p.price) OVER (PARTITION BY p.k) FROM sale s JOIN pal p ON p.k = s.k');
SELECT in_order('SELECT s.k, s.id, max(p.price) OVER (PARTITION BY p.k ORDER BY s.id) FROM sale s JOIN pal p ON p.k = s.k ORDER BY 1, 2');
SELECT plan_of('SELECT t.k, count(*) OVER (PARTITION BY s.k) FROM thing t LEFT JOIN (SELECT * FROM sale WHERE id < 9) s ON s.k = t.k');
SELECT in_order('SELECT t.k, count(*) OVER (PARTITION BY s.k) FROM thing t LEFT JOIN (SELECT * FROM sale WHERE id < 9) s ON s.k = t.k ORDER BY 1');

-- here: partitions that lie on several shards, one such window among others
SELECT plan_of('SELECT k, id, row_number() OVER (PARTITION BY t ORDER BY id) FROM sale');
SELECT in_order('SELECT k, id, row_number() OVER (PARTITION BY t ORDER BY id) FROM sale ORDER BY 2');
SELECT in_order('SELECT k, id, sum(n) OVER (ORDER BY at, id) FROM sale ORDER BY 2');
SELECT plan_of('SELECT id, count(*) OVER (PARTITION BY k), count(*) OVER () FROM sale');
SELECT in_order('SELECT id, count(*) OVER (PARTITION BY k), count(*) OVER () FROM sale ORDER BY 1');
SELECT in_order('SELECT id, count(*) OVER (PARTITION BY k % 5) FROM sale ORDER BY 1');
SELECT in_order('SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY t ORDER BY id) AS r FROM sale) s WHERE r <= 2 ORDER BY 1');

-- here: what nodes cannot compute
SELECT plan_of('SELECT id, count(*) OVER (PARTITION BY k) FROM sale WHERE random() < 2');
SELECT in_order('SELECT id, count(*) OVER (PARTITION BY k) FROM sale WHERE random() < 2 ORDER BY 1');
SELECT in_order('SELECT id, sum((SELECT count(*) FROM one WHERE one.id <= sale.n)) OVER (PARTITION BY k ORDER BY id) FROM sale ORDER BY 1');
SELECT in_order('SELECT id, generate_series(1, 2), row_number() OVER (PARTITION BY k ORDER BY id) FROM sale ORDER BY 1, 2');
SELECT in_order('SELECT id, count(*) OVER (PARTITION BY k, ROW(n, t) ORDER BY id) FROM sale ORDER BY 1');
SELECT in_order('SELECT count(*) OVER (PARTITION BY k ORDER BY id) FROM sale WHERE false');

SET shardlite.enable_window_pushdown = off;
SELECT plan_of('SELECT k, id, row_number() OVER (PARTITION BY k ORDER BY id DESC) FROM sale');
RESET shardlite.enable_window_pushdown;
