-- FOR UPDATE with LIMIT, or with filters and joins computed here: rows are read
-- first and locked when it is known which ones come out.
CREATE SCHEMA locks;
SET search_path = locks;
\set SHOW_CONTEXT never
CREATE TABLE job (id int PRIMARY KEY, prio int, done boolean DEFAULT false, note text);
SELECT create_distributed_table('job', 'id', shard_count => 4);
INSERT INTO job SELECT i, i % 5, false, 'n' || i FROM generate_series(1, 20) i;
CREATE TABLE part (id int, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
SELECT create_distributed_table('part', 'id', shard_count => 4);
INSERT INTO part SELECT i, i FROM generate_series(1, 19) i;
CREATE TABLE plain (id int PRIMARY KEY, prio int);
INSERT INTO plain SELECT i, i FROM generate_series(1, 5) i;
CREATE FUNCTION odd(int) RETURNS boolean VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN $1 % 2 = 1; END';

-- locked by the fragments where all that they find comes out
CREATE FUNCTION locks_in(statement text) RETURNS TABLE (line text) LANGUAGE plpgsql AS $$
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        IF line ~ 'ShardliteLock|LockRows|SQL:' AND line !~ '^  *SQL:.*hold_snapshot' THEN RETURN NEXT; END IF;
        IF line ~ '^  *SQL:.*hold_snapshot' THEN line := '  SQL holds its snapshot'; RETURN NEXT; END IF;
        EXIT WHEN line ~ 'SQL';
    END LOOP;
END$$;
SELECT * FROM locks_in('SELECT id FROM job WHERE prio = 2 ORDER BY id FOR UPDATE');
SELECT * FROM locks_in('SELECT count(*) FROM (SELECT id FROM job WHERE prio = 2 FOR SHARE) s');
SELECT * FROM locks_in('SELECT id FROM job WHERE id = 2 LIMIT 1 FOR UPDATE');
SELECT * FROM locks_in('SELECT id FROM job WHERE prio = 2 LIMIT 1 FOR UPDATE');
SELECT * FROM locks_in('SELECT id FROM job WHERE odd(id) FOR UPDATE');
SELECT * FROM locks_in('SELECT j.id FROM job j JOIN plain p ON odd(p.id + j.prio) LIMIT 1 FOR UPDATE');

-- what is returned is locked, and nothing else: seen by whose xmax is set
CREATE FUNCTION locked(relation text) RETURNS TABLE (id int) LANGUAGE plpgsql AS
    $$BEGIN RETURN QUERY EXECUTE format('SELECT id FROM %s WHERE xmax <> 0 ORDER BY id', relation); END$$;
BEGIN;
SELECT id, prio FROM job WHERE NOT done ORDER BY prio, id LIMIT 2 OFFSET 1 FOR UPDATE SKIP LOCKED;
SELECT * FROM locked('job');
ROLLBACK;
BEGIN;
-- (5, 10 and 15 bear the mark of the transaction before)
SELECT id FROM job WHERE odd(id) AND prio = 3 ORDER BY id FOR NO KEY UPDATE;
SELECT * FROM locked('job');
ROLLBACK;
BEGIN;
SELECT j.id, p.id AS p FROM job j JOIN plain p ON p.prio = j.prio WHERE odd(p.id) ORDER BY j.id DESC LIMIT 3 FOR UPDATE;
SELECT id FROM job WHERE id IN (18, 16, 13) AND xmax <> 0 ORDER BY id;
SELECT id FROM plain WHERE xmax <> 0 ORDER BY id;
ROLLBACK;
BEGIN;
SELECT id, at FROM part ORDER BY at DESC LIMIT 12 FOR UPDATE;
SELECT * FROM locked('part');
ROLLBACK;
BEGIN;
SELECT id FROM part ORDER BY at FETCH FIRST 1 ROWS WITH TIES FOR UPDATE;
ROLLBACK;

-- shapes
SELECT id FROM job ORDER BY id LIMIT 0 FOR UPDATE;
SELECT id FROM job ORDER BY id LIMIT NULL OFFSET 18 FOR SHARE;
SELECT id FROM job ORDER BY id LIMIT -1 FOR UPDATE;
SELECT id FROM job ORDER BY id LIMIT (SELECT 2) FOR UPDATE;
SELECT id FROM job ORDER BY id LIMIT 9223372036854775807 OFFSET 19 FOR UPDATE;
SELECT id FROM job ORDER BY id OFFSET 18 FOR UPDATE;
SELECT (SELECT id FROM job j WHERE j.prio = p.prio ORDER BY id LIMIT 1 FOR UPDATE) FROM plain p WHERE odd(p.id) ORDER BY p.id;
WITH c AS (SELECT id FROM job WHERE NOT done ORDER BY prio, id LIMIT 2 FOR UPDATE SKIP LOCKED)
    UPDATE job SET done = true FROM c WHERE c.id = job.id RETURNING job.id;
UPDATE job SET done = true WHERE id = (SELECT id FROM job WHERE NOT done ORDER BY prio, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id;
DELETE FROM job WHERE id IN (SELECT id FROM job WHERE done ORDER BY id LIMIT 2 FOR UPDATE) RETURNING id;
SELECT FROM job ORDER BY id LIMIT 1 FOR UPDATE;
SELECT j, j.tableoid::regclass FROM job j ORDER BY id LIMIT 1 FOR UPDATE;
PREPARE take(int) AS SELECT id FROM job WHERE NOT done ORDER BY prio, id LIMIT $1 FOR UPDATE SKIP LOCKED;
EXECUTE take(1);
EXECUTE take(2);
EXECUTE take(NULL);
EXECUTE take(0);
EXECUTE take(1);
EXECUTE take(2);
EXECUTE take(3);
-- no lock without privilege; a locking statement is no read
CREATE ROLE locker;
GRANT USAGE ON SCHEMA locks TO locker;
GRANT SELECT ON job TO locker;
SET ROLE locker;
SELECT id FROM job ORDER BY id LIMIT 1 FOR UPDATE;
SELECT shardlite_internal.lock_rows('locks.plain', 0, '{"(0,1)"}', 4, 0);
RESET ROLE;
BEGIN READ ONLY;
SELECT id FROM job LIMIT 1 FOR UPDATE;
ROLLBACK;
SELECT id FROM job GROUP BY id LIMIT 1 FOR UPDATE;
-- row security decides on the shards
GRANT UPDATE ON job TO locker;
ALTER TABLE job ENABLE ROW LEVEL SECURITY;
CREATE POLICY seven ON job USING (id IN (7, 9));
SET ROLE locker;
SELECT id FROM job ORDER BY prio, id LIMIT 5 FOR UPDATE;
RESET ROLE;

-- a cursor locks what was fetched
ALTER TABLE job DISABLE ROW LEVEL SECURITY;
CREATE TABLE fresh (id int PRIMARY KEY, v int);
SELECT create_distributed_table('fresh', 'id', shard_count => 4);
INSERT INTO fresh SELECT i, i FROM generate_series(1, 9) i;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM fresh ORDER BY v FOR UPDATE;
FETCH 2 FROM c;
SELECT * FROM locked('fresh');
SAVEPOINT s;
FETCH 1 FROM c;
ROLLBACK TO s;
SELECT count(*) FROM fresh;
FETCH 1 FROM c;
COMMIT;

SET client_min_messages TO warning;
DROP SCHEMA locks CASCADE;
DROP ROLE locker;
