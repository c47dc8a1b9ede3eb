-- WITH: MATERIALIZED, NOT MATERIALIZED, and neither, with side effects and without.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- one that is used once is part of the statement, one that is used twice is computed once
SELECT nodes('WITH c AS (SELECT k, grp FROM item) SELECT count(*) FROM c JOIN line USING (k)');
SELECT nodes('WITH c AS MATERIALIZED (SELECT k, grp FROM item) SELECT count(*) FROM c WHERE grp = 1');
SELECT nodes('WITH c AS NOT MATERIALIZED (SELECT k FROM item) SELECT count(*) FROM c a JOIN c b USING (k)');
SELECT same('WITH c AS (SELECT k, grp FROM item) SELECT a.k, b.grp FROM c a JOIN c b ON b.k = a.grp');
SELECT same('WITH c AS MATERIALIZED (SELECT k, grp FROM item WHERE grp > 0) SELECT c.k, l.n FROM c LEFT JOIN line l ON l.k = c.k AND l.qty = c.grp');
SELECT same('WITH c AS NOT MATERIALIZED (SELECT k, count(*) AS n FROM line GROUP BY k) SELECT a.k, a.n, b.n FROM c a JOIN c b ON a.k = b.k + 1');
SELECT same('WITH c(x, y) AS (SELECT k, note FROM item ORDER BY k LIMIT 4) SELECT * FROM c UNION ALL SELECT n, ''line'' FROM line WHERE k IN (SELECT x FROM c)');
-- a reference to an earlier one, a nested WITH, a name that hides a table's
SELECT same('WITH a AS (SELECT k FROM item WHERE grp = 1), b AS (SELECT a.k, count(l.n) AS n FROM a LEFT JOIN line l USING (k) GROUP BY a.k) SELECT * FROM b WHERE n > 0');
SELECT same('WITH a AS (WITH b AS (SELECT k FROM item WHERE k < 9) SELECT k FROM b UNION SELECT id FROM other WHERE id IN (SELECT k + 20 FROM b)) SELECT * FROM a');
SELECT same('WITH item AS (SELECT n AS k FROM line WHERE k = 5) SELECT k FROM item');
SELECT same('SELECT k, (WITH c AS (SELECT n FROM line l WHERE l.k = i.k) SELECT max(n) FROM c WHERE n > (SELECT min(n) FROM c)) FROM item i');
-- outer references into a materialised one
SELECT same('SELECT i.k, s.m FROM item i, LATERAL (WITH c AS MATERIALIZED (SELECT n FROM line l WHERE l.k = i.k) SELECT max(n) AS m FROM c) s');
-- volatile: computed once per row and reference, never twice
CREATE SEQUENCE calls;
WITH c AS (SELECT k, nextval('calls') AS n FROM item) SELECT count(*), max(a.n) - min(a.n) FROM c a JOIN c b USING (k) WHERE a.n = b.n;
WITH c AS (SELECT nextval('calls') AS n) SELECT count(DISTINCT n) FROM c, item;
SELECT setval('calls', 1);
WITH unused AS (SELECT nextval('calls') FROM item) SELECT count(*) FROM item;
SELECT last_value FROM calls;
DROP SEQUENCE calls;
-- aggregates, windows and set operations over a CTE
SELECT same('WITH c AS (SELECT k, grp, price FROM item) SELECT grp, sum(price), count(*) FILTER (WHERE k > (SELECT avg(k) FROM c)) FROM c GROUP BY grp');
SELECT same('WITH c AS MATERIALIZED (SELECT * FROM line) SELECT k, n, row_number() OVER (PARTITION BY k ORDER BY n) FROM c');
SELECT same('WITH c AS (SELECT k FROM item WHERE grp = 1) SELECT k FROM line WHERE k IN (TABLE c) INTERSECT SELECT k FROM c');
SELECT same('WITH c AS (SELECT k FROM item) SELECT i.k FROM item i WHERE NOT EXISTS (SELECT 1 FROM c WHERE c.k = i.k + 3) AND k NOT IN (SELECT k - 20 FROM c)');
