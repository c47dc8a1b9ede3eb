-- Writes whose rows are computed here and then sent to the shards.
\set SHOW_CONTEXT never
SET search_path = path;

-- INSERT: expressions, DEFAULTs, generated and identity columns, dropped ones
CREATE TABLE w (a int, gone text, "Key" text, twice int GENERATED ALWAYS AS (a * 2) STORED,
                ident int GENERATED ALWAYS AS IDENTITY, d text DEFAULT 'dflt', PRIMARY KEY ("Key"));
ALTER TABLE w DROP COLUMN gone;
SELECT create_distributed_table('w', 'Key', shard_count := 3);
SELECT plan_of('INSERT INTO w (a, "Key") VALUES (1, ''x''), (2, ''y'')');
INSERT INTO w (a, "Key") VALUES (1, 'a'), (2, 'b'), (3, DEFAULT);
INSERT INTO w (a, "Key") VALUES (1, 'a'), (2, 'b') RETURNING a + twice AS sum, w, d || '!' AS d, tableoid::regclass;
INSERT INTO w (a, "Key", d) SELECT k, 'k' || k, note FROM item WHERE k < 4 ORDER BY k RETURNING "Key", (SELECT count(*) FROM w) AS before;
INSERT INTO w (ident, "Key") VALUES (7, 'no');
INSERT INTO w (ident, "Key") OVERRIDING SYSTEM VALUE VALUES (70, 'yes') RETURNING ident;
INSERT INTO w DEFAULT VALUES;
-- ON CONFLICT
SELECT plan_of('INSERT INTO w AS t VALUES (9, ''a'') ON CONFLICT ("Key") DO UPDATE SET d = excluded.a || t.d || now() WHERE t.a < 5');
INSERT INTO w AS t VALUES (9, 'a'), (9, 'new') ON CONFLICT ("Key") DO UPDATE SET a = excluded.a + t.a, "Key" = excluded."Key",
    d = (SELECT name FROM colour WHERE id = 1) WHERE t.a < 5 RETURNING a, "Key", d;
INSERT INTO w VALUES (9, 'a'), (9, 'new2') ON CONFLICT DO NOTHING RETURNING "Key";
INSERT INTO w VALUES (9, 'a') ON CONFLICT ON CONSTRAINT w_pkey DO UPDATE SET a = 0 RETURNING a;
INSERT INTO w VALUES (1, 'dup'), (2, 'dup') ON CONFLICT ("Key") DO UPDATE SET a = excluded.a;
INSERT INTO w VALUES (9, 'a') ON CONFLICT ("Key") DO UPDATE SET "Key" = 'z';
INSERT INTO w AS t VALUES (9, 'a') ON CONFLICT ("Key") DO UPDATE SET a = (SELECT count(*) FROM item WHERE k < t.a);
-- UPDATE: expressions that only this server may evaluate, joins, RETURNING of both sides
SELECT plan_of('UPDATE item SET note = note || random() WHERE grp = 1');
UPDATE item SET note = 'rnd' || (random() > 2) WHERE grp = 1;
SELECT count(*) FROM item WHERE note = 'rndfalse';
SELECT plan_of('UPDATE item SET price = p.id FROM plain p WHERE p.k = item.k RETURNING item.k, price, p.id');
WITH u AS (UPDATE item SET price = p.id FROM plain p WHERE p.k = item.k RETURNING item.k, price, p.id)
    SELECT * FROM u ORDER BY k;
-- a row that several rows join to changes once
UPDATE item SET grp = grp + 100 FROM generate_series(1, 3) WHERE k = 8 OR random() > 2 RETURNING k, grp;
-- the key changes: the row moves
SELECT plan_of('UPDATE item SET k = k + 1000 WHERE grp = 2');
UPDATE item SET k = k + 1000, note = upper(note) WHERE grp = 2;
SELECT k, note FROM item WHERE k > 1000 ORDER BY k;
WITH u AS (UPDATE item SET k = k - 1000 WHERE k > 1000 RETURNING k) SELECT * FROM u ORDER BY k;
UPDATE item SET k = 3 WHERE note = 'NOTE 7' OR random() > 2;
UPDATE item SET k = NULL WHERE note = 'NOTE 7' OR random() > 2;
WITH u AS (UPDATE w SET "Key" = "Key" || '2' WHERE a = 2 RETURNING *) SELECT * FROM u ORDER BY "Key";
-- DELETE
SELECT plan_of('DELETE FROM item USING one WHERE one.id = item.grp + 1 AND one.id > 4 RETURNING item, label');
WITH d AS (DELETE FROM item USING one WHERE one.id = item.grp + 1 AND one.id > 4 RETURNING item.*, label)
    SELECT k, grp, label FROM d ORDER BY k;
DELETE FROM orders WHERE ctid IN (SELECT ctid FROM orders ORDER BY id LIMIT 3);
SELECT min(id), count(*) FROM orders;
DELETE FROM one WHERE id = (SELECT max(id) FROM one) RETURNING *;
-- partitioned tables: the leaf is part of a row's identity
UPDATE part SET v = v || '!' WHERE random() < 2 AND k < 4;
UPDATE part SET day = day + 200 FROM plain p WHERE p.id = part.k AND p.id = 1 RETURNING part.*;
WITH d AS (DELETE FROM part USING plain p WHERE p.id = part.k AND p.id < 3 RETURNING part.k, part.v) SELECT * FROM d ORDER BY k;
SELECT k, v FROM part WHERE k < 6 ORDER BY k;
SELECT count(*) FROM part_a;
-- views with a check option
CREATE VIEW dear AS SELECT * FROM item WHERE price > 10 WITH CHECK OPTION;
CREATE VIEW dearer AS SELECT * FROM dear WHERE grp < (SELECT count(*) FROM one) WITH LOCAL CHECK OPTION;
UPDATE dear SET price = random() * 0 WHERE k = 15 OR random() > 2;
UPDATE dear SET price = price + (random() > 2)::int WHERE k < 20;
INSERT INTO dear VALUES (60, 1, 'cheap', 5);
INSERT INTO dearer VALUES (61, 1, 'ok', 50), (62, 9, 'grp', 50);
INSERT INTO dearer VALUES (61, 1, 'ok', 50) RETURNING k;
UPDATE dearer SET price = 1 WHERE k = 61;
INSERT INTO dearer VALUES (61, 1, 'ok', 50) ON CONFLICT (k) DO UPDATE SET grp = 77;
SELECT count(*) FROM dear;
