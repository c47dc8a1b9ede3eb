-- Tables of the router's tests, and a function that shows a plan without what
-- depends on the number of nodes.
CREATE SCHEMA router;
SET search_path = router;
SET client_min_messages = warning;

CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    skip int := -1;
    indent int;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        indent := length(line) - length(ltrim(line));
        CONTINUE WHEN skip >= 0 AND indent > skip;
        skip := -1;
        IF line ~ '^ *Plan On One Node:' THEN
            skip := indent;
        ELSIF line !~ '^ *Fragments:' THEN
            RETURN NEXT line;
        END IF;
    END LOOP;
END $$;

-- Which tier plans it, and on how many shards?
CREATE FUNCTION tier(query text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN (array_agg(l))[1] LIKE 'Custom Scan (ShardliteScan%' AND (array_agg(l))[2] ~ 'Tier: [12]'
                THEN trim(substring(string_agg(l, ',') FROM 'Tier: \d')) || ', ' ||
                     coalesce(trim(substring(string_agg(l, ',') FROM 'Shards: [^,]*')), 'all nodes')
                ELSE 'Tier: 3' END
    FROM plan_of(query) l
$$;

CREATE TYPE color AS ENUM ('red', 'green');
CREATE TABLE orders (k int PRIMARY KEY, gone int, cust int, note text, c color DEFAULT 'red', amount numeric(8, 2));
ALTER TABLE orders DROP COLUMN gone;
CREATE TABLE items (k int, line int, "Sku ""x""" text, PRIMARY KEY (k, line));
CREATE TABLE other (k bigint PRIMARY KEY, v int);
CREATE TABLE names (name varchar(20) PRIMARY KEY, v int);
CREATE TABLE one (id int PRIMARY KEY, v int);
CREATE TABLE ref (id int PRIMARY KEY, name text);
CREATE TABLE plain (id int PRIMARY KEY);
SELECT create_distributed_table('orders', 'k', shard_count := 8, colocate_with := 'none');
SELECT create_distributed_table('items', 'k', colocate_with := 'orders');
SELECT create_distributed_table('other', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('names', 'name', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('one', NULL);
SELECT create_reference_table('ref');
CREATE VIEW big_orders AS SELECT k AS order_no, cust, amount FROM orders WHERE amount > 5;
CREATE VIEW totals AS SELECT k, count(*) AS n, max(line) AS last FROM items GROUP BY k;

INSERT INTO orders (k, cust, note, c, amount)
    SELECT i, i % 4, 'note ' || i, CASE WHEN i % 2 = 0 THEN 'green'::color ELSE 'red' END, i * 1.5
    FROM generate_series(1, 20) i;
INSERT INTO items SELECT i % 20 + 1, i, 'sku ' || i FROM generate_series(1, 60) i;
INSERT INTO other SELECT i, i FROM generate_series(1, 10) i;
INSERT INTO names SELECT 'name ' || i, i FROM generate_series(1, 10) i;
INSERT INTO one SELECT i, i FROM generate_series(1, 5) i;
INSERT INTO ref SELECT i, 'ref ' || i FROM generate_series(0, 5) i;
INSERT INTO plain VALUES (1), (2);
