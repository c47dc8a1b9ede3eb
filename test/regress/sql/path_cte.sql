-- Parts of one statement do not see each other's changes.
SET search_path = path;
CREATE TABLE s (k int PRIMARY KEY, v int);
SELECT create_distributed_table('s', 'k', shard_count := 3);
INSERT INTO s SELECT i, i FROM generate_series(1, 10) i;

WITH d AS (DELETE FROM s WHERE k > 7 RETURNING k) SELECT (SELECT count(*) FROM s) AS before, count(*) AS deleted FROM d;
WITH i AS (INSERT INTO s SELECT k + 100, v FROM s RETURNING k) SELECT count(*), (SELECT count(*) FROM s) FROM i;
WITH u AS (UPDATE s SET v = v + 1 WHERE k < 3 RETURNING k, v) SELECT u.*, s.v AS old FROM u JOIN s USING (k) ORDER BY k;
WITH moved AS (DELETE FROM s WHERE k > 100 RETURNING *), put AS (INSERT INTO one SELECT k, 'moved' FROM moved RETURNING id)
    SELECT count(*) FROM put;
-- a modifying CTE that nobody reads runs to its end
WITH x AS (DELETE FROM one WHERE label = 'moved') SELECT 1 AS one;
SELECT count(*) FROM one WHERE label = 'moved';
-- RETURNING sees the tables as they were
DELETE FROM s WHERE k = 1 RETURNING (SELECT count(*) FROM s);
WITH i AS (INSERT INTO s SELECT k + 50, v FROM s RETURNING k, (SELECT max(k) FROM s) AS m) SELECT * FROM i ORDER BY k;
-- a correlated subquery of such a statement
WITH u AS (UPDATE s SET v = 0 WHERE k > 50 RETURNING k)
    SELECT u.k, (SELECT s.v > 0 FROM s WHERE s.k = u.k) AS was_positive FROM u ORDER BY 1;
-- INSERT ... SELECT from the table itself, and the command tag's count
DO $$ DECLARE n int; BEGIN
    INSERT INTO s SELECT k + 200, v FROM s; GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'inserted %', n;
    WITH a AS (DELETE FROM s WHERE k > 200 RETURNING k) UPDATE s SET v = v WHERE k < 5; GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'updated %', n;
END $$;
DROP TABLE s;
