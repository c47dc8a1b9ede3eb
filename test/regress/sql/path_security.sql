-- Privileges and row security are those of the logical table.
\set SHOW_CONTEXT never
SET search_path = path;
CREATE ROLE path_joe;
GRANT USAGE ON SCHEMA path TO path_joe;
CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS
    'BEGIN IF $1::int > 8 THEN RAISE NOTICE ''leaked %'', $1; END IF; RETURN true; END';
GRANT SELECT (k, grp), UPDATE (grp) ON item TO path_joe;
GRANT SELECT ON orders, plain TO path_joe;

SET ROLE path_joe;
SELECT count(k) FROM item JOIN plain ON plain.k = item.k;
SELECT note FROM item JOIN plain ON plain.k = item.k;
UPDATE item SET grp = grp FROM plain WHERE plain.k = item.k AND plain.id = 1 RETURNING item.k;
UPDATE item SET price = 1 FROM plain WHERE plain.k = item.k;
INSERT INTO item SELECT 500;
DELETE FROM item USING plain WHERE plain.k = item.k;
SELECT count(*) FROM (SELECT label FROM one GROUP BY label) s JOIN plain ON true;
RESET ROLE;

-- a policy is evaluated before functions that could leak
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON orders USING (id < 6 AND "Cust No" >= 0) WITH CHECK (id < 100);
SET ROLE path_joe;
SELECT id FROM orders WHERE leak(id::text) ORDER BY id;
SELECT count(*) FROM orders o JOIN plain p ON p.id = o.id;
RESET ROLE;
GRANT INSERT, UPDATE, DELETE ON orders TO path_joe;
SET ROLE path_joe;
INSERT INTO orders SELECT 101, id FROM plain WHERE id = 1;
UPDATE orders o SET day = day + 1 FROM plain p WHERE p.id = o.id AND p.id > 4 RETURNING o.id;
RESET ROLE;
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;
DROP POLICY p ON orders;

-- a security barrier view keeps its filter first
CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM item WHERE k < 3;
SELECT k FROM barrier WHERE leak(k::text) ORDER BY k;

REVOKE ALL ON item, orders, plain FROM path_joe;
REVOKE ALL ON SCHEMA path FROM path_joe;
DROP ROLE path_joe;
