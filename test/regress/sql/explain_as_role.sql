-- EXPLAIN under a role that has rights on the table, not on its shards.
CREATE SCHEMA explain_as_role;
SET search_path = explain_as_role;
SET shardlite.shard_count = 2;
CREATE ROLE explain_reader;
CREATE TABLE t (k int, v text);
SELECT create_distributed_table('t', 'k');
INSERT INTO t SELECT i, 'x' FROM generate_series(1, 5) i;
CREATE FUNCTION explains(query text) RETURNS boolean LANGUAGE plpgsql AS
$$BEGIN EXECUTE 'EXPLAIN (VERBOSE) ' || query; RETURN true; END$$;
GRANT USAGE ON SCHEMA explain_as_role TO explain_reader;
SET ROLE explain_reader;
SELECT explains('SELECT * FROM t');
RESET ROLE;
GRANT SELECT ON t TO explain_reader;
SET ROLE explain_reader;
SELECT explains('SELECT * FROM t');
SELECT explains('SELECT * FROM t WHERE k = 3');
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA explain_as_role CASCADE;
DROP ROLE explain_reader;
