-- WITH RECURSIVE over distributed tables.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- the recursive term joins a distributed table, on the key and off it
SELECT nodes('WITH RECURSIVE r(k, lvl) AS (SELECT k, 0 FROM item WHERE k = 16 UNION ALL SELECT i.k, lvl + 1 FROM r JOIN item i ON i.k = r.k / 2) SELECT * FROM r');
WITH RECURSIVE r(k, lvl) AS (SELECT k, 0 FROM item WHERE k = 16 UNION ALL SELECT i.k, lvl + 1 FROM r JOIN item i ON i.k = r.k / 2) SELECT * FROM r ORDER BY lvl;
SELECT same('WITH RECURSIVE r(k, lvl) AS (SELECT k, 0 FROM item WHERE grp = 1 UNION ALL SELECT l.n, lvl + 1 FROM r JOIN line l ON l.k = r.k WHERE lvl < 3) SELECT * FROM r');
SELECT same('WITH RECURSIVE r(id) AS (SELECT 1 UNION SELECT o.k FROM r JOIN other o ON o.id = r.id + 1) SELECT * FROM r');
-- UNION stops at a cycle, and NULLs are equal there
SELECT same('WITH RECURSIVE r(a, b) AS (SELECT k, grp FROM item WHERE k < 3 UNION SELECT i.grp, NULL::int FROM r JOIN item i ON i.k = r.a + 1) SELECT * FROM r');
-- everything on one shard, and on a reference table
SELECT same('WITH RECURSIVE r(n) AS (SELECT n FROM line WHERE k = 10 AND n < 20 UNION ALL SELECT l.n FROM r JOIN line l ON l.k = 10 AND l.n = r.n + 24) SELECT * FROM r');
SELECT same('WITH RECURSIVE r(id) AS (SELECT 0 UNION ALL SELECT c.id FROM r JOIN colour c ON c.id = r.id + 1) SELECT r.id, i.k FROM r LEFT JOIN item i ON i.grp = r.id');
-- aggregates, windows and order above; LIMIT ends a recursion that would not end
SELECT same('WITH RECURSIVE r(k, p) AS (SELECT k, ARRAY[k] FROM item WHERE k < 4 UNION ALL SELECT i.k, p || i.k FROM r JOIN item i ON i.k = r.k * 2) SELECT cardinality(p), count(*), sum(k) FROM r GROUP BY 1');
WITH RECURSIVE r(n) AS (SELECT min(k) FROM item UNION ALL SELECT n + 1 FROM r JOIN colour c ON c.id = 0) SELECT n FROM r LIMIT 3;
-- LEFT JOIN and sublinks in the recursive term
SELECT same('WITH RECURSIVE r(k) AS (SELECT 20 UNION ALL SELECT r.k + 1 FROM r LEFT JOIN item i ON i.k = r.k WHERE i.k IS NOT NULL) SELECT * FROM r');
SELECT same('WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM r WHERE EXISTS (SELECT 1 FROM line l WHERE l.k = r.k + 4) AND k < 40) SELECT count(*), max(k) FROM r');
-- SEARCH and CYCLE
WITH RECURSIVE r(k, up) AS (SELECT k, k / 2 FROM item WHERE k = 1 UNION ALL SELECT i.k, i.k / 2 FROM r JOIN item i ON i.k / 2 = r.k WHERE i.k < 8)
    SEARCH DEPTH FIRST BY k SET path SELECT k FROM r ORDER BY path;
WITH RECURSIVE r(k, up) AS (SELECT k, k / 2 FROM item WHERE k = 1 UNION ALL SELECT i.k, i.k / 2 FROM r JOIN item i ON i.k / 2 = r.k WHERE i.k < 8)
    SEARCH BREADTH FIRST BY k SET seq SELECT k FROM r ORDER BY seq;
SELECT same('WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT i.grp + 1 FROM r JOIN item i ON i.k = r.k) CYCLE k SET again USING path SELECT k, again FROM r');
-- in a sublink, in LATERAL, below another CTE, in a view, in a write
SELECT same('SELECT k, (WITH RECURSIVE r(n) AS (SELECT i.k UNION ALL SELECT o.id FROM r JOIN other o ON o.id = r.n + 10) SELECT max(n) FROM r) FROM item i WHERE k < 12');
SELECT same('SELECT c.id, s.* FROM colour c, LATERAL (WITH RECURSIVE r(n) AS (SELECT c.id UNION ALL SELECT i.k FROM r JOIN item i ON i.k = r.n + 11) SELECT count(*), max(n) FROM r) s');
SELECT same('WITH RECURSIVE a AS (SELECT k FROM item WHERE grp = 2), r(k) AS (SELECT k FROM a UNION SELECT l.n FROM r JOIN line l ON l.k = r.k) SELECT k FROM r EXCEPT SELECT k FROM a');
SELECT in_both('CREATE RECURSIVE VIEW halves (k) AS SELECT 30 UNION ALL SELECT i.k FROM halves h JOIN item i ON i.k = h.k / 2');
SELECT same('SELECT h.k, i.note FROM halves h JOIN item i USING (k)');
BEGIN;
SELECT in_both('WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT i.k FROM r JOIN item i ON i.k = r.k * 2) UPDATE item SET note = ''power'' FROM r WHERE r.k = item.k');
SELECT same('SELECT * FROM item');
ROLLBACK;
-- what PostgreSQL refuses
SELECT same('WITH RECURSIVE r(k) AS (SELECT k FROM item UNION ALL SELECT i.k FROM item i LEFT JOIN r ON r.k = i.k) SELECT * FROM r');
SELECT in_both('DROP VIEW halves');
