-- Scans that run once per row of another get the keys of many rows at once.
-- On a single server everything is local and nothing waits.
SET search_path = exec;
\set SHOW_CONTEXT never
SET shardlite.enable_decorrelation = off;
SET shardlite.max_connections_per_node_per_session = 1;
CREATE TYPE kmood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE ko (k int PRIMARY KEY, v int, t text, m kmood);
CREATE TABLE ki (k int, line int, v int, t text, m kmood);
SELECT create_distributed_table('ko', 'k', colocate_with := 'none', shard_count := 4);
SELECT create_distributed_table('ki', 'k', colocate_with := 'none', shard_count := 6);
INSERT INTO ko SELECT i, nullif(i % 50, 7), 't' || i % 9, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::kmood FROM generate_series(1, 1000) i;
INSERT INTO ki SELECT i % 97, i, nullif(i % 60, 9), 't' || i % 10, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::kmood FROM generate_series(1, 500) i;
CREATE TABLE po AS SELECT * FROM ko ORDER BY k;
CREATE TABLE pi AS SELECT * FROM ki ORDER BY line;
ANALYZE ko, ki, po, pi;
CREATE TEMP TABLE reading AS SELECT round_trips AS trips FROM shardlite_counters();
\set spent 'WITH c AS (SELECT * FROM shardlite_counters()), r AS (UPDATE reading SET trips = c.round_trips FROM c RETURNING 1) SELECT c.round_trips - trips <= (CASE WHEN (SELECT count(*) FROM shardlite.node) = 1 THEN 0 ELSE :n END) AS ok FROM c, reading;'
-- the rows of a table, and of the same query on plain tables: how many, how many differ
CREATE FUNCTION differs(query text) RETURNS TABLE (nrows bigint, differ bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TEMP TABLE one AS %s', query);
    EXECUTE format('CREATE TEMP TABLE two AS %s', replace(replace(query, 'ko o', 'po o'), 'ki i', 'pi i'));
    RETURN QUERY SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM
        ((SELECT one::text FROM one EXCEPT ALL SELECT two::text FROM two) UNION ALL (SELECT two::text FROM two EXCEPT ALL SELECT one::text FROM one)) d);
    DROP TABLE one, two;
END $$;
CREATE FUNCTION nodes_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Shardlite|SubPlan' THEN RETURN NEXT line; END IF;
    END LOOP;
