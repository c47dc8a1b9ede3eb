-- A SELECT whose tables are all pinned to one shard goes there as a whole.
SET search_path = router;

SELECT plan_of('SELECT * FROM orders WHERE k = 5');
SELECT * FROM orders WHERE k = 5;
SELECT plan_of('SELECT o.note, i."Sku ""x""", r.name FROM orders o JOIN items i USING (k) LEFT JOIN ref r ON r.id = o.cust WHERE i.k = 2 + 3 ORDER BY 2');
SELECT o.note, i."Sku ""x""", r.name FROM orders o JOIN items i USING (k) LEFT JOIN ref r ON r.id = o.cust
    WHERE i.k = 2 + 3 ORDER BY 2;

-- views, aggregates, window functions, set operations, CTEs, sublinks
SELECT order_no, n, last FROM big_orders JOIN totals ON k = order_no WHERE order_no = 6;
SELECT count(*), sum(amount), (SELECT count(*) FROM items i WHERE i.k = o.k) FROM orders o WHERE k = 5 GROUP BY k;
SELECT line, rank() OVER (ORDER BY line DESC) FROM items WHERE k = 7 ORDER BY 2;
SELECT k FROM orders WHERE k = 5 UNION ALL SELECT line FROM items WHERE k = 5 ORDER BY 1;
WITH RECURSIVE t AS (SELECT k, 1 AS n FROM orders WHERE k = 5
                     UNION ALL SELECT t.k, n + 1 FROM t JOIN items ON items.k = 5 AND line = 4 WHERE n < 3)
    SELECT * FROM t ORDER BY n;
SELECT k, EXISTS (SELECT FROM items WHERE items.k = orders.k AND line > 40) FROM orders WHERE k = 5;
SELECT DISTINCT ON (cust) cust, l.line FROM orders o, LATERAL (SELECT line FROM items i WHERE i.k = o.k ORDER BY line LIMIT 2) l
    WHERE o.k = 8 ORDER BY 1, 2;

-- no row: an aggregate has one all the same
SELECT count(*), max(k) FROM orders WHERE k = 1000;
SELECT * FROM orders WHERE k = 1000;

-- whole rows, system columns, null-extended whole rows, column aliases
SELECT o FROM orders o WHERE k = 5;
SELECT o.x, o.ctid IS NOT NULL AS has_ctid, i FROM orders o(x) LEFT JOIN items i ON i.k = o.x AND i.line < 0 WHERE o.x = 5;
SELECT i IS NULL, to_json(o) FROM orders o LEFT JOIN items i ON i.k = o.k AND i.line < 0 WHERE o.k = 5;
SELECT k, orders.xmin IS NOT NULL FROM orders NATURAL JOIN (SELECT 5 AS k) s WHERE orders.k = 5;
SELECT tableoid::regclass, k FROM orders WHERE k = 5;
SELECT tier('SELECT tableoid, k FROM orders WHERE k = 5');

-- locks
SELECT plan_of('SELECT o.k FROM orders o JOIN items i USING (k) WHERE k = 5 FOR UPDATE OF o SKIP LOCKED');
SELECT k FROM orders WHERE k = 5 FOR NO KEY UPDATE;
BEGIN READ ONLY;
SELECT k FROM orders WHERE k = 5 FOR SHARE;
ROLLBACK;

-- samples of one shard
SELECT count(*) FROM items TABLESAMPLE BERNOULLI (100) REPEATABLE (1) WHERE k = 5;
SELECT count(*) FROM ONLY orders WHERE k = 5;

-- cursors, COPY, CREATE TABLE AS
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT line FROM items WHERE k = 5 ORDER BY line;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH ALL FROM c;
COMMIT;
COPY (SELECT k, c FROM orders WHERE k = 5) TO STDOUT;
CREATE TEMP TABLE copy_of AS SELECT k, c, amount FROM orders WHERE k = 5;
SELECT * FROM copy_of;

-- a table without key, and other keys
SELECT plan_of('SELECT sum(v) FROM one JOIN ref USING (id)');
SELECT sum(v) FROM one JOIN ref USING (id);
SELECT * FROM names WHERE name = 'name 3';
SELECT v FROM other WHERE k = 7;
