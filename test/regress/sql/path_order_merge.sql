-- The merge of the nodes' sorted streams: long ones, cursors, rescans, errors.
SET search_path = sorted, path;
CREATE TABLE stream (k int PRIMARY KEY, r int, pad text);
SELECT create_distributed_table('stream', 'k', shard_count := 6, colocate_with := 'none');
INSERT INTO stream SELECT i, (i * 7919) % 10007, repeat('x', 100) FROM generate_series(1, 6000) i;
CREATE TABLE sorted_copy.stream AS SELECT * FROM stream;
ANALYZE stream;

-- all rows in order, and nothing kept of them
SELECT plan_of('SELECT r FROM stream ORDER BY r');
SELECT count(*), bool_and(ok) FROM (SELECT r >= lag(r, 1, 0) OVER () AS ok FROM (SELECT r FROM stream ORDER BY r) s) w;
SELECT md5(string_agg(k::text, ',')) = (SELECT md5(string_agg(k::text, ',')) FROM (SELECT k FROM sorted_copy.stream ORDER BY r, k) c)
FROM (SELECT k FROM stream ORDER BY r, k) s;

-- cursors: two streams at once over the same connections, and other statements between
BEGIN;
DECLARE up CURSOR FOR SELECT r, k FROM stream ORDER BY r, k;
DECLARE down SCROLL CURSOR FOR SELECT r, k FROM stream ORDER BY r DESC, k DESC;
FETCH 2 FROM up;
FETCH 3 FROM down;
UPDATE stream SET pad = 'y' WHERE k = 17;
SELECT pad FROM stream WHERE k = 17;
FETCH 2 FROM up;
MOVE 4000 IN up;
FETCH 1 FROM up;
FETCH BACKWARD 2 FROM down;
SELECT r, k FROM stream ORDER BY r, k LIMIT 1;
FETCH 1 FROM down;
CLOSE up;
FETCH 1 FROM down;
COMMIT;

-- again and again: rescans with and without changed parameters
SELECT in_order('SELECT a.i, s.k FROM generate_series(1, 3) a(i), LATERAL (SELECT k FROM stream WHERE r > a.i * 1000 ORDER BY r, k LIMIT 2) s ORDER BY 1, 2');
SELECT in_order('SELECT a.i, (SELECT array_agg(k) FROM (SELECT k FROM stream WHERE r < 9 ORDER BY r, k) s) FROM generate_series(1, 2) a(i)');
DO $$
DECLARE
    r record;
    n int := 0;
BEGIN
    FOR i IN 1..8 LOOP
        FOR r IN SELECT k FROM stream WHERE stream.r % 10 = i ORDER BY stream.r, k LIMIT 3 LOOP
            n := n + 1;
        END LOOP;
    END LOOP;
    RAISE NOTICE '% rows', n;
END $$;

-- merge joins and grouping take the order, too
SET enable_hashjoin = off;
SET enable_hashagg = off;
SELECT in_order('SELECT a.k, b.k FROM stream a JOIN stream b ON a.r = b.k WHERE a.k < 40 ORDER BY a.r');
SELECT plan_of('SELECT r % 10, array_agg(k ORDER BY k) FROM stream WHERE k < 30 GROUP BY 1');
SELECT in_order('SELECT r % 10, array_agg(k ORDER BY k) FROM stream WHERE k < 30 GROUP BY 1 ORDER BY 1');
RESET enable_hashjoin;
RESET enable_hashagg;

-- an error on a node
\set SHOW_CONTEXT never
SELECT k FROM stream ORDER BY 1 / (k - 77) LIMIT 3;
SELECT k FROM stream ORDER BY r, k LIMIT 2;

-- a shard without rows, and none with any
DELETE FROM stream WHERE k > 3;
SELECT k FROM stream ORDER BY r DESC;
TRUNCATE stream;
SELECT k FROM stream ORDER BY r DESC LIMIT 3;
DROP TABLE stream, sorted_copy.stream;
