\set k random(1, 100000)
BEGIN;
SAVEPOINT s;
UPDATE kv SET n = n + 1 WHERE key = :k;
RELEASE s;
COMMIT;
