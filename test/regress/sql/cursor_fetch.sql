-- Cursors: rows go on where the last FETCH stopped.
CREATE SCHEMA cursor_fetch;
SET search_path = cursor_fetch;
SET shardlite.shard_count = 4;
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

SET client_min_messages = warning;
DROP SCHEMA cursor_fetch CASCADE;
