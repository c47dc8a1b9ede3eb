-- A partitioned table is distributed with its partitions.
CREATE SCHEMA parted;
SET search_path = parted;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE "Event" (tenant int, at date, kind text DEFAULT 'x', PRIMARY KEY (tenant, at, kind)) PARTITION BY RANGE (at);
CREATE INDEX by_kind ON "Event" (kind);
CREATE TABLE e2020 PARTITION OF "Event" FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
-- other column order, and a dropped column
CREATE TABLE e2021 (gone int, kind text NOT NULL, at date NOT NULL, tenant int NOT NULL);
ALTER TABLE e2021 DROP COLUMN gone;
ALTER TABLE "Event" ATTACH PARTITION e2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
-- and one that is partitioned itself
CREATE TABLE e2022 PARTITION OF "Event" FOR VALUES FROM ('2022-01-01') TO ('2023-01-01') PARTITION BY LIST (kind);
CREATE TABLE e2022_x PARTITION OF e2022 FOR VALUES IN ('x');
CREATE TABLE e2022_other PARTITION OF e2022 DEFAULT;
INSERT INTO "Event" SELECT i % 20, '2020-01-01'::date + i, CASE WHEN i % 3 = 0 THEN 'x' ELSE 'y' END
FROM generate_series(0, 1000) i;
CREATE TABLE plain AS TABLE "Event";

SELECT create_distributed_table('"Event"', 'tenant');
SELECT table_name, table_type, distribution_column, shard_count FROM shardlite_tables
WHERE table_name::text ~ '^"?[eE]' ORDER BY table_name::text;
SELECT count(DISTINCT colocation_id) FROM shardlite_tables WHERE table_name::text ~ '^"?[eE]';
SELECT count(*) FROM "Event";
SELECT * FROM plain EXCEPT SELECT * FROM "Event";
SELECT count(*) FROM e2021;
SELECT count(*) FROM e2022_other WHERE tenant = 4;

-- rows find their partition, also when they change it
INSERT INTO "Event" VALUES (1, '2020-12-31', 'new'), (2, '2022-12-31', 'new');
SELECT (SELECT count(*) FROM e2020 WHERE kind = 'new'), (SELECT count(*) FROM e2022_other WHERE kind = 'new');
UPDATE "Event" SET at = '2021-01-01' WHERE tenant = 1 AND kind = 'new';
SELECT count(*) FROM e2021 WHERE kind = 'new';
INSERT INTO "Event" VALUES (1, '2030-01-01', 'x');
INSERT INTO e2020 VALUES (1, '2021-01-01', 'x');
DELETE FROM "Event" WHERE kind = 'new';
SELECT count(*) FROM "Event";

DROP SCHEMA parted CASCADE;
