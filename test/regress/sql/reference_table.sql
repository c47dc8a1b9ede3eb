-- create_reference_table: a full copy on every node.
CREATE SCHEMA ref;
SET search_path = ref;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE ref_owner;
GRANT CREATE, USAGE ON SCHEMA ref TO ref_owner;
CREATE TABLE "Region" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE, info jsonb DEFAULT '{}');
INSERT INTO "Region" (name) SELECT 'region ' || i FROM generate_series(1, 2500) i;
ALTER TABLE "Region" OWNER TO ref_owner;
ALTER TABLE "Region" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Region" FORCE ROW LEVEL SECURITY;
CREATE POLICY even ON "Region" USING (id % 2 = 0);
SET ROLE ref_owner;
SELECT create_reference_table('"Region"');
SELECT count(*) FROM "Region";
RESET ROLE;
SELECT count(*) FROM "Region";
SELECT table_name, table_type, distribution_column, colocation_id, shard_count, table_owner
FROM shardlite_tables WHERE table_name = '"Region"'::regclass;
SELECT get_shard_id_for_distribution_column('"Region"', 1);

INSERT INTO "Region" (name) VALUES ('new') RETURNING id;
INSERT INTO "Region" (name) VALUES ('new');
UPDATE "Region" SET name = 'changed' WHERE id = 7 RETURNING name;
DELETE FROM "Region" WHERE id > 2000;

-- joins with distributed tables, foreign keys of local ones
CREATE TABLE shop (id int PRIMARY KEY, region int REFERENCES "Region");
INSERT INTO shop SELECT i, i % 2000 + 1 FROM generate_series(1, 100) i;
SELECT create_distributed_table('shop', 'id');
SELECT count(*), min(name) FROM shop JOIN "Region" r ON r.id = region;
CREATE TABLE local (region int REFERENCES "Region");
INSERT INTO local VALUES (1);
INSERT INTO local VALUES (9999);
DELETE FROM "Region" WHERE id = 1;
DROP SCHEMA ref CASCADE;
DROP ROLE ref_owner;
