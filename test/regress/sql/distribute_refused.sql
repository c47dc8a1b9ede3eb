-- What create_distributed_table() and its kin refuse.
CREATE SCHEMA refused;
SET search_path = refused;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;

-- what is not a table, or not the user's
CREATE VIEW v AS SELECT 1 AS a;
SELECT create_distributed_table('v', 'a');
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
SELECT create_distributed_table('mv', 'a');
CREATE SEQUENCE s;
SELECT create_distributed_table('s', 'a');
CREATE TABLE t (a int PRIMARY KEY, c int GENERATED ALWAYS AS (1) STORED, j json);
SELECT create_distributed_table('t_pkey', 'a');
CREATE FOREIGN DATA WRAPPER refused_wrapper;
CREATE SERVER refused_server FOREIGN DATA WRAPPER refused_wrapper;
CREATE FOREIGN TABLE ft (a int) SERVER refused_server;
SELECT create_distributed_table('ft', 'a');
CREATE TEMP TABLE tt (a int);
SELECT create_distributed_table('tt', 'a');
SELECT create_reference_table('tt');
SELECT create_distributed_table('pg_class', 'oid');
SELECT create_distributed_table('information_schema.sql_features', 'feature_id');
SELECT create_distributed_table('shardlite.node', 'node_id');
SELECT create_distributed_table('nothing', 'a');
SELECT create_distributed_table(4294967295, 'a');
SELECT create_distributed_table(NULL, 'a');
SELECT undistribute_table(NULL);
SELECT undistribute_table('t');
CREATE ROLE refused_role;
GRANT USAGE ON SCHEMA refused TO refused_role;
SET ROLE refused_role;
SELECT create_distributed_table('refused.t', 'a');
SELECT create_reference_table('refused.t');
RESET ROLE;

-- the key
SELECT create_distributed_table('t', 'nothing');
SELECT create_distributed_table('t', 'A');
SELECT create_distributed_table('t', 'ctid');
SELECT create_distributed_table('t', 'c');
SELECT create_distributed_table('t', 'j');
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE TABLE col (a text COLLATE loose);
SELECT create_distributed_table('col', 'a');
CREATE TABLE nulls (a int);
INSERT INTO nulls VALUES (1), (NULL);
SELECT create_distributed_table('nulls', 'a');
SELECT count(*) FROM nulls;

-- other arguments
SELECT create_distributed_table('t', 'a', 'range');
SELECT create_distributed_table('t', 'a', shard_count := 0);
SELECT create_distributed_table('t', 'a', shard_count := -1);
SELECT create_distributed_table('t', 'a', shard_count := 64001);
SELECT create_distributed_table('t', NULL, shard_count := 2);
SELECT create_distributed_table('t', 'a', colocate_with := 'nothing');
SELECT create_distributed_table('t', 'a', colocate_with := 'nulls');

-- uniqueness that no shard can check
CREATE TABLE u1 (a int, b int PRIMARY KEY);
SELECT create_distributed_table('u1', 'a');
CREATE TABLE u2 (a int, b int UNIQUE);
SELECT create_distributed_table('u2', 'a');
CREATE TABLE u3 (a int, b int);
CREATE UNIQUE INDEX u3_b ON u3 (b) INCLUDE (a);
SELECT create_distributed_table('u3', 'a');
CREATE TABLE u4 (a int4range, b int, EXCLUDE USING gist (a WITH &&));
SELECT create_distributed_table('u4', 'a');
CREATE TABLE u5 (a int, b int);
CREATE UNIQUE INDEX u5_expr ON u5 ((a + 0), b);
SELECT create_distributed_table('u5', 'a');

-- properties of the table
CREATE TABLE parent (a int);
CREATE TABLE child () INHERITS (parent);
SELECT create_distributed_table('parent', 'a');
SELECT create_distributed_table('child', 'a');
CREATE TABLE parted (a int, b int) PARTITION BY RANGE (b);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
SELECT create_distributed_table('part', 'a');
SELECT create_reference_table('parted');
CREATE TYPE ty AS (a int, b int);
CREATE TABLE typed OF ty;
SELECT create_distributed_table('typed', 'a');
CREATE TABLE ruled (a int);
CREATE RULE r AS ON INSERT TO ruled DO ALSO SELECT 1;
SELECT create_distributed_table('ruled', 'a');
CREATE TABLE triggered (a int);
CREATE TRIGGER tr BEFORE UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT create_distributed_table('triggered', 'a');
CREATE TABLE policed (a int);
CREATE POLICY p ON policed USING (a IN (SELECT b FROM u2));
SELECT create_distributed_table('policed', 'a');
CREATE TABLE dependent (a int, b u1);
SELECT create_distributed_table('dependent', 'a');

-- in use
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM u5;
SELECT create_distributed_table('u5', 'b');
ROLLBACK;

-- a table of an extension
CREATE TABLE owned (a int);
ALTER EXTENSION plpgsql ADD TABLE owned;
SELECT create_distributed_table('owned', 'a');
ALTER EXTENSION plpgsql DROP TABLE owned;

-- twice, and the shard tables themselves
SELECT create_distributed_table('t', 'a');
SELECT create_distributed_table('t', 'a');
SELECT create_reference_table('t');
CREATE TABLE ref (a int PRIMARY KEY);
SELECT create_reference_table('ref');
SELECT create_reference_table('ref');
SELECT create_distributed_table('ref', 'a');

-- colocation with what does not fit
CREATE TABLE other (a bigint, b int);
SELECT create_distributed_table('other', 'a', colocate_with := 't');
SELECT create_distributed_table('other', 'b', colocate_with := 'ref');
SELECT create_distributed_table('other', NULL, colocate_with := 't');
SELECT create_distributed_table('other', 'b', colocate_with := 't', shard_count := 8);
CREATE TABLE single (a int);
SELECT create_distributed_table('single', NULL);
SELECT create_distributed_table('other', 'b', colocate_with := 'single');

DROP SCHEMA refused CASCADE;
DROP ROLE refused_role;
DROP FOREIGN DATA WRAPPER refused_wrapper CASCADE;
