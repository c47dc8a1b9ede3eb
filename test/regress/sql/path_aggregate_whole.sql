-- Groups that lie on one shard are aggregated there to the end.
SET search_path = agg, path;

SELECT plan_of('SELECT k, string_agg(region, '','' ORDER BY id), count(DISTINCT region) FROM sale GROUP BY k HAVING count(*) > 1');
SELECT same('SELECT k, string_agg(region, '','' ORDER BY id), count(DISTINCT region) FROM sale GROUP BY k HAVING count(*) > 1');
SELECT same('SELECT k, region, percentile_disc(0.5) WITHIN GROUP (ORDER BY amount), mode() WITHIN GROUP (ORDER BY day) FROM sale GROUP BY k, region');
SELECT same('SELECT k + 1, sum(amount) / count(*), random() < 2 FROM sale GROUP BY k HAVING max(id) > 100');

-- columns that depend on the primary key
SELECT plan_of('SELECT id, region || ''!'' FROM sale GROUP BY k, id HAVING max(amount) IS NOT NULL AND paid');
SELECT same('SELECT id, region || ''!'' FROM sale GROUP BY k, id HAVING max(amount) IS NOT NULL AND paid');
SELECT same('SELECT c.name, sum(s.id) FROM customer c JOIN sale s ON s.k = c.k GROUP BY c.k');

-- joins: either key will do, and what equals it
SELECT plan_of('SELECT s.k, array_agg(c.name ORDER BY c.name) FROM customer c JOIN sale s ON s.k = c.k GROUP BY s.k');
SELECT same('SELECT s.k, array_agg(c.name ORDER BY c.name) FROM customer c JOIN sale s ON s.k = c.k GROUP BY s.k');
SELECT plan_of('SELECT s.small, array_agg(s.region) FROM sale s WHERE s.small = s.k GROUP BY s.small');
SELECT same('SELECT s.small, array_agg(s.region) FROM sale s WHERE s.small = s.k GROUP BY s.small');

-- the nullable side's key is NULL on every shard: one group here
SELECT plan_of('SELECT s.k, array_agg(c.k ORDER BY c.k) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 10 GROUP BY s.k');
SELECT same('SELECT s.k, array_agg(c.k ORDER BY c.k) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 10 GROUP BY s.k');
SELECT same('SELECT s.k, count(*) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 10 GROUP BY s.k');
SELECT same('SELECT c.k, count(s.k), max(s.region) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 10 GROUP BY c.k');
SELECT same('SELECT c.k, s.k, count(*) FROM customer c FULL JOIN sale s ON s.k = c.k AND s.id < 10 GROUP BY c.k, s.k');
SELECT same('SELECT coalesce(s.k, 0), count(*), sum(coalesce(s.id, 7)) FROM customer c LEFT JOIN sale s ON s.k = c.k AND s.id < 10 GROUP BY 1');

-- an expression of the key is no key
SELECT plan_of('SELECT k % 2, array_agg(id ORDER BY id) FROM sale GROUP BY k % 2');
SELECT same('SELECT k % 2, array_agg(id ORDER BY id) FROM sale GROUP BY k % 2');

-- nothing matches, no shard is asked
SELECT same('SELECT k, count(*) FROM sale WHERE k = NULL GROUP BY k');
SELECT same('SELECT k, array_agg(id) FROM sale WHERE k = 3 AND k = 4 GROUP BY k');

-- a table with one shard
CREATE TABLE agg.single (id int, v text);
SELECT create_distributed_table('single', NULL);
INSERT INTO single SELECT i, 'v' || i % 3 FROM generate_series(1, 9) i;
SELECT plan_of('SELECT x.v, x.a, c.k FROM (SELECT v, array_agg(id) AS a FROM single GROUP BY v) x JOIN customer c ON c.name = x.v');
SELECT x.v, x.a, x.n, c.k FROM (SELECT v, array_agg(id ORDER BY id) AS a, count(*) AS n FROM single GROUP BY v) x
    JOIN customer c ON 'v' || c.k % 50 = x.v ORDER BY 1;
SELECT x.*, c.k FROM (SELECT array_agg(id ORDER BY id) AS a, count(*) AS n FROM single WHERE id > 100) x JOIN customer c ON c.k = x.n + 1;
DROP TABLE single;

-- text keys: equality is the same under every deterministic collation
CREATE TABLE agg.word (w varchar(20) PRIMARY KEY, n int);
SELECT create_distributed_table('word', 'w');
INSERT INTO word VALUES ('a', 1), ('A', 2), ('b', 3), ('b ', 4);
SELECT plan_of('SELECT w, array_agg(n) FROM word GROUP BY w');
SELECT w, array_agg(n) FROM word GROUP BY w ORDER BY w COLLATE "C";
SELECT w::char(5), array_agg(n ORDER BY n) FROM word GROUP BY 1 ORDER BY 2;
DROP TABLE word;

SET shardlite.enable_aggregate_pushdown = off;
SELECT plan_of('SELECT k, array_agg(id) FROM sale GROUP BY k');
SELECT plan_of('SELECT k, count(*) FROM sale GROUP BY k');
RESET shardlite.enable_aggregate_pushdown;
