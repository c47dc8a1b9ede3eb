INSERT INTO kv SELECT i, 'value ' || i FROM generate_series(1, 100000) i;
INSERT INTO branches SELECT t, 0 FROM generate_series(1, 100) t;
INSERT INTO tellers SELECT t, i, 0 FROM generate_series(1, 100) t, generate_series(1, 10) i;
INSERT INTO accounts SELECT t, i, 0 FROM generate_series(1, 100) t, generate_series(1, 1000) i;
VACUUM ANALYZE kv;
VACUUM ANALYZE branches;
VACUUM ANALYZE tellers;
VACUUM ANALYZE accounts;
