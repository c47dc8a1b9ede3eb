-- Correlated aggregates in filters become joins with grouped subqueries.
SET search_path = path;
CREATE TABLE line (k int, n int, qty int, price numeric, tag text, PRIMARY KEY (k, n));
SELECT create_distributed_table('line', 'k', colocate_with := 'item');
INSERT INTO line SELECT i % 60, i, nullif(i % 60, 5), i * 1.5, 'tag' || i % 11 FROM generate_series(1, 1200) i;
ANALYZE line;
CREATE SCHEMA path_plain;
CREATE TABLE path_plain.item AS SELECT * FROM item;
CREATE TABLE path_plain.line AS SELECT * FROM line;
CREATE TABLE path_plain.plain AS SELECT * FROM plain;
CREATE INDEX ON path_plain.line (k);
CREATE INDEX ON path_plain.line (tag);

SELECT plan_of('SELECT i.k FROM item i, line l WHERE l.n = i.k AND l.qty < (SELECT 0.2 * avg(x.qty) FROM line x WHERE x.tag = l.tag)');
-- strict around a sum, avg, min, max: outer rows without a group are dropped
SELECT same, total FROM check_join('SELECT i.k FROM item i, line l WHERE l.n = i.k AND l.qty < (SELECT 0.2 * avg(x.qty) FROM line x WHERE x.tag = l.tag)');
SELECT same, total FROM check_join('SELECT l.n FROM line l WHERE l.qty = (SELECT max(x.qty) FROM line x WHERE x.k = l.k)');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE (SELECT sum(x.qty) FROM line x WHERE x.n = i.k * 10 AND x.qty > 5) > i.grp');
SELECT same, total FROM check_join('SELECT l.n FROM line l WHERE l.price > (SELECT avg(x.price) + min(x.qty) FROM line x WHERE x.tag = l.tag AND x.qty = l.qty)');
-- two of them, one inside another, a key that may be NULL, another type on the outer side
SELECT same, total FROM check_join('SELECT l.n FROM line l WHERE l.qty >= (SELECT avg(x.qty) FROM line x WHERE x.tag = l.tag) AND l.n < (SELECT max(x.n) FROM line x WHERE x.qty = l.qty AND x.k < 50)');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE i.k IN (SELECT l.k FROM line l WHERE l.qty > (SELECT avg(x.qty) FROM line x WHERE x.tag = l.tag AND x.n > (SELECT min(y.n) FROM line y WHERE y.k = x.k)))');
SELECT same, total FROM check_join('SELECT p.id FROM plain p WHERE p.k < (SELECT sum(x.qty) FROM line x WHERE x.qty = p.id::bigint)');
-- count is 0 of nothing, coalesce is not strict, a correlation that is no equality: as they are
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE 0 = (SELECT count(*) FROM line x WHERE x.n = i.k * 200)');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE 3 > (SELECT coalesce(sum(x.qty), 0) FROM line x WHERE x.n = i.k * 200)');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE 3 > (SELECT sum(x.qty) FROM line x WHERE x.n < i.k)');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE (3 > (SELECT sum(x.qty) FROM line x WHERE x.n = i.k)) IS NOT TRUE');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE i.grp = 1 OR 30 > (SELECT sum(x.qty) FROM line x WHERE x.n = i.k)');
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE 30 > (SELECT sum(x.qty + i.grp) FROM line x WHERE x.n = i.k)');
SELECT same, total FROM check_join('SELECT i.k FROM item i LEFT JOIN line l ON l.k = i.k AND l.qty > (SELECT avg(x.qty) FROM line x WHERE x.k = l.k)');
-- a division that only groups without an outer row would get wrong
SELECT same, total FROM check_join('SELECT i.k FROM item i WHERE i.k < (SELECT 1000 / min(x.n % 60) FROM line x WHERE x.qty = i.grp + 1)');
-- a parameter, a view with a barrier, row security
PREPARE above(numeric) AS SELECT count(*) FROM line l WHERE l.qty > (SELECT $1 * avg(x.qty) FROM line x WHERE x.tag = l.tag);
EXECUTE above(1);
EXECUTE above(1.5);
EXECUTE above(NULL);
SET shardlite.enable_decorrelation = off;
EXECUTE above(1);
DEALLOCATE above;
PREPARE above(numeric) AS SELECT count(*) FROM line l WHERE l.qty > (SELECT $1 * avg(x.qty) FROM line x WHERE x.tag = l.tag);
EXECUTE above(1.5);
RESET shardlite.enable_decorrelation;

