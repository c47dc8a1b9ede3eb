-- Tables of the path tier's tests, and a function that shows a plan without
-- what depends on the number of nodes.
CREATE SCHEMA path;
SET search_path = path;

CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    skip int := -1;
    indent int;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        indent := length(line) - length(ltrim(line));
        CONTINUE WHEN skip >= 0 AND indent > skip;
        skip := -1;
        IF line ~ '^ *Plan On One Node:' THEN
            skip := indent;
        ELSIF line !~ '^ *(Fragments|Strategy|Not Pushed):' THEN
            RETURN NEXT line;
        END IF;
    END LOOP;
END $$;

-- how often scans of distributed tables stand in a plan, how many relations they
-- get sent, and whether plain copies in schema path_plain give the same rows
CREATE FUNCTION check_join(query text, OUT scans int, OUT sent int, OUT same boolean, OUT total int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
    rows text := 'SELECT coalesce(string_agg(r::text, chr(10) ORDER BY r::text), ''none''), count(*) FROM (' || query || ') r';
    here text;
    there text;
BEGIN
    scans := 0;
    sent := 0;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        scans := scans + (line ~ 'ShardliteScan')::int;
        sent := sent + (length(line) - length(replace(line, 'get_rows($', ''))) / length('get_rows($');
    END LOOP;
    EXECUTE rows INTO here, total;
    SET LOCAL search_path = path_plain, path;
    EXECUTE rows INTO there;
    SET LOCAL search_path = path;
    same := here = there;
END $$;

CREATE TABLE item (k int PRIMARY KEY, grp int, note text, price numeric(8, 2));
CREATE TABLE orders (id int, gone int, "Cust No" int, day date, k int, PRIMARY KEY ("Cust No", id));
ALTER TABLE orders DROP COLUMN gone;
CREATE TABLE one (id int PRIMARY KEY, label text);
CREATE TABLE colour (id int PRIMARY KEY, name text);
CREATE TABLE plain (id int PRIMARY KEY, k int);
CREATE TABLE part (k int, day date, v text, PRIMARY KEY (k, day)) PARTITION BY RANGE (day);
CREATE TABLE part_a PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2020-07-01');
CREATE TABLE part_b PARTITION OF part FOR VALUES FROM ('2020-07-01') TO ('2021-01-01');

SELECT create_distributed_table('item', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('orders', 'Cust No', colocate_with := 'item');
SELECT create_distributed_table('one', NULL);
SELECT create_distributed_table('part', 'k', colocate_with := 'item');
SELECT create_reference_table('colour');

INSERT INTO item SELECT i, i % 5, 'note ' || i, i * 1.5 FROM generate_series(1, 40) i;
INSERT INTO orders SELECT i, i % 20, date '2020-01-01' + i, i % 45 FROM generate_series(1, 60) i;
INSERT INTO one SELECT i, 'one ' || i FROM generate_series(1, 5) i;
INSERT INTO colour VALUES (0, 'red'), (1, 'green'), (2, 'blue'), (3, NULL);
INSERT INTO plain SELECT i, i * 2 FROM generate_series(1, 10) i;
INSERT INTO part SELECT i, date '2020-01-01' + i * 9, 'v' || i FROM generate_series(1, 40) i;
SELECT (SELECT count(*) FROM item) AS item, (SELECT count(*) FROM orders) AS orders,
       (SELECT count(*) FROM one) AS one, (SELECT count(*) FROM part) AS part;
