-- LIMIT on the shards: each node sends what count and offset need, the Limit
-- here takes the right rows of all of them.
SET search_path = sorted, path;

SELECT plan_of('SELECT k FROM thing ORDER BY n, k LIMIT 3 OFFSET 4');
SELECT in_order('SELECT k FROM thing ORDER BY n, k LIMIT 3 OFFSET 4');
SELECT in_order('SELECT k FROM thing ORDER BY t DESC, k LIMIT 100 OFFSET 58');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT 0');
SELECT in_order('SELECT k FROM thing ORDER BY k OFFSET 57');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT ALL OFFSET 58');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT NULL OFFSET NULL');

-- without an order any rows will do, but no more of them
SELECT plan_of('SELECT k FROM thing LIMIT 3');
SELECT count(*) FROM (SELECT k FROM thing LIMIT 3) s;
SELECT count(*) FROM (SELECT k FROM thing OFFSET 50) s;
SELECT count(*), max(n) < 7 FROM (SELECT n FROM thing WHERE n > 2 LIMIT 7 OFFSET 2) s;
SELECT count(*) FROM (SELECT FROM thing LIMIT 4) s;
SELECT in_order('SELECT n FROM thing WHERE n = 2 ORDER BY n LIMIT 2');

-- ties: every row that equals the last one, wherever it lives
SELECT plan_of('SELECT n FROM thing ORDER BY n DESC FETCH FIRST 2 ROWS WITH TIES');
SELECT in_order('SELECT n FROM thing ORDER BY n DESC FETCH FIRST 2 ROWS WITH TIES');
SELECT in_order('SELECT n FROM thing ORDER BY n DESC OFFSET 15 FETCH FIRST 1 ROW WITH TIES');
SELECT in_order('SELECT c FROM thing ORDER BY c COLLATE "C" DESC FETCH FIRST 3 ROWS WITH TIES');
SELECT plan_of('SELECT n FROM thing WHERE n = 2 ORDER BY n FETCH FIRST ROW WITH TIES');
SELECT in_order('SELECT n FROM thing WHERE n = 2 ORDER BY n FETCH FIRST ROW WITH TIES');

-- parameters, NULL and the largest ones, generic plans
PREPARE page(bigint, bigint) AS SELECT k FROM thing ORDER BY n, k LIMIT $1 OFFSET $2;
SET plan_cache_mode = force_generic_plan;
SELECT plan_of('EXECUTE page(2, 3)');
EXECUTE page(2, 3);
EXECUTE page(NULL, 58);
EXECUTE page(2, NULL);
EXECUTE page(0, 5);
EXECUTE page(9223372036854775807, 59);
EXECUTE page(2, 9223372036854775807);
EXECUTE page(-1, 3);
EXECUTE page(1, -3);
RESET plan_cache_mode;
EXECUTE page(9223372036854775807, 59);
EXECUTE page(-1, 3);
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT 9223372036854775807 OFFSET 59');
PREPARE ties(int) AS SELECT n FROM thing ORDER BY n OFFSET 1 FETCH FIRST ($1) ROWS WITH TIES;
EXECUTE ties(1);

-- counts that are computed
SELECT plan_of('SELECT k FROM thing ORDER BY k LIMIT (SELECT min(id) + 1 FROM one)');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT (SELECT min(id) + 1 FROM sorted.one)');
SELECT plan_of('SELECT k FROM thing ORDER BY k LIMIT 2 + 2 * random()');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT 2 + 0 * random()');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT 2 OFFSET (SELECT 3)');

-- below other things: subqueries, LATERAL, set operations, min and max
SELECT plan_of('SELECT sum(k) FROM (SELECT k FROM thing ORDER BY n DESC, k LIMIT 5) s');
SELECT in_order('SELECT sum(k) FROM (SELECT k FROM thing ORDER BY n DESC, k LIMIT 5) s');
SELECT in_order('SELECT i.k, s.k FROM pal i, LATERAL (SELECT k FROM thing WHERE n < i.k ORDER BY k DESC LIMIT 2) s WHERE i.k < 9 ORDER BY 1, 2');
SELECT in_order('SELECT i.k, s.k FROM pal i, LATERAL (SELECT k FROM thing ORDER BY k LIMIT i.k % 3) s WHERE i.k < 9 ORDER BY 1, 2');
SELECT in_order('(SELECT k FROM thing ORDER BY n, k LIMIT 3) UNION ALL (SELECT k FROM thing ORDER BY k DESC LIMIT 2) ORDER BY 1');
SELECT plan_of('SELECT max(n) FROM thing WHERE t > ''B''');
SELECT in_order('SELECT max(n) FROM thing WHERE t > ''B''');
SELECT in_order('SELECT k FROM thing WHERE n = (SELECT max(n) FROM thing) ORDER BY k LIMIT 3');
WITH w AS (INSERT INTO thing (k, n) VALUES (61, 0) RETURNING k) SELECT (SELECT k FROM w), thing.k FROM thing ORDER BY n, thing.k LIMIT 2;
WITH w AS (DELETE FROM thing WHERE k = 61 RETURNING k) SELECT (SELECT k FROM w), thing.k FROM thing ORDER BY n, thing.k LIMIT 1 + (SELECT min(id) FROM one);
INSERT INTO one SELECT k, 'top' FROM thing WHERE k > 5 ORDER BY n DESC, k LIMIT 2;
DELETE FROM one WHERE label = 'top' RETURNING id;

-- keys choose the shards
SELECT plan_of('SELECT k FROM thing WHERE k IN (1, 2, 3, 4) ORDER BY k DESC LIMIT 2');
SELECT in_order('SELECT k FROM thing WHERE k IN (1, 2, 3, 4) ORDER BY k DESC LIMIT 2');
SELECT in_order('SELECT k FROM thing WHERE k = ANY (ARRAY[]::int[]) ORDER BY k DESC LIMIT 2');

-- one strategy off
SET shardlite.enable_limit_pushdown = off;
SELECT plan_of('SELECT k FROM thing ORDER BY n, k LIMIT 3 OFFSET 4');
SELECT in_order('SELECT k FROM thing ORDER BY n, k LIMIT 3 OFFSET 4');
RESET shardlite.enable_limit_pushdown;