-- only the groups of outer rows are computed where these are few
CREATE TABLE deal (id int PRIMARY KEY, k int, qty int, price numeric, tag text);
SELECT create_distributed_table('deal', 'id', colocate_with := 'item');
INSERT INTO deal SELECT i, nullif(i % 5000, 7), i % 90, i * 0.5, 'tag' || i % 13 FROM generate_series(1, 40000) i;
CREATE INDEX ON deal (k);
ANALYZE deal;
CREATE TABLE pick (n int, k bigint, qty int, tag text);
INSERT INTO pick SELECT i, i % 9 * 600 + 1, i * 3, 'tag' || i % 15 FROM generate_series(1, 18) i;
INSERT INTO pick VALUES (19, NULL, 1, 'tag1'), (20, 7, 1, NULL), (21, 9999, 1, 'tag2');
ANALYZE pick;
CREATE TABLE path_plain.deal AS SELECT * FROM deal;
CREATE INDEX ON path_plain.deal (k);
CREATE FUNCTION check_reduced(query text, OUT reduced boolean, OUT same boolean, OUT total int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    reduced := false;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        reduced := reduced OR line ~ 'CTE outer_rows';
    END LOOP;
    SELECT c.same, c.total INTO same, total FROM check_join(query) c;
END $$;
SELECT plan_of('SELECT p.n, p.qty FROM pick p WHERE p.qty < (SELECT 0.2 * avg(d.qty) FROM deal d WHERE d.k = p.k AND d.price > 9)');
-- duplicates among the keys, NULL, keys without rows; one aggregate, several; two keys; an expression as key
SELECT * FROM check_reduced('SELECT p.n, p.qty FROM pick p WHERE p.qty < (SELECT 0.9 * avg(d.qty) FROM deal d WHERE d.k = p.k AND d.price > 9)');
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty <> (SELECT sum(d.qty) - max(d.qty) + min(d.price) FROM deal d WHERE d.k = p.k)');
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k AND d.tag = p.tag)');
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE coalesce(d.k, 0) = p.k - p.n % 2 AND d.k < 4000)');
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty > (SELECT avg(d.qty) FILTER (WHERE d.id > 10000) FROM deal d WHERE d.k = p.k)');
-- what the keys could save of a small table is not worth one more plan
CREATE TABLE few (id int PRIMARY KEY, k int, qty int);
SELECT create_distributed_table('few', 'id', colocate_with := 'item');
INSERT INTO few SELECT i, i % 500, i % 90 FROM generate_series(1, 1000) i;
CREATE INDEX ON few (k);
ANALYZE few;
CREATE TABLE path_plain.few AS SELECT * FROM few;
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(f.qty) FROM few f WHERE f.k = p.k)');
DROP TABLE few;
-- two of them, one inside another, one inside of a sublink
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT max(d.qty) FROM deal d WHERE d.k = p.k) AND p.n < (SELECT sum(d.id) FROM deal d WHERE d.k = p.k + 600)');
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k AND d.price >= (SELECT avg(e.price) FROM deal e WHERE e.k = d.k))');
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k IN (SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) AND p.n > 2)');
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k < 9 AND EXISTS (SELECT FROM pick p WHERE p.n < i.k + 2 AND p.qty * i.grp < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k))');
SELECT same, total FROM check_reduced('SELECT i.k, (SELECT count(*) FROM pick p WHERE p.n < i.k AND p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k + i.grp * 600)) AS c FROM item i WHERE i.k < 9');
-- outer joins, joins with USING, LATERAL, functions and set-returning targets, groups, windows, DISTINCT, LIMIT outside
SELECT * FROM check_reduced('SELECT p.n, q.n AS m FROM pick p LEFT JOIN pick q ON q.n = p.n + 15 WHERE coalesce(q.qty, p.qty) < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)');
SELECT * FROM check_reduced('SELECT n, q.tag FROM pick p FULL JOIN (SELECT n + 9 AS n, tag, k FROM pick) q USING (n) WHERE n < (SELECT sum(d.qty) FROM deal d WHERE d.k = q.k)');
SELECT * FROM check_reduced('SELECT p.n, g, generate_series(1, p.n % 3) AS s FROM pick p, LATERAL generate_series(1, p.n % 4) g WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)');
SELECT * FROM check_reduced('SELECT p.tag, count(*), sum(p.qty) + 1 AS s, max(p.n) OVER (ORDER BY p.tag) AS w FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) GROUP BY p.tag, p.n HAVING sum(p.qty) > (SELECT min(q.qty) FROM pick q WHERE q.n = p.n) - 1 LIMIT 4');
SELECT * FROM check_reduced('SELECT DISTINCT ON (p.k) p.k, p.n, (SELECT count(*) FROM pick q WHERE q.n < p.n) AS c FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) ORDER BY p.k, p.n DESC LIMIT 5');
SELECT * FROM check_reduced('SELECT r.n FROM (SELECT p.n, p.qty, p.k FROM pick p ORDER BY p.n LIMIT 7) r WHERE r.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = r.k) ORDER BY r.n LIMIT 3');
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) UNION ALL SELECT p.n + 1 FROM pick p WHERE p.qty >= (SELECT max(d.qty) FROM deal d WHERE d.k = p.k)');
-- an aggregate that fails for rows that no outer row asks for
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.k <> 4201 AND p.qty < (SELECT sum(100 / (d.k - 4201)) + 30000 FROM deal d WHERE d.k = p.k)');
\set VERBOSITY terse
SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(100 / (d.k - 4201)) FROM deal d WHERE d.k = p.k);
\set VERBOSITY default
-- a filter, a join, a group key that do so: not decorrelated
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k < (SELECT sum(x.qty) FROM line x WHERE x.qty = i.grp AND 100 / (x.k - 58) <> 0)');
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k < (SELECT sum(x.qty) FROM line x JOIN line y ON y.n = x.n AND 100 / (x.k - 58) <> 0 WHERE x.qty = i.grp)');
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k < (SELECT sum(x.qty) FROM (SELECT qty, 100 / (k - 58) AS z FROM line) x WHERE x.qty = i.grp AND x.z <> 0)');
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k < (SELECT sum(x.qty) FROM line x WHERE x.k > 58 AND 100 / (x.k - 58) = i.grp)');
SELECT * FROM check_reduced('SELECT i.k FROM item i WHERE i.k < (SELECT sum(x.qty) FROM line x WHERE x.qty = i.grp AND x.price >= (SELECT avg(y.price) FROM line y WHERE y.qty = x.qty AND 100 / (y.k - 58) <> 0))');
-- whatever is volatile in the outer rows happens once for each
CREATE SEQUENCE steps;
SELECT * FROM (SELECT p.n, nextval('steps') AS step FROM pick p OFFSET 0) r WHERE r.n < 4 AND r.step < (SELECT sum(d.qty) FROM deal d WHERE d.k = r.n) ORDER BY 1;
SELECT last_value FROM steps;
DROP SEQUENCE steps;
-- row locks, whole rows, system columns, CTEs of the level: only decorrelated, or not
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) FOR UPDATE OF p');
SELECT * FROM check_reduced('SELECT r.n FROM (SELECT * FROM pick FOR UPDATE) r WHERE r.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = r.k)');
SELECT * FROM check_reduced('SELECT p FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)');
SELECT * FROM check_reduced('SELECT p.tableoid::regclass, p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)');
SELECT * FROM check_reduced('WITH few AS MATERIALIZED (SELECT * FROM pick WHERE n < 12) SELECT p.n FROM few p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)');
SELECT * FROM check_reduced('WITH few AS MATERIALIZED (SELECT * FROM pick WHERE n < 12) SELECT n FROM (SELECT p.n FROM few p, few q WHERE q.n = p.n AND p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) OFFSET 0) r');
SELECT * FROM check_reduced('WITH RECURSIVE t AS (SELECT n, k, qty FROM pick WHERE n = 1 UNION ALL SELECT p.n, p.k, p.qty FROM t, pick p WHERE p.n = t.n + 1 AND p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)) SELECT * FROM t');
-- a write from such rows, parameters, a cursor, and off
BEGIN;
INSERT INTO deal SELECT 50000 + p.n, p.k, 1, 1, 'new' FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k);
SELECT count(*) FROM deal WHERE tag = 'new';
ROLLBACK;
PREPARE below(int) AS SELECT count(*) FROM pick p WHERE p.n < $1 AND p.qty < (SELECT sum(d.qty) / $1 FROM deal d WHERE d.k = p.k);
DO $$
DECLARE
    here int;
    there int;
