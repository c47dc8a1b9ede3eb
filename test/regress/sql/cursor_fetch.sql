-- Cursors: rows go on where the last FETCH stopped.
CREATE SCHEMA cursor_fetch;
SET search_path = cursor_fetch;
SET shardlite.shard_count = 4;
\set SHOW_CONTEXT never
CREATE TABLE t (k int, v text);
SELECT create_distributed_table('t', 'k');
INSERT INTO t SELECT i, 'row' FROM generate_series(1, 20) i;

BEGIN;
DECLARE c CURSOR FOR SELECT v FROM t;
FETCH 2 FROM c;
FETCH NEXT FROM c;
MOVE ALL FROM c;
FETCH NEXT FROM c;
CLOSE c;
DECLARE c SCROLL CURSOR FOR SELECT k FROM t ORDER BY k;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH LAST FROM c;
FETCH ABSOLUTE 5 FROM c;
DECLARE h CURSOR WITH HOLD FOR SELECT 1 AS one FROM t WHERE k IN (3, 4, 5);
FETCH 2 FROM h;
COMMIT;
FETCH ALL FROM h;
CLOSE h;

-- two at once, with writes in between that they do not see
BEGIN;
DECLARE a CURSOR FOR SELECT k FROM t WHERE v = 'row' ORDER BY k;
DECLARE b NO SCROLL CURSOR FOR SELECT v, count(*) FROM t GROUP BY v;
FETCH 2 FROM a;
UPDATE t SET v = 'new' WHERE k > 2;
DELETE FROM t WHERE k = 20;
FETCH 2 FROM a;
FETCH ALL FROM b;
INSERT INTO t VALUES (21, 'row');
SELECT v, count(*) FROM t GROUP BY v ORDER BY v;
SAVEPOINT s;
MOVE 14 FROM a;
UPDATE t SET v = 1 / (k - 3);
ROLLBACK TO s;
FETCH ALL FROM a;
CLOSE a;
SELECT v, count(*) FROM t GROUP BY v ORDER BY v;
-- one that is closed early, and what was written stays
DECLARE c CURSOR FOR SELECT k FROM t;
MOVE 1 FROM c;
CLOSE c;
SELECT count(*) FROM t WHERE v = 'new';
COMMIT;
-- inside a function, with writes by what it finds
DO $$
DECLARE r record;
BEGIN
	FOR r IN SELECT k FROM cursor_fetch.t WHERE k <= 10 LOOP
		UPDATE cursor_fetch.t SET v = 'loop' WHERE k = r.k;
		EXIT WHEN r.k = -1;
	END LOOP;
	FOR r IN SELECT k FROM cursor_fetch.t LOOP
		EXIT;
	END LOOP;
END $$;
SELECT v, count(*) FROM t GROUP BY v ORDER BY v;

SET client_min_messages = warning;
DROP SCHEMA cursor_fetch CASCADE;
