-- Rows computed here are sent to the shards that they are joined with.
SET search_path = path;
CREATE TABLE line (k int, n int, qty int, PRIMARY KEY (k, n));
SELECT create_distributed_table('line', 'k', colocate_with := 'item');
INSERT INTO line SELECT i % 300, i, nullif(i % 60, 5) FROM generate_series(1, 9000) i;
CREATE TABLE tag (id int, name text, day date, amount numeric(8, 2), c colour);
INSERT INTO tag SELECT i, 'tag ' || i, date '2020-01-01' + i, i * 1.5, ROW(i, 'x')::colour FROM generate_series(1, 9) i;
INSERT INTO tag VALUES (NULL, NULL, NULL, NULL, NULL);
ANALYZE line, tag;
CREATE SCHEMA path_plain;
CREATE TABLE path_plain.item AS SELECT * FROM item;
CREATE TABLE path_plain.line AS SELECT * FROM line;
CREATE TABLE path_plain.colour AS SELECT * FROM colour;

-- to every shard
SELECT plan_of('SELECT l.n, t.name FROM tag t JOIN line l ON l.qty = t.id WHERE t.id < 4');
SELECT * FROM check_join('SELECT l.n, t.name, t.day, t.amount FROM tag t JOIN line l ON l.qty = t.id WHERE t.id < 4');
SELECT same, total FROM check_join('SELECT l.n, t.id FROM line l LEFT JOIN tag t ON l.qty = t.id AND t.id > 3 WHERE l.n < 400');
SELECT * FROM check_join('SELECT count(*) FROM line l WHERE EXISTS (SELECT FROM tag t WHERE t.id = l.qty)');
SELECT * FROM check_join('SELECT count(*) FROM line l WHERE NOT EXISTS (SELECT FROM tag t WHERE t.id = l.qty)');
SELECT * FROM check_join('SELECT count(*) FROM line l JOIN tag t ON l.qty BETWEEN t.id AND t.id + 1');
-- by the key, also where rows of the other side are kept
SELECT plan_of('SELECT l.n, t.name FROM tag t LEFT JOIN line l ON l.k = t.id AND l.n < 5000');
SELECT * FROM check_join('SELECT l.n, t.name FROM tag t LEFT JOIN line l ON l.k = t.id AND l.n < 5000');
SELECT * FROM check_join('SELECT l.n, t.name FROM tag t FULL JOIN line l ON l.k = t.id');
SELECT * FROM check_join('SELECT t.name FROM tag t WHERE NOT EXISTS (SELECT FROM line l WHERE l.k = t.id AND l.qty = 1)');
SELECT * FROM check_join('SELECT t.name FROM tag t WHERE EXISTS (SELECT FROM line l WHERE l.k = t.id AND l.qty = 1)');
SELECT * FROM check_join('SELECT l.n, t.id, i.grp FROM tag t JOIN line l ON l.k = t.id JOIN item i ON i.k = l.k');
-- rows of a distributed table that is not joined on its key; two relations; one with a filter that stays here
SELECT * FROM check_join('SELECT i.k, l.n FROM item i JOIN line l ON l.qty = i.k WHERE i.grp = 1');
SELECT * FROM check_join('SELECT i.k, l.n, t.name FROM item i JOIN line l ON l.qty = i.k JOIN tag t ON t.id = l.k WHERE i.grp = 1');
SELECT * FROM check_join('SELECT l.n, t.id FROM tag t JOIN line l ON l.qty = t.id WHERE t.id + random() * 0 < 4');
-- to a table without a key, which has one shard
SELECT plan_of('SELECT o.label, t.name FROM one o FULL JOIN tag t ON t.id = o.id');
SELECT o.label, t.name FROM one o FULL JOIN tag t ON t.id = o.id ORDER BY 2, 1;
-- VALUES, functions, subqueries, CTEs, parameters of an outer query
SELECT * FROM check_join('SELECT l.n, v.x FROM (VALUES (1, ''a''), (2, ''b'')) v(x, y) JOIN line l ON l.qty = v.x');
SELECT * FROM check_join('SELECT l.n, g FROM generate_series(1, 3) g JOIN line l ON l.qty = g');
SELECT * FROM check_join('WITH top AS MATERIALIZED (SELECT id FROM tag ORDER BY id DESC NULLS LAST LIMIT 3) SELECT l.n FROM top JOIN line l ON l.qty = top.id');
SELECT same, total FROM check_join('SELECT t.id, (SELECT count(*) FROM line l JOIN generate_series(1, t.id) g ON l.k = g) AS n FROM tag t');
-- no column, no row, columns that cannot travel
SELECT * FROM check_join('SELECT l.n FROM line l WHERE EXISTS (SELECT FROM tag OFFSET 1) AND l.n < 9');
SELECT * FROM check_join('SELECT l.n FROM line l JOIN tag t ON l.qty = t.id WHERE t.name = ''none''');
SELECT * FROM check_join('SELECT l.n, t.c FROM line l JOIN tag t ON l.qty = t.id');
SELECT * FROM check_join('SELECT l.n, a FROM line l JOIN (SELECT id, array_agg(name) AS a FROM tag GROUP BY id) t ON l.qty = t.id');
-- grouping and order above
SELECT * FROM check_join('SELECT t.name, sum(l.n), count(DISTINCT l.k) FROM tag t JOIN line l ON l.qty = t.id GROUP BY t.name');
SET enable_hashjoin = off;
SELECT * FROM check_join('SELECT l.k, max(t.name) FROM tag t RIGHT JOIN line l ON l.qty = t.id GROUP BY l.k');
RESET enable_hashjoin;
-- the same on a cursor, in a block, seven times over, with nothing kept on the nodes
PREPARE by_qty(int) AS SELECT count(*), sum(l.n) FROM tag t JOIN line l ON l.qty = t.id WHERE t.id <= $1;
BEGIN;
DECLARE c CURSOR FOR SELECT l.n FROM tag t JOIN line l ON l.k = t.id ORDER BY 1;
FETCH 2 FROM c;
EXECUTE by_qty(2);
SAVEPOINT s;
DELETE FROM line WHERE k = 1;
EXECUTE by_qty(2);
ROLLBACK TO s;
EXECUTE by_qty(2);
FETCH 2 FROM c;
COMMIT;
DO $$ BEGIN FOR i IN 1 .. 7 LOOP PERFORM count(*) FROM tag t JOIN line l ON l.qty = t.id WHERE t.id <= i; END LOOP; END $$;
-- a write reads its source so
UPDATE line SET qty = line.qty + 1 FROM tag t WHERE line.qty = t.id AND random() < 2;
UPDATE path_plain.line SET qty = line.qty + 1 FROM tag t WHERE line.qty = t.id;
SELECT * FROM check_join('SELECT * FROM line');
-- rows that are locked or changed here stay here
SELECT * FROM check_join('SELECT t.id FROM tag t JOIN line l ON l.n = t.id WHERE t.id < 3 FOR UPDATE OF t');
UPDATE tag SET name = 'seen' FROM line l WHERE l.n = tag.id AND tag.id < 3;
SELECT count(*) FROM tag WHERE name = 'seen';
-- also those of a partitioned table, whose columns do not tell
CREATE TABLE slot (id int, name text) PARTITION BY RANGE (id);
CREATE TABLE slot_1 PARTITION OF slot FOR VALUES FROM (0) TO (5);
CREATE TABLE slot_2 PARTITION OF slot DEFAULT;
INSERT INTO slot SELECT i, 'slot ' || i FROM generate_series(1, 9) i;
ANALYZE slot;
UPDATE slot SET name = 'seen' FROM line l WHERE l.n = slot.id AND slot.id IN (3, 7);
DELETE FROM slot USING line l WHERE l.n = slot.id AND slot.id IN (4, 8);
MERGE INTO slot USING (SELECT n FROM line WHERE n IN (2, 6, 11)) l ON l.n = slot.id
	WHEN MATCHED THEN UPDATE SET name = 'met' WHEN NOT MATCHED THEN INSERT VALUES (l.n, 'new');
