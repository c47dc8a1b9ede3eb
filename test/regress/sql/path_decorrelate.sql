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
DROP TABLE line;
DROP SCHEMA path_plain CASCADE;
