-- Reference tables in writes that are computed here.
\set SHOW_CONTEXT never
SET search_path = path;
SELECT plan_of('UPDATE colour SET name = i.note FROM item i WHERE i.k = colour.id');
WITH u AS (UPDATE colour SET name = i.note FROM item i WHERE i.k = colour.id RETURNING colour.*) SELECT * FROM u ORDER BY id;
UPDATE colour SET id = id + (random() < 2)::int * 10 WHERE name IS NULL RETURNING id;
INSERT INTO colour SELECT k, note FROM item WHERE k IN (2, 21) ORDER BY k ON CONFLICT (id) DO UPDATE SET name = excluded.name || '?' RETURNING *;
DELETE FROM colour WHERE id > 5 + random() RETURNING id;
SELECT * FROM colour ORDER BY id;
-- a reference table without key: rows could not be found on the other nodes
CREATE TABLE keyless (v text);
SELECT create_reference_table('keyless');
INSERT INTO keyless SELECT 'x' FROM item WHERE k < 3;
UPDATE keyless SET v = random()::text;
SELECT count(*) FROM keyless;
-- local tables changed from distributed ones
UPDATE plain SET k = i.k FROM item i WHERE i.grp = plain.id AND i.k > 30 AND i.grp = 3;
DELETE FROM plain USING item i WHERE i.k = plain.id AND i.grp = 4 RETURNING plain.id;
WITH i AS (INSERT INTO plain SELECT k + 100, k FROM item WHERE k < 3 RETURNING *) SELECT * FROM i ORDER BY id;
DROP TABLE keyless;
