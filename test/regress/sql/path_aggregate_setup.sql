-- Tables of the aggregate tests, each beside a plain copy in schema
-- agg_plain, and a function that runs a query over both.
CREATE SCHEMA agg;
CREATE SCHEMA agg_plain;
SET search_path = agg;

CREATE TABLE customer (k int PRIMARY KEY, name text, city text COLLATE "C");
CREATE TABLE sale (k int, id int, region text, amount numeric, qty bigint, price float8, small smallint,
    paid bool, day date, took interval, tags int[], PRIMARY KEY (k, id));
SELECT create_distributed_table('customer', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('sale', 'k', colocate_with := 'customer');
INSERT INTO customer SELECT i, 'name ' || i, CASE WHEN i % 4 > 0 THEN 'City ' || i % 4 END FROM generate_series(1, 24) i;
INSERT INTO sale SELECT i % 20 + 1, i, CASE WHEN i % 6 > 0 THEN 'r' || i % 6 END, CASE WHEN i % 9 > 0 THEN i / 8.0 END,
    i * 1000000000::bigint, i / 4.0, i * 2 % 100, i % 3 = 0, date '2020-01-01' + i % 50, i * interval '1 minute', ARRAY[i % 3]
    FROM generate_series(1, 300) i;
CREATE TABLE agg_plain.customer AS SELECT * FROM customer;
CREATE TABLE agg_plain.sale AS SELECT * FROM sale;
ALTER TABLE agg_plain.customer ADD PRIMARY KEY (k);
ALTER TABLE agg_plain.sale ADD PRIMARY KEY (k, id);

-- How the distributed tables and the plain ones answer.
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    here text[];
    plain text[];
BEGIN
    PERFORM set_config('search_path', 'agg', true);
    EXECUTE format('SELECT coalesce(array_agg(x::text ORDER BY x::text), ''{}'') FROM (%s) x', query) INTO here;
    PERFORM set_config('search_path', 'agg_plain', true);
    EXECUTE format('SELECT coalesce(array_agg(x::text ORDER BY x::text), ''{}'') FROM (%s) x', query) INTO plain;
    PERFORM set_config('search_path', 'agg', true);
    IF here = plain THEN
        RETURN format('%s rows', cardinality(here));
    END IF;
    RETURN format('%s instead of %s', here, plain);
END $$;
