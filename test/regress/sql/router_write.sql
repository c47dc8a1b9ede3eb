-- Writes that concern one shard, with everything that SQL has for them.
SET search_path = router;
BEGIN;
SELECT plan_of('UPDATE orders SET note = upper(note), amount = amount + 1 WHERE k = 5 RETURNING *');
UPDATE orders SET note = upper(note), amount = amount + 1 WHERE k = 5 RETURNING *, orders, ctid IS NULL AS no_ctid;
UPDATE orders o SET (note, cust) = (SELECT max("Sku ""x"""), count(*) FROM items i WHERE i.k = o.k) WHERE k = 6 RETURNING k, note, cust;
UPDATE orders o SET note = i."Sku ""x""" || r.name FROM items i, ref r WHERE i.k = o.k AND r.id = o.cust AND o.k = 7 AND line = 6
    RETURNING o.k, o.note;
DELETE FROM orders USING items i WHERE i.k = orders.k AND orders.k = 8 RETURNING orders.k, line;
DELETE FROM big_orders WHERE order_no = 9 RETURNING *;
UPDATE big_orders SET cust = 77 WHERE order_no = 10 RETURNING *;
SELECT count(*) FROM orders;
ROLLBACK;

-- the key: set to what it is, or changed
BEGIN;
SELECT tier('UPDATE orders SET k = k, note = ''same'' WHERE k = 5');
SELECT tier('UPDATE orders SET k = 5 WHERE k = 5');
SELECT tier('UPDATE orders SET k = 55 WHERE k = 5');
UPDATE orders SET k = 55 WHERE k = 5;
SELECT k, note FROM orders WHERE k IN (5, 55);
ROLLBACK;

-- modifying CTEs, all on one shard
BEGIN;
SELECT plan_of('WITH gone AS (DELETE FROM items WHERE k = 5 RETURNING *) UPDATE orders o SET cust = g.line FROM gone g WHERE o.k = g.k AND g.line = 4 RETURNING o.k, o.cust');
WITH gone AS (DELETE FROM items WHERE k = 5 RETURNING *)
    UPDATE orders o SET cust = g.line FROM gone g WHERE o.k = g.k AND g.line = 4 RETURNING o.k, o.cust;
WITH up AS (UPDATE orders SET amount = 0 WHERE k = 6 RETURNING *) SELECT up.k, up.amount, line FROM up JOIN items USING (k) ORDER BY line;
WITH ins AS (INSERT INTO items VALUES (6, 100, 'new') RETURNING *) SELECT o.k, ins.line FROM orders o, ins WHERE o.k = 6 AND ins.k = o.k;
SELECT count(*) FROM items WHERE k IN (5, 6);
ROLLBACK;

-- a write that starts after the first row was read leaves that row alone
WITH w AS (UPDATE orders SET cust = 0 WHERE k < 0 RETURNING k)
    SELECT count(*), count(DISTINCT o.k) FROM orders o LEFT JOIN w ON w.k = o.k;

-- INSERT ... SELECT within a shard
BEGIN;
SELECT plan_of('INSERT INTO items SELECT k, 500, note FROM orders WHERE k = 5 ON CONFLICT (k, line) DO UPDATE SET "Sku ""x""" = ''again'' RETURNING *');
INSERT INTO items SELECT k, 500, note FROM orders WHERE k = 5 RETURNING *;
INSERT INTO items SELECT k, 500, note FROM orders WHERE k = 5 ON CONFLICT ON CONSTRAINT items_pkey
    DO UPDATE SET "Sku ""x""" = items."Sku ""x""" || ' again' RETURNING *;
INSERT INTO items SELECT k, 500, note FROM orders WHERE k = 5 ON CONFLICT DO NOTHING;
ROLLBACK;

-- MERGE
BEGIN;
SELECT plan_of('MERGE INTO orders o USING (VALUES (5, 1), (5, 2)) s(k, n) ON o.k = 5 AND s.n = 1 WHEN MATCHED THEN UPDATE SET cust = s.n');
SELECT plan_of('MERGE INTO orders o USING (SELECT 50 AS k, ''new'' AS note) s ON o.k = s.k WHEN MATCHED THEN UPDATE SET note = s.note WHEN NOT MATCHED THEN INSERT (k, note) VALUES (s.k, s.note)');
MERGE INTO orders o USING (SELECT 50 AS k, 'new' AS note) s ON o.k = s.k
    WHEN MATCHED THEN UPDATE SET note = s.note || '!' WHEN NOT MATCHED THEN INSERT (k, note) VALUES (s.k, s.note);
MERGE INTO orders o USING (SELECT 50 AS k, 'new' AS note) s ON o.k = s.k
    WHEN MATCHED THEN UPDATE SET note = s.note || '!' WHEN NOT MATCHED THEN INSERT (k, note) VALUES (s.k, s.note);
SELECT k, note FROM orders WHERE k = 50;
MERGE INTO orders o USING items i ON o.k = i.k AND i.k = 50 WHEN MATCHED THEN DELETE;
ROLLBACK;

-- errors are the server's own
\set SHOW_CONTEXT never
UPDATE orders SET amount = 1e7 WHERE k = 5;
UPDATE orders SET k = k, c = 'blue' WHERE k = 5;
UPDATE items SET line = 24 WHERE k = 5 AND line = 4;
INSERT INTO items SELECT k, 4, NULL FROM orders WHERE k = 5;
BEGIN READ ONLY;
UPDATE orders SET cust = 1 WHERE k = 5;
ROLLBACK;

-- savepoints and one's own writes
BEGIN;
UPDATE orders SET cust = 50 WHERE k = 5;
SAVEPOINT s;
UPDATE orders SET cust = 51 WHERE k = 5;
SELECT cust FROM orders WHERE k = 5;
ROLLBACK TO s;
SELECT cust FROM orders WHERE k = 5;
ROLLBACK;
SELECT cust FROM orders WHERE k = 5;
