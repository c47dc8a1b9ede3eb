-- Values that are computed here travel to the shards as parameters.
\set SHOW_CONTEXT never
SET search_path = path;
SET shardlite.enable_broadcast = off;
SET plan_cache_mode = force_generic_plan;

-- a condition without columns must reach the shards, too
PREPARE gate(int) AS SELECT count(*) FROM item i JOIN plain p ON true WHERE $1 = 1 AND p.id = 1;
EXECUTE gate(1);
EXECUTE gate(2);
-- parameters as keys, seven times
PREPARE by_key(int) AS SELECT i.note, p.id FROM item i LEFT JOIN plain p ON p.k = i.grp WHERE i.k = $1;
SELECT plan_of('EXECUTE by_key(3)');
EXECUTE by_key(1); EXECUTE by_key(2); EXECUTE by_key(3); EXECUTE by_key(NULL);
EXECUTE by_key(4); EXECUTE by_key(5); EXECUTE by_key(40);
RESET plan_cache_mode;
EXECUTE by_key(6); EXECUTE by_key(7);
-- outputs of InitPlans
SELECT plan_of('SELECT k FROM item WHERE price = (SELECT max(price) FROM item)');
SELECT k FROM item WHERE price = (SELECT max(price) FROM item);
-- outer columns: nested loops, LATERAL, correlated subqueries
SELECT plan_of('SELECT p.id, i.note FROM plain p JOIN item i ON i.k = p.k WHERE p.id = 3');
SELECT p.id, i.note FROM plain p JOIN item i ON i.k = p.k WHERE p.id = 3;
SELECT p.id, s.* FROM plain p, LATERAL (SELECT o.id, o.day FROM orders o WHERE o."Cust No" = p.id ORDER BY o.day DESC LIMIT 2) s
    WHERE p.id < 4 ORDER BY 1, 2;
SELECT p.id, (SELECT count(*) FROM orders o WHERE o.k = p.k) AS n FROM plain p ORDER BY 1;
SELECT p.id, i.k FROM plain p LEFT JOIN LATERAL (SELECT k, coalesce(grp, p.id) AS e FROM item WHERE k = p.id * 7) i ON i.e > 1 ORDER BY 1;
SELECT p.id FROM plain p WHERE EXISTS (SELECT FROM item i WHERE i.grp = p.id AND i.k > p.k * 3) ORDER BY 1;
-- expressions computed above a nullable side
SELECT p.id, q.e FROM plain p LEFT JOIN (SELECT id, coalesce(label, 'x') || '!' AS e FROM one) q ON q.id = p.id ORDER BY 1;
-- cursors in both directions
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k FROM item WHERE grp = 1 ORDER BY k;
FETCH 3 FROM c; FETCH BACKWARD 2 FROM c; FETCH LAST FROM c;
COMMIT;
-- functions: SQL ones that PostgreSQL inlines, and others
CREATE FUNCTION items_below(int) RETURNS SETOF item LANGUAGE sql STABLE AS 'SELECT * FROM path.item WHERE k < $1';
CREATE FUNCTION item_count(int) RETURNS bigint LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN (SELECT count(*) FROM path.item WHERE k < $1); END';
SELECT k, note FROM items_below(4) ORDER BY k;
SELECT item_count(5), item_count(6);
PREPARE inlined AS SELECT count(*) FROM items_below(4);
EXECUTE inlined;
CREATE OR REPLACE FUNCTION items_below(int) RETURNS SETOF item LANGUAGE sql STABLE AS 'SELECT * FROM path.item WHERE k <= $1';
EXECUTE inlined;
-- what is printed for the nodes does not depend on the session
SET DateStyle = German; SET IntervalStyle = sql_standard; SET search_path = pg_catalog;
SELECT id FROM path.orders WHERE day = '05.01.2020' AND day - interval '1' day < '20.01.2020' ORDER BY 1;
RESET DateStyle; RESET IntervalStyle; SET search_path = path;
DEALLOCATE ALL;
