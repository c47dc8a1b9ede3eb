-- Writes: counts, RETURNING in order, rows that move, rows met twice.
SET search_path = exec;
\set SHOW_CONTEXT never

CREATE TABLE t (k int PRIMARY KEY, v text DEFAULT 'dflt', n serial);
SELECT create_distributed_table('t', 'k', colocate_with := 'none', shard_count := 4);

-- one row, several rows, from a query, none
INSERT INTO t VALUES (1, 'a') RETURNING *;
INSERT INTO t VALUES (5, 'five'), (3, 'three'), (4, DEFAULT), (2, NULL) RETURNING k, v, n;
INSERT INTO t SELECT g, 'g' || g FROM generate_series(30, 10, -1) g RETURNING k;
INSERT INTO t SELECT 1 WHERE false RETURNING *;
INSERT INTO t (k, v) VALUES (100, 'x') RETURNING (SELECT count(*) FROM t), upper(v);

-- more than fits in one fragment, in order
CREATE TEMP TABLE got (k int, v text);
WITH i AS (INSERT INTO t SELECT 2000 + i, 'b' FROM generate_series(1, 5000) i RETURNING k, v)
INSERT INTO got SELECT * FROM i;
SELECT count(*), bool_and(k = 2000 + i) FROM (SELECT k, row_number() OVER () i FROM got) s;
DELETE FROM t WHERE k > 2000;

-- the key must be there
INSERT INTO t VALUES (NULL, 'x');
INSERT INTO t (v) VALUES ('x');
INSERT INTO t VALUES (200, 'x'), (NULL, 'y');
PREPARE ins(int) AS INSERT INTO t VALUES ($1, 'p');
EXECUTE ins(NULL);
UPDATE t SET k = NULL WHERE k = 1;
\set VERBOSITY sqlstate
INSERT INTO t SELECT NULL::int;
\set VERBOSITY default
SELECT count(*) FROM t WHERE k = 200;

-- conflicts
INSERT INTO t VALUES (1, 'again');
INSERT INTO t VALUES (1, 'b'), (41, 'c') ON CONFLICT (k) DO UPDATE SET v = excluded.v || t.v RETURNING k, v;
INSERT INTO t VALUES (41, 'b'), (42, 'c') ON CONFLICT DO NOTHING RETURNING k, v;
INSERT INTO t VALUES (43, 'b'), (43, 'c') ON CONFLICT (k) DO UPDATE SET v = excluded.v;
INSERT INTO t VALUES (41, 'z') ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET v = 'zz' WHERE t.v = 'nope';

-- rows change their shard
WITH u AS (UPDATE t SET k = k + 1000 WHERE k BETWEEN 10 AND 13 RETURNING k, v) SELECT * FROM u ORDER BY k;
SELECT count(*), count(DISTINCT k) FROM t;
WITH u AS (UPDATE t SET k = k - 1000, v = v || '!' FROM (SELECT 1010 AS x UNION ALL SELECT 1011) s WHERE k = x RETURNING t.k, t.v, s.*)
SELECT * FROM u ORDER BY k;
UPDATE t SET k = 20 WHERE k = 10;
SELECT k, v FROM t WHERE k IN (10, 20) ORDER BY k;

-- a row that the join finds twice is written once
UPDATE t SET v = v || s.y FROM (VALUES (14, 'p'), (14, 'p'), (15, 'q')) s(k, y) WHERE t.k = s.k;
SELECT k, v FROM t WHERE k IN (14, 15) ORDER BY k;
WITH d AS (DELETE FROM t USING (VALUES (14), (14), (15)) s(k) WHERE t.k = s.k RETURNING t.k) SELECT k FROM d ORDER BY k;

-- a statement does not see what it writes
INSERT INTO t SELECT k + 5000, v FROM t;
SELECT count(*) FROM t WHERE k >= 5000;
DELETE FROM t WHERE k >= 5000 AND k < (SELECT max(k) FROM t);
SELECT count(*) FROM t WHERE k >= 5000;

-- modifying CTEs: all parts see the same state
WITH d AS (DELETE FROM t WHERE k BETWEEN 16 AND 18 RETURNING k, v),
    i AS (INSERT INTO t SELECT k + 600, v FROM d RETURNING k)
SELECT (SELECT count(*) FROM t WHERE k BETWEEN 16 AND 18), (SELECT count(*) FROM d), (SELECT sum(k) FROM i);
SELECT k FROM t WHERE k BETWEEN 600 AND 700 ORDER BY k;

-- own writes in a transaction, rolled back by parts
BEGIN;
UPDATE t SET v = 'tx' WHERE k < 6;
SAVEPOINT s;
DELETE FROM t WHERE k < 4;
SELECT count(*) FROM t WHERE v = 'tx';
ROLLBACK TO s;
SELECT count(*) FROM t WHERE v = 'tx';
ROLLBACK;
SELECT count(*) FROM t WHERE v = 'tx';

-- volatile functions run once per row, also when they write themselves
CREATE TABLE log (k int PRIMARY KEY);
SELECT create_distributed_table('log', 'k', colocate_with := 't');
CREATE FUNCTION logged(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log VALUES (i);
    RETURN i;
END $$;
INSERT INTO t VALUES (logged(7001), 'f'), (logged(7002), 'f');
WITH u AS (UPDATE t SET v = logged(8000 + k - 7000)::text WHERE k > 7000 RETURNING k, v) SELECT * FROM u ORDER BY k;
SELECT array_agg(k ORDER BY k) FROM log;
INSERT INTO t VALUES (logged(7003) / 0);
SELECT count(*) FROM log;

-- reference tables: every copy, counted once
CREATE TABLE ref (id int PRIMARY KEY, name text);
SELECT create_reference_table('ref');
INSERT INTO ref VALUES (1, 'one'), (2, 'two'), (3, 'three') RETURNING *;
UPDATE ref SET name = name || '.' WHERE id < 3 RETURNING *;
UPDATE ref SET name = t.v FROM t WHERE t.k = ref.id AND ref.id = 3 RETURNING ref.*;
DELETE FROM ref WHERE id = 2;
SELECT * FROM ref ORDER BY id;
-- the copies on the nodes agree
SELECT t.k, r.name FROM t JOIN ref r ON r.id = t.k ORDER BY 1;
DROP TABLE t, log, ref;
