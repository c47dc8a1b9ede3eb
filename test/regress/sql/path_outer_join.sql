-- Outer, semi and anti joins on the shards, compared with plain tables.
SET search_path = path;
SET shardlite.enable_broadcast = off;
SET shardlite.enable_exchange = off;
CREATE TABLE line (k int, n int, qty int, PRIMARY KEY (k, n));
SELECT create_distributed_table('line', 'k', colocate_with := 'item');
INSERT INTO line SELECT i % 30 + 5, i, nullif(i % 6, 5) FROM generate_series(1, 90) i;
CREATE SCHEMA path_plain;
CREATE TABLE path_plain.item AS SELECT * FROM item;
CREATE TABLE path_plain.line AS SELECT * FROM line;
CREATE TABLE path_plain.colour AS SELECT * FROM colour;
CREATE TABLE path_plain.plain AS SELECT * FROM plain;

-- LEFT JOIN: conditions of ON, of WHERE, of a subquery below
SELECT plan_of('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty > 1 WHERE i.grp < 3');
SELECT * FROM check_join('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty > 1 WHERE i.grp < 3');
SELECT * FROM check_join('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k AND i.grp = 1 WHERE l.qty IS DISTINCT FROM 2');
SELECT * FROM check_join('SELECT i.k, l.n FROM line l RIGHT JOIN item i ON l.k = i.k');
-- expressions below the join are null-extended with it
SELECT plan_of('SELECT i.k, s.q, s.one FROM item i LEFT JOIN (SELECT k, coalesce(qty, 0) AS q, 1 AS one FROM line WHERE n < 40) s ON s.k = i.k WHERE coalesce(s.q, 7) > 3');
SELECT * FROM check_join('SELECT i.k, s.q, s.one FROM item i LEFT JOIN (SELECT k, coalesce(qty, 0) AS q, 1 AS one FROM line WHERE n < 40) s ON s.k = i.k WHERE coalesce(s.q, 7) > 3');
SELECT * FROM check_join('SELECT sum(s.q), count(s.one), count(*) FROM item i LEFT JOIN (SELECT k, coalesce(qty, 0) AS q, 1 AS one FROM line WHERE n < 40) s ON s.k = i.k');
-- whole rows
SELECT * FROM check_join('SELECT i.k, (l).n, l IS NULL AS gone, l::text FROM item i LEFT JOIN line l ON l.k = i.k AND l.n > 60');
SELECT * FROM check_join('SELECT i.k, s.l FROM item i LEFT JOIN (SELECT k, line AS l FROM line WHERE qty = 2) s ON s.k = i.k');
-- FULL JOIN with filters on both sides
SELECT plan_of('SELECT * FROM (SELECT * FROM item WHERE grp > 1) i FULL JOIN (SELECT * FROM line WHERE qty > 1) l USING (k)');
SELECT * FROM check_join('SELECT k, i.grp, l.n FROM (SELECT * FROM item WHERE grp > 1) i FULL JOIN (SELECT * FROM line WHERE qty > 1) l USING (k)');
SELECT * FROM check_join('SELECT i.k, l.n, o.n AS o FROM (SELECT * FROM item WHERE grp > 1) i FULL JOIN line l ON i.k = l.k LEFT JOIN line o ON o.k = l.k AND o.n = l.n + 30');
-- a null-extended key joins on
SELECT * FROM check_join('SELECT i.k, l.n, o.n AS o FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1 LEFT JOIN line o ON o.k = l.k');
SELECT * FROM check_join('SELECT i.k, l.n, o.grp FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty = 1 FULL JOIN item o ON o.k = l.k AND o.grp = 2');
-- three levels
SELECT * FROM check_join('SELECT i.k, s.n, s.name FROM item i LEFT JOIN (SELECT l.k, l.n, upper(c.name) AS name FROM line l LEFT JOIN colour c ON c.id = l.qty) s ON s.k = i.k AND s.n % 2 = 0');
SELECT * FROM check_join('SELECT i.k, l.n FROM item i LEFT JOIN (line l JOIN item o ON o.k = l.k AND o.grp = 1) ON l.k = i.k');
-- the key is a constant
SELECT * FROM check_join('SELECT i.k, l.n, p.id FROM plain p, item i LEFT JOIN line l ON l.k = i.k WHERE i.k = 7');
SELECT * FROM check_join('SELECT i.k FROM plain p, item i WHERE i.k = 7 AND EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND l.n > 2)');

