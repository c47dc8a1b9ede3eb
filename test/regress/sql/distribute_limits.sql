-- Names of 63 bytes, values of 8 MB, calls from SQL and plpgsql.
SET shardlite.shard_count = 3;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA "Schéma with a name of exactly as many bytes as there may be 63x";
SET search_path = "Schéma with a name of exactly as many bytes as there may be 63x", public;
CREATE TABLE "Tablé with a name of exactly as many bytes as there may be 63x" (
    "Kéy with a name of exactly as many bytes as there may be 63, x" int,
    "Other column with a name of exactly as many bytes as may be: 63" text CHECK ("Other column with a name of exactly as many bytes as may be: 63" <> ''),
    PRIMARY KEY ("Kéy with a name of exactly as many bytes as there may be 63, x"));
CREATE INDEX ON "Tablé with a name of exactly as many bytes as there may be 63x"
    ("Other column with a name of exactly as many bytes as may be: 63");
CREATE STATISTICS "Statistics of a name of exactly as many bytes as may be: 63 byte" ON "Kéy with a name of exactly as many bytes as there may be 63, x",
    "Other column with a name of exactly as many bytes as may be: 63"
    FROM "Tablé with a name of exactly as many bytes as there may be 63x";
INSERT INTO "Tablé with a name of exactly as many bytes as there may be 63x" SELECT i, 'x' FROM generate_series(1, 30) i;
CREATE TABLE "Tablé with a name of exactly as many bytes as there may be 63y" (a int PRIMARY KEY);
SELECT create_distributed_table('"Tablé with a name of exactly as many bytes as there may be 63x"',
    'Kéy with a name of exactly as many bytes as there may be 63, x');
SELECT create_distributed_table('"Tablé with a name of exactly as many bytes as there may be 63y"', 'a');
SELECT count(DISTINCT shard_table) FROM shardlite_shards WHERE table_name::text ~ 'name of exactly';
SELECT * FROM "Tablé with a name of exactly as many bytes as there may be 63x"
WHERE "Kéy with a name of exactly as many bytes as there may be 63, x" = 7;
INSERT INTO "Tablé with a name of exactly as many bytes as there may be 63x" VALUES (7);
INSERT INTO "Tablé with a name of exactly as many bytes as there may be 63x" VALUES (77, '');
SELECT undistribute_table('"Tablé with a name of exactly as many bytes as there may be 63x"');
SELECT count(*) FROM "Tablé with a name of exactly as many bytes as there may be 63x";

CREATE TABLE big (k int, b bytea, t text, ext text);
ALTER TABLE big ALTER ext SET STORAGE EXTERNAL;
INSERT INTO big SELECT i, decode(repeat('00ff5c27', 2000000), 'hex'), repeat(E'é\\'' "', 1500000), repeat('z', 8000000)
FROM generate_series(1, 1) i;
CREATE TABLE big_sums AS SELECT k, md5(b), md5(t) AS md5t, length(ext) FROM big;
SELECT create_distributed_table('big', 'k');
SELECT k, md5(b), md5(t), length(ext) FROM big EXCEPT SELECT * FROM big_sums;
SELECT undistribute_table('big');
SELECT k, md5(b), md5(t), length(ext) FROM big EXCEPT SELECT * FROM big_sums;
SELECT count(*) FROM big;

-- many in one statement; in a function; in a subtransaction that goes away
CREATE TABLE many1 (k int);
CREATE TABLE many2 (k int);
INSERT INTO many1 SELECT generate_series(1, 10);
SELECT relname, create_distributed_table(oid, 'k') FROM pg_class WHERE relname ~ '^many[12]' ORDER BY 1;
SELECT (SELECT count(*) FROM many1), (SELECT count(*) FROM many2);
CREATE FUNCTION make(name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    EXECUTE format('CREATE TABLE %I (k int)', name);
    EXECUTE format('INSERT INTO %I VALUES (1), (2)', name);
    PERFORM create_distributed_table(name::regclass, 'k');
    EXECUTE format('SELECT count(*) FROM %I', name) INTO rows;
    RETURN rows;
END $$;
SELECT make('made');
BEGIN;
SAVEPOINT a;
SELECT make('saved');
ROLLBACK TO a;
SELECT make('saved');
RELEASE a;
COMMIT;
SELECT count(*) FROM saved;
CREATE TABLE empty_row ();
INSERT INTO empty_row DEFAULT VALUES;
INSERT INTO empty_row DEFAULT VALUES;
SELECT create_distributed_table('empty_row', NULL);
SELECT count(*) FROM empty_row;
SELECT undistribute_table('empty_row');
SELECT count(*) FROM empty_row;
DROP SCHEMA "Schéma with a name of exactly as many bytes as there may be 63x" CASCADE;
