-- Long work of a node over several connections: which one a shard uses never shows.
CREATE SCHEMA par;
SET search_path = par;
\set SHOW_CONTEXT never
CREATE TABLE p (k int PRIMARY KEY, v int);
SELECT create_distributed_table('p', 'k', colocate_with := 'none', shard_count := 16);
INSERT INTO p SELECT i, i FROM generate_series(1, 160) i;
CREATE FUNCTION nap(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF v % 10 = 0 THEN PERFORM pg_sleep(0.01); END IF;
	RETURN v;
END $$;
-- long enough for a coordinator that seldom gets a CPU to notice that it waits
CREATE FUNCTION doze(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF v % 10 = 0 THEN PERFORM pg_sleep(0.05); END IF;
	RETURN v;
END $$;
-- "extra": connections opened beside the first ones since the last question
CREATE TEMP TABLE seen AS SELECT 0::bigint AS n;
CREATE FUNCTION extra(at_least int, at_most int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	opened bigint;
BEGIN
	SELECT extra_connections - n INTO opened FROM shardlite_counters(), pg_temp.seen;
	UPDATE pg_temp.seen SET n = n + opened;
	RETURN (SELECT count(*) FROM shardlite.node) = 1 OR opened BETWEEN at_least AND at_most;
END $$;

-- short work has one connection per node
SELECT sum(nap(v)), count(*) FROM p;
SELECT extra(0, 0);
SET shardlite.parallel_min_cost = 0;
SET shardlite.parallel_delay = 0;
SET shardlite.max_connections_per_node_per_session = 1;
SELECT sum(nap(v)), count(*) FROM p;
SELECT extra(0, 0);
SET shardlite.max_connections_per_node_per_session = 2;
SELECT sum(doze(v)), count(*) FROM p;
SELECT extra(1, 2);
SET shardlite.max_connections_per_node_per_session = 4;
SELECT sum(doze(v)), count(*) FROM p;
SELECT extra(1, 6);
SET shardlite.parallel_delay = '10s';
SELECT sum(nap(v)), count(*) FROM p;
SELECT extra(0, 0);
SET shardlite.parallel_delay = 0;
SELECT k, v FROM p WHERE nap(v) % 40 = 0 ORDER BY k;
SELECT a.k FROM p a JOIN p b ON a.v = b.v + 1 WHERE nap(a.v) > 150 AND nap(b.v) < 160 ORDER BY 1;
SELECT v % 4 AS r, sum(nap(v)) FROM p GROUP BY 1 ORDER BY 1;

-- what a node groups, or makes distinct, over all its shards it may do in parts
CREATE TABLE wide (k int PRIMARY KEY, g int);
SELECT create_distributed_table('wide', 'k', colocate_with := 'p');
INSERT INTO wide SELECT i, i % 500 FROM generate_series(1, 5000) i;
ANALYZE wide;
CREATE FUNCTION in_parts(query text, parts int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
		IF line ~ ('^ *Fragments Run: ' || parts || '$') THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN (SELECT count(*) FROM shardlite.node) = 1;
END $$;
SELECT count(*), sum(c), sum(s) FROM (SELECT g, count(*) c, sum(nap(k * 10 + 1)) s FROM wide GROUP BY g) x;
SELECT in_parts('SELECT g, count(*), sum(nap(k * 10 + 1)) FROM wide GROUP BY g', 8);
SET shardlite.max_connections_per_node_per_session = 1;
SELECT in_parts('SELECT g, count(*), sum(nap(k * 10 + 1)) FROM wide GROUP BY g', 2);
RESET shardlite.max_connections_per_node_per_session;
-- not if that would multiply what comes here
SELECT in_parts('SELECT g, count(*), sum(k) FROM wide GROUP BY g', 2);
SELECT count(*) FROM (SELECT g FROM wide GROUP BY g LIMIT 10) x;

-- read, write, read in one transaction, in every order
BEGIN;
SELECT sum(nap(v)) FROM p;
UPDATE p SET v = v + 1 WHERE k = 7;
SELECT sum(nap(v)) FROM p;
SAVEPOINT s;
UPDATE p SET v = v + 1;
SELECT sum(nap(v)) FROM p;
ROLLBACK TO s;
SELECT sum(nap(v)) FROM p;
SAVEPOINT s2;
SELECT sum(nap(v) / (v - 100)) FROM p;
ROLLBACK TO s2;
DELETE FROM p WHERE k > 80;
SELECT sum(nap(v)) FROM p;
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO p VALUES (1000, 1000), (1001, 1000), (1002, 1000), (1003, 1000);
ROLLBACK TO s;
SELECT sum(nap(v)) FROM p;
LOCK TABLE p IN ACCESS EXCLUSIVE MODE;
SELECT sum(nap(v)) FROM p;
TRUNCATE p;
SELECT count(nap(v)) FROM p;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(extra(0, 100)) FROM (SELECT) x;
SELECT sum(nap(v)) FROM p;
SELECT extra(0, 0);
COMMIT;

-- statements that act on the table while it is being read
CREATE FUNCTION bump(key int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	UPDATE p SET v = v + 1000 WHERE k = key;
	RETURN key;
END $$;
SELECT count(bump(k)), sum(v) FROM p WHERE nap(v) > 0;
SELECT sum(v) - 160 * 1000 AS as_before FROM p;
UPDATE p SET v = k;
CREATE FUNCTION shut(key int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	LOCK TABLE p IN ACCESS EXCLUSIVE MODE;
	RETURN key;
END $$;
SELECT count(shut(k)), sum(v) FROM p WHERE nap(v) > 0;
DO $$
DECLARE
	r record;
	total int := 0;
BEGIN
	FOR r IN SELECT k, v FROM p WHERE nap(v) > 0 LOOP
		UPDATE p SET v = v + 1 WHERE k = r.k;
		total := total + r.v;
	END LOOP;
	RAISE NOTICE 'was %, is %', total, (SELECT sum(nap(v)) FROM p);
	UPDATE p SET v = k;
END $$;

-- errors in one connection, caught or not, and the memory that outlives them
SELECT sum(nap(v) / (v - 100)) FROM p;
CREATE FUNCTION total(divisor int) RETURNS bigint LANGUAGE sql AS
$$ SELECT sum(nap(v) / (v - divisor)) FROM p $$;
CREATE FUNCTION attempts() RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 4 LOOP
		BEGIN
			RETURN NEXT total(i * 50);
		EXCEPTION WHEN division_by_zero THEN
			UPDATE p SET v = v + 1 WHERE k = i;
			RETURN NEXT -i;
		END;
	END LOOP;
	RETURN NEXT (SELECT sum(nap(v)) FROM p);
END $$;
SELECT attempts();
UPDATE p SET v = k;

-- what the statement itself changes is not for its later fragments
CREATE ROLE par_low;
GRANT USAGE ON SCHEMA par TO par_low;
GRANT SELECT ON p TO par_low;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION become_low(key int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', 'par_low', true);
	RETURN key;
END $$;
SELECT count(become_low(k)), sum(v) FROM p WHERE nap(v) > 0;
SET ROLE par_low;
SELECT sum(nap(v)) FROM p;
RESET ROLE;
SELECT sum(nap(v)) FROM p;
ALTER TABLE p DISABLE ROW LEVEL SECURITY;
CREATE POLICY few ON p TO par_low USING (k <= 30);
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
SET ROLE par_low;
SELECT sum(nap(v)) FROM p;
RESET ROLE;
SELECT sum(nap(v)) FROM p;

-- settings travel to each connection
CREATE TABLE d (k int PRIMARY KEY, d date);
SELECT create_distributed_table('d', 'k', colocate_with := 'none', shard_count := 8);
INSERT INTO d SELECT i, date '2020-02-01' + i FROM generate_series(1, 8) i;
SET DateStyle = 'German';
SELECT min(d::text) FROM d WHERE nap(k * 10) > 0;
RESET DateStyle;
SELECT min(d::text) FROM d WHERE nap(k * 10) > 0;

-- what is not read to its end
SELECT count(*) FROM (SELECT k FROM p WHERE nap(v) > 0 LIMIT 3) x;
SELECT EXISTS (SELECT FROM p WHERE nap(v) > 50);
SELECT sum(nap(v)) FROM p;

-- cursors: the rows are those of their opening
BEGIN;
DECLARE c CURSOR FOR SELECT k, v FROM p WHERE nap(v) > 0;
DECLARE h CURSOR WITH HOLD FOR SELECT count(*), sum(v) FROM p WHERE nap(v) > 0;
UPDATE p SET v = 0;
MOVE ALL c;
FETCH h;
COMMIT;
CLOSE h;
UPDATE p SET v = k;
BEGIN;
SELECT k FROM p WHERE nap(v) > 158 ORDER BY k FOR UPDATE SKIP LOCKED;
SELECT sum(nap(v)) FROM p;
COMMIT;

-- prepared, until the plan is generic
PREPARE q(int) AS SELECT count(*), sum(nap(v)) FROM p WHERE v > $1;
EXECUTE q(0);
EXECUTE q(10);
EXECUTE q(20);
EXECUTE q(30);
EXECUTE q(40);
EXECUTE q(50);
EXECUTE q(60);
INSERT INTO p SELECT i, i FROM generate_series(161, 170) i;
EXECUTE q(0);

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA par CASCADE;
DROP ROLE par_low;