BEGIN
    FOR i IN 1 .. 7 LOOP
        EXECUTE 'EXECUTE below(' || i * 3 || ')' INTO here;
        EXECUTE 'SELECT count(*) FROM pick p WHERE p.n < $1 AND p.qty < (SELECT sum(d.qty) / $1 FROM path_plain.deal d WHERE d.k = p.k)' INTO there USING i * 3;
        RAISE NOTICE '% %', here, there;
    END LOOP;
END $$;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k) ORDER BY 1;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
COMMIT;
SET shardlite.enable_semijoin_reduction = off;
SELECT * FROM check_reduced('SELECT p.n FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k)');
RESET shardlite.enable_semijoin_reduction;
-- row security and a view with a barrier: leaky filters see no hidden rows
CREATE ROLE path_eve;
GRANT USAGE ON SCHEMA path TO path_eve;
GRANT SELECT ON deal, pick TO path_eve;
ALTER TABLE pick ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON pick USING (n > 3);
ALTER TABLE deal ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON deal USING (qty < 60);
CREATE FUNCTION leak(n int) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', n; RETURN true; END $$;
CREATE VIEW shown WITH (security_barrier) AS SELECT * FROM pick WHERE n > 17;
GRANT SELECT ON shown TO path_eve;
SET ROLE path_eve;
SELECT count(*) FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k);
SELECT p.n FROM shown p WHERE leak(p.n) AND p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k);
RESET ROLE;
REVOKE SELECT ON deal FROM path_eve;
SET ROLE path_eve;
SELECT count(*) FROM pick p WHERE p.qty < (SELECT sum(d.qty) FROM deal d WHERE d.k = p.k);
RESET ROLE;
DROP VIEW shown;
DROP FUNCTION leak(int);
DROP TABLE pick, deal;
DROP FUNCTION check_reduced(text);
REVOKE ALL ON SCHEMA path FROM path_eve;
DROP ROLE path_eve;
DROP TABLE line;
DROP SCHEMA path_plain CASCADE;