END $$;
-- 1,000 rows: a scalar, EXISTS, IN, ALL, ORDER BY with LIMIT, an array
SELECT count(*), (SELECT count(*) FROM ki) FROM ko;
UPDATE reading SET trips = (SELECT round_trips FROM shardlite_counters());
\set n 14
SELECT sum((SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line <> o.k)) FROM ko o;
:spent
SELECT count(*) FROM ko o WHERE EXISTS (SELECT FROM ki i WHERE i.v = o.v AND i.t > o.t OFFSET 0);
:spent
\set n 18
SELECT * FROM differs('SELECT o.k, (SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line <> o.k) AS x FROM ko o');
:spent
SELECT * FROM differs('SELECT o.k FROM ko o WHERE o.v IN (SELECT i.v FROM ki i WHERE i.m = o.m AND i.t = o.t)');
:spent
SELECT * FROM differs('SELECT o.k FROM ko o WHERE o.v NOT IN (SELECT i.v FROM ki i WHERE i.m = o.m AND i.t = o.t AND i.line > 3)');
:spent
SELECT * FROM differs('SELECT o.k FROM ko o WHERE o.k > ALL (SELECT i.line FROM ki i WHERE i.m = o.m AND i.v = o.v)');
:spent
SELECT * FROM differs('SELECT o.k, (SELECT i.line FROM ki i WHERE i.v = o.v ORDER BY i.t DESC, i.line OFFSET 1 LIMIT 1) AS x FROM ko o');
:spent
SELECT * FROM differs('SELECT o.k, ARRAY(SELECT i.line FROM ki i WHERE i.v = o.v AND i.m >= o.m ORDER BY 1) AS x FROM ko o');
:spent
-- by the key, a nested loop, groups, a local table, more than one of them
SELECT * FROM differs('SELECT o.k, (SELECT count(*) FROM ki i WHERE i.k = o.v) AS x FROM ko o');
:spent
SELECT * FROM differs('SELECT o.k, x.* FROM ko o, LATERAL (SELECT i.line, i.t FROM ki i WHERE i.v = o.v ORDER BY i.line LIMIT 2) x');
:spent
SELECT * FROM differs('SELECT o.k, x.* FROM ko o LEFT JOIN LATERAL (SELECT i.line FROM ki i WHERE i.v = o.v AND i.line < o.k OFFSET 0) x ON x.line > 100');
:spent
SELECT * FROM differs('SELECT o.v, count(*), (SELECT max(i.line) FROM ki i WHERE i.v = o.v) AS x FROM ko o GROUP BY o.v HAVING count(*) > (SELECT count(*) FROM ki i WHERE i.v = o.v AND i.line < 600) + 11');
:spent
SELECT * FROM differs('SELECT l.k, (SELECT max(i.line) FROM ki i WHERE i.v = l.v) AS x, (SELECT min(i.line) FROM ki i WHERE i.m = l.m AND i.line > l.k) AS y FROM po l WHERE l.t <> ''t1'' ORDER BY l.k LIMIT 700');
:spent
SELECT * FROM differs('SELECT o, (SELECT i FROM ki i WHERE i.line = o.k AND i.m = o.m) AS x FROM ko o');
:spent
-- a LIMIT costs what it needs
\set n 4
SELECT o.k, (SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line <> o.k) AS x FROM ko o ORDER BY o.k LIMIT 1;
:spent
SELECT nodes_of('SELECT (SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line <> o.k) AS x FROM ko o WHERE o.k < 3 AND EXISTS (SELECT FROM po p WHERE p.v = o.v OFFSET 0)');
SET shardlite.enable_batched_keys = off;
SELECT nodes_of('SELECT (SELECT max(i.line) FROM ki i WHERE i.v = p.v AND i.line <> p.k) AS x FROM po p WHERE p.k = 3');
SELECT * FROM differs('SELECT o.k, (SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line <> o.k) AS x FROM ko o WHERE o.k < 30');
RESET shardlite.enable_batched_keys;
-- an error comes when its row does, and a row that is not wanted has none
SELECT sum(CASE WHEN o.v <> 4 THEN (SELECT count(*) FROM ki i WHERE i.line = o.k AND 10 / (o.v - 4) < 100) END) FROM ko o;
SELECT o.k, (SELECT count(*) FROM ki i WHERE i.line = o.k AND 10 / (o.k - 4) < 100) AS x FROM ko o ORDER BY o.k LIMIT 3;
SELECT o.k, (SELECT count(*) FROM ki i WHERE i.line = o.k AND 10 / (o.k - 4) < 100) AS x FROM ko o ORDER BY o.k LIMIT 4;
-- the same in a transaction block that has written: it goes on
BEGIN;
INSERT INTO ki SELECT i, 1000, 1, 'new', 'ok' FROM generate_series(1000, 1020) i;
SELECT sum(CASE WHEN o.v <> 4 THEN (SELECT count(*) FROM ki i WHERE i.line = o.k AND 10 / (o.v - 4) < 100) END) FROM ko o;
SELECT o.k, (SELECT count(*) FROM ki i WHERE i.line = 1000 * o.k AND 10 / (o.k - 4) < 100) AS x FROM ko o ORDER BY o.k LIMIT 3;
SELECT o.k, (SELECT count(*) FROM ki i WHERE i.line = 1000 * o.k) AS x FROM ko o ORDER BY o.k LIMIT 3;
SAVEPOINT s;
SELECT o.k, (SELECT count(*) FROM ki i WHERE i.line = o.k AND 10 / (o.k - 4) < 100) AS x FROM ko o ORDER BY o.k LIMIT 4;
ROLLBACK TO s;
SELECT count(*) FROM ki WHERE t = 'new';
COMMIT;
SELECT count(*) FROM ki WHERE t = 'new';
DELETE FROM ki WHERE t = 'new';
-- effects: what is not asked for is not read ahead
CREATE SEQUENCE rows_read;
SELECT x.n, (SELECT count(*) FROM ki i WHERE i.line = x.n) AS c FROM (SELECT nextval('rows_read') AS n FROM po OFFSET 0) x LIMIT 5;
SELECT last_value FROM rows_read;
SELECT p.k, (SELECT count(*) FROM ki i WHERE i.line = p.k) AS c FROM (SELECT k, 10 / (k - 7) AS d FROM po ORDER BY k OFFSET 0) p LIMIT 6;
-- filters keep their order, which is one of security
CREATE FUNCTION tell(int) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
CREATE VIEW few WITH (security_barrier) AS SELECT k, v FROM po p WHERE k < 5 AND EXISTS (SELECT FROM ki i WHERE i.v = p.v AND i.line = 3 OFFSET 0);
SELECT * FROM few WHERE tell(k);
CREATE ROLE keys_reader;
GRANT USAGE ON SCHEMA exec TO keys_reader;
GRANT SELECT ON po, ki TO keys_reader;
ALTER TABLE po ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON po USING (EXISTS (SELECT FROM ki i WHERE i.v = po.v AND i.line = 3 OFFSET 0));
CREATE FUNCTION shown(a int, b int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'shown %', b; RETURN true; END $$;
SET ROLE keys_reader;
SELECT p.k, (SELECT count(*) FROM ki i WHERE i.line = 1 AND shown(i.line, p.k)) AS c FROM po p WHERE p.k < 6;
SELECT p.k FROM po p WHERE p.k < 6 AND EXISTS (SELECT FROM ki i WHERE i.line = 1 AND shown(i.line, p.k) OFFSET 0);
RESET ROLE;
ALTER TABLE po DISABLE ROW LEVEL SECURITY;
-- cursors, and the row that one stands on
BEGIN;
DECLARE c CURSOR FOR SELECT p.k FROM po p WHERE p.k < 100 AND EXISTS (SELECT FROM ki i WHERE i.v = p.v AND i.line < 30 OFFSET 0);
FETCH 2 FROM c;
UPDATE po SET t = 'here' WHERE CURRENT OF c;
SELECT k FROM po WHERE t = 'here';
DECLARE s SCROLL CURSOR FOR SELECT o.k, (SELECT max(i.line) FROM ki i WHERE i.v = o.v) AS x FROM ko o ORDER BY o.k;
FETCH 3 FROM s;
FETCH BACKWARD 2 FROM s;
ROLLBACK;
-- writes
BEGIN;
UPDATE ko o SET v = (SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line <> o.k);
UPDATE po o SET v = (SELECT max(i.line) FROM pi i WHERE i.v = o.v AND i.line <> o.k);
SELECT count(*) FROM (TABLE ko EXCEPT TABLE po) d;
DELETE FROM po p WHERE EXISTS (SELECT FROM ki i WHERE i.line = p.v AND i.t = p.t OFFSET 0);
DELETE FROM ko o WHERE EXISTS (SELECT FROM ki i WHERE i.line = o.v AND i.t = o.t OFFSET 0);
SELECT count(*), (SELECT count(*) FROM (TABLE ko EXCEPT TABLE po) d) AS differ FROM ko;
ROLLBACK;
-- more rows than there is memory for, prepared statements, a change in between
SET work_mem = '64kB';
SELECT * FROM differs('SELECT o.k, length((SELECT string_agg(repeat(i.t, 1000), '','') FROM ki i WHERE i.m = o.m)) AS x FROM ko o WHERE o.k < 40');
SELECT * FROM differs('SELECT o.k, (SELECT sum(i.line) FROM ki i WHERE i.v = o.v) AS x FROM ko o');
RESET work_mem;
PREPARE p(int) AS SELECT sum((SELECT max(i.line) FROM ki i WHERE i.v = o.v AND i.line < $1)) FROM ko o WHERE o.k < $1;
EXECUTE p(100); EXECUTE p(200); EXECUTE p(100); EXECUTE p(200); EXECUTE p(100); EXECUTE p(200); EXECUTE p(100);
ALTER TABLE ki RENAME TO kj;
ALTER TABLE kj RENAME TO ki;
UPDATE ki SET line = line + 1;
EXECUTE p(100);
SET client_min_messages = warning;
DROP TABLE ko, ki, po, pi CASCADE;
DROP FUNCTION differs, nodes_of, tell, shown;
DROP SEQUENCE rows_read;
DROP TYPE kmood;
REVOKE ALL ON SCHEMA exec FROM keys_reader;
DROP ROLE keys_reader;
