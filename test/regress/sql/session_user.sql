-- session_user is the client's wherever a statement is evaluated: in policies,
-- constraints and functions on the nodes.
CREATE SCHEMA su;
SET search_path = su;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE su_ann SUPERUSER;
CREATE ROLE su_bob;
CREATE ROLE su_app;
GRANT su_app TO su_bob;
GRANT USAGE, CREATE ON SCHEMA su TO su_bob, su_app;
CREATE TABLE t (k int PRIMARY KEY, owner name DEFAULT session_user, via name CHECK (via = session_user));
CREATE TABLE ref (k int PRIMARY KEY, owner name);
CREATE POLICY p ON ref USING (owner = session_user AND lower(current_user) = 'su_app');
SELECT create_distributed_table('t', 'k');
SELECT create_reference_table('ref');
INSERT INTO t SELECT i, (ARRAY['su_ann', 'su_bob', 'su_app'])[i % 3 + 1] FROM generate_series(1, 30) i;
INSERT INTO ref SELECT i, (ARRAY['su_ann', 'su_bob', 'su_app'])[i % 3 + 1] FROM generate_series(1, 6) i;
-- only the nodes can ask this one
CREATE FUNCTION asked(k int) RETURNS name LANGUAGE plpgsql STABLE PARALLEL SAFE AS
	$$ BEGIN RETURN session_user; END $$;
CREATE POLICY p ON t USING (owner = session_user) WITH CHECK (owner = asked(k));
ALTER POLICY p ON t USING (owner = session_user AND owner = asked(k));
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
ALTER TABLE ref ENABLE ROW LEVEL SECURITY;
GRANT ALL ON t, ref TO su_bob, su_app;

SET SESSION AUTHORIZATION su_bob;
SELECT count(*), min(owner), max(owner) FROM t;
SELECT k, owner FROM t WHERE k = 1;
SELECT k FROM t WHERE k = 3;
SELECT count(*) FROM ref;
SET ROLE su_app;
SELECT session_user, current_user, count(*), min(owner), max(owner) FROM t;
SELECT session_user, current_user, count(*), min(owner), max(owner) FROM ref;
SELECT count(*) FROM t JOIN ref USING (owner);
SELECT count(*) FROM t WHERE asked(k) = 'su_bob' AND owner = ALL (SELECT asked(k) FROM ref);
-- writes: one shard, all of them, from a SELECT
INSERT INTO t VALUES (31, DEFAULT, 'su_bob');
INSERT INTO t VALUES (32, 'su_app', 'su_bob');
INSERT INTO t VALUES (32, 'su_bob', 'su_app');
INSERT INTO t SELECT i, session_user, asked(i) FROM generate_series(40, 49) i;
UPDATE t SET via = asked(k) WHERE k = 1;
UPDATE t SET via = session_user;
UPDATE t SET owner = 'su_ann' WHERE k = 1;
UPDATE t SET owner = 'su_ann';
DELETE FROM t WHERE k = 3;
DELETE FROM t WHERE k IN (3, 4, 5, 6) RETURNING k;
UPDATE ref SET owner = 'su_ann';
UPDATE ref SET k = k + 100 RETURNING owner;
SELECT count(*), min(owner), max(via) FROM t;
COPY (SELECT k, owner FROM t WHERE k < 10 ORDER BY k) TO STDOUT;
-- prepared statements, a definer's function
PREPARE q AS SELECT session_user, count(*) FROM t;
EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q;
CREATE FUNCTION definer() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = su AS
	$$ SELECT concat(session_user, ' ', current_user, ' ', owner, ' ', count(*)) FROM t GROUP BY owner $$;
SET ROLE NONE;
SELECT definer();
RESET SESSION AUTHORIZATION;

-- it follows savepoints
SET SESSION AUTHORIZATION su_bob;
BEGIN;
SELECT count(*) FROM t;
SAVEPOINT s;
SET LOCAL ROLE su_app;
SELECT count(*) FROM t;
ROLLBACK TO s;
SELECT count(*) FROM t;
INSERT INTO t VALUES (60, 'su_bob', 'su_bob'), (61, 'su_bob', 'su_bob');
COMMIT;
RESET SESSION AUTHORIZATION;
BEGIN;
SET LOCAL SESSION AUTHORIZATION su_bob;
SELECT count(*) FROM t;
SAVEPOINT s;
SET LOCAL SESSION AUTHORIZATION su_app;
SELECT count(*), min(owner) FROM t;
DECLARE c CURSOR FOR SELECT DISTINCT owner, session_user FROM t;
FETCH c;
SET LOCAL SESSION AUTHORIZATION su_bob;
SELECT count(*), min(owner) FROM t;
ROLLBACK TO s;
SELECT count(*), min(owner) FROM t;
SELECT count(*) FROM t WHERE 1 / (k - k) = 1;
ROLLBACK;
SELECT DISTINCT asked(k) = session_user FROM t;
EXECUTE q;
-- a superuser's session under a role of little power
SET SESSION AUTHORIZATION su_ann;
SET ROLE su_app;
SELECT count(*), min(owner) FROM t;
WITH u AS (UPDATE t SET via = 'su_ann' WHERE k < 12 RETURNING k) SELECT k FROM u ORDER BY k;
RESET ROLE;
SELECT count(*) FROM t;
CREATE TABLE made (k int PRIMARY KEY);
SELECT create_distributed_table('made', 'k');
ALTER TABLE made OWNER TO su_bob;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION su_ann;
ALTER TABLE made OWNER TO SESSION_USER;
GRANT SELECT ON made TO su_app;
SELECT owner, grants FROM (SELECT relowner::regrole AS owner, relacl::text LIKE '%su_app=r/su_ann%' AS grants
	FROM pg_class WHERE oid = 'made'::regclass) x;
RESET SESSION AUTHORIZATION;
DEALLOCATE q;
DROP SCHEMA su CASCADE;
DROP OWNED BY su_bob, su_app;
DROP ROLE su_ann, su_bob, su_app;
