\set a random(1, 100000)
\set b random(1, 100000)
BEGIN;
UPDATE kv SET n = n - 1 WHERE key = least(:a::int, :b::int);
UPDATE kv SET n = n + 1 WHERE key = greatest(:a::int, :b::int);
COMMIT;
