-- Distributed functions on three nodes: where calls run, at what cost, and what makes them run here.
CREATE SCHEMA fn;
SET search_path = fn;
CREATE TABLE t (k int, v int, PRIMARY KEY (k, v));
CREATE TABLE ref (a int PRIMARY KEY, b int);
CREATE TABLE local_table (a int);
CREATE TABLE other (a bigserial PRIMARY KEY);
SELECT create_distributed_table('other', 'a');
SELECT create_distributed_table('t', 'k', shard_count => 6);
SELECT create_reference_table('ref');
INSERT INTO ref VALUES (1, 10);
INSERT INTO local_table VALUES (1);

-- keys of two nodes
SELECT (array_agg(k ORDER BY node_id))[1] AS a, (array_agg(k ORDER BY node_id))[2] AS b FROM (SELECT node_id, min(k) AS k
	FROM generate_series(1, 100) k JOIN shardlite_shards s ON s.shard_id = get_shard_id_for_distribution_column('t', k)
	WHERE s.table_name = 't'::regclass GROUP BY node_id) x \gset

-- does the body run on this server?
CREATE FUNCTION here() RETURNS boolean LANGUAGE sql AS $$ SELECT current_setting('port') = current_setting('my.port') $$;
SELECT set_config('my.port', current_setting('port'), false) IS NOT NULL AS ok;
CREATE PROCEDURE put(key int, val int, INOUT is_here boolean DEFAULT NULL) LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO t VALUES (key, val); is_here := here(); END $$;
CREATE FUNCTION get(key int) RETURNS TABLE (val int, is_here boolean) LANGUAGE plpgsql STABLE AS
	$$ BEGIN RETURN QUERY SELECT t.v + ref.b, here() FROM t, ref WHERE t.k = key ORDER BY t.v; END $$;
