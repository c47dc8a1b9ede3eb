\set k random(1, 2000000000)
INSERT INTO history (key, delta) VALUES (:k, 1), (:k + 1, 2), (:k + 2, 3), (:k + 3, 4), (:k + 4, 5), (:k + 5, 6);
