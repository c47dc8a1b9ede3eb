-- What executions share, here and on the nodes, follows every change.
SET search_path = exec;
\set SHOW_CONTEXT never
CREATE TYPE humour AS ENUM ('sad', 'glad');
CREATE TABLE pr (k int PRIMARY KEY, v int, m humour, gone int);
SELECT create_distributed_table('pr', 'k', colocate_with := 'none', shard_count := 4);
INSERT INTO pr SELECT i, i, 'sad', i FROM generate_series(1, 20) i;
PREPARE sel(int) AS SELECT v, m FROM pr WHERE k = $1;
PREPARE upd(int, humour) AS UPDATE pr SET m = $2, v = v + 1 WHERE k = $1 RETURNING k, v, m;
PREPARE many(int) AS SELECT count(*), sum(v) FROM pr WHERE k > $1;

-- often enough for every kind of plan, on every shard
DO $$
BEGIN
	FOR i IN 1..40 LOOP
		EXECUTE format('EXECUTE sel(%s)', i % 20 + 1);
	END LOOP;
END $$;
EXECUTE sel(1);
EXECUTE upd(1, 'glad');
EXECUTE upd(1, 'sad');
EXECUTE upd(1, 'glad');
EXECUTE many(10);
EXECUTE many(10);

-- columns come, go, and get other names
ALTER TABLE pr DROP COLUMN gone;
EXECUTE sel(1);
EXECUTE upd(1, 'sad');
ALTER TABLE pr ADD COLUMN later text DEFAULT 'x';
EXECUTE sel(1);
EXECUTE many(10);
ALTER TABLE pr RENAME COLUMN v TO w;
EXECUTE sel(1);
ALTER TABLE pr RENAME COLUMN w TO v;
EXECUTE upd(1, 'glad');

-- another type under the same text: never a node's word about its cached plan
SELECT v FROM pr WHERE k = 2;
SELECT v FROM pr WHERE k = 2;
ALTER TABLE pr ALTER COLUMN v TYPE bigint;
SELECT v FROM pr WHERE k = 2;
BEGIN;
SELECT v FROM pr WHERE k = 2;
ALTER TABLE pr ALTER COLUMN v TYPE numeric(10, 2);
SELECT v FROM pr WHERE k = 2;
UPDATE pr SET v = v / 2 WHERE k = 2 RETURNING v;
ROLLBACK;
SELECT v FROM pr WHERE k = 2;
-- this server's own word about its prepared statements, as without nodes
EXECUTE sel(2);
EXECUTE upd(2, 'glad');
DEALLOCATE ALL;
PREPARE sel(int) AS SELECT v, m FROM pr WHERE k = $1;
PREPARE upd(int, humour) AS UPDATE pr SET m = $2, v = v + 1 WHERE k = $1 RETURNING k, v, m;
PREPARE many(int) AS SELECT count(*), sum(v) FROM pr WHERE k > $1;

-- user-defined types travel by name
ALTER TYPE humour RENAME TO temper;
EXECUTE upd(3, 'glad');
EXECUTE upd(3, 'sad');
ALTER TYPE temper RENAME VALUE 'glad' TO 'merry';
EXECUTE sel(2);
EXECUTE upd(3, 'merry');

-- the table has another name, is local, is distributed in another way, is another one
ALTER TABLE pr RENAME TO pr2;
EXECUTE many(10);
EXECUTE upd(4, 'merry');
ALTER TABLE pr2 RENAME TO pr;
SELECT undistribute_table('pr');
EXECUTE upd(4, 'sad');
EXECUTE many(10);
SELECT create_distributed_table('pr', 'k', colocate_with := 'none', shard_count := 2);
EXECUTE upd(4, 'merry');
EXECUTE many(10);

-- sessions that forget
DISCARD PLANS;
EXECUTE upd(5, 'merry');
SET shardlite.prepared_statements = off;
EXECUTE upd(5, 'sad');
EXECUTE many(10);
RESET shardlite.prepared_statements;
EXECUTE upd(5, 'merry');
DISCARD ALL;
SET search_path = exec;
SELECT v FROM pr WHERE k = 5;
PREPARE sel(int) AS SELECT v, m FROM pr WHERE k = $1;
EXECUTE sel(5);
EXECUTE sel(5);
DROP TABLE pr;
CREATE TABLE pr (k int PRIMARY KEY, v bigint, m temper, t text);
INSERT INTO pr VALUES (5, 55, 'sad');
EXECUTE sel(5);
SELECT create_distributed_table('pr', 'k', colocate_with := 'none', shard_count := 4);
EXECUTE sel(5);
EXECUTE sel(5);

-- one plan in use many times at once, while types change around it
INSERT INTO pr SELECT i, i, 'sad' FROM generate_series(6, 15) i;
CREATE FUNCTION nested(level int) RETURNS bigint LANGUAGE plpgsql SET search_path = exec AS $$
DECLARE
	total bigint := 0;
	r record;
BEGIN
	FOR r IN SELECT v, m FROM pr WHERE k > level ORDER BY k LIMIT 2 LOOP
		IF level < 9 THEN
			CREATE TEMP TABLE around (x int);
			DROP TABLE around;
			total := total + nested(level + 1);
		END IF;
		total := total + r.v;
	END LOOP;
	RETURN total;
END $$;
SELECT nested(6);
SELECT nested(6);
DROP FUNCTION nested;

-- both directions full at the same time: 8 MB to each shard, as much back from each
UPDATE pr SET t = repeat('r', 8 * 1024 * 1024) WHERE k < 9;
PREPARE large(text) AS SELECT k, md5(t || $1), length(t || $1) FROM pr WHERE k < 9 AND length($1) > 0 ORDER BY k;
PREPARE back(text) AS SELECT k, $1 || t AS whole FROM pr WHERE k < 9 AND length($1) > 0;
EXECUTE large(repeat('p', 8 * 1024 * 1024));
CREATE TEMP TABLE got AS EXECUTE back(repeat('p', 8 * 1024 * 1024));
SELECT k, length(whole), md5(whole) FROM got ORDER BY k;
WITH u AS (UPDATE pr SET t = repeat('n', 8 * 1024 * 1024) || left(t, 3) WHERE k < 9 RETURNING *)
SELECT k, length(t), md5(t) FROM u ORDER BY k;
DROP TABLE got, pr;
DROP TYPE temper;
