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
-- a row of a partitioned table is in one of its partitions, however deep
SELECT tableoid::regclass::text, count(*) FROM part GROUP BY 1 ORDER BY 1;
SELECT same('SELECT p.tableoid::regclass, p.v FROM part p WHERE p.tableoid = ''part_late_odd''::regclass');
SELECT same('SELECT tableoid::regclass, * FROM part WHERE k = 4');
SELECT same('SELECT tableoid::regclass, k FROM part_late ORDER BY day LIMIT 7');
SELECT same('SELECT p.tableoid::regclass, i.k, c.name FROM part p JOIN item i USING (k) LEFT JOIN colour c ON c.id = i.grp');
SELECT same('SELECT c.id, p.tableoid::regclass FROM colour c LEFT JOIN part p ON p.k = c.id AND p.v = ''odd''');
SELECT same('SELECT p.tableoid::regclass::text, sum(i.price) FROM part p JOIN item i ON i.k = p.k GROUP BY 1 HAVING count(*) > 8');
SELECT same('SELECT a.tableoid::regclass, b.tableoid::regclass, a.k FROM part a JOIN part b ON b.k = a.k + 20');
SELECT same('SELECT DISTINCT tableoid::regclass FROM part WHERE ctid IN (SELECT ctid FROM part)');
-- in RETURNING
BEGIN;
CREATE TABLE "Par.t_1" (k int, "w_2" text) PARTITION BY LIST (w_2);
CREATE TABLE "a.b_7" PARTITION OF "Par.t_1" FOR VALUES IN ('a');
CREATE TABLE "C""c_7" PARTITION OF "Par.t_1" DEFAULT;
SELECT create_distributed_table('"Par.t_1"', 'k', shard_count := 3);
WITH i AS (INSERT INTO "Par.t_1" SELECT i, (ARRAY['a', 'b'])[i % 2 + 1] FROM generate_series(1, 6) i RETURNING tableoid::regclass AS t, *) SELECT * FROM i ORDER BY k;
WITH u AS (UPDATE "Par.t_1" SET w_2 = 'a', k = k + 10 WHERE k < 4 RETURNING tableoid::regclass AS t, *) SELECT * FROM u ORDER BY k;
WITH d AS (DELETE FROM "Par.t_1" RETURNING tableoid::regclass AS t, k) SELECT * FROM d ORDER BY k;
ROLLBACK;
BEGIN;
WITH u AS (UPDATE item SET grp = 0 WHERE k < 3 RETURNING tableoid::regclass, k) SELECT * FROM u ORDER BY k;
DELETE FROM part WHERE k = 30 RETURNING tableoid::regclass, k;
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
