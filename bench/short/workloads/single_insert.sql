\set k random(1, 2000000000)
INSERT INTO history (key, delta) VALUES (:k, 1);