-- semi and anti joins
SELECT plan_of('SELECT i.k FROM item i WHERE EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND l.qty = i.grp)');
SELECT * FROM check_join('SELECT i.k FROM item i WHERE EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND l.qty = i.grp)');
SELECT * FROM check_join('SELECT i.k FROM item i WHERE i.k IN (SELECT l.k FROM line l WHERE l.qty > 2) AND i.grp > 0');
SELECT plan_of('SELECT i.k FROM item i WHERE NOT EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND l.qty = i.grp)');
SELECT * FROM check_join('SELECT i.k FROM item i WHERE NOT EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND l.qty = i.grp)');
-- an anti join made of an outer join: its right side is NULL above
SELECT plan_of('SELECT i.k, l.n, l.qty + 1 AS q FROM item i LEFT JOIN line l ON l.k = i.k WHERE l.n IS NULL');
SELECT * FROM check_join('SELECT i.k, l.n, l.qty + 1 AS q FROM item i LEFT JOIN line l ON l.k = i.k WHERE l.n IS NULL');
SELECT * FROM check_join('SELECT i.k, c.name FROM item i LEFT JOIN line l ON l.k = i.k LEFT JOIN colour c ON c.id = l.qty WHERE l.n IS NULL');
-- below the nullable side of an outer join, and above one
SELECT * FROM check_join('SELECT i.k, s.n FROM item i LEFT JOIN (SELECT l.k, l.n FROM line l WHERE NOT EXISTS (SELECT 1 FROM item o WHERE o.k = l.k AND o.grp = l.qty)) s ON s.k = i.k');
SELECT * FROM check_join('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k WHERE EXISTS (SELECT 1 FROM item o WHERE o.k = i.k AND o.grp IS NOT DISTINCT FROM l.qty)');
SELECT * FROM check_join('SELECT i.k FROM item i JOIN line x ON x.k = i.k WHERE i.k IN (SELECT l.k FROM line l JOIN colour c ON c.id = l.qty)');

-- reference tables: rows of theirs must not be repeated or null-extended per shard
SELECT * FROM check_join('SELECT i.k, c.name FROM item i LEFT JOIN colour c ON c.id = i.grp');
SELECT * FROM check_join('SELECT c.name, i.k FROM colour c LEFT JOIN item i ON c.id = i.k');
SELECT * FROM check_join('SELECT c.name, i.k FROM colour c FULL JOIN item i ON c.id = i.k');
SELECT * FROM check_join('SELECT i.k FROM item i WHERE i.grp IN (SELECT id FROM colour WHERE name > ''b'')');
SELECT * FROM check_join('SELECT c.id FROM colour c WHERE EXISTS (SELECT 1 FROM item i WHERE i.grp = c.id)');
SELECT * FROM check_join('SELECT c.id FROM colour c WHERE NOT EXISTS (SELECT 1 FROM item i WHERE i.k = c.id)');
SELECT * FROM check_join('SELECT i.k, c.name, d.name AS d FROM item i JOIN (colour c LEFT JOIN colour d ON d.id = c.id + 1 AND d.name > ''g'') ON c.id = i.grp');
-- not on the key: here
SELECT * FROM check_join('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.n = i.k');
SELECT * FROM check_join('SELECT i.k FROM item i WHERE NOT EXISTS (SELECT 1 FROM line l WHERE l.n = i.k AND l.qty > 1)');
SELECT * FROM check_join('SELECT i.k, l.n FROM item i LEFT JOIN line l ON l.k = i.k AND l.n + random() * 0 > 20');
-- a condition on nothing but parameters
PREPARE gated(int) AS SELECT count(*) FROM item i JOIN line l ON l.k = i.k WHERE $1 = 1;
SET plan_cache_mode = force_generic_plan;
SELECT plan_of('EXECUTE gated(1)');
EXECUTE gated(1);
EXECUTE gated(2);
RESET plan_cache_mode;
-- an expression of another relation, which grouping sets keep in one piece
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT * FROM check_join('SELECT count(*) FROM item i JOIN (SELECT greatest(id, 3) AS x FROM plain) s ON i.k = s.x GROUP BY ()');
RESET enable_hashjoin;
RESET enable_mergejoin;
-- a temporary table in the middle
CREATE TEMP TABLE t_plain AS SELECT i AS k FROM generate_series(1, 10) i;
SELECT * FROM check_join('SELECT i.k, s.n FROM item i LEFT JOIN (SELECT l.k, l.n, t.k AS tk FROM line l LEFT JOIN t_plain t ON t.k = l.qty) s ON s.k = i.k AND s.tk IS NULL');

DROP TABLE line;
DROP SCHEMA path_plain CASCADE;
