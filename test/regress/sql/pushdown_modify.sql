-- UPDATE, DELETE and MERGE that every shard carries out by itself.
SET search_path = router;

BEGIN;
SELECT plan_of('UPDATE orders SET amount = amount * 2 WHERE cust = 1');
UPDATE orders SET amount = amount * 2 WHERE cust = 1;
SELECT sum(amount) FROM orders;
SELECT plan_of('UPDATE orders SET note = ''some'' WHERE k IN (1, 2, 3) OR k = 4 RETURNING k');
SELECT k FROM orders WHERE k < 5 AND cust > 0 ORDER BY k FOR UPDATE;
WITH u AS (UPDATE orders SET note = 'some' WHERE k IN (1, 2, 3) OR k = 4 RETURNING k) SELECT * FROM u ORDER BY k;
PREPARE several(int[], int) AS UPDATE orders SET note = 'several' WHERE k = ANY ($1) OR k = $2;
EXECUTE several('{1,2,NULL,77}', 3);
EXECUTE several('{}', NULL);
SELECT plan_of('EXECUTE several(''{1}'', 1)');
SELECT plan_of('UPDATE orders o SET cust = i.line FROM items i WHERE i.k = o.k AND EXISTS (SELECT FROM items j WHERE j.k = o.k AND j.line > i.line)');
UPDATE orders o SET cust = i.line FROM items i WHERE i.k = o.k AND NOT EXISTS (SELECT FROM items j WHERE j.k = o.k AND j.line > i.line);
SELECT sum(cust) FROM orders;
DELETE FROM items USING orders o, ref r WHERE o.k = items.k AND r.id = items.line;
SELECT count(*) FROM items;
SELECT plan_of('DELETE FROM orders WHERE false');
DELETE FROM orders WHERE k = 1 AND NULL;
SELECT tier('DELETE FROM orders');
DELETE FROM orders;
SELECT count(*) FROM orders;
ROLLBACK;

-- MERGE of colocated tables
BEGIN;
DELETE FROM orders WHERE k > 10;
SELECT plan_of('MERGE INTO orders o USING items i ON o.k = i.k AND i.line > 40 WHEN MATCHED THEN UPDATE SET cust = line WHEN NOT MATCHED AND i.line > 40 THEN INSERT (k, cust) VALUES (i.k, i.line)');
MERGE INTO orders o USING items i ON o.k = i.k AND i.line > 40
    WHEN MATCHED THEN UPDATE SET cust = line WHEN NOT MATCHED AND i.line > 40 THEN INSERT (k, cust) VALUES (i.k, i.line);
SELECT count(*), sum(cust) FROM orders;
ROLLBACK;
SELECT plan_of('MERGE INTO orders o USING ref r ON o.k = r.id WHEN MATCHED THEN DELETE');
MERGE INTO orders o USING ref r ON o.k = r.id WHEN NOT MATCHED THEN INSERT (k) VALUES (r.id);
MERGE INTO orders o USING items i ON o.cust = i.k WHEN MATCHED THEN DELETE;

-- not by itself: another key, volatile functions, rows in any order
SELECT tier('UPDATE orders o SET cust = i.line FROM items i WHERE i.k = o.cust');
SELECT tier('UPDATE orders SET k = k + 100');
SELECT tier('UPDATE orders SET amount = random()');
SELECT tier('DELETE FROM orders WHERE cust IN (SELECT id FROM ref ORDER BY name LIMIT 1)');
SELECT tier('DELETE FROM orders WHERE cust IN (SELECT id FROM ref)');
SELECT tier('DELETE FROM orders WHERE k IN (SELECT id FROM plain)');

-- reference tables: all copies, by the same statement where that is safe
BEGIN;
SELECT tier('UPDATE ref SET name = name || ''!'' WHERE id < 3');
UPDATE ref SET name = name || '!' WHERE id < 3 RETURNING *;
SELECT tier('UPDATE ref SET name = random()::text');
SELECT tier('UPDATE ref SET name = p.id::text FROM plain p WHERE p.id = ref.id');
SELECT tier('UPDATE ref SET name = r.name FROM ref r WHERE r.id <> ref.id');
UPDATE ref SET name = r.name FROM ref r WHERE r.id = ref.id + 1;
SELECT tier('DELETE FROM ref USING ref r WHERE r.id = ref.id + 1 AND r.name = ref.name');
DELETE FROM ref WHERE EXISTS (SELECT FROM ref r WHERE r.id = ref.id + 2);
SELECT name FROM orders JOIN ref ON ref.id = k WHERE k IN (4, 5) ORDER BY 1;
SELECT * FROM ref ORDER BY id;
ROLLBACK;
SELECT name FROM ref ORDER BY id;
