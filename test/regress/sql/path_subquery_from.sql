-- Sub-SELECTs in FROM that every shard can run over its own rows: to joins, aggregates and orders they are tables.
SET search_path = path;
CREATE TABLE acc (k int PRIMARY KEY, grp int, note text);
CREATE TABLE mov (k int, n int, qty int, day date, PRIMARY KEY (k, n));
CREATE TABLE far (id int PRIMARY KEY, k int, v numeric);
CREATE TABLE kind (id int PRIMARY KEY, name text);
CREATE TABLE near (id int PRIMARY KEY, k int);
SELECT create_distributed_table('acc', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('mov', 'k', colocate_with := 'acc');
SELECT create_distributed_table('far', 'id', colocate_with := 'acc');
SELECT create_reference_table('kind');
INSERT INTO acc SELECT i, i % 7, 'note ' || i % 5 FROM generate_series(1, 80) i;
INSERT INTO mov SELECT i * i % 97, i, nullif(i % 13, 4), date '2024-01-01' + i % 50 FROM generate_series(1, 500) i;
INSERT INTO far SELECT i, i % 90, i * 1.5 FROM generate_series(1, 150) i;
INSERT INTO kind SELECT i, 'kind ' || i FROM generate_series(0, 9) i;
INSERT INTO near SELECT i, i * 7 FROM generate_series(1, 12) i;
ANALYZE acc, mov, far, kind, near;
CREATE SCHEMA path_plain;
CREATE TABLE path_plain.acc AS SELECT * FROM acc;
CREATE TABLE path_plain.mov AS SELECT * FROM mov;
CREATE TABLE path_plain.far AS SELECT * FROM far;
CREATE TABLE path_plain.kind AS SELECT * FROM kind;
CREATE TABLE path_plain.near AS SELECT * FROM near;

SELECT plan_of('SELECT max(a.grp), sum(s.n) FROM acc a JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = a.k');
SELECT plan_of('SELECT a.k, s.n FROM acc a LEFT JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s USING (k) WHERE coalesce(s.n, 0) < 6 ORDER BY 2, 1 LIMIT 3');
-- grouped, windowed, distinct, combined; joined in all ways, then aggregated, sorted, limited
SELECT * FROM check_join('SELECT a.grp, sum(s.n) FROM acc a JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = a.k GROUP BY a.grp');
SELECT * FROM check_join('SELECT a.k, s.n, s.m FROM acc a LEFT JOIN (SELECT k, count(*) AS n, max(qty) AS m FROM mov GROUP BY k HAVING count(*) > 4) s ON s.k = a.k');
SELECT * FROM check_join('SELECT * FROM acc a FULL JOIN (SELECT k, sum(qty) AS q FROM mov WHERE n % 3 > 0 GROUP BY k) s USING (k)');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE NOT EXISTS (SELECT FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s WHERE s.k = a.k AND s.n > 4)');
SELECT * FROM check_join('SELECT * FROM (SELECT k, n, row_number() OVER (PARTITION BY k ORDER BY qty, n) AS r FROM mov) s JOIN acc USING (k) WHERE r <= 2');
SELECT * FROM check_join('SELECT * FROM (SELECT DISTINCT ON (k) k, n, day FROM mov ORDER BY k, day DESC, n) s JOIN acc USING (k)');
SELECT * FROM check_join('SELECT a.grp, count(*), sum(s.qty) FROM acc a JOIN (SELECT DISTINCT k, qty FROM mov) s USING (k) GROUP BY a.grp');
SELECT * FROM check_join('SELECT a.grp, count(s.v) FROM acc a JOIN (SELECT k, qty AS v FROM mov UNION ALL SELECT k, grp FROM acc WHERE grp > 2) s ON s.k = a.k GROUP BY a.grp');
SELECT * FROM check_join('SELECT count(*) FROM (SELECT k FROM acc INTERSECT SELECT k FROM mov EXCEPT SELECT id FROM far WHERE v > 40) s');
SELECT * FROM check_join('SELECT a.k, l.n FROM acc a CROSS JOIN LATERAL (SELECT n FROM mov m WHERE m.k = a.k ORDER BY qty DESC NULLS LAST, n LIMIT 2) l');
-- a group of groups: the inner whole, the outer in part
SELECT * FROM check_join('SELECT s.n, count(*) FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s GROUP BY s.n');
-- two of them, nested, with a reference table inside; the key under another name
SELECT * FROM check_join('SELECT s.x, t.c FROM (SELECT k AS x, count(*) AS n FROM mov GROUP BY k) s JOIN (SELECT m.k AS y, count(t.name) AS c FROM mov m LEFT JOIN kind t ON t.id = m.qty GROUP BY m.k) t ON s.x = t.y');
SELECT * FROM check_join('SELECT o.grp, max(o.most) FROM (SELECT a.grp, a.k, s.most FROM acc a JOIN (SELECT i.k, max(i.c) AS most FROM (SELECT k, day, count(*) AS c FROM mov GROUP BY k, day) i GROUP BY i.k) s ON s.k = a.k) o GROUP BY o.grp');
-- filters from outside, those on the key say which shards; what they cost is theirs to know
SELECT * FROM check_join('SELECT * FROM acc JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s USING (k) WHERE s.k IN (3, 5, 99) AND s.n > 1');
SELECT plan_of('SELECT * FROM acc JOIN (SELECT k, count(*) AS n FROM mov WHERE k IN (3, 5, 99) GROUP BY k) s USING (k)');
-- joined off the key, and with what is not on shards
SELECT same, total FROM check_join('SELECT f.id, s.n FROM far f JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = f.k');
SELECT same, total FROM check_join('SELECT r.id, s.n FROM near r LEFT JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = r.k');
SELECT same, total FROM check_join('SELECT r.id, s.n FROM kind r JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.n = r.id');
-- names, whole rows, types: of a whole row each name shows, so it stays here
SELECT * FROM check_join('SELECT row_to_json(s) FROM (SELECT k AS "The Key", count(*) AS k FROM mov GROUP BY mov.k) s JOIN acc a ON a.k = s."The Key"');
SELECT * FROM check_join('SELECT x.a, x.b, x.c FROM (SELECT k, k, count(*) FROM mov GROUP BY k) x(a, b, c) JOIN acc a ON a.k = x.b');
SELECT * FROM check_join('SELECT s.w, s.u, s.c FROM (SELECT k, max(row(n, qty)::text) AS w, ''lit'' AS u, max(note) COLLATE "C" AS c FROM mov JOIN acc USING (k) GROUP BY k) s JOIN acc a USING (k) WHERE s.c > ''note 1''');
-- rows of an ordered sub-SELECT come in its order
SELECT array_agg(s.k) FROM (SELECT k FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) i WHERE n > 4 AND k < 12 ORDER BY k DESC) s;
SET shardlite.enable_subquery_pushdown = off;
SELECT * FROM check_join('SELECT a.grp, sum(s.n) FROM acc a JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = a.k GROUP BY a.grp');
RESET shardlite.enable_subquery_pushdown;
