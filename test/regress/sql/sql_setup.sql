-- Tables of the tests sql_*, distributed in schema sql_here and plain in
-- schema sql_plain, and what compares the answers that both give.
CREATE SCHEMA sql_test;
CREATE SCHEMA sql_here;
CREATE SCHEMA sql_plain;
SET search_path = sql_test;
SET client_min_messages = warning;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);

-- runs a statement in both schemas
CREATE FUNCTION in_both(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL search_path = sql_here, sql_test;
    EXECUTE statement;
    SET LOCAL search_path = sql_plain, sql_test;
    EXECUTE statement;
    SET LOCAL search_path = sql_here, sql_test;
END $$;

-- the number of rows and the rows of a query in one schema, or its error
CREATE FUNCTION answer(schema text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    PERFORM set_config('search_path', schema || ', sql_test', true);
    EXECUTE format('SELECT count(*) || '' rows'' || chr(10) || coalesce(string_agg(x::text, chr(10) ORDER BY x::text), '''') '
        'FROM (%s) x', query) INTO found;
    RETURN found;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Does the distributed side answer like the plain one: as planned, without
-- joins on this server, without any strategy of the planner?
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plain text := answer('sql_plain', query);
    here text;
    way text;
BEGIN
    FOREACH way IN ARRAY ARRAY['nothing', 'enable\_%join|enable\_nestloop', 'shardlite.enable\_%'] LOOP
        PERFORM set_config(name, 'off', true) FROM pg_settings WHERE name LIKE ANY (string_to_array(way, '|'));
        here := answer('sql_here', query);
        PERFORM set_config(name, 'on', true) FROM pg_settings WHERE name LIKE ANY (string_to_array(way, '|'));
        IF here <> plain THEN
            RETURN format(E'without %s: %s\ninstead of %s', way, here, plain);
        END IF;
    END LOOP;
    RETURN split_part(plain, chr(10), 1);
END $$;

-- the nodes of a plan, from the top
CREATE FUNCTION nodes(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    skip int := -1;
    indent int;
    found text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        indent := length(line) - length(ltrim(line));
        CONTINUE WHEN skip >= 0 AND indent > skip;
        skip := CASE WHEN line ~ '^ *Plan On One Node:' THEN indent ELSE -1 END;
        IF line ~ '->|^\S' THEN
            found := found || replace(regexp_replace(line, '^ *(->  )?', ''), 'Custom Scan (ShardliteScan)', 'ShardliteScan');
        END IF;
    END LOOP;
    RETURN array_to_string(found, ' > ');
END $$;

SELECT in_both($$
CREATE TABLE item (k int PRIMARY KEY, grp int, note text, price numeric(8, 2), tags int[], doc jsonb, feel mood, two pair);
CREATE TABLE line (k int, n int, qty int, day date, PRIMARY KEY (k, n));
CREATE TABLE other (id int PRIMARY KEY, k int, v text);
CREATE TABLE colour (id int PRIMARY KEY, name text);
CREATE TABLE local_t (id int PRIMARY KEY, k int);
CREATE TABLE part (k int, day date, v text, PRIMARY KEY (k, day, v)) PARTITION BY RANGE (day);
CREATE TABLE part_early PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2020-07-01');
CREATE TABLE part_late PARTITION OF part FOR VALUES FROM ('2020-07-01') TO ('2021-01-01') PARTITION BY LIST (v);
CREATE TABLE part_late_odd PARTITION OF part_late FOR VALUES IN ('odd');
CREATE TABLE part_late_rest PARTITION OF part_late DEFAULT
$$);
SET search_path = sql_here, sql_test;
SELECT create_distributed_table('item', 'k', shard_count := 3, colocate_with := 'none');
SELECT create_distributed_table('line', 'k', colocate_with := 'item');
SELECT create_distributed_table('other', 'id', shard_count := 3, colocate_with := 'none');
SELECT create_distributed_table('part', 'k', colocate_with := 'item');
SELECT create_reference_table('colour');
SELECT in_both($$
INSERT INTO item SELECT i, nullif(i % 5, 4), 'note ' || i % 7, i * 1.5, ARRAY[i, i % 3], jsonb_build_object('a', i, 'b', ARRAY[i, i + 1]),
    (ARRAY['sad', 'ok', 'happy', NULL])[i % 4 + 1]::mood, CASE WHEN i % 6 > 0 THEN ROW(i, nullif('b' || i % 3, 'b0'))::pair END
    FROM generate_series(1, 30) i;
INSERT INTO line SELECT i % 24 + 4, i, nullif(i % 6, 5), date '2020-01-01' + i FROM generate_series(1, 60) i;
INSERT INTO other SELECT i, nullif(i % 12, 7), 'v' || i % 4 FROM generate_series(1, 30) i;
INSERT INTO colour VALUES (0, 'red'), (1, 'green'), (2, 'blue'), (3, NULL);
INSERT INTO local_t SELECT i, nullif(i * 2, 8) FROM generate_series(1, 12) i;
INSERT INTO part SELECT i, date '2020-01-05' + i * 9, CASE WHEN i % 2 = 1 THEN 'odd' ELSE 'even' END FROM generate_series(1, 35) i
$$);
-- the comparison does find a difference
SELECT same('SELECT count(*) FROM item');
BEGIN;
UPDATE item SET grp = 77 WHERE k = 3;
SELECT same('SELECT k, grp FROM item WHERE k BETWEEN 2 AND 3');
ROLLBACK;
SELECT same('SELECT 1 / grp FROM item');
SELECT nodes('SELECT count(*) FROM item JOIN line USING (k)');
