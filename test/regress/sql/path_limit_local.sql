-- LIMIT stays above what is done here: the nodes must not count rows that
-- somebody else removes, adds, joins or locks.
SET search_path = sorted, path;

-- a filter that nodes cannot evaluate
SELECT plan_of('SELECT k FROM thing WHERE random() < 2 AND k > 50 ORDER BY k LIMIT 3');
SELECT in_order('SELECT k FROM thing WHERE random() < 2 AND k > 50 ORDER BY k LIMIT 3');
SELECT plan_of('SELECT k FROM thing WHERE n IN (SELECT id FROM sorted.plain) OR k = 3 LIMIT 3');
SELECT in_order('SELECT k FROM thing WHERE n IN (SELECT id FROM sorted.plain) OR k = 3 ORDER BY k LIMIT 3');

-- set-returning functions, before and after the sort
SELECT plan_of('SELECT k, generate_series(1, n) FROM thing ORDER BY k LIMIT 3');
SELECT in_order('SELECT k, generate_series(1, n) FROM thing ORDER BY k LIMIT 3');
SELECT in_order('SELECT k, generate_series(2, n) AS g FROM thing ORDER BY g DESC, k LIMIT 3');

-- grouping, windows and DISTINCT done here
SELECT in_order('SELECT n, count(*) FROM thing GROUP BY n ORDER BY 2 DESC, 1 LIMIT 2');
SELECT in_order('SELECT count(*) FROM thing LIMIT 1');
SELECT in_order('SELECT n FROM thing GROUP BY n HAVING count(*) > 9 ORDER BY n LIMIT 2');
SELECT in_order('SELECT k, sum(n) OVER (ORDER BY k) FROM thing ORDER BY k LIMIT 3');
SELECT in_order('SELECT DISTINCT n FROM thing ORDER BY n LIMIT 3');
SELECT in_order('SELECT DISTINCT n % 2 FROM thing WHERE n > 0 LIMIT 1 OFFSET 1');

-- a join computed here
SELECT in_order('SELECT t.k FROM thing t JOIN sorted.plain p ON p.id = t.n ORDER BY t.k LIMIT 3');
SELECT in_order('SELECT t.k, i.k FROM thing t JOIN pal i ON i.k = t.n ORDER BY t.k, i.k LIMIT 3');

-- row locks: of the other table, and of this one
SELECT in_order('SELECT t.k FROM thing t JOIN sorted.plain p ON p.id = t.n ORDER BY t.k LIMIT 3 FOR UPDATE OF p');
SELECT plan_of('SELECT k FROM thing ORDER BY k LIMIT 3 FOR UPDATE');
SELECT in_order('SELECT k FROM thing ORDER BY k LIMIT 3 FOR UPDATE');

-- a role that sees some rows only
CREATE ROLE path_reader;
GRANT USAGE ON SCHEMA sorted TO path_reader;
GRANT SELECT ON thing TO path_reader;
ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON thing TO path_reader USING (n > 3);
SET ROLE path_reader;
SELECT k, n FROM thing ORDER BY n, k LIMIT 3;
SELECT k, n FROM thing ORDER BY n DESC, k OFFSET 17 FETCH FIRST 2 ROWS WITH TIES;
RESET ROLE;
ALTER TABLE thing DISABLE ROW LEVEL SECURITY;
DROP POLICY few ON thing;
REVOKE ALL ON thing FROM path_reader;
REVOKE ALL ON SCHEMA sorted FROM path_reader;
DROP ROLE path_reader;
