-- Partitioned tables in several levels: read as one table, and partitions that cannot match are not read.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- which partitions a node looks at
CREATE FUNCTION partitions_read(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    found text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        found := found || substring(line FROM 'on (part_\w+)');
    END LOOP;
    RETURN array_to_string(ARRAY(SELECT DISTINCT regexp_replace(x, '_\d+$', '') FROM unnest(found) x WHERE x NOT LIKE '%pkey%' ORDER BY 1), ' ');
END $$;
SELECT partitions_read('SELECT v FROM part');
SELECT partitions_read('SELECT v FROM part WHERE day < ''2020-03-01''');
SELECT partitions_read('SELECT v FROM part WHERE day > ''2020-08-01''');
SELECT partitions_read('SELECT v FROM part WHERE v = ''odd'' AND day > ''2020-08-01''');
SELECT partitions_read('SELECT v FROM part WHERE k = 3 AND day = ''2020-02-01''');
SELECT partitions_read('SELECT count(*) FROM part p JOIN item i USING (k) WHERE p.day < ''2020-02-01'' GROUP BY i.grp');
SELECT partitions_read('SELECT i.k FROM item i LEFT JOIN part p ON p.k = i.k AND p.day > ''2020-10-01'' AND p.v <> ''odd''');
SELECT partitions_read('UPDATE part SET v = v WHERE day < ''2020-02-01''');
SELECT partitions_read('DELETE FROM part WHERE day > ''2020-08-01'' AND v = ''even''');
-- the answers
SELECT same('SELECT * FROM part');
SELECT same('SELECT * FROM part WHERE day BETWEEN ''2020-06-20'' AND ''2020-07-20''');
SELECT same('SELECT v, count(*), min(day), max(day) FROM part GROUP BY v');
SELECT same('SELECT p.k, p.day, i.grp, l.n FROM part p JOIN item i USING (k) LEFT JOIN line l USING (k) WHERE p.day > ''2020-04-01''');
SELECT same('SELECT a.k, b.day FROM part a JOIN part b ON b.k = a.k + 1 AND b.v <> a.v');
SELECT same('SELECT i.k, (SELECT max(day) FROM part p WHERE p.k = i.k AND p.v = ''odd'') FROM item i');
SELECT same('SELECT * FROM part_late');
SELECT same('SELECT * FROM part_late_rest UNION ALL SELECT * FROM part_early');
SELECT same('SELECT count(*) FROM ONLY part');
SELECT same('SELECT p FROM part_late_odd p WHERE p.k = (SELECT max(k) FROM part)');
SELECT same('SELECT k FROM part WHERE day > ''2020-05-01'' ORDER BY day DESC LIMIT 3');
SELECT same('SELECT k, row_number() OVER (PARTITION BY v ORDER BY day) FROM part');
SELECT same('SELECT p.k FROM part p FULL JOIN other o ON o.id = p.k AND p.v = ''odd'' WHERE o.k = 1 OR p.day < ''2020-02-01''');
-- parameters
PREPARE since(date) AS SELECT count(*) FROM part WHERE day >= $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE since('2020-07-01');
EXECUTE since('2020-12-31');
EXECUTE since(NULL);
RESET plan_cache_mode;
DEALLOCATE since;
-- writes go to the right partition, and rows change it
BEGIN;
SELECT in_both('INSERT INTO part SELECT k + 100, day, ''new'' FROM part WHERE day > ''2020-06-01''');
SELECT in_both('UPDATE part SET v = ''odd'', day = day + 60 WHERE v = ''even'' AND day BETWEEN ''2020-06-01'' AND ''2020-10-01''');
SELECT in_both('DELETE FROM part USING item i WHERE i.k = part.k AND i.grp = 2');
SELECT same('SELECT * FROM part');
SELECT same('SELECT * FROM part_late_odd');
SELECT same('SELECT * FROM part_late_rest');
SELECT same('SELECT * FROM part_early');
ROLLBACK;
BEGIN;
INSERT INTO part VALUES (1, '2030-01-01', 'x');
ROLLBACK;
BEGIN;
INSERT INTO part_late_odd VALUES (1, '2020-08-01', 'even');
ROLLBACK;
-- a local partitioned table and a local inheritance tree beside distributed ones
CREATE TABLE sql_test.parent (k int, v text);
CREATE TABLE sql_test.child (w int) INHERITS (sql_test.parent);
INSERT INTO sql_test.parent SELECT i, 'parent' FROM generate_series(1, 6) i;
INSERT INTO sql_test.child SELECT i, 'child', i FROM generate_series(4, 9) i;
SELECT same('SELECT p.tableoid::regclass, p.*, i.grp FROM parent p JOIN item i USING (k)');
SELECT same('SELECT i.k, p.v FROM item i LEFT JOIN parent p ON p.k = i.grp + 1');
SELECT same('SELECT i.k, p.v FROM item i LEFT JOIN ONLY parent p ON p.k = i.k WHERE i.k < 9');
SELECT same('SELECT v, count(*), sum(l.n) FROM parent p JOIN line l ON l.k = p.k GROUP BY v');
SELECT same('SELECT k FROM parent WHERE k IN (SELECT grp FROM item)');
BEGIN;
UPDATE parent SET v = v || i.grp FROM item i WHERE i.k = parent.k;
DELETE FROM parent p USING line l WHERE l.k = p.k AND l.n < 4;
SELECT tableoid::regclass, k, v FROM parent ORDER BY 2, 1;
ROLLBACK;
DROP TABLE sql_test.parent CASCADE;
-- inheritance of distributed tables is refused
CREATE TABLE heir () INHERITS (item);
ALTER TABLE local_t INHERIT item;
DROP FUNCTION partitions_read;
