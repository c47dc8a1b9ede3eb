-- ALTER TABLE on a distributed table: the shards follow.
CREATE SCHEMA ddl_alter;
SET search_path = ddl_alter;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE FUNCTION even(i int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN i % 2 = 0;
CREATE TYPE color AS ENUM ('red', 'green');

CREATE TABLE "Or""ders" (k int, v text, gone int, n int);
SELECT create_distributed_table('"Or""ders"', 'k');
INSERT INTO "Or""ders" SELECT i, 'v' || i, 0, i * 2 FROM generate_series(1, 20) i;

-- columns
ALTER TABLE "Or""ders" DROP COLUMN gone;
ALTER TABLE "Or""ders" ADD COLUMN c color DEFAULT 'green', ADD "Note, x" varchar(5) COLLATE "C",
    ADD d numeric(6,2) NOT NULL DEFAULT 1.5, ADD g int GENERATED ALWAYS AS (n + 1) STORED;
SELECT count(*), count(c), count("Note, x"), sum(d), sum(g) FROM "Or""ders";
ALTER TABLE "Or""ders" RENAME COLUMN "Note, x" TO note;
ALTER TABLE "Or""ders" RENAME k TO "Key";
INSERT INTO "Or""ders" ("Key", v, n, note) VALUES (21, 'new', 42, 'abc') RETURNING *;
SELECT "Key", note FROM "Or""ders" WHERE "Key" = 21;
ALTER TABLE "Or""ders" ALTER n TYPE bigint;
ALTER TABLE "Or""ders" ALTER COLUMN d TYPE text USING d || '!', ALTER v SET NOT NULL;
SELECT DISTINCT d FROM "Or""ders";
ALTER TABLE "Or""ders" ALTER COLUMN d DROP DEFAULT, ALTER d TYPE numeric(6,2) USING trim(trailing '!' from d)::numeric;
ALTER TABLE "Or""ders" ALTER COLUMN d DROP DEFAULT, ALTER d DROP NOT NULL, ALTER c SET DEFAULT 'red';
INSERT INTO "Or""ders" ("Key", v, n) VALUES (22, 'new', 44) RETURNING c, d, g;
INSERT INTO "Or""ders" ("Key", n) VALUES (23, 46);
ALTER TABLE "Or""ders" ALTER v SET STORAGE external, ALTER v SET STATISTICS 50, ALTER v SET (n_distinct = 5);
ALTER TABLE IF EXISTS ddl_alter.missing ADD x int;
ALTER TABLE missing ADD x int;
ALTER TABLE "Or""ders" ADD COLUMN n int;
ALTER TABLE "Or""ders" ADD COLUMN IF NOT EXISTS n int;
ALTER TABLE "Or""ders" ALTER nosuch TYPE int;
ALTER TABLE "Or""ders" ALTER v TYPE int USING CASE WHEN "Key" = 7 THEN 'x' ELSE '0' END::int;

-- constraints: named as on one server, also in errors
ALTER TABLE "Or""ders" ADD PRIMARY KEY ("Key"), ADD UNIQUE (v, "Key"), ADD CHECK (even(n::int)), ADD CHECK ("Key" > 0 AND n > 0);
ALTER TABLE "Or""ders" ADD COLUMN q int CHECK (q < 10) CHECK (q > 1), ADD CONSTRAINT "My, check" CHECK (d < 100);
SELECT conname FROM pg_constraint WHERE conrelid = '"Or""ders"'::regclass ORDER BY 1;
INSERT INTO "Or""ders" ("Key", v, n) VALUES (1, 'dup', 2);
INSERT INTO "Or""ders" ("Key", v, n) VALUES (30, 'odd', 3);
UPDATE "Or""ders" SET d = 1000;
ALTER TABLE "Or""ders" ADD CHECK (n < 100);
ALTER TABLE "Or""ders" ADD CONSTRAINT later CHECK (n < 100) NOT VALID;
INSERT INTO "Or""ders" ("Key", v, n) VALUES (31, 'x', 300);
ALTER TABLE "Or""ders" VALIDATE CONSTRAINT later;
DELETE FROM "Or""ders" WHERE n >= 100;
ALTER TABLE "Or""ders" VALIDATE CONSTRAINT later;
ALTER TABLE "Or""ders" RENAME CONSTRAINT "Or""ders_pkey" TO "PK";
ALTER TABLE "Or""ders" RENAME CONSTRAINT later TO sooner;
INSERT INTO "Or""ders" ("Key", v, n) VALUES (1, 'dup', 2);
INSERT INTO "Or""ders" ("Key", v, n) VALUES (1, 'dup', 200);
ALTER TABLE "Or""ders" DROP CONSTRAINT "PK", DROP CONSTRAINT sooner, DROP CONSTRAINT IF EXISTS nosuch;
INSERT INTO "Or""ders" ("Key", v, n) VALUES (1, 'dup', 2) RETURNING "Key";
CREATE UNIQUE INDEX uq ON "Or""ders" ("Key", v);
ALTER TABLE "Or""ders" ADD CONSTRAINT uq_con UNIQUE USING INDEX uq;
INSERT INTO "Or""ders" ("Key", v, n) VALUES (1, 'dup', 2);

-- foreign keys: colocated, to itself, to a reference table
CREATE TABLE ref (id int PRIMARY KEY, t text);
SELECT create_reference_table('ref');
INSERT INTO ref VALUES (1, 'one'), (2, 'two');
CREATE TABLE parent (k int PRIMARY KEY, r int DEFAULT 1);
CREATE TABLE child (k int, id int, up int, PRIMARY KEY (k, id));
SELECT create_distributed_table('parent', 'k'), create_distributed_table('child', 'k', colocate_with => 'parent');
INSERT INTO parent SELECT i FROM generate_series(1, 10) i;
INSERT INTO child SELECT i, 1 FROM generate_series(1, 11) i;
ALTER TABLE child ADD FOREIGN KEY (k) REFERENCES parent;
DELETE FROM child WHERE k = 11;
ALTER TABLE child ADD FOREIGN KEY (k) REFERENCES parent ON DELETE CASCADE, ADD FOREIGN KEY (k, up) REFERENCES child (k, id);
ALTER TABLE parent ADD FOREIGN KEY (r) REFERENCES ref (id), ADD s int REFERENCES ref;
INSERT INTO child VALUES (12, 1);
UPDATE child SET up = 7 WHERE k = 1;
UPDATE parent SET r = 9 WHERE k = 1;
DELETE FROM ref WHERE id = 1;
DELETE FROM parent WHERE k < 3;
SELECT count(*) FROM child;
ALTER TABLE child DROP CONSTRAINT child_k_fkey;
INSERT INTO child VALUES (12, 1) RETURNING k;
ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (k) REFERENCES parent NOT VALID;
INSERT INTO child VALUES (13, 1);
ALTER TABLE child VALIDATE CONSTRAINT fk;
DELETE FROM child WHERE k = 12;
ALTER TABLE child VALIDATE CONSTRAINT fk;
SELECT convalidated FROM pg_constraint WHERE conname = 'fk' AND conrelid = 'child'::regclass;
ALTER TABLE parent DROP CONSTRAINT parent_pkey;
ALTER TABLE parent DROP CONSTRAINT parent_pkey CASCADE;
INSERT INTO child VALUES (13, 1) RETURNING k;

-- all of it can be undone
BEGIN;
ALTER TABLE parent ADD COLUMN x int DEFAULT 5;
SELECT sum(x) FROM parent;
SAVEPOINT s;
ALTER TABLE parent DROP COLUMN x;
SELECT * FROM parent WHERE k = 5;
ROLLBACK TO s;
SELECT * FROM parent WHERE k = 5;
ROLLBACK;
SELECT * FROM parent WHERE k = 5;

-- columns that are filled row by row
ALTER TABLE parent ADD COLUMN id serial, ADD COLUMN u uuid NOT NULL DEFAULT gen_random_uuid(), ADD at timestamptz DEFAULT now();
SELECT count(DISTINCT id), min(id), max(id), count(DISTINCT u), count(DISTINCT at) FROM parent;
INSERT INTO parent (k) VALUES (100) RETURNING id;
ALTER TABLE parent ADD COLUMN i2 bigint GENERATED BY DEFAULT AS IDENTITY;
SELECT count(DISTINCT i2), max(i2) FROM parent;
ALTER TABLE parent ALTER i2 DROP IDENTITY, ALTER id DROP DEFAULT;
ALTER TABLE parent ALTER i2 ADD GENERATED ALWAYS AS IDENTITY (START 1000);
INSERT INTO parent (k, id) VALUES (101, 0) RETURNING i2;

-- the rest: options, logging, clustering, replica identity, access to storage
ALTER TABLE child SET (fillfactor = 50), REPLICA IDENTITY USING INDEX child_pkey;
ALTER TABLE child CLUSTER ON child_pkey;
CLUSTER child;
CLUSTER child USING child_pkey;
ALTER TABLE child SET WITHOUT CLUSTER, RESET (fillfactor), REPLICA IDENTITY DEFAULT;
ALTER TABLE child SET UNLOGGED;
ALTER TABLE child SET LOGGED;
SELECT count(*) FROM child;

-- a single-shard table has no key to care for
CREATE TABLE one (id int, x int);
SELECT create_distributed_table('one', NULL);
INSERT INTO one VALUES (1, 1), (2, 2);
ALTER TABLE one ADD PRIMARY KEY (id), ADD UNIQUE (x), ADD y int DEFAULT 3, ALTER id TYPE bigint;
ALTER TABLE one DROP COLUMN x;
INSERT INTO one VALUES (2, 5);
SELECT * FROM one ORDER BY id;

-- reference tables
ALTER TABLE ref ADD COLUMN u int DEFAULT 7, ADD CHECK (u > 5), ALTER t TYPE varchar(3), ADD at timestamptz DEFAULT now();
UPDATE ref SET u = 1, at = '2020-01-01';
SELECT id, t, u, at IS NOT NULL AS at FROM ref ORDER BY id;
SELECT parent.k, ref.u, count(*) OVER () FROM parent JOIN ref ON ref.id = r WHERE k = 5;
DROP SCHEMA ddl_alter CASCADE;
