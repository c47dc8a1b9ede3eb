-- DDL by other roles: owners may, others may not, and nobody gains anything.
CREATE SCHEMA ddl_security;
SET search_path = ddl_security;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE ddl_owner;
CREATE ROLE ddl_group;
CREATE ROLE ddl_guest;
GRANT ddl_group TO ddl_owner;
GRANT USAGE, CREATE ON SCHEMA ddl_security TO ddl_owner, ddl_guest, ddl_group;

SET ROLE ddl_owner;
CREATE TABLE t (k int, n int, secret text);
SELECT create_distributed_table('t', 'k');
INSERT INTO t SELECT i, i, 's' || i FROM generate_series(1, 10) i;
ALTER TABLE t ADD PRIMARY KEY (k), ADD COLUMN c int DEFAULT 1;
CREATE INDEX ON t (n);
ALTER INDEX t_n_idx RENAME TO by_n;
VACUUM ANALYZE t;
TRUNCATE t;
INSERT INTO t SELECT i, i, 's' || i FROM generate_series(1, 10) i;
GRANT SELECT (k, n), INSERT (k) ON t TO ddl_guest;

SET ROLE ddl_guest;
SELECT count(n) FROM t;
SELECT count(secret) FROM t;
INSERT INTO t (k) VALUES (11) RETURNING k;
INSERT INTO t (k, n) VALUES (12, 1);
ALTER TABLE t ADD x int;
CREATE INDEX ON t (n);
DROP INDEX by_n;
DROP TABLE t;
TRUNCATE t;
ALTER TABLE t RENAME TO tt;
COPY t FROM stdin;
\.
COPY t (k) FROM stdin;
20
\.
COPY t TO stdout;
COPY (SELECT k FROM t WHERE k = 20) TO stdout;
COPY t FROM '/etc/passwd';
CREATE TABLE shardlite_shards.mine (x int);
SELECT shardlite_internal.run_on_shards('{}', '{}', '{}', '', '{}');
SELECT shardlite_internal.run_as_typed('SELECT 1', '{}', '', false);
SELECT shardlite_internal.copy_chunk('', 0, '', '');
SELECT shardlite_add_node('localhost', 1);
INSERT INTO shardlite.node VALUES (9, 'x', 1);
RESET ROLE;
REVOKE ALL ON t FROM ddl_guest;
SET ROLE ddl_guest;
SELECT count(n) FROM t;
RESET ROLE;

-- who owns the table owns what runs for it: no code of the owner runs as somebody else
CREATE TABLE log (who name);
GRANT INSERT ON log TO PUBLIC;
SET ROLE ddl_owner;
CREATE FUNCTION who(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF current_user <> 'ddl_owner' THEN RAISE EXCEPTION 'running as %', current_user; END IF; RETURN $1; END $$;
ALTER TABLE t ADD CHECK (who(k) > 0);
CREATE INDEX ON t (who(n));
ALTER TABLE t ALTER n TYPE bigint USING who(n::int), DROP CONSTRAINT t_k_check;
DROP INDEX t_who_idx;
ALTER TABLE t ALTER n TYPE bigint USING who(n::int);
CREATE INDEX ON t (who(n::int));
INSERT INTO t VALUES (13, 1);
COPY t (k) FROM stdin;
14
\.
RESET ROLE;
REINDEX TABLE t;
ANALYZE t;

-- another owner
ALTER TABLE t OWNER TO ddl_group;
SELECT tableowner FROM pg_tables WHERE schemaname = 'ddl_security' AND tablename = 't';
SET ROLE ddl_group;
ALTER TABLE t ADD z int DEFAULT 3;
SELECT sum(z) FROM t;
RESET ROLE;

-- row security
ALTER TABLE t OWNER TO ddl_owner;
GRANT SELECT, INSERT, UPDATE ON t TO ddl_guest;
CREATE POLICY own ON t TO ddl_guest USING (k % 2 = 0) WITH CHECK (k < 100);
SET ROLE ddl_guest;
SELECT count(*) FROM t;
RESET ROLE;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
SET ROLE ddl_guest;
SELECT k FROM t ORDER BY k;
INSERT INTO t (k) VALUES (200);
COPY t (k) FROM stdin;
\.
COPY (SELECT k FROM t ORDER BY k) TO stdout (FORMAT csv);
RESET ROLE;
ALTER POLICY own ON t RENAME TO mine;
ALTER POLICY mine ON t USING (k = current_setting('ddl_security.k')::int);
SET ROLE ddl_guest;
SET ddl_security.k = 7;
SELECT k FROM t;
COPY t (k, n) TO stdout (HEADER);
RESET ROLE;
ALTER TABLE t FORCE ROW LEVEL SECURITY;
SET ROLE ddl_owner;
SELECT count(*) FROM t;
RESET ROLE;
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;
DROP POLICY mine ON t;
SET ROLE ddl_guest;
SELECT count(*) FROM t;
RESET ROLE;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

REASSIGN OWNED BY ddl_owner TO ddl_group;
SET ROLE ddl_group;
ALTER TABLE t ADD y int DEFAULT 4;
SELECT sum(y) FROM t;
RESET ROLE;
DROP SCHEMA ddl_security CASCADE;
DROP OWNED BY ddl_owner, ddl_group, ddl_guest;
DROP ROLE ddl_owner, ddl_group, ddl_guest;
