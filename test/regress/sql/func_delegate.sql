-- Distributed functions and procedures: what they return and do is what one server returns and does.
CREATE SCHEMA fd;
SET search_path = fd;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE acct (id int PRIMARY KEY, bal int NOT NULL CHECK (bal >= 0), m mood DEFAULT 'ok');
CREATE TABLE log (id int, seq bigint, what text, at timestamptz, PRIMARY KEY (id, seq));
SELECT create_distributed_table('acct', 'id', shard_count => 6);
SELECT create_distributed_table('log', 'id', colocate_with => 'acct');
INSERT INTO acct SELECT i, 100 FROM generate_series(1, 20) i;

CREATE PROCEDURE pay(k int, amount int, INOUT rest int DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE acct SET bal = bal - amount WHERE id = k RETURNING bal INTO rest;
	INSERT INTO log VALUES (k, 1 + (SELECT count(*) FROM log WHERE id = k), 'paid ' || amount, now());
	RAISE NOTICE 'paid %', amount;
	IF rest = 13 THEN RAISE EXCEPTION 'bad luck' USING ERRCODE = 'P0013', DETAIL = 'a detail', HINT = 'a hint'; END IF;
END $$;
CREATE FUNCTION history(k int) RETURNS TABLE (n bigint, what text) LANGUAGE plpgsql STABLE AS
	$$ BEGIN RETURN QUERY SELECT l.seq, l.what FROM log l WHERE l.id = k ORDER BY l.seq; END $$;
CREATE FUNCTION balance(k int) RETURNS int LANGUAGE sql AS 'SELECT bal FROM acct WHERE id = k';
CREATE FUNCTION rows_of(k int) RETURNS SETOF acct LANGUAGE sql AS 'SELECT * FROM acct WHERE id = k';
CREATE FUNCTION cheer(k int, to_mood mood DEFAULT 'happy') RETURNS mood LANGUAGE plpgsql STRICT AS
	$$ BEGIN UPDATE acct SET m = to_mood WHERE id = k; RETURN to_mood; END $$;
CREATE FUNCTION sum_up(k int, VARIADIC v int[]) RETURNS bigint LANGUAGE plpgsql AS
	$$ BEGIN RETURN (SELECT sum(x) + (SELECT bal FROM acct WHERE id = k) FROM unnest(v) x); END $$;
CREATE FUNCTION same(k int, v anyelement, OUT w anyelement, OUT t text) LANGUAGE plpgsql AS
	$$ BEGIN w := v; t := pg_typeof(v); END $$;
CREATE FUNCTION any_record(k int) RETURNS SETOF record LANGUAGE plpgsql AS
	$$ BEGIN RETURN QUERY SELECT id, bal FROM acct WHERE id = k; END $$;
CREATE FUNCTION nothing(k int) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN DELETE FROM log WHERE id = k AND seq > 100; END $$;

SELECT create_distributed_function('pay(int,int,int)', 'k', 'acct');
SELECT create_distributed_function('history(int)', '$1', colocate_with => 'acct');
SELECT create_distributed_function('balance(int)', '$1', 'fd.acct'),
	create_distributed_function('rows_of(int)', 'k', 'acct'),
	create_distributed_function('cheer(int,mood)', 'k', 'acct'),
	create_distributed_function('sum_up(int,int[])', '$1', 'acct'),
	create_distributed_function('same(int,anyelement)', '$1', 'acct'),
	create_distributed_function('any_record(int)', '$1', 'acct'),
	create_distributed_function('nothing(int)', '$1', 'acct');

-- arguments of all kinds
CALL pay(1, 10);
CALL pay(2, 10, 77);
CALL pay(amount => 20, k => 3);
CALL pay(4, (random() * 0)::int + 5);
\set VERBOSITY terse
CALL pay(NULL, 1);
SELECT history(1);
SELECT * FROM history(2) ORDER BY n;
SELECT what FROM history(3);
SELECT h.what, h.n FROM history(k => 4) h;
SELECT balance(1);
SELECT balance(1) + balance(2);
SELECT * FROM balance(3);
SELECT balance(id) FROM generate_series(1, 3) id;
SELECT balance(NULL);
SELECT balance(1000);
SELECT * FROM rows_of(1);
SELECT rows_of(2);
SELECT cheer(1);
SELECT cheer(2, 'sad');
SELECT cheer(NULL, 'sad');
SELECT cheer(2, NULL);
SELECT sum_up(1, 1, 2, 3);
SELECT sum_up(1, VARIADIC ARRAY[4, 5]);
SELECT * FROM same(1, 'x'::text);
SELECT * FROM same(2, 3.5);
SELECT w FROM same(3, 'happy'::mood);
SELECT same(1, 2);
SELECT * FROM any_record(5) AS t(a int, b int);
SELECT nothing(1);
SELECT id, bal, m FROM acct WHERE id < 5 ORDER BY id;

-- errors: state, detail, what came before is undone
CALL pay(5, 87);
\echo :LAST_ERROR_SQLSTATE
CALL pay(6, 500);
\echo :LAST_ERROR_SQLSTATE
CALL pay(1, 1 / 0);
SELECT * FROM any_record(5) AS t(a int);
DO $$
DECLARE d text; h text; c text; s text; r int;
BEGIN
	CALL pay(5, 87, r);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT, c = PG_EXCEPTION_CONTEXT, s = RETURNED_SQLSTATE;
	RAISE NOTICE '% % % %', s, d, h, split_part(c, E'\n', 1);
END $$;
SELECT bal FROM acct WHERE id IN (5, 6);

-- blocks, savepoints
BEGIN;
UPDATE acct SET bal = bal + 1 WHERE id = 7;
CALL pay(7, 1);
SAVEPOINT s;
CALL pay(8, 99);
CALL pay(8, 99);
ROLLBACK TO s;
CALL pay(8, 50);
SELECT balance(7);
SELECT balance(8);
SELECT count(DISTINCT at) FROM log WHERE id IN (7, 8);
SELECT bool_and(at = now()) FROM log WHERE id IN (7, 8);
COMMIT;
BEGIN;
CALL pay(9, 50);
ROLLBACK;
SELECT id, bal FROM acct WHERE id IN (7, 8, 9) ORDER BY id;
BEGIN READ ONLY;
SELECT balance(7);
CALL pay(7, 1);
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT balance(7);
CALL pay(7, 1);
SELECT balance(7);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
CALL pay(7, 1);
COMMIT;

-- prepared, more than five times
PREPARE b(int) AS SELECT balance($1);
EXECUTE b(1); EXECUTE b(2); EXECUTE b(3); EXECUTE b(4); EXECUTE b(5); EXECUTE b(6); EXECUTE b(7);
EXECUTE b(NULL);
PREPARE p(int, text) AS SELECT * FROM same($1, $2);
EXECUTE p(1, 'a'); EXECUTE p(2, 'b'); EXECUTE p(3, 'c'); EXECUTE p(4, NULL); EXECUTE p(5, 'e'); EXECUTE p(6, 'f'); EXECUTE p(7, 'g');

-- from PL/pgSQL
DO $$
DECLARE r int; h record;
BEGIN
	FOR i IN 10..12 LOOP
		CALL pay(i, i, r);
		r := r + balance(i);
		PERFORM nothing(i);
		PERFORM * FROM nothing(i);
		FOR h IN SELECT * FROM history(i) LOOP
			RAISE NOTICE '%: % %', i, r, h.what;
		END LOOP;
		BEGIN
			CALL pay(i, 1000, r);
		EXCEPTION WHEN check_violation THEN
			RAISE NOTICE 'no';
		END;
	END LOOP;
END $$;
SELECT id, bal FROM acct WHERE id BETWEEN 10 AND 12 ORDER BY id;

-- cursors
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT * FROM history(7);
FETCH ALL FROM c;
FETCH BACKWARD 1 FROM c;
DECLARE d CURSOR FOR SELECT * FROM history(8);
FETCH ALL FROM d;
COMMIT;
CREATE FUNCTION leave_open(k int) RETURNS int LANGUAGE plpgsql AS
	$$ DECLARE left_open CURSOR FOR SELECT bal FROM acct WHERE id = k; BEGIN OPEN left_open; RETURN 1; END $$;
CREATE FUNCTION hand_out(k int) RETURNS refcursor LANGUAGE plpgsql AS
	$$ DECLARE c refcursor := 'handed'; BEGIN OPEN c FOR SELECT bal + 1 FROM acct WHERE id = k; RETURN c; END $$;
SELECT create_distributed_function('leave_open(int)', '$1', 'acct'), create_distributed_function('hand_out(int)', '$1', 'acct');
BEGIN;
SELECT leave_open(1);
FETCH left_open;
SELECT hand_out(1);
FETCH handed;
COMMIT;

-- cancelled: nothing of it stays, and the session goes on
CREATE FUNCTION slow(k int) RETURNS int LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO log VALUES (k, 99, 'slow', now()); PERFORM pg_sleep(60); RETURN 1; END $$;
SELECT create_distributed_function('slow(int)', '$1', 'acct');
SET statement_timeout = '300ms';
SELECT slow(1);
SELECT slow(2);
BEGIN;
INSERT INTO log VALUES (1, 98, 'before', now());
SAVEPOINT s;
SELECT slow(1);
ROLLBACK TO s;
SELECT slow(2);
ROLLBACK TO s;
INSERT INTO log VALUES (2, 98, 'after', now());
COMMIT;
RESET statement_timeout;
SELECT id, what FROM log WHERE seq >= 98 ORDER BY id;

-- a large argument, many rows
CREATE FUNCTION long(k int, t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN length(t); END $$;
CREATE FUNCTION many(k int, n int) RETURNS SETOF int LANGUAGE plpgsql AS
	$$ BEGIN RETURN QUERY SELECT bal - bal + i FROM acct, generate_series(1, n) i WHERE id = k; END $$;
SELECT create_distributed_function('long(int,text)', '$1', 'acct'), create_distributed_function('many(int,int)', '$1', 'acct');
SELECT long(1, repeat('x', 8 * 1024 * 1024));
CREATE TEMP TABLE numbers AS SELECT many FROM many(2, 200000);
SELECT count(*), sum(many) FROM numbers;
BEGIN;
CREATE OR REPLACE FUNCTION long(k int, t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN -length(t); END $$;
SELECT long(1, 'abc');
ROLLBACK;
SELECT long(1, 'abc');

-- into other places
CREATE TEMP TABLE kept AS SELECT * FROM history(7);
SELECT * FROM kept;
COPY (SELECT * FROM history(8)) TO STDOUT;

-- the function changes, and goes
CREATE OR REPLACE FUNCTION balance(k int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN -1; END';
SELECT balance(1);
EXECUTE b(2);
ALTER FUNCTION balance(int) RENAME TO worth;
SELECT worth(1);
ALTER FUNCTION worth(int) SET SCHEMA public;
SELECT public.worth(2);
DROP FUNCTION public.worth(int);
DROP FUNCTION history(int);
CREATE FUNCTION history(k int) RETURNS text LANGUAGE sql AS $$ SELECT 'plain' $$;
SELECT history(1);
SELECT function_name, distribution_argument FROM shardlite_functions ORDER BY 1;

-- what cannot be distributed
CREATE FUNCTION f(a int, OUT b int, c macaddr) LANGUAGE sql AS 'SELECT 1';
SELECT create_distributed_function('f(int,macaddr)', 'b', 'acct');
SELECT create_distributed_function('f(int,macaddr)', 'd', 'acct');
SELECT create_distributed_function('f(int,macaddr)', '$4', 'acct');
SELECT create_distributed_function('f(int,macaddr)', '$0', 'acct');
SELECT create_distributed_function('f(int,macaddr)', 'c', 'acct');
SELECT create_distributed_function('f(int,macaddr)', 'c');
SELECT create_distributed_function('f(int,macaddr)', NULL, 'acct');
SELECT create_distributed_function('f(int,macaddr)', 'a', 'nowhere');
CREATE TABLE here (a int);
SELECT create_distributed_function('f(int,macaddr)', 'a', 'here');
SELECT create_distributed_function('sum(int)', '$1', 'acct');
SELECT create_distributed_function(NULL);
CREATE ROLE fd_other;
GRANT USAGE ON SCHEMA fd TO fd_other;
SET ROLE fd_other;
SELECT create_distributed_function('fd.f(int,macaddr)', 'a', 'acct');
RESET ROLE;
SELECT create_distributed_function('f(int,macaddr)');
SELECT create_distributed_function('f(int,macaddr)', '$1', 'acct');
SELECT function_name, distribution_argument FROM shardlite_functions WHERE function_name = 'f(int,macaddr)'::regprocedure;
-- with the last table of the group goes the key, not the function
DROP TABLE acct, log CASCADE;
SELECT count(*) FROM shardlite_functions;
SELECT (f(1, '01:02:03:04:05:06'));
DROP SCHEMA fd CASCADE;
DROP ROLE fd_other;
SELECT count(*) FROM shardlite_functions;
