\set a random(1, 100000)
\set b random(1, 100000)
BEGIN;
UPDATE kv SET n = n - 1 WHERE key = least(:a, :b);
UPDATE kv SET n = n + 1 WHERE key = greatest(:a, :b);
COMMIT;
