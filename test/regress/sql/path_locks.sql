-- Row locks are taken where the rows are.
\set SHOW_CONTEXT never
SET search_path = path;

SELECT plan_of('SELECT k FROM item WHERE grp = 2 FOR UPDATE SKIP LOCKED');
BEGIN;
SELECT k FROM item WHERE grp = 2 ORDER BY k FOR UPDATE SKIP LOCKED;
SELECT i.k, p.id FROM item i JOIN plain p ON p.k = i.k WHERE p.id < 4 ORDER BY 1 FOR NO KEY UPDATE OF i FOR SHARE OF p;
SELECT c.id FROM colour c JOIN item i ON i.k = c.id ORDER BY 1 FOR UPDATE OF c;
COMMIT;
-- what PostgreSQL refuses stays refused
SELECT i.k FROM plain p LEFT JOIN item i ON i.k = p.k FOR UPDATE OF i;
SELECT grp FROM item GROUP BY grp FOR SHARE;
SELECT k FROM (SELECT k FROM item ORDER BY k LIMIT 2) s FOR UPDATE;
-- a locking statement is no read
BEGIN READ ONLY;
SELECT k FROM item FOR UPDATE;
ROLLBACK;
CREATE FUNCTION lock_one() RETURNS int LANGUAGE sql STABLE AS 'SELECT k FROM path.item WHERE grp = 1 ORDER BY k LIMIT 1 FOR UPDATE';
SELECT lock_one();
-- a position on another node means nothing here
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM item FOR UPDATE;
UPDATE item SET grp = 0 WHERE CURRENT OF c;
ROLLBACK;
