-- MERGE over many shards: the source is joined here, actions go to the shards.
\set SHOW_CONTEXT never
SET search_path = path;
CREATE TABLE stock (k int PRIMARY KEY, gone int, qty int, label text DEFAULT 'new', twice int GENERATED ALWAYS AS (qty * 2) STORED);
ALTER TABLE stock DROP COLUMN gone;
SELECT create_distributed_table('stock', 'k', shard_count := 4, colocate_with := 'none');
INSERT INTO stock SELECT i, i * 10, 's' || i FROM generate_series(1, 6) i;
CREATE TABLE delivery (k int, n int);
INSERT INTO delivery VALUES (1, 5), (2, -20), (3, 0), (8, 7), (9, NULL), (NULL, 1);

SELECT plan_of('MERGE INTO stock s USING delivery d ON s.k = d.k
    WHEN MATCHED AND s.qty + d.n <= 0 THEN DELETE
    WHEN MATCHED AND d.n > 0 THEN UPDATE SET qty = s.qty + d.n, label = s.label || random()
    WHEN NOT MATCHED AND d.k IS NOT NULL THEN INSERT (k, qty) VALUES (d.k, d.n)');
MERGE INTO stock s USING delivery d ON s.k = d.k
    WHEN MATCHED AND s.qty + d.n <= 0 THEN DELETE
    WHEN MATCHED AND d.n > 0 THEN UPDATE SET qty = s.qty + d.n, label = s.label || '+'
    WHEN MATCHED THEN DO NOTHING
    WHEN NOT MATCHED AND d.k IS NOT NULL THEN INSERT (k, qty) VALUES (d.k, d.n);
SELECT * FROM stock ORDER BY k;
-- the key changes, sublinks see the table as it was, whole rows, DEFAULT
MERGE INTO stock s USING (SELECT * FROM delivery WHERE k < 9) d ON s.k = d.k
    WHEN MATCHED THEN UPDATE SET k = s.k + 100, qty = (SELECT count(*) FROM stock x WHERE x.k < s.k), label = DEFAULT
    WHEN NOT MATCHED THEN INSERT VALUES (d.k * 50, (SELECT max(qty) FROM stock), d::text);
SELECT * FROM stock ORDER BY k;
MERGE INTO stock s USING stock t ON s.k = t.k + 1
    WHEN MATCHED AND s IS NOT NULL THEN UPDATE SET label = row_to_json(s)->>'label' || t.label || s.twice;
SELECT k, label FROM stock ORDER BY k;
-- a source from a query, an outer column, a CTE; counts
DO $$ DECLARE n int; BEGIN
    WITH c AS (SELECT i AS k FROM generate_series(200, 205) i)
    MERGE INTO stock USING c ON stock.k = c.k WHEN NOT MATCHED THEN INSERT (k) VALUES (c.k);
    GET DIAGNOSTICS n = ROW_COUNT; RAISE NOTICE 'merged %', n;
    MERGE INTO stock USING item ON stock.k = item.k + 200 WHEN MATCHED THEN DELETE;
    GET DIAGNOSTICS n = ROW_COUNT; RAISE NOTICE 'merged %', n;
END $$;
-- errors
MERGE INTO stock s USING (VALUES (4), (4)) v(k) ON s.k = v.k WHEN MATCHED THEN UPDATE SET qty = 1;
MERGE INTO stock s USING (VALUES (300), (300)) v(k) ON s.k = v.k WHEN NOT MATCHED THEN INSERT (k) VALUES (v.k);
MERGE INTO stock s USING delivery d ON s.k = d.k WHEN NOT MATCHED THEN INSERT (k) VALUES (d.k);
-- reference tables
SELECT plan_of('MERGE INTO colour c USING item i ON c.id = i.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING');
CREATE TABLE shade (id int PRIMARY KEY, name text);
SELECT create_reference_table('shade');
INSERT INTO shade VALUES (1, 'a'), (2, 'b'), (3, 'c'), (100, 'd');
MERGE INTO shade c USING item i ON c.id = i.k AND i.k < 8
    WHEN MATCHED AND i.k = 1 THEN DELETE
    WHEN MATCHED THEN UPDATE SET name = c.name || i.note
    WHEN NOT MATCHED AND i.k IN (4, 9) THEN INSERT VALUES (i.k, i.note);
SELECT * FROM shade ORDER BY id;
MERGE INTO shade c USING (SELECT 2 AS k FROM item WHERE k < 4) i ON c.id = i.k WHEN MATCHED THEN DELETE;
DROP TABLE shade;
-- a local table is merged by PostgreSQL
MERGE INTO plain p USING item i ON p.id = i.k WHEN MATCHED AND i.k = 1 THEN UPDATE SET k = i.grp WHEN MATCHED THEN DO NOTHING;
SELECT count(*), sum(qty) FROM stock;
DROP TABLE stock, delivery;
-- a subquery of an action, with a reference table that its outer row restricts, reads before the first write
SET search_path = path;
BEGIN;
MERGE INTO item t USING one s ON t.k = s.id
    WHEN MATCHED AND EXISTS (SELECT FROM plain p WHERE p.id < 0 OR EXISTS (
        SELECT FROM orders o LEFT JOIN colour c ON c.id = o.k WHERE p.id::text < c.name)) THEN
    UPDATE SET note = 'restricted';
SELECT count(*) FROM item WHERE note = 'restricted';
ROLLBACK;
