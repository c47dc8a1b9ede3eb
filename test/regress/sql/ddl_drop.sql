-- DROP takes shards and metadata along, however a table goes away.
CREATE SCHEMA ddl_drop;
SET search_path = ddl_drop;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE FUNCTION leftovers() RETURNS TABLE (tables bigint, groups bigint, shards bigint) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM shardlite.distributed_table WHERE relid::text ~ 'ddl_drop|^"?d[0-9]' OR relid::text ~ '^[0-9]'),
        (SELECT count(*) FROM shardlite.colocation c WHERE NOT EXISTS (SELECT FROM shardlite.distributed_table t WHERE t.colocation_id = c.colocation_id)),
        (SELECT count(*) FROM pg_class WHERE relnamespace = 'shardlite_shards'::regnamespace AND relname ~ '^"?d[0-9]')
$$;
CREATE TABLE d1 (k int PRIMARY KEY, n int);
CREATE TABLE d2 (k int REFERENCES d1, n int);
CREATE TABLE d3 (k text);
CREATE TABLE d4 (id int PRIMARY KEY);
CREATE TABLE d5 (id int);
CREATE TABLE loc (id int);
SELECT create_distributed_table('d1', 'k', colocate_with => 'none'), create_distributed_table('d2', 'k', colocate_with => 'd1'),
    create_distributed_table('d3', 'k', colocate_with => 'none'), create_reference_table('d4'), create_distributed_table('d5', NULL, colocate_with => 'none');
CREATE VIEW v AS SELECT * FROM d3;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM d5;
SELECT tables FROM leftovers();
DROP TABLE d1;
DROP TABLE d3, loc;
DROP TABLE nosuch;
DROP TABLE IF EXISTS nosuch;
BEGIN;
DROP TABLE d3 CASCADE;
SELECT tables FROM leftovers();
ROLLBACK;
SELECT count(*) FROM d3;
DROP TABLE d3, loc, d4, d5 CASCADE;
SELECT count(*) FROM d2;
DROP TABLE d1 CASCADE;
INSERT INTO d2 VALUES (77, 1) RETURNING k;
DROP TABLE d2;
SELECT * FROM leftovers();

-- the same name again
CREATE TABLE d1 (k int);
SELECT create_distributed_table('d1', 'k');
INSERT INTO d1 VALUES (1);
SELECT * FROM d1;
DO $$ BEGIN DROP TABLE d1; CREATE TABLE d1 (k text); PERFORM create_distributed_table('ddl_drop.d1', 'k'); INSERT INTO d1 VALUES ('x'); END $$;
SELECT * FROM d1;
-- several statements in one string
DROP TABLE d1\; CREATE TABLE d1 (k int)\; SELECT create_distributed_table('d1', 'k');
-- types and functions take columns, defaults and constraints along, also on shards
CREATE TYPE e AS ENUM ('a', 'b');
CREATE FUNCTION f(int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 > 0;
ALTER TABLE d1 ADD x e DEFAULT 'a', ADD CHECK (f(k));
INSERT INTO d1 VALUES (5);
INSERT INTO d1 VALUES (-5);
DROP FUNCTION f;
DROP FUNCTION f CASCADE;
INSERT INTO d1 VALUES (-5);
DROP TYPE e;
DROP TYPE e CASCADE;
SELECT * FROM d1 ORDER BY k;
-- by owner
CREATE ROLE ddl_drop_joe;
GRANT USAGE, CREATE ON SCHEMA ddl_drop TO ddl_drop_joe;
ALTER TABLE d1 OWNER TO ddl_drop_joe;
SET ROLE ddl_drop_joe;
CREATE TABLE d6 (k int);
SELECT create_distributed_table('d6', 'k', colocate_with => 'none');
RESET ROLE;
DROP ROLE ddl_drop_joe;
DROP OWNED BY ddl_drop_joe;
DROP ROLE ddl_drop_joe;
SELECT * FROM leftovers();
-- by schema
CREATE TABLE d7 (k int);
SELECT create_distributed_table('d7', 'k', colocate_with => 'none');
CREATE TABLE "d8 x" (k int, e int);
SELECT create_distributed_table('"d8 x"', 'k', colocate_with => 'd7');
DROP SCHEMA ddl_drop;
DROP SCHEMA ddl_drop CASCADE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'shardlite_shards'::regnamespace AND relname ~ '^"?d[0-9]';
SELECT count(*) FROM shardlite.colocation c WHERE NOT EXISTS (SELECT FROM shardlite.distributed_table t WHERE t.colocation_id = c.colocation_id);
