-- The scan of a distributed table in a plan that PostgreSQL makes.
SET search_path = path;

-- filters and needed columns only
SELECT plan_of('SELECT note FROM item WHERE grp = 3 AND price > 10');
SELECT note FROM item WHERE grp = 3 AND price > 10 ORDER BY k;
-- no columns at all
SELECT plan_of('SELECT 1 FROM orders');
SELECT count(*) FROM orders;
-- a join that is removed leaves a column in the scan's target that nobody wants
SELECT count(*) FROM item x LEFT JOIN colour y ON y.id = x.grp WHERE x.k < 3;
-- volatile functions and subplans stay here
SELECT plan_of('SELECT k FROM item WHERE random() < 2 AND grp IN (SELECT id FROM one)');
SELECT count(*) FROM item WHERE random() < 2 AND k NOT IN (SELECT id FROM one);
-- stable functions are computed once, here
SELECT plan_of('SELECT id FROM orders WHERE day < now()');
-- sampling happens on the shards
SELECT plan_of('SELECT count(*) FROM item TABLESAMPLE bernoulli (100) REPEATABLE (1) WHERE grp > 1');
SELECT count(*) FROM item TABLESAMPLE bernoulli (100) REPEATABLE (1) WHERE grp > 1;
SELECT count(*) FROM item TABLESAMPLE system (0);
-- ONLY, dropped columns, whole rows, null-extended whole rows
SELECT o FROM ONLY orders o WHERE id = 7;
SELECT (o).* FROM orders o WHERE id = 7;
SELECT p.id, i, i IS NULL AS missing FROM plain p LEFT JOIN item i ON i.k = p.k * 5 ORDER BY 1;
SELECT row_to_json(s) FROM (SELECT i, o.id FROM item i JOIN orders o ON o.k = i.k WHERE i.k = 4 AND o.id < 10) s;
-- system columns: tableoid is the logical table, a ctid identifies a row
SELECT DISTINCT tableoid::regclass FROM item;
SELECT plan_of('SELECT k FROM item WHERE ctid IS NOT NULL');
SELECT count(*) FROM item WHERE tableoid = 'item'::regclass;
SELECT count(*), count(DISTINCT ctid) FROM item;
SELECT count(*) FROM item WHERE ctid IN (SELECT ctid FROM item WHERE k IN (3, 5, 7));
-- partitioned tables, as a whole and ONLY
SELECT plan_of('SELECT v FROM part WHERE day > ''2020-11-01''');
SELECT v FROM part WHERE day > '2020-11-01' ORDER BY 1;
SELECT * FROM ONLY part;
SELECT count(*), min(day) FROM part_b;
-- keys choose shards
SELECT plan_of('SELECT count(*) FROM item i, plain p WHERE i.k IN (1, 2) AND p.id = i.grp');
SELECT plan_of('SELECT count(*) FROM item i, plain p WHERE i.k = 2::smallint AND p.id = i.grp');
-- joins of every kind with tables that live elsewhere
SELECT i.k, o.id, c.name, n.id FROM item i JOIN orders o ON o.id = i.k + 20 LEFT JOIN colour c ON c.id = i.grp
    FULL JOIN one n ON n.id = i.k WHERE i.k < 6 OR i.k IS NULL ORDER BY 1, 2, 4;
SELECT grp, sum(price), string_agg(note, ',' ORDER BY k) FROM item WHERE k <= 10 GROUP BY ROLLUP (grp) ORDER BY grp;
SELECT k, rank() OVER (PARTITION BY grp ORDER BY price DESC) FROM item WHERE k < 12 ORDER BY k;
SELECT k FROM item WHERE k < 3 UNION ALL SELECT id FROM one UNION SELECT 100 ORDER BY 1;
WITH RECURSIVE r AS (SELECT k, grp FROM item WHERE k = 40
    UNION ALL SELECT i.k, i.grp FROM item i JOIN r ON i.k = r.k / 2) SELECT * FROM r ORDER BY 1;
