-- Scans of one statement that do not need each other start together.
-- On a single server everything is local and nothing waits.
SET search_path = exec;
\set SHOW_CONTEXT never
SET shardlite.max_connections_per_node_per_session = 1;
CREATE TABLE fa (k int PRIMARY KEY, v int);
CREATE TABLE fb (k int PRIMARY KEY, v int);
SELECT create_distributed_table('fa', 'k', colocate_with := 'none', shard_count := 8);
SELECT create_distributed_table('fb', 'k', colocate_with := 'fa');
INSERT INTO fa SELECT i, i % 10 FROM generate_series(0, 99) i;
INSERT INTO fb SELECT i, i % 7 FROM generate_series(0, 99) i;
ANALYZE fa, fb;
CREATE TEMP TABLE reading AS SELECT round_trips AS trips FROM shardlite_counters();
\set spent 'WITH c AS (SELECT * FROM shardlite_counters()), r AS (UPDATE reading SET trips = c.round_trips FROM c RETURNING 1) SELECT c.round_trips - trips <= (CASE WHEN (SELECT count(*) FROM shardlite.node) = 1 THEN 0 ELSE :n END) AS ok FROM c, reading;'
-- members of a UNION
\set n 1
SELECT v FROM fa WHERE k < 3 UNION ALL SELECT v FROM fb WHERE k < 4 UNION ALL SELECT v + 1 FROM fa WHERE k < 2 ORDER BY 1;
:spent
SELECT count(*) FROM (SELECT v FROM fa UNION SELECT v FROM fb UNION SELECT k FROM fa WHERE v > 8) u;
:spent
SELECT v FROM fa INTERSECT SELECT v FROM fb EXCEPT SELECT k FROM fa WHERE k > 2 ORDER BY 1;
:spent
-- in a transaction block, too: all of them are read, whatever comes
BEGIN;
SELECT v FROM fa UNION SELECT v FROM fb UNION SELECT k / 50 FROM fa ORDER BY 1;
COMMIT;
:spent
-- a CTE, an InitPlan, both sides of a join
WITH c AS MATERIALIZED (SELECT v, count(*) AS n FROM fa GROUP BY v) SELECT count(*), max(n) FROM fb JOIN c USING (v);
:spent
SELECT count(*), (SELECT max(k) FROM fb), EXISTS (SELECT FROM fa WHERE v = 77) AS found FROM fa;
:spent
SET shardlite.enable_broadcast = off;
SELECT count(*) FROM fa JOIN fb ON fa.v = fb.v AND fa.k <> fb.k;
:spent
SELECT count(*) FROM fa LEFT JOIN fb ON fa.v = fb.v AND fb.k < 7;
:spent
RESET shardlite.enable_broadcast;
-- a hashed subplan, and what an InitPlan's value is needed for
SELECT count(*) FROM fa WHERE v NOT IN (SELECT v FROM fb) OR k = 5;
:spent
\set n 2
SELECT count(*) FROM fa WHERE v > (SELECT avg(v) FROM fb);
:spent
WITH m AS MATERIALIZED (SELECT avg(v)::int AS v FROM fb)
SELECT count(*) FROM fa WHERE v > (SELECT v FROM m) UNION ALL SELECT count(*) FROM fb WHERE v > (SELECT v FROM m);
:spent
-- what a recursive CTE reads in each round is fetched once, with its first part
\set n 1
SELECT remote_fragments + local_fragments AS before FROM shardlite_counters() \gset
WITH RECURSIVE r AS (SELECT k, 1 AS d FROM fa WHERE k = 1 UNION ALL SELECT fb.k, d + 1 FROM r JOIN fb ON fb.k = r.k + 7 WHERE d < 20) SELECT count(*), max(k) FROM r;
SELECT remote_fragments + local_fragments - :before AS fragments FROM shardlite_counters();
:spent
SET enable_mergejoin = off;
SET enable_hashjoin = off;
SELECT remote_fragments + local_fragments AS before FROM shardlite_counters() \gset
WITH RECURSIVE r(k, v) AS (VALUES (1, 0) UNION ALL SELECT fb.k, fb.v FROM r JOIN fb ON fb.k = r.k + 7) SELECT count(*), sum(v) FROM r;
SELECT remote_fragments + local_fragments - :before AS fragments FROM shardlite_counters();
:spent
RESET enable_mergejoin;
RESET enable_hashjoin;
-- a LIMIT that is reached before: the others are not asked
SELECT remote_fragments + local_fragments AS before FROM shardlite_counters() \gset
SELECT count(*) FROM (SELECT v FROM fa UNION ALL SELECT v FROM fb LIMIT 2) l;
SELECT remote_fragments + local_fragments - :before <= 8 AS one_table FROM shardlite_counters();
-- what is not read has no effect: errors of such a member, alone or in a block
SELECT v < 10 AS v FROM fa UNION ALL SELECT 1 / (v - v) = 1 FROM fb LIMIT 3;
SELECT CASE WHEN count(*) > 0 THEN 1 ELSE (SELECT 1 / (max(v) - 6) FROM fb) END AS one FROM fa;
BEGIN;
INSERT INTO fa VALUES (1000, 0), (1001, 1), (1002, 2), (1003, 3);
SELECT CASE WHEN count(*) > 0 THEN 1 ELSE (SELECT 1 / (max(v) - 6) FROM fb) END AS one FROM fa;
SELECT count(*) FROM fa WHERE k >= 1000;
ROLLBACK;
-- what is read raises its error when it is its turn
SELECT 1 / (max(v) - 9) AS v FROM fa UNION ALL SELECT 1 / (max(v) - 6) FROM fb;
SELECT count(*) FROM fa UNION ALL SELECT 1 / (max(v) - 6) FROM fb UNION ALL SELECT count(*) FROM fb;
BEGIN;
SELECT count(*) FROM fa UNION ALL SELECT 1 / (max(v) - 6) FROM fb UNION ALL SELECT count(*) FROM fb;
ROLLBACK;
-- more rows than memory has room for wait on disk
INSERT INTO fa SELECT i, 0 FROM generate_series(2000, 30000) i;
SET work_mem = '64kB';
WITH c AS MATERIALIZED (SELECT k, v FROM fa) SELECT count(*), sum(c.k) FROM (SELECT * FROM fa UNION ALL SELECT * FROM fb UNION ALL SELECT * FROM c) c;
RESET work_mem;
-- cursors, and a part that a nested loop repeats
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM fa WHERE k < 2 UNION ALL SELECT v FROM fb WHERE k = 6;
UPDATE fb SET v = -1 WHERE k = 6;
FETCH ALL FROM c;
ROLLBACK;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(*), sum(x.v) FROM (SELECT v FROM fa WHERE k < 5 LIMIT 100) x, (SELECT v FROM fb WHERE k < 6 LIMIT 100) y WHERE x.v + 1 > y.v;
DROP TABLE fa, fb;
