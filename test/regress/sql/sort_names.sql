-- ORDER BY and DISTINCT ON a column whose name another output column has.
CREATE SCHEMA sort_names;
SET search_path = sort_names;
CREATE TABLE s (a int, b int);
SELECT create_distributed_table('s', NULL);
INSERT INTO s VALUES (1, 30), (2, 20), (3, 10);
SELECT shardlite_internal.fragment_text('SELECT -a AS b, b AS x FROM s ORDER BY x');
SELECT -a AS b, b AS x FROM s ORDER BY x;
SELECT DISTINCT ON (x) -a AS b, b AS x FROM s ORDER BY x DESC;
SELECT count(*) OVER (ORDER BY a) AS b, b AS x FROM s ORDER BY 2;

-- SEARCH BREADTH FIRST cannot be sent to the shard as text
WITH RECURSIVE r(n, lvl) AS (SELECT a, 0 FROM s WHERE a = 1
	UNION SELECT s.a, r.lvl + 1 FROM r JOIN s ON s.a = r.n + 1)
SEARCH BREADTH FIRST BY n SET seq SELECT n, lvl FROM r ORDER BY seq;

-- EXPLAIN of a scan that was never run and would choose partitions
CREATE TABLE p (k int, id int) PARTITION BY RANGE (id);
CREATE TABLE p_low PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p_high PARTITION OF p FOR VALUES FROM (10) TO (20);
SET shardlite.shard_count = 2;
SELECT create_distributed_table('p', 'k');
INSERT INTO p VALUES (1, 1), (2, 12);
CREATE FUNCTION explains(query text) RETURNS boolean LANGUAGE plpgsql AS
$$BEGIN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE) ' || query; RETURN true; END$$;
SELECT explains('SELECT * FROM s WHERE a > 5 AND (SELECT p.id FROM p WHERE p.id = s.a AND p.id > s.b LIMIT 1) > 0');

SET client_min_messages = warning;
DROP SCHEMA sort_names CASCADE;