CREATE FUNCTION run(key int, command text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO t VALUES (key, -1); EXECUTE command; DELETE FROM t WHERE k = key AND v = -1; RETURN here(); END $$;
CREATE FUNCTION run_catching(key int, command text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN BEGIN EXECUTE command; EXCEPTION WHEN OTHERS THEN NULL; END; RETURN here(); END $$;
SELECT create_distributed_function('put(int,int,boolean)', 'key', 't'), create_distributed_function('get(int)', 'key', 't'),
	create_distributed_function('run(int,text)', 'key', 't'), create_distributed_function('run_catching(int,text)', 'key', 't');

CREATE FUNCTION trips() RETURNS bigint LANGUAGE sql AS 'SELECT round_trips FROM shardlite_counters()';
CALL put(:a, 1); CALL put(:b, 1);

-- one round trip each
SELECT trips() AS n \gset
CALL put(:a, 2);
SELECT trips() - :n AS put;
SELECT trips() AS n \gset
SELECT * FROM get(:a);
SELECT trips() - :n AS get;
SELECT trips() AS n \gset
SELECT run(:b, 'SELECT 1');
SELECT trips() - :n AS run;
-- in a block: one each, and one for COMMIT
SELECT trips() AS n \gset
BEGIN;
CALL put(:a, 3);
CALL put(:a, 4);
SELECT is_here FROM get(:a);
COMMIT;
SELECT trips() - :n AS block;
-- on two nodes: two for COMMIT
SELECT trips() AS n \gset
BEGIN;
CALL put(:a, 5);
CALL put(:b, 5);
COMMIT;
SELECT trips() - :n AS two_nodes;
SELECT count(*) FROM t;

-- not the whole statement, no key, a null key: here
SELECT get(:a), 1 AS one LIMIT 1;
SELECT count(*) FROM get(:a) WHERE is_here;
\set VERBOSITY terse
SELECT run(NULL, 'SELECT 1');
PREPARE r(int) AS SELECT run($1, 'SELECT 1');
EXECUTE r(:a); EXECUTE r(:a); EXECUTE r(:a); EXECUTE r(:a); EXECUTE r(:a); EXECUTE r(:a); EXECUTE r(:a);
EXPLAIN (VERBOSE, COSTS OFF) SELECT val FROM get(1);
EXPLAIN (COSTS OFF) SELECT run(1, 'SELECT 1');
CREATE TEMP TABLE ran AS SELECT run(:a, 'SELECT 1');
SELECT * FROM ran;
DROP TABLE ran;
-- an expression of PL/pgSQL runs here, a statement there
DO $$
DECLARE expression boolean := run(1, 'SELECT 1'); statement boolean;
BEGIN
	PERFORM run(1, 'SELECT 1');
	SELECT run INTO statement FROM run(1, 'SELECT 1');
	RAISE NOTICE '% %', expression, statement;
	EXECUTE 'SELECT run(1, ''SELECT 1'')' INTO statement;
END $$;

-- what the function wants decides; after a refusal it runs here for a while
CREATE FUNCTION try(key int, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE h boolean; n int := 0;
BEGIN
	LOOP -- until it is asked elsewhere again
		n := n + 1;
		SELECT * INTO h FROM run(key, 'SELECT 1');
		EXIT WHEN NOT h OR n > 100;
	END LOOP;
	SELECT * INTO h FROM run(key, command);
	RETURN CASE WHEN h THEN 'here' ELSE 'there' END;
END $$;
SELECT nextval('other_a_seq') IS NOT NULL AS drawn;
SELECT regexp_replace(command, 'k = \d+', 'k = ' || CASE WHEN command LIKE '%' || :a THEN 'a' ELSE 'b' END) AS command, try(:a, command) FROM (VALUES
	(1, 'SELECT nextval(''other_a_seq''), random(), clock_timestamp(), now(), current_user'),
	(2, 'SELECT count(*) FROM t WHERE k = ' || :a),
	(3, 'SELECT count(*) FROM t WHERE k = ' || :b),
	(4, 'SELECT count(*) FROM t'),
	(5, 'UPDATE t SET v = v + 100 WHERE k = ' || :b),
	(6, 'SELECT b FROM ref'),
	(7, 'UPDATE ref SET b = b + 1'),
	(8, 'INSERT INTO local_table VALUES (2)'),
	(9, 'CREATE TEMP TABLE made AS SELECT 1'),
	(10, 'SET my.setting = 7'),
	(11, 'SELECT set_config(''my.setting'', ''8'', false)'),
	(12, 'SELECT pg_advisory_xact_lock(1)'),
	(13, 'SELECT currval(''other_a_seq'')'),
	(14, 'SELECT session_user'),
	(15, 'NOTIFY fn'),
	(16, 'LOCK TABLE t'),
	(17, 'TRUNCATE ref'),
	(18, 'PREPARE s AS SELECT 1'),
	(19, 'EXECUTE s'),
	(20, 'DO ''BEGIN NULL; END'''),
	(21, 'SELECT pg_backend_pid()'),
	(22, 'DO ''BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN END'''),
	(23, 'DO ''BEGIN PERFORM nowhere(); EXCEPTION WHEN undefined_function THEN END''')
) x(n, command) ORDER BY n;
-- all of it has happened once, and in this session
SELECT sum(v), count(*) FROM t;
SELECT count(*) FROM local_table;
SELECT * FROM made;
SHOW my.setting;
SELECT currval('other_a_seq') IS NOT NULL AS drawn;
SELECT count(*) FROM ref;
DEALLOCATE s;
DROP TABLE made;
RESET my.setting;
INSERT INTO ref VALUES (1, 10);

-- a refusal that the function catches is one nevertheless
SELECT run_catching(:a, 'INSERT INTO local_table VALUES (3)');
SELECT count(*) FROM local_table;
-- in a block what came before stays
BEGIN;
INSERT INTO t VALUES (:a, 50);
SAVEPOINT s;
SELECT run_catching(:b, 'INSERT INTO local_table SELECT v FROM t WHERE v = 50');
SELECT run(:b, 'INSERT INTO local_table SELECT v FROM t WHERE v = 50');
ROLLBACK TO s;
SELECT run(:b, 'INSERT INTO local_table SELECT v FROM t WHERE v = 50');
COMMIT;
SELECT count(*) FROM local_table WHERE a = 50;

-- transaction control
CREATE PROCEDURE steps(key int, fail boolean) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO t VALUES (key, 1000);
	COMMIT;
	INSERT INTO t VALUES (key, 1001);
	ROLLBACK;
	INSERT INTO t VALUES (key, 1002);
	RAISE NOTICE 'at the end';
	IF fail THEN RAISE EXCEPTION 'failed'; END IF;
END $$;
CREATE PROCEDURE back(key int) LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO t VALUES (key, 2000); ROLLBACK; INSERT INTO t VALUES (key, 2001); END $$;
SELECT create_distributed_function('steps(int,boolean)', 'key', 't'), create_distributed_function('back(int)', 'key', 't');
\set VERBOSITY terse
CALL steps(:a, true);
CALL steps(:b, false);
CALL back(:a);
SELECT v, count(*) FROM t WHERE v >= 1000 GROUP BY v ORDER BY v;
BEGIN;
CALL back(:a);
ROLLBACK;

-- roles and row security, from every node
CREATE ROLE fn_user;
GRANT USAGE ON SCHEMA fn TO fn_user;
GRANT SELECT, INSERT, DELETE ON t TO fn_user;
GRANT SELECT ON ref TO fn_user;
REVOKE EXECUTE ON FUNCTION run_catching(int, text) FROM PUBLIC;
CREATE POLICY small ON t USING (v < 3);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION who(key int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = fn AS
	$$ SELECT (current_user = 'fn_user') || ' ' || count(*) FROM t WHERE k = key AND v < 10 $$;
SELECT create_distributed_function('who(int)', 'key', 't');
SET ROLE fn_user;
SELECT val FROM get(:a);
CALL put(:a, 7);
SELECT who(:a);
SELECT run(:a, 'SELECT * FROM local_table');
SELECT run_catching(:a, 'SELECT 1');
RESET ROLE;

-- from a node that is not the coordinator
SELECT format('host=%s port=%s dbname=%s user=%s', host, port, current_database(), current_user) AS worker
	FROM shardlite_nodes WHERE NOT is_local ORDER BY node_id LIMIT 1 \gset
SELECT format('host=%s port=%s dbname=%s user=%s', host, port, current_database(), current_user) AS coordinator
	FROM shardlite_nodes WHERE is_local \gset
\c :worker
SET search_path = fn;
SELECT set_config('my.port', current_setting('port'), false) IS NOT NULL AS ok;
SELECT count(*) FROM shardlite_functions;
CALL put(:a, 8);
CALL put(:b, 8);
SELECT count(*), bool_and(is_here) FROM get(:a);
SELECT create_distributed_function('here()');
\c :coordinator
SET search_path = fn;

-- dropped on all nodes; the group's end ends delegation
DROP FUNCTION get(int);
DROP PROCEDURE put(int, int, boolean), steps(int, boolean), back(int);
SELECT function FROM shardlite.distributed_function ORDER BY function::text;
\c :worker
SELECT function FROM shardlite.distributed_function ORDER BY function::text;
\c :coordinator
SET search_path = fn;
DROP TABLE t, other;
SELECT function_name FROM shardlite_functions;
SET client_min_messages = error;
DROP SCHEMA fn CASCADE;
DROP ROLE fn_user;
