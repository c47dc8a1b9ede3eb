-- A row that gets another key moves to another shard.  Rows that refer to it are neither
-- deleted nor changed by that: as on one server it is an error that they are there.
CREATE SCHEMA moving;
SET search_path = moving;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE parent (k int, id int, v text, PRIMARY KEY (k, id));
CREATE TABLE cascading (k int, id int, parent_id int, PRIMARY KEY (k, id),
	FOREIGN KEY (k, parent_id) REFERENCES parent ON DELETE CASCADE);
CREATE TABLE nulling (k int, id int, parent_id int, PRIMARY KEY (k, id),
	FOREIGN KEY (k, parent_id) REFERENCES parent ON DELETE SET NULL (parent_id));
SELECT create_distributed_table('parent', 'k', colocate_with := 'none', shard_count := 8);
SELECT create_distributed_table('cascading', 'k', colocate_with := 'parent'), create_distributed_table('nulling', 'k', colocate_with := 'parent');
INSERT INTO parent SELECT k, id, 'v' || id FROM generate_series(1, 4) k, generate_series(1, 3) id;
INSERT INTO cascading SELECT k, k * 10, 1 FROM generate_series(1, 4) k;
INSERT INTO nulling SELECT k, k * 10, 2 FROM generate_series(1, 4) k;
CREATE VIEW children AS SELECT 'c' AS t, * FROM cascading UNION ALL SELECT 'n', * FROM nulling;
-- referred to
UPDATE parent SET k = 9 WHERE k = 1 AND id = 1;
UPDATE parent SET k = 9 WHERE k = 1 AND id = 2;
\set VERBOSITY sqlstate
UPDATE parent SET k = k + 10;
UPDATE parent SET k = 4, id = 10 * id WHERE k IN (1, 2);
\set VERBOSITY default
WITH moved AS (UPDATE parent SET k = 9 WHERE k = 2 AND id = 1 RETURNING *) SELECT count(*) FROM moved;
MERGE INTO parent p USING (VALUES (1, 2, 9)) s (k, id, to_k) ON p.k = s.k AND p.id = s.id WHEN MATCHED THEN UPDATE SET k = s.to_k;
SELECT count(*), count(parent_id) FROM children;
SELECT count(*), min(k), max(k) FROM parent;
-- not referred to
UPDATE parent SET k = 9 WHERE k = 1 AND id = 3 RETURNING *;
UPDATE parent SET k = 20 + k WHERE id = 3;
SELECT k, id, v FROM parent WHERE id = 3 ORDER BY k;
-- nor any longer
BEGIN;
UPDATE cascading SET parent_id = NULL WHERE k = 1;
UPDATE parent SET k = 9 WHERE k = 1 AND id = 1 RETURNING *;
INSERT INTO cascading VALUES (9, 1, 1);
ROLLBACK;
BEGIN;
INSERT INTO cascading VALUES (21, 1, 3);
UPDATE parent SET k = 9 WHERE id = 3;
ROLLBACK;
-- a DELETE does what it shall
BEGIN;
DELETE FROM parent WHERE k = 1;
SELECT t, count(*), count(parent_id) FROM children GROUP BY t ORDER BY t;
ROLLBACK;
-- nobody who may not see the rows gets rid of them
CREATE ROLE move_low;
GRANT USAGE ON SCHEMA moving TO move_low;
GRANT SELECT, UPDATE ON parent TO move_low;
ALTER TABLE cascading ENABLE ROW LEVEL SECURITY;
ALTER TABLE cascading FORCE ROW LEVEL SECURITY;
SET ROLE move_low;
UPDATE parent SET k = 9 WHERE k = 1 AND id = 1;
RESET ROLE;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON parent USING (true);
SET ROLE move_low;
UPDATE parent SET k = 9 WHERE k = 1 AND id = 1;
RESET ROLE;
SELECT count(*) FROM cascading;
-- a table that refers to itself
CREATE TABLE tree (k int, id text COLLATE "C", up text, PRIMARY KEY (k, id), FOREIGN KEY (k, up) REFERENCES tree ON DELETE CASCADE);
SELECT create_distributed_table('tree', 'k', colocate_with := 'parent');
INSERT INTO tree VALUES (1, 'root', NULL), (1, 'leaf', 'root'), (2, 'alone', 'alone');
UPDATE tree SET k = 3 WHERE id = 'root';
UPDATE tree SET k = 3 WHERE id = 'alone';
SELECT * FROM tree ORDER BY k, id;
-- partitions
CREATE TABLE part (k int, id int, PRIMARY KEY (k, id)) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
CREATE TABLE of_part (k int, part_id int, FOREIGN KEY (k, part_id) REFERENCES part ON DELETE CASCADE);
SELECT create_distributed_table('part', 'k', colocate_with := 'parent'), create_distributed_table('of_part', 'k', colocate_with := 'parent');
INSERT INTO part SELECT i, i FROM generate_series(1, 19) i;
INSERT INTO of_part VALUES (5, 5), (15, 15);
\set VERBOSITY sqlstate
UPDATE part SET k = 99 WHERE id = 5;
UPDATE part SET k = 99 WHERE id = 15;
UPDATE part SET k = k + 100 WHERE id NOT IN (5, 15);
SELECT count(*), sum(k) FROM part;
SELECT * FROM of_part ORDER BY k;
DROP SCHEMA moving CASCADE;
DROP ROLE move_low;
