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
\set budget 'WITH c AS (SELECT * FROM shardlite_counters()), r AS (UPDATE reading SET (trips, here, there) = (SELECT round_trips, local_fragments, remote_fragments FROM c) RETURNING 1) SELECT c.round_trips - trips <= (CASE WHEN c.remote_fragments = there THEN 0 ELSE :n END) AS ok, c.remote_fragments - there + c.local_fragments - here AS fragments FROM c, reading;'

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
SELECT * FROM b ORDER BY k LIMIT 1;
:budget
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
DROP TABLE b;
