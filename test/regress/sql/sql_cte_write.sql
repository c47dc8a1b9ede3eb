-- Parts of a writable CTE see the tables as they were, and each part writes once.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- pitfall: parts of a writable CTE seeing each other's changes
BEGIN;
WITH d AS (DELETE FROM item WHERE k > 20 RETURNING k) SELECT (SELECT count(*) FROM item), count(*) FROM d;
WITH u AS (UPDATE item SET grp = 100 WHERE k < 4 RETURNING k, grp) SELECT u.k, u.grp, i.grp FROM u JOIN item i USING (k) ORDER BY 1;
WITH i AS (INSERT INTO item (k, grp) SELECT k + 1000, grp FROM item RETURNING k), d AS (DELETE FROM line RETURNING n)
    SELECT (SELECT count(*) FROM i), (SELECT count(*) FROM d), (SELECT count(*) FROM item), (SELECT count(*) FROM line);
SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM line);
ROLLBACK;
-- the same row of the same table: one change wins, as on one server it is done once
BEGIN;
SELECT in_both('WITH m AS (DELETE FROM line WHERE qty = 1 RETURNING *) INSERT INTO line SELECT k + 1, n + 1000, qty, day FROM m');
SELECT same('SELECT * FROM line');
SELECT in_both('WITH a AS (INSERT INTO other SELECT k + 500, grp, note FROM item RETURNING id, k), b AS (UPDATE item SET note = ''b'' WHERE k IN (SELECT id - 500 FROM a) AND grp = 2 RETURNING k) DELETE FROM line WHERE k IN (SELECT k FROM b)');
SELECT same('SELECT * FROM other');
SELECT same('SELECT * FROM item');
SELECT same('SELECT * FROM line');
ROLLBACK;
-- a part that nobody reads, and one that is read twice
BEGIN;
SELECT in_both('WITH unread AS (UPDATE item SET grp = grp + 1) SELECT 1');
SELECT same('SELECT k, grp FROM item');
WITH i AS (INSERT INTO colour SELECT k, note FROM item WHERE k BETWEEN 11 AND 13 RETURNING id) SELECT a.id, b.id FROM i a, i b WHERE a.id < b.id ORDER BY 1, 2;
SELECT count(*) FROM colour;
ROLLBACK;
-- a LIMIT above reads few rows, but everything is written
BEGIN;
WITH d AS (DELETE FROM line RETURNING k) SELECT count(*) > 0 FROM (SELECT k FROM d LIMIT 1) s;
SELECT count(*) FROM line;
ROLLBACK;
-- pitfall: the row count of INSERT ... SELECT ... ON CONFLICT DO NOTHING
CREATE FUNCTION counted(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint; BEGIN EXECUTE statement; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END $$;
BEGIN;
SELECT counted('INSERT INTO item (k, grp) SELECT k + 15, 1 FROM item ON CONFLICT DO NOTHING');
SELECT counted('INSERT INTO item (k, grp) SELECT k + 15, 1 FROM item WHERE k < 10 ON CONFLICT (k) DO NOTHING');
SELECT counted('INSERT INTO item (k) SELECT n FROM line ON CONFLICT DO NOTHING');
SELECT counted('INSERT INTO item (k, grp) SELECT id, id FROM other ON CONFLICT (k) DO UPDATE SET grp = excluded.grp WHERE item.grp <> excluded.grp');
SELECT counted('INSERT INTO colour SELECT k, ''x'' FROM item WHERE k < 6 ON CONFLICT DO NOTHING');
SELECT counted('INSERT INTO line (k, n) VALUES (5, 1), (5, 900), (6, 900), (5, 900) ON CONFLICT DO NOTHING');
SELECT count(*) FROM item;
ROLLBACK;
DROP FUNCTION counted;
