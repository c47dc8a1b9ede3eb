\set k random(1, 100000)
BEGIN;
SELECT val FROM kv WHERE key = :k;
UPDATE kv SET n = n + 1 WHERE key = :k;
INSERT INTO history (key, delta) VALUES (:k, 1);
COMMIT;
