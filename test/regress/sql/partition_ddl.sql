-- Partitions of a distributed table are created, attached, detached, dropped.
CREATE SCHEMA pddl;
SET search_path = pddl;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE kind (id int PRIMARY KEY);
INSERT INTO kind VALUES (1), (2);
SELECT create_reference_table('kind');
CREATE TABLE ev (tenant int, at date, kind int DEFAULT 1 REFERENCES kind, note text, PRIMARY KEY (tenant, at)) PARTITION BY RANGE (at);
CREATE INDEX ON ev (note);
SELECT create_distributed_table('ev', 'tenant');

-- created
CREATE TABLE ev20 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE IF NOT EXISTS ev20 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE ev20 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE ev_x PARTITION OF ev FOR VALUES FROM ('2020-06-01') TO ('2020-07-01');
CREATE TABLE ev_rest PARTITION OF ev (CHECK (note <> 'bad')) DEFAULT PARTITION BY HASH (tenant);
CREATE TABLE ev_rest0 PARTITION OF ev_rest FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO ev SELECT i % 10, '2020-01-01'::date + i, i % 2 + 1, 'n' || i FROM generate_series(0, 799) i;
SELECT count(*) FROM ev;
SELECT (SELECT count(*) FROM ev20), (SELECT count(*) FROM ev_rest);
SELECT count(*) FROM ev20;
INSERT INTO ev VALUES (1, '2030-01-01', 1, 'bad');
INSERT INTO ev VALUES (1, '2030-01-01', 3, 'good');

-- attached, with rows; rows in the default partition stand in the way
CREATE TABLE ev19 (note text, gone int, tenant int NOT NULL, kind int, at date NOT NULL);
ALTER TABLE ev19 DROP COLUMN gone;
INSERT INTO ev19 SELECT 'old ' || i, i % 10, 1, '2019-12-31'::date - i FROM generate_series(0, 99) i;
ALTER TABLE ev ATTACH PARTITION ev19 FOR VALUES FROM ('2018-01-01') TO ('2019-06-01');
ALTER TABLE ev ATTACH PARTITION ev19 FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
SELECT count(*), count(DISTINCT tenant) FROM ev WHERE at < '2020-01-01';
SELECT count(*) FROM ev WHERE tenant = 3 AND at < '2020-01-01';
CREATE TABLE ev22 PARTITION OF ev FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE ev21 PARTITION OF ev FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');

-- all of them are distributed, with the parent's indexes
SELECT table_name, distribution_column FROM shardlite_tables WHERE table_name::text ~ '^ev' ORDER BY table_name::text;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid::regclass::text ~ '^ev' ORDER BY indexrelid::regclass::text;

-- DDL on the parent reaches partitions
ALTER TABLE ev ADD COLUMN extra int DEFAULT 7;
CREATE INDEX ON ev (extra);
SELECT sum(extra) FROM ev19;

-- detached: a distributed table of its own; and back
ALTER TABLE ev DETACH PARTITION ev19 CONCURRENTLY;
ALTER TABLE ev DETACH PARTITION ev19;
SELECT count(*) FROM ev;
SELECT count(*) FROM ev19;
INSERT INTO ev19 (tenant, at) VALUES (1, '2001-01-01');
DELETE FROM ev19 WHERE at = '2001-01-01';
ALTER TABLE ev ATTACH PARTITION ev19 FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
SELECT count(*) FROM ev;
CREATE TABLE other (LIKE ev19);
SELECT create_distributed_table('other', 'tenant', colocate_with := 'none');
ALTER TABLE ev ATTACH PARTITION other FOR VALUES FROM ('2010-01-01') TO ('2011-01-01');
DROP TABLE ev20;
SELECT count(*) FROM ev;
BEGIN;
CREATE TABLE ev23 PARTITION OF ev FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
INSERT INTO ev VALUES (1, '2023-05-05');
ROLLBACK;
SELECT count(*) FROM ev WHERE at >= '2023-01-01';
SELECT undistribute_table('ev');
SELECT tableoid::regclass, count(*) FROM ev GROUP BY 1 ORDER BY 1;
DROP SCHEMA pddl CASCADE;
