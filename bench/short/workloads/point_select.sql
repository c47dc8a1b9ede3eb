\set k random(1, 100000)
SELECT val FROM kv WHERE key = :k;
