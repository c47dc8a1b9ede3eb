-- Tables that a statement of the session is reading or writing cannot be changed under it.
CREATE SCHEMA in_use;
SET search_path = in_use;
CREATE TABLE one (k int PRIMARY KEY, v int);
CREATE TABLE other (k int, v int) PARTITION BY RANGE (v);
CREATE TABLE other_low PARTITION OF other FOR VALUES FROM (0) TO (100);
SELECT create_distributed_table('one', 'k');
SELECT create_distributed_table('other', 'k');
INSERT INTO one SELECT i, i FROM generate_series(1, 50) i;
INSERT INTO other SELECT i, i FROM generate_series(1, 50) i;
CREATE VIEW seen AS SELECT * FROM one;
CREATE FUNCTION empty_one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN TRUNCATE one; RETURN 1; END $$;
\set SHOW_CONTEXT never

-- cursors: all shards, one shard, a view and a partitioned table
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM one ORDER BY k;
SAVEPOINT s;
TRUNCATE one;
ROLLBACK TO s;
ALTER TABLE one ADD COLUMN w int;
ROLLBACK TO s;
DROP VIEW seen;
DROP TABLE one;
ROLLBACK TO s;
FETCH 1 FROM c;
ALTER TABLE one RENAME TO once;
FETCH 1 FROM c;
CLOSE c;
TRUNCATE once;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM one WHERE k = 3;
ALTER TABLE one DROP COLUMN v CASCADE;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT seen.k FROM seen JOIN other USING (k) WHERE other.v < 100;
SAVEPOINT s;
TRUNCATE one;
ROLLBACK TO s;
DROP TABLE other;
ROLLBACK;
-- functions and loops
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM one LOOP TRUNCATE one; END LOOP; END $$;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM one WHERE k = 3 LOOP ALTER TABLE one ADD COLUMN w int; END LOOP; END $$;
SELECT empty_one() FROM one;
SELECT empty_one() FROM one WHERE k = 3;
INSERT INTO one VALUES (100, empty_one());
UPDATE one SET v = empty_one() + k;
DELETE FROM one WHERE k = 3 AND empty_one() = 1;
SELECT count(*) FROM one;
-- not by an error that was caught, nor by a cursor that outlives its transaction
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM one LOOP PERFORM 1 / 0; END LOOP; EXCEPTION WHEN division_by_zero THEN TRUNCATE one; END $$;
SELECT count(*) FROM one;
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT v FROM other ORDER BY v;
COMMIT;
TRUNCATE other;
FETCH 2 FROM c;
CLOSE c;
DROP SCHEMA in_use CASCADE;
