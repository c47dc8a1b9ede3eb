-- Rows from fragments: streaming, stopping early, reading twice, spilling.
CREATE SCHEMA exec;
SET search_path = exec;
\set SHOW_CONTEXT never

CREATE TABLE big (k int PRIMARY KEY, g int, pad text);
SELECT create_distributed_table('big', 'k', colocate_with := 'none', shard_count := 8);
INSERT INTO big SELECT i, i % 100, repeat('x', 100) FROM generate_series(1, 20000) i;
SELECT count(*), sum(length(pad)) FROM big;

-- both scans use the same connections, and what waits does not fit in memory
SET work_mem = '64kB';
SELECT count(*) FROM big a JOIN big b ON a.g = b.g AND b.k <= 10 WHERE a.k < 5000;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET shardlite.enable_broadcast = off;
SELECT count(*) FROM big a, (SELECT * FROM big OFFSET 0) b WHERE a.k = b.k + 1 AND b.k < 30;
SELECT count(*) FROM (SELECT * FROM big ORDER BY pad, k) a, generate_series(1, 2) WHERE a.k < 1000;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET shardlite.enable_broadcast;
RESET work_mem;

-- an inner scan that is started again, with and without parameters
SELECT g, (SELECT count(*) FROM big WHERE big.g = v.g AND big.k > v.g) FROM (VALUES (1), (2), (NULL)) v(g);
SELECT count(*) FROM generate_series(1, 3) s, LATERAL (SELECT k FROM big WHERE k % 5000 = s LIMIT 2) l;
SELECT v.x, v.x IN (SELECT k FROM big WHERE k < 4) FROM (VALUES (1), (9), (NULL)) v(x);

-- a recursive query repeats its scan: the shards are asked twice, then rows are kept
CREATE TEMP TABLE asked AS SELECT remote_fragments + local_fragments AS n FROM shardlite_counters();
SET enable_nestloop = off;
SET enable_mergejoin = off;
SET shardlite.enable_broadcast = off;
WITH RECURSIVE chain(k, depth) AS (
	SELECT 1, 0
	UNION ALL
	SELECT big.k, depth + 1 FROM chain JOIN big ON big.k + 0 = chain.k + 1 WHERE depth < 20)
SELECT count(*), max(k) FROM chain;
RESET enable_nestloop;
RESET enable_mergejoin;
RESET shardlite.enable_broadcast;
SELECT remote_fragments + local_fragments - n <= 2 * 8 AS at_most_twice FROM shardlite_counters(), asked;
DROP TABLE asked;

-- stopping early
SELECT count(*) FROM (SELECT * FROM big LIMIT 10) s;
SELECT EXISTS (SELECT 1 FROM big WHERE g = 7);

-- cursors
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT k FROM big WHERE k < 10 ORDER BY k;
DECLARE plain NO SCROLL CURSOR FOR SELECT g FROM big WHERE g = 3;
DECLARE scrolled SCROLL CURSOR FOR SELECT k FROM big WHERE k < 10 ORDER BY k;
FETCH 2 FROM held;
FETCH 2 FROM plain;
FETCH 3 FROM scrolled;
FETCH BACKWARD 1 FROM scrolled;
FETCH LAST FROM scrolled;
UPDATE big SET g = -1 WHERE g = 3;
FETCH 2 FROM plain;
SAVEPOINT s;
SELECT sum(1 / (k - 10000)) FROM big;
ROLLBACK TO s;
FETCH 1 FROM plain;
MOVE FORWARD ALL IN plain;
COMMIT;
FETCH 2 FROM held;
CLOSE held;
SELECT count(*) FROM big WHERE g = -1;

-- a loop over a scan that writes to the table, with subtransactions
CREATE FUNCTION loop_and_write() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    r record;
    n int := 0;
BEGIN
    FOR r IN SELECT k FROM big WHERE k <= 20 ORDER BY k LOOP
        BEGIN
            UPDATE big SET g = -2 WHERE k = r.k;
            INSERT INTO big VALUES (r.k + (r.k % 2) * 1000000, 0, NULL);
            n := n + 1;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN n;
END $$;
SELECT loop_and_write();
SELECT count(*) FROM big WHERE g = -2;
SELECT count(*) FROM big WHERE k > 1000000;

-- an error in the middle leaves the session usable
SELECT sum(1 / (k - 15000)) FROM big;
SET statement_timeout = '100ms';
SELECT count(pg_sleep(0.01)) FROM big;
RESET statement_timeout;
SELECT count(*) FROM big WHERE k < 10;

-- parameters: seven times, NULL, changing plans
PREPARE by_key(int) AS SELECT k, g FROM big WHERE k = $1;
EXECUTE by_key(101);
EXECUTE by_key(102);
EXECUTE by_key(NULL);
EXECUTE by_key(104);
EXECUTE by_key(105);
EXECUTE by_key(106);
EXECUTE by_key(107);
EXECUTE by_key(-5);
PREPARE total(int) AS SELECT count(*) FROM big WHERE k = $1;
EXECUTE total(NULL);
PREPARE by_keys(int[]) AS SELECT k FROM big WHERE k = ANY ($1) ORDER BY k;
EXECUTE by_keys('{3,1,2,NULL,3}');
EXECUTE by_keys('{}');
EXECUTE by_keys(NULL);
ALTER TABLE big ADD COLUMN extra int DEFAULT 5;
EXECUTE by_key(108);
SELECT * FROM big WHERE k = 109;
ALTER TABLE big DROP COLUMN pad;
EXECUTE by_key(110);
SELECT * FROM big WHERE k = 111;
DROP TABLE big;
