-- Latency budgets: how often a statement waits for nodes.  On a single server
-- everything is local and nothing waits.
SET search_path = exec;
\set SHOW_CONTEXT never
CREATE TABLE b (k int PRIMARY KEY, v int);
SELECT create_distributed_table('b', 'k', colocate_with := 'none', shard_count := 8);
INSERT INTO b SELECT i, i FROM generate_series(1, 100) i;
PREPARE sel(int) AS SELECT v FROM b WHERE k = $1;
PREPARE upd(int) AS UPDATE b SET v = v + 1 WHERE k = $1;
PREPARE ins(int) AS INSERT INTO b VALUES ($1, 0);

-- "spent budget": true when the statements between needed at most so many
CREATE TEMP TABLE reading AS SELECT 0::bigint AS trips, 0::bigint AS here, 0::bigint AS there;
UPDATE reading SET (trips, here, there) = (SELECT round_trips, local_fragments, remote_fragments FROM shardlite_counters());
\set budget 'WITH c AS (SELECT * FROM shardlite_counters()), r AS (UPDATE reading SET (trips, here, there) = (SELECT round_trips, local_fragments, remote_fragments FROM c) RETURNING 1) SELECT c.round_trips - trips <= (CASE WHEN (SELECT count(*) FROM shardlite.node) = 1 THEN 0 ELSE :n END) AS ok, c.remote_fragments - there + c.local_fragments - here AS fragments FROM c, reading;'
\set spent 'WITH c AS (SELECT * FROM shardlite_counters()), r AS (UPDATE reading SET trips = c.round_trips FROM c RETURNING 1) SELECT c.round_trips - trips <= (CASE WHEN (SELECT count(*) FROM shardlite.node) = 1 THEN 0 ELSE :n END) AS ok FROM c, reading;'

SELECT v FROM b WHERE k = 1;
\set n 1
:budget
EXECUTE sel(2);
:budget
UPDATE b SET v = 0 WHERE k = 3;
:budget
EXECUTE upd(4);
:budget
EXECUTE upd(5);
:budget
INSERT INTO b VALUES (101, 1);
:budget
EXECUTE ins(102);
:budget
DELETE FROM b WHERE k = 102 RETURNING v;
:budget
SELECT count(*) FROM b;
:budget
SELECT count(*) FROM b WHERE k IN (1, 2, 3);
:budget
-- one fragment per node
SELECT * FROM b ORDER BY k LIMIT 1;
:spent
UPDATE reading SET (trips, here, there) = (SELECT round_trips, local_fragments, remote_fragments FROM shardlite_counters());
-- a block of two statements on one shard: one each, and the commit
BEGIN;
UPDATE b SET v = 1 WHERE k = 7;
UPDATE b SET v = 2 WHERE k = 7;
COMMIT;
\set n 3
:budget
-- one that reads only: nobody waits for the commit
BEGIN;
SELECT v FROM b WHERE k = 7;
SELECT v FROM b WHERE k = 7;
COMMIT;
\set n 2
:budget
-- three statements on one shard, and the commit
BEGIN;
SELECT v FROM b WHERE k = 7;
UPDATE b SET v = 3 WHERE k = 7;
DELETE FROM b WHERE k = 7;
COMMIT;
\set n 4
:budget
-- several shards: PREPARE rides with the last writes, then COMMIT PREPARED
UPDATE b SET v = v + 1;
\set n 2
:budget
INSERT INTO b SELECT i, i FROM generate_series(201, 300) i;
:budget
-- keys on two nodes (on one, when all shards are here)
CREATE TEMP TABLE place AS
SELECT k, node_id FROM b, LATERAL get_shard_id_for_distribution_column('b', k) s(id), shardlite.shard WHERE shard_id = s.id;
SELECT min(k) AS one FROM place WHERE node_id = (SELECT min(node_id) FROM place) \gset
SELECT min(k) AS other FROM place WHERE node_id = (SELECT max(node_id) FROM place) \gset
CREATE TABLE ref (k int PRIMARY KEY, v int);
SELECT create_reference_table('ref');
INSERT INTO ref VALUES (1, 1), (2, 2);
SELECT v FROM ref WHERE k = 1;
UPDATE reading SET (trips, here, there) = (SELECT round_trips, local_fragments, remote_fragments FROM shardlite_counters());
-- upsert
INSERT INTO b VALUES (:one, 0) ON CONFLICT (k) DO UPDATE SET v = -1 RETURNING v;
\set n 1
:spent
-- one statement in a block; who only reads does not wait for the end
BEGIN;
SELECT count(*) FROM b WHERE k = :one;
COMMIT;
:spent
BEGIN;
UPDATE b SET v = 8 WHERE k = :one;
ROLLBACK;
:spent
\set n 2
BEGIN;
UPDATE b SET v = 5 WHERE k = :one;
COMMIT;
:spent
BEGIN;
SAVEPOINT s;
UPDATE b SET v = 6 WHERE k = :one;
RELEASE s;
COMMIT;
:spent
BEGIN;
SAVEPOINT s;
UPDATE b SET v = 7 WHERE k = :one;
ROLLBACK TO s;
COMMIT;
:spent
-- one statement each on two nodes
BEGIN;
UPDATE b SET v = 9 WHERE k = :one;
UPDATE b SET v = 9 WHERE k = :other;
COMMIT;
\set n 4
:spent
BEGIN;
UPDATE b SET v = 10 WHERE k = :one;
SELECT v > 0 AS found FROM b WHERE k = :other;
COMMIT;
\set n 3
:spent
-- all shards, in a block
\set n 1
BEGIN;
SELECT count(*) FROM b;
COMMIT;
:spent
\set n 2
-- rows for two nodes
INSERT INTO b VALUES (1001, 1), (1002, 2), (1003, 3), (1004, 4), (1005, 5), (1006, 6);
:spent
PREPARE six(int) AS INSERT INTO b VALUES ($1 + 1, 1), ($1 + 2, 2), ($1 + 3, 3), ($1 + 4, 4), ($1 + 5, 5), ($1 + 6, 6);
EXECUTE six(3000);
:spent
DELETE FROM b WHERE k > 1000;
:spent
-- all copies
UPDATE ref SET v = v + 1 WHERE k = 1;
:spent
INSERT INTO ref VALUES (3, 3);
:spent
-- a part that is read first
WITH few AS MATERIALIZED (SELECT v, count(*) AS n FROM b WHERE k < 50 GROUP BY v)
SELECT count(*) FROM b JOIN few USING (v) WHERE k < 20;
:spent
SELECT count(*) FROM b WHERE v > (SELECT avg(v) FROM b);
:spent
TRUNCATE b;
\set n 3
:spent
DROP TABLE b, ref;
