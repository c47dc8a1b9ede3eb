-- System columns are those of the logical table.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT tableoid::regclass, count(*) FROM item GROUP BY 1;
SELECT same('SELECT tableoid::regclass, k FROM item WHERE k IN (3, 4)');
SELECT same('SELECT i.tableoid::regclass, l.tableoid::regclass, c.tableoid::regclass FROM item i JOIN line l USING (k) LEFT JOIN colour c ON c.id = i.grp WHERE i.k < 9');
SELECT same('SELECT tableoid::regclass FROM colour');
SELECT same('SELECT t.tableoid::regclass, i.k FROM local_t t JOIN item i ON i.k = t.k');
SELECT same('SELECT c.id, i.tableoid::regclass FROM colour c LEFT JOIN item i ON i.k = c.id AND i.grp > 0');
SELECT same('SELECT tableoid::regclass, k FROM item WHERE k < 3 UNION ALL SELECT tableoid::regclass, n FROM line WHERE n < 3');
SELECT same('SELECT s.t::regclass, s.k FROM (SELECT tableoid AS t, k FROM item OFFSET 0) s WHERE s.k = 9');
SELECT same('SELECT k FROM item WHERE tableoid = (SELECT oid FROM pg_class WHERE oid = ''line''::regclass)');
-- in RETURNING
BEGIN;
UPDATE item SET grp = 0 WHERE k < 3 RETURNING tableoid::regclass, k;
DELETE FROM part WHERE k = 30 RETURNING tableoid::regclass::text <> '' AS some, k;
INSERT INTO other (id) VALUES (900) RETURNING tableoid::regclass;
ROLLBACK;
-- ctid tells rows apart, and finds a row again
SELECT count(DISTINCT ctid) = count(*) FROM item;
SELECT same('SELECT count(*) FROM item a JOIN item b ON a.ctid = b.ctid');
SELECT same('SELECT k FROM line WHERE ctid = (SELECT ctid FROM line WHERE k = 7 AND n = 3)');
SELECT same('SELECT count(*) FROM item WHERE xmin IS NULL OR cmin IS NULL OR xmax IS NULL');
SELECT same('SELECT l.n FROM line l WHERE l.ctid IN (SELECT min(ctid) FROM line GROUP BY k, n HAVING n < 5)');
BEGIN;
SELECT in_both('DELETE FROM line a USING line b WHERE a.k = b.k AND a.ctid = b.ctid AND a.n > 50');
SELECT same('SELECT * FROM line');
ROLLBACK;
