-- LATERAL: subqueries, functions, joins that refer to the left.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT nodes('SELECT i.k, s.n FROM item i, LATERAL (SELECT l.n FROM line l WHERE l.k = i.k) s');
SELECT same('SELECT i.k, s.n FROM item i, LATERAL (SELECT l.n FROM line l WHERE l.k = i.k) s');
-- top of each group
SELECT i.k, s.n FROM item i, LATERAL (SELECT l.n FROM line l WHERE l.k = i.k ORDER BY l.n DESC LIMIT 1) s WHERE i.k < 8 ORDER BY 1;
SELECT same('SELECT i.k, s.n, s.qty FROM item i LEFT JOIN LATERAL (SELECT l.n, l.qty FROM line l WHERE l.k = i.k ORDER BY l.qty NULLS LAST, l.n LIMIT 2) s ON s.qty IS NOT NULL');
SELECT same('SELECT i.k, s.n FROM item i LEFT JOIN LATERAL (SELECT l.n FROM line l WHERE l.k = i.k ORDER BY l.n OFFSET 1 LIMIT 1) s ON true');
SELECT same('SELECT i.k, s.id FROM item i, LATERAL (SELECT o.id FROM other o WHERE o.k = i.grp ORDER BY o.id FETCH FIRST 2 ROWS WITH TIES) s');
-- off the key, with expressions, with aggregates
SELECT same('SELECT i.k, s.* FROM item i, LATERAL (SELECT count(*), max(o.v) FROM other o WHERE o.k = i.k % 7) s');
SELECT same('SELECT c.id, s.* FROM colour c LEFT JOIN LATERAL (SELECT i.k, i.price * c.id AS p FROM item i WHERE i.grp = c.id AND i.k > c.id * 5) s ON s.p > 10');
SELECT same('SELECT t.id, s.sum FROM local_t t, LATERAL (SELECT sum(l.n) FROM line l WHERE l.k BETWEEN t.id AND t.k) s');
-- two levels, and a reference over one
SELECT same('SELECT i.k, s.n, u.id FROM item i, LATERAL (SELECT n FROM line l WHERE l.k = i.k AND l.qty = 2) s, LATERAL (SELECT id FROM other o WHERE o.id = s.n - i.k) u');
SELECT same('SELECT i.k, s.m FROM item i, LATERAL (SELECT max(u.x) AS m FROM line l, LATERAL (SELECT l.n + i.k AS x) u WHERE l.k = i.k) s');
SELECT same('SELECT i.k, s.a, t.b FROM item i, LATERAL (SELECT i.grp AS a UNION ALL SELECT l.n FROM line l WHERE l.k = i.k) s(a), LATERAL (SELECT s.a % 3 AS b) t');
-- DISTINCT ON, windows and set operations inside
SELECT same('SELECT i.k, s.* FROM item i, LATERAL (SELECT DISTINCT ON (qty) qty, n FROM line l WHERE l.k = i.k ORDER BY qty, n) s');
SELECT same('SELECT i.k, s.* FROM item i, LATERAL (SELECT n, rank() OVER (ORDER BY qty) FROM line l WHERE l.k = i.k) s');
SELECT same('SELECT i.k, s.x FROM item i, LATERAL (SELECT n AS x FROM line l WHERE l.k = i.k EXCEPT SELECT id FROM other o WHERE o.k > i.grp) s');
-- functions with ordinality, VALUES, a join's ON clause
SELECT same('SELECT i.k, t.* FROM item i, unnest(i.tags) WITH ORDINALITY t(tag, nr)');
SELECT same('SELECT i.k, v.* FROM item i, LATERAL (VALUES (i.grp, ''g''), (i.k, ''k'')) v(x, what) WHERE v.x = 2');
SELECT same('SELECT i.k, e FROM item i LEFT JOIN jsonb_array_elements(i.doc -> ''b'') e ON e::int > 20');
SELECT same('SELECT i.k, g FROM item i JOIN LATERAL generate_series(1, i.grp) g ON g <> 2');
-- below an outer join, an aggregate and a sublink
SELECT same('SELECT c.id, s.k, s.n FROM colour c LEFT JOIN (SELECT i.k, i.grp, u.n FROM item i, LATERAL (SELECT n FROM line l WHERE l.k = i.k ORDER BY n LIMIT 1) u) s ON s.grp = c.id');
SELECT same('SELECT grp, sum(s.n) FROM item i LEFT JOIN LATERAL (SELECT n FROM line l WHERE l.k = i.k ORDER BY n LIMIT 1) s ON true GROUP BY grp');
SELECT same('SELECT k FROM item i WHERE (SELECT u.n FROM LATERAL (SELECT n FROM line l WHERE l.k = i.k) u ORDER BY 1 LIMIT 1) > 10');
-- what PostgreSQL refuses
SELECT same('SELECT * FROM item i RIGHT JOIN LATERAL (SELECT n FROM line l WHERE l.k = i.k) s ON true');
