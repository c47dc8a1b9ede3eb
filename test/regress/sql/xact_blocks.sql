-- Transaction blocks, savepoints and errors over several nodes.
CREATE SCHEMA xact;
SET search_path = xact;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE t (k int PRIMARY KEY, v text);
SELECT create_distributed_table('t', 'k');
INSERT INTO t SELECT i, 'old' FROM generate_series(1, 8) i;

-- read your own writes, on one shard and on all
BEGIN;
UPDATE t SET v = 'new' WHERE k = 1;
SELECT v FROM t WHERE k = 1;
UPDATE t SET v = 'new' WHERE k > 6;
SELECT v, count(*) FROM t GROUP BY v ORDER BY v;
ROLLBACK;
SELECT v, count(*) FROM t GROUP BY v;

BEGIN;
UPDATE t SET v = 'new' WHERE k = 1;
UPDATE t SET v = 'new' WHERE k = 2;
UPDATE t SET v = 'new' WHERE k = 3;
COMMIT;
SELECT k FROM t WHERE v = 'new' ORDER BY k;

-- an error leaves the transaction aborted
BEGIN;
INSERT INTO t VALUES (100, 'x');
INSERT INTO t VALUES (1, 'again');
SELECT 1;
SELECT count(*) FROM t;
COMMIT;
SELECT count(*) FROM t;

-- savepoints, released and rolled back, nested
BEGIN;
INSERT INTO t VALUES (10, 'outer');
SAVEPOINT a;
INSERT INTO t VALUES (11, 'a');
SAVEPOINT b;
INSERT INTO t VALUES (12, 'b');
INSERT INTO t VALUES (11, 'duplicate');
ROLLBACK TO b;
INSERT INTO t VALUES (13, 'b');
RELEASE b;
SAVEPOINT a;
INSERT INTO t VALUES (14, 'second a');
ROLLBACK TO a;
SELECT k, v FROM t WHERE k >= 10 ORDER BY k;
RELEASE a;
ROLLBACK TO a;
INSERT INTO t VALUES (15, 'end');
COMMIT;
SELECT k, v FROM t WHERE k >= 10 ORDER BY k;

-- everything of a savepoint that a node saw first is gone
BEGIN;
SAVEPOINT a;
DELETE FROM t;
ROLLBACK TO a;
SELECT count(*) FROM t;
UPDATE t SET v = 'kept' WHERE k = 10;
COMMIT;
SELECT v FROM t WHERE k = 10;

-- exceptions in plpgsql
DO $$
DECLARE n int := 0;
BEGIN
	FOR i IN 1..20 LOOP
		BEGIN
			INSERT INTO t VALUES (i, 'loop');
		EXCEPTION WHEN unique_violation THEN
			n := n + 1;
		END;
	END LOOP;
	RAISE WARNING '% rows were there', n;
END $$;
SELECT v, count(*) FROM t GROUP BY v ORDER BY v;

-- a cursor goes on after a savepoint has been rolled back
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM t ORDER BY k;
FETCH 2 FROM c;
SAVEPOINT a;
INSERT INTO t VALUES (1, 'duplicate');
ROLLBACK TO a;
FETCH 2 FROM c;
DECLARE d CURSOR FOR SELECT k FROM t WHERE k = 5;
CLOSE c;
FETCH ALL FROM d;
COMMIT;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT k FROM t WHERE k < 4 ORDER BY k;
UPDATE t SET v = 'x' WHERE k = 1;
COMMIT;
FETCH ALL FROM held;
CLOSE held;

-- characteristics of the transaction reach the nodes
BEGIN READ ONLY;
SELECT count(*) FROM t;
UPDATE t SET v = 'x' WHERE k = 1;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM t;
UPDATE t SET v = 'rr' WHERE k = 2;
SELECT v FROM t WHERE k = 2;
COMMIT;

-- functions: several statements are one transaction
CREATE FUNCTION twice(a int, b int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO xact.t VALUES (a, 'twice');
	INSERT INTO xact.t VALUES (b, 'twice');
END $$;
SELECT twice(30, 1);
SELECT count(*) FROM t WHERE k = 30;
SELECT twice(30, 31);
SELECT count(*) FROM t WHERE v = 'twice';
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO xact.t VALUES (40, 'kept');
	COMMIT;
	INSERT INTO xact.t VALUES (41, 'lost');
	ROLLBACK;
	INSERT INTO xact.t VALUES (42, 'kept');
END $$;
CALL commits();
SELECT k FROM t WHERE k BETWEEN 40 AND 49 ORDER BY k;

-- statements of one message are one transaction
\o /dev/null
INSERT INTO t VALUES (50, 'one') \; INSERT INTO t VALUES (1, 'duplicate');
\o
SELECT count(*) FROM t WHERE k = 50;

SELECT count(*) FROM pg_prepared_xacts;
DROP SCHEMA xact CASCADE;
