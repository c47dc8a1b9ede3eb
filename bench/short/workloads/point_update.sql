\set k random(1, 100000)
UPDATE kv SET n = n + 1 WHERE key = :k;
