-- A fragment fails before anybody looks at its rows, and others are refused
-- because the transaction on its node has failed: the first error is shown.
CREATE SCHEMA first_error;
SET search_path = first_error;
\set SHOW_CONTEXT never
CREATE TABLE d (k int PRIMARY KEY, j int);
SELECT create_distributed_table('d', 'k', shard_count => 4);
INSERT INTO d SELECT i, i FROM generate_series(1, 100) i;
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM d WHERE 1 / (k - 5) >= 0;
SELECT count(*) FROM d;
ROLLBACK;
BEGIN;
INSERT INTO d VALUES (1000, 1);
DECLARE c CURSOR FOR SELECT k FROM d WHERE 1 / (k - 5) >= 0;
SAVEPOINT s;
SELECT count(*) FROM d;
ROLLBACK TO s;
SELECT count(*) FROM d;
ROLLBACK;
-- forgotten with the transaction
SELECT count(*) FROM d;
BEGIN;
SELECT k FROM d WHERE 1 / (k - 5) >= 0;
ROLLBACK;
BEGIN;
SELECT count(*) FROM d WHERE j::text::int = k;
SAVEPOINT s;
SELECT count(*) FROM d WHERE (j || 'x')::int = k AND k = 3;
ROLLBACK TO s;
SELECT count(*) FROM d WHERE j = k;
COMMIT;
DROP SCHEMA first_error CASCADE;