SELECT tableoid::regclass, * FROM slot ORDER BY id;
DROP TABLE slot;
-- big values, and more rows than memory
SET work_mem = '64kB';
SELECT count(*), sum(length(big.t)) FROM (SELECT g, repeat(chr(64 + g % 26), 100000) AS t FROM generate_series(1, 40) g OFFSET 0) big JOIN line l ON l.n = big.g AND l.qty + length(big.t) > 0;
SELECT count(*), sum(s.v) FROM (SELECT g, g * 2 AS v FROM generate_series(1, 20000) g OFFSET 0) s JOIN line l ON l.k = s.g;
RESET work_mem;
-- an index of the shards finds the partners, whatever else the join compares
CREATE INDEX ON line (n);
SELECT * FROM check_join('SELECT l.k, t.name FROM tag t JOIN line l ON l.n = t.id WHERE t.id = 2 AND l.qty < 9 OR t.id = 4 AND l.qty < 50 AND t.name LIKE ''tag%''');
-- a later join compares with the column that a semi-join hid
SET shardlite.enable_broadcast = off;
SELECT plan_of('SELECT l.n, t.name FROM line l JOIN tag t ON t.id = l.k WHERE EXISTS (SELECT FROM line m WHERE m.k = l.k AND m.n <> l.n)');
SELECT * FROM check_join('SELECT l.n, t.name FROM line l JOIN tag t ON t.id = l.k WHERE EXISTS (SELECT FROM line m WHERE m.k = l.k AND m.n <> l.n)');
RESET shardlite.enable_broadcast;
SELECT * FROM check_join('SELECT l.n, i.grp, u.id FROM line l LEFT JOIN item i ON i.k = l.n JOIN tag t ON t.id = l.k LEFT JOIN tag u ON u.id = l.k + 1 WHERE EXISTS (SELECT FROM line m WHERE m.k = l.k AND m.n > l.n AND EXISTS (SELECT FROM item x WHERE x.k = m.k AND x.grp = 2))');
-- the plan on a node knows how many values the rows have, NULLs and none at all included
SELECT same, total FROM check_join('SELECT l.n, t.id, u.id AS other FROM tag t, tag u, line l WHERE l.n = t.id AND l.qty = u.id AND (t.name = ''tag 3'' AND u.name = ''tag 4'' OR t.name = ''tag 4'' AND u.name = ''tag 5'' OR t.name IS NULL)');
SELECT same, total FROM check_join('SELECT l.n FROM (SELECT NULL::int AS id, g FROM generate_series(1, 3000) g OFFSET 0) t JOIN line l ON l.qty = t.id OR l.n = t.g WHERE l.k < 20');
SET shardlite.enable_broadcast = off;
SELECT * FROM check_join('SELECT l.n, t.name FROM tag t JOIN line l ON l.qty = t.id WHERE t.id < 4');
RESET shardlite.enable_broadcast;
-- only node sessions have stored rows
SELECT * FROM shardlite_internal.get_rows(1) AS t(a int);
DROP TABLE line, tag;
DROP SCHEMA path_plain CASCADE;
