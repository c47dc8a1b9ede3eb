-- create_distributed_table: rows move, everything of the table comes along.
CREATE SCHEMA dist;
SET search_path = dist;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE dist_owner;
CREATE ROLE dist_reader;
GRANT CREATE, USAGE ON SCHEMA dist TO dist_owner;
GRANT USAGE ON SCHEMA dist TO dist_reader;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE "Pair" AS (x int, "Y" text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql IMMUTABLE RETURN i * 2;

CREATE TABLE "Sales, all" (
    id bigserial,
    gone text,
    "Key" positive,
    m mood DEFAULT 'ok',
    p "Pair",
    moods mood[],
    num numeric(10,2) DEFAULT 1.5,
    at timestamptz DEFAULT '2020-01-01 00:00+00',
    txt text,
    b bytea,
    f float8,
    g int GENERATED ALWAYS AS (twice("Key")) STORED,
    n int GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (id, "Key"),
    CHECK (num > 0)
);
INSERT INTO "Sales, all" ("Key", m, p, moods, num, txt, b, f)
SELECT i % 50 + 1, (enum_range(NULL::mood))[i % 3 + 1], ROW(i, E'it''s \\ "' || i)::"Pair", '{sad,NULL}', i + 0.25,
    CASE WHEN i % 7 > 0 THEN E'a\nb\t' || i END, decode(md5(i::text), 'hex'), 1.0 / i
FROM generate_series(1, 3000) i;
ALTER TABLE "Sales, all" DROP COLUMN gone;
ALTER TABLE "Sales, all" ADD COLUMN later int DEFAULT 42;
CREATE INDEX by_text ON "Sales, all" (lower(txt)) WHERE num > 10;
COMMENT ON TABLE "Sales, all" IS 'everything sold';
GRANT SELECT ON "Sales, all" TO dist_reader;
ALTER TABLE "Sales, all" OWNER TO dist_owner;
CREATE TABLE plain AS TABLE "Sales, all";

SET ROLE dist_owner;
SELECT create_distributed_table('"Sales, all"', 'Key');
RESET ROLE;

SELECT table_name, table_type, distribution_column, shard_count, table_owner FROM shardlite_tables
WHERE table_name = '"Sales, all"'::regclass;
SELECT count(*), count(DISTINCT shard_id), min(hash_min), max(hash_max), bool_and(shard_size > 0) FROM shardlite_shards
WHERE table_name = '"Sales, all"'::regclass;
SELECT count(*) FROM "Sales, all";
SELECT * FROM "Sales, all" EXCEPT ALL SELECT * FROM plain;
SELECT * FROM plain EXCEPT ALL SELECT * FROM "Sales, all";
SELECT pg_relation_size('"Sales, all"');

-- columns, constraints, indexes, privileges, comment are those of the table
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated
FROM pg_attribute WHERE attrelid = '"Sales, all"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '"Sales, all"'::regclass ORDER BY 1;
SELECT obj_description('"Sales, all"'::regclass), relacl FROM pg_class WHERE oid = '"Sales, all"'::regclass;

-- values are made as before
INSERT INTO "Sales, all" ("Key") VALUES (7) RETURNING id, "Key", m, num, g, n, later;
INSERT INTO "Sales, all" ("Key") VALUES (-1);
INSERT INTO "Sales, all" ("Key", num) VALUES (1, -1);
INSERT INTO "Sales, all" ("Key", id) SELECT "Key", id FROM plain WHERE id = 17;
INSERT INTO "Sales, all" (num) VALUES (1);
SET ROLE dist_reader;
SELECT count(*) FROM "Sales, all" WHERE "Key" = 7;
INSERT INTO "Sales, all" ("Key") VALUES (7);
RESET ROLE;

-- colocation: unasked by key type and shard count, by name, or not at all
CREATE TABLE a (k int);
CREATE TABLE b (k int);
CREATE TABLE c (k text);
CREATE TABLE d (k int);
CREATE TABLE e (k int);
CREATE TABLE f (k int);
CREATE TABLE g (k varchar(20));
CREATE TABLE h (x int);
CREATE TABLE i (x int);
SELECT create_distributed_table('a', 'k');
SELECT create_distributed_table('b', 'k');
SELECT create_distributed_table('c', 'k');
SELECT create_distributed_table('d', 'k', colocate_with := 'none');
SELECT create_distributed_table('e', 'k', shard_count := 3);
SELECT create_distributed_table('f', 'k', colocate_with := 'dist.d');
SELECT create_distributed_table('g', 'k');
SELECT create_distributed_table('h', NULL);
SELECT create_distributed_table('i', NULL);
SELECT array_agg(table_name ORDER BY table_name::text) AS colocated, max(shard_count) AS shards,
    max(table_type) AS type
FROM shardlite_tables WHERE table_name::text ~ '^("Sales, all"|[a-i])$' GROUP BY colocation_id ORDER BY 1;

-- the shard of a value
SELECT get_shard_id_for_distribution_column('a', 5) = get_shard_id_for_distribution_column('b', 5::bigint);
SELECT get_shard_id_for_distribution_column('a', 5) = get_shard_id_for_distribution_column('a', '5');
SELECT get_shard_id_for_distribution_column('c', 'x') = get_shard_id_for_distribution_column('c', 'x'::varchar);
SELECT get_shard_id_for_distribution_column('h') = get_shard_id_for_distribution_column('i', 12);
SELECT get_shard_id_for_distribution_column('a', NULL);
SELECT get_shard_id_for_distribution_column('a', 'x');
SELECT get_shard_id_for_distribution_column('plain', 1);

-- a rollback leaves nothing
BEGIN;
SELECT create_distributed_table('plain', 'Key');
ROLLBACK;
SELECT count(*) FROM shardlite_tables WHERE table_name = 'plain'::regclass;
SELECT count(*) FROM plain;

-- and in the transaction that filled the table
BEGIN;
CREATE TABLE fresh (k text, v int);
INSERT INTO fresh SELECT 'k' || i, i FROM generate_series(1, 100) i;
SELECT create_distributed_table('fresh', 'k');
SELECT count(*), sum(v) FROM fresh;
INSERT INTO fresh VALUES ('x', 0);
COMMIT;
SELECT count(*), sum(v) FROM fresh;

-- all key types hash
CREATE TABLE k_uuid (k uuid);
INSERT INTO k_uuid SELECT md5(i::text)::uuid FROM generate_series(1, 50) i;
SELECT create_distributed_table('k_uuid', 'k');
CREATE TABLE k_enum (k mood);
INSERT INTO k_enum SELECT unnest(enum_range(NULL::mood));
SELECT create_distributed_table('k_enum', 'k');
CREATE TABLE k_array (k int[]);
INSERT INTO k_array SELECT ARRAY[i, NULL] FROM generate_series(1, 50) i;
SELECT create_distributed_table('k_array', 'k');
CREATE TABLE k_date (k date);
INSERT INTO k_date SELECT '2020-01-01'::date + i FROM generate_series(1, 50) i;
SELECT create_distributed_table('k_date', 'k');
CREATE TABLE k_numeric (k numeric);
INSERT INTO k_numeric SELECT i / 10.0 FROM generate_series(1, 50) i;
SELECT create_distributed_table('k_numeric', 'k');
SELECT (SELECT count(*) FROM k_uuid), (SELECT count(*) FROM k_enum), (SELECT count(*) FROM k_array),
    (SELECT count(*) FROM k_date), (SELECT count(*) FROM k_numeric);

DROP SCHEMA dist CASCADE;
DROP ROLE dist_owner, dist_reader;
