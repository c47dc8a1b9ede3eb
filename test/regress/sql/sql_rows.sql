-- Rows as values: comparisons, whole rows, composites, names of their columns.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT nodes('SELECT k FROM item WHERE (grp, k) > (1, 10)');
SELECT same('SELECT k FROM item WHERE (grp, k) > (1, 10)');
SELECT same('SELECT k FROM item WHERE (grp, k) <= (2, NULL)');
SELECT same('SELECT k FROM item WHERE (k, grp) = (7, 2)');
SELECT same('SELECT k FROM item WHERE (k, grp) IN ((7, 2), (8, 3), (9, NULL))');
SELECT same('SELECT k FROM item WHERE (k, grp) IS DISTINCT FROM (7, 2)');
SELECT same('SELECT k FROM item WHERE (k, grp) IN (SELECT k, qty FROM line)');
SELECT same('SELECT k FROM item WHERE (k, grp) NOT IN (SELECT k, qty FROM line WHERE qty IS NOT NULL) AND grp IS NOT NULL');
SELECT same('SELECT k FROM item i WHERE (i.k, i.grp) = (SELECT l.k, l.qty FROM line l WHERE l.k = i.k ORDER BY n LIMIT 1)');
SELECT same('SELECT k FROM item i WHERE ROW(i.grp, 1) < ANY (SELECT o.k, o.id FROM other o)');
SELECT same('SELECT i.k, l.n FROM item i JOIN line l ON (i.k, i.grp) = (l.k, l.qty)');
-- NULL tests of rows
SELECT same('SELECT k, ROW(grp, feel) IS NULL, ROW(grp, feel) IS NOT NULL, two IS NULL, two IS NOT NULL FROM item');
SELECT same('SELECT i.k, l IS NULL, l IS NOT NULL FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = i.grp');
-- composites
SELECT same('SELECT k, (two).a, (two).b FROM item WHERE (two).b = ''b2'' OR (two).a > 25');
SELECT same('SELECT two, count(*) FROM item GROUP BY two');
SELECT same('SELECT k FROM item WHERE two < ROW(9, ''b1'')::pair');
SELECT same('SELECT k FROM item WHERE two = ROW(9, NULL)::pair');
SELECT same('SELECT max(two::text), array_agg(two ORDER BY k) FROM item');
-- whole rows: as values, compared, counted, sorted, joined, null-extended
SELECT i FROM item i WHERE k = 4;
SELECT same('SELECT i FROM item i');
SELECT same('SELECT i.*::text FROM item i');
SELECT same('SELECT count(DISTINCT l) FROM line l');
SELECT same('SELECT l FROM line l ORDER BY l DESC LIMIT 3');
SELECT same('SELECT a.k FROM line a JOIN line b ON a = b');
SELECT same('SELECT i.k, l FROM item i LEFT JOIN line l ON l.k = i.k AND l.n > 50');
SELECT same('SELECT (s.i).k, (s.i).note FROM (SELECT i FROM item i OFFSET 0) s');
SELECT same('SELECT p, (p).v FROM part p WHERE p.day > ''2020-10-01''');
SELECT same('SELECT o FROM other o WHERE o IN (SELECT x FROM other x WHERE x.k = 3)');
SELECT same('SELECT to_jsonb(l) - ''day'', s.x FROM line l, LATERAL (SELECT l.qty AS x) s WHERE l.k = 8');
-- pitfall: column names in row_to_json of a subquery
SELECT row_to_json(s) FROM (SELECT k AS "The Key", grp + 1 AS next, note FROM item WHERE k = 2) s;
SELECT row_to_json(s) FROM (SELECT grp, count(*) AS n, max(price) FROM item WHERE grp = 1 GROUP BY grp) s;
SELECT row_to_json(s) FROM (SELECT i.k, l.qty AS "select", c.name FROM item i JOIN line l USING (k) JOIN colour c ON c.id = i.grp WHERE l.n = 30) s;
SELECT row_to_json(s) FROM (SELECT k, rank() OVER (ORDER BY k) FROM item WHERE k < 3) s ORDER BY k;
SELECT same('SELECT row_to_json(i) FROM item i(a, b) WHERE a = 2');
SELECT same('SELECT row_to_json(s) FROM (SELECT * FROM item i(a, b)) s');
SELECT same('SELECT json_agg(s ORDER BY s.x, s."y z") FROM (SELECT k AS x, note AS "y z" FROM item WHERE k < 4 UNION SELECT n, ''line'' FROM line WHERE n < 3) s');
SELECT same('SELECT jsonb_agg(to_jsonb(i) ORDER BY k) FROM item i');
