-- Which statements for one shard cannot return a second row: their result comes in one piece.
CREATE SCHEMA one_row;
SET search_path = one_row;
SET client_min_messages = warning;

CREATE TABLE docs (k int PRIMARY KEY, code text, n int, body text);
CREATE TABLE parts (k int, part int, note text, PRIMARY KEY (k, part));
CREATE TABLE odd (k int NOT NULL, a int, b int, c varchar(10), UNIQUE (k, a) DEFERRABLE);
CREATE UNIQUE INDEX ON odd (k, b) WHERE b > 0;
CREATE UNIQUE INDEX ON odd (k, (a + b));
CREATE UNIQUE INDEX ON odd (k, c);
CREATE TABLE levels (k int, part int, PRIMARY KEY (k, part)) PARTITION BY RANGE (part);
CREATE TABLE levels_1 PARTITION OF levels FOR VALUES FROM (0) TO (10);
CREATE TABLE names (id int PRIMARY KEY, name text);
SELECT create_distributed_table('docs', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table(t, 'k', colocate_with := 'docs') FROM unnest('{parts,odd,levels}'::regclass[]) t;
SELECT create_reference_table('names');
INSERT INTO docs SELECT i, 'code ' || i, i % 3, repeat('x', i) FROM generate_series(1, 9) i;
INSERT INTO parts SELECT i, j, i || '.' || j FROM generate_series(1, 9) i, generate_series(1, 3) j;
INSERT INTO odd SELECT i, j, j, 'c' || j FROM generate_series(1, 9) i, generate_series(1, 3) j;
INSERT INTO levels SELECT i, 1 FROM generate_series(1, 9) i;
INSERT INTO names VALUES (1, 'one');

-- what the planner says, how many rows there are
CREATE FUNCTION one(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
    n bigint;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    EXECUTE query;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN format('tier %s, %s, %s found', plan -> 0 -> 'Plan' ->> 'Tier',
                  CASE plan -> 0 -> 'Plan' ->> 'Plan Rows' WHEN '1' THEN 'one row' ELSE 'rows' END, n);
END $$;

-- a unique index finds it
SELECT one('SELECT * FROM docs WHERE k = 3');
SELECT one('SELECT * FROM docs WHERE k = 3 AND n = 99');
SELECT one('SELECT * FROM parts WHERE k = 3 AND part = 2');
SELECT one('SELECT p.note, d.code FROM parts p JOIN docs d USING (k) WHERE k = 3 AND part = 2');
SELECT one('SELECT p.note, d.code FROM docs d LEFT JOIN parts p ON p.k = d.k AND p.part = 2 WHERE d.k = 3');
SELECT one('SELECT * FROM docs d, parts p WHERE d.k = 3 AND p.k = d.k AND p.part = 1 AND d.n = p.part');
SELECT one('SELECT * FROM odd WHERE k = 3 AND c = ''c1''');
SELECT one('SELECT k, (SELECT count(*) FROM parts p WHERE p.k = d.k) FROM docs d WHERE k = 3 AND k IN (SELECT k FROM parts)');
SELECT one('SELECT * FROM docs WHERE k = 3 FOR UPDATE');

-- it may find more
SELECT one('SELECT * FROM parts WHERE k = 3');
SELECT one('SELECT * FROM parts WHERE k = 3 AND part > 1');
SELECT one('SELECT p.note FROM docs d JOIN parts p USING (k) WHERE k = 3');
SELECT one('SELECT p.note FROM docs d LEFT JOIN parts p ON p.k = d.k AND d.n = 0 WHERE d.k = 3');
SELECT one('SELECT * FROM docs d FULL JOIN parts p ON p.k = d.k AND p.part = 1 WHERE coalesce(d.k, 3) = 3 AND d.k = 3 AND p.k = 3');
SELECT one('SELECT * FROM odd WHERE k = 3 AND a = 1');
SELECT one('SELECT * FROM odd WHERE k = 3 AND b = 1');
SELECT one('SELECT * FROM levels WHERE k = 3 AND part = 1');
SELECT one('SELECT d.k, name FROM docs d, names WHERE k = 3');
SELECT one('SELECT generate_series(1, 3) FROM docs WHERE k = 3');
SELECT one('SELECT k FROM docs WHERE k = 3 UNION ALL SELECT k FROM docs WHERE k = 3');
SELECT one('SELECT * FROM docs, (VALUES (1), (2)) v(x) WHERE k = 3');

-- aggregates
SELECT one('SELECT count(*) FROM parts WHERE k = 3');
SELECT one('SELECT 1 FROM parts WHERE k = 3 HAVING true');
SELECT one('SELECT generate_series(1, 2), count(*) FROM parts WHERE k = 3');
SELECT one('SELECT part, count(*) FROM parts WHERE k = 3 GROUP BY part');
SELECT one('SELECT part, count(*) FROM parts WHERE k = 3 GROUP BY ROLLUP (part)');

-- large values; and the same plan when there is no such index any more
UPDATE docs SET body = repeat('0123456789', 800000) WHERE k = 3;
CREATE FUNCTION get(key int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    doc record;
BEGIN
    FOR doc IN SELECT k, body FROM docs WHERE k = key LOOP
        RETURN NEXT format('%s: %s bytes, %s', doc.k, length(doc.body), md5(doc.body));
    END LOOP;
END $$;
SELECT get(3);
SELECT get(4);
SELECT get(10);
ALTER TABLE docs DROP CONSTRAINT docs_pkey;
INSERT INTO docs (k, body) VALUES (3, 'short'), (4, repeat('9876543210', 800000));
SELECT get(3) ORDER BY 1;
SELECT get(4) ORDER BY 1;
SELECT one('SELECT * FROM docs WHERE k = 3');

-- writes with RETURNING, a cursor, an error
UPDATE parts SET note = 'new' WHERE k = 3 AND part = 2 RETURNING *;
DELETE FROM parts WHERE k = 3 AND part = 2 RETURNING note;
DELETE FROM parts WHERE k = 3 AND part = 2 RETURNING note;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT note FROM parts WHERE k = 4 AND part = 1;
FETCH ALL FROM c;
FETCH BACKWARD ALL FROM c;
FETCH 2 FROM c;
COMMIT;
\set VERBOSITY terse
SELECT 1 / (n - n) FROM docs WHERE k = 5;
SELECT note FROM parts WHERE k = 5 AND part = 1;

DROP SCHEMA one_row CASCADE;
