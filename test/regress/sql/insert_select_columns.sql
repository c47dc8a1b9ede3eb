-- INSERT ... SELECT on one shard: columns in any order, defaults for the rest.
CREATE SCHEMA insert_columns;
SET search_path = insert_columns;
SET shardlite.shard_count = 4;
CREATE TYPE colour AS ENUM ('red', 'blue');
CREATE TABLE t (k int, a int DEFAULT 7, junk int, b int, c colour DEFAULT 'red', d text DEFAULT 'x');
ALTER TABLE t DROP COLUMN junk;
SELECT create_distributed_table('t', 'k');
INSERT INTO t (k, a, b) VALUES (3, 30, 300);

-- the text that the shard gets
SELECT shardlite_internal.fragment_text('INSERT INTO t (b, a, k) SELECT 1, 2, 3 FROM t WHERE k = 3');

INSERT INTO t (b, a, k) SELECT 1, 2, k FROM t WHERE k = 3;
INSERT INTO t (b, k) SELECT b + 1, k FROM t WHERE k = 3 ORDER BY b DESC LIMIT 1;
INSERT INTO t (b, k) SELECT 9, k FROM t WHERE k = 3 UNION SELECT 10, k FROM t WHERE k = 3;
WITH w AS (SELECT 11 AS b, 3 AS k)
INSERT INTO t (b, k) SELECT b, k FROM w UNION ALL SELECT 12, k FROM t WHERE k = 3 AND b > 300;
SELECT * FROM t ORDER BY k, a, b;

-- values that carry casts, and RETURNING of nothing from the row
INSERT INTO t (c, k, b) VALUES ('blue', 4, 1), ('red', 5, 2) RETURNING 'done' AS what;
SELECT * FROM t WHERE k > 3 ORDER BY k;

-- EXISTS may select nothing
SELECT count(*) FROM t WHERE EXISTS (SELECT FROM t u WHERE u.k = t.k AND u.b > 10);

-- MERGE that assigns several columns from one subquery
CREATE TABLE r (id int PRIMARY KEY, a int, b int);
SELECT create_reference_table('r');
INSERT INTO r VALUES (1, 1, 1);
MERGE INTO r USING (SELECT k, count(*) AS n FROM t GROUP BY k) s ON s.n > r.a AND s.k = 3
WHEN MATCHED THEN UPDATE SET (a, b) = (SELECT 5, 6 FROM r r2 LIMIT 1);

SET client_min_messages = warning;
DROP SCHEMA insert_columns CASCADE;
