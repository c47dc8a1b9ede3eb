-- What a node expects of the rows of all its shards, put together by UNION ALL.
CREATE SCHEMA union_stats;
SET search_path = union_stats;
CREATE TABLE e (k int, few int, many int, id int, half int, words text);
SELECT create_distributed_table('e', 'k', colocate_with := 'none', shard_count := 8);
INSERT INTO e
SELECT i, i % 7, hashint4(i) % 10000, i, CASE WHEN i % 2 = 0 THEN i % 1000 END, 'w' || i % 50
FROM generate_series(1, 40000) i;
ANALYZE e;

-- Columns of all shards, with another name, as a fragment of a node has them.
SELECT string_agg(format('(SELECT few AS c1, many AS c2, id AS c3, half AS c4, words AS c5, few + 1 AS c6 FROM %s)',
                         shard_table), ' UNION ALL ') AS shards
FROM shardlite_shards WHERE table_name = 'e'::regclass \gset

CREATE FUNCTION rows_expected(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan->0->'Plan'->>'Plan Rows';
END $$;

-- is the estimate near what there is?
CREATE FUNCTION near(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    found float8;
BEGIN
    EXECUTE 'SELECT count(*) FROM (' || query || ') q' INTO found;
    RETURN rows_expected(query) BETWEEN found / 1.5 AND found * 1.5;
END $$;

SELECT near($$SELECT c1, count(*) FROM ($$ || :'shards' || $$) s GROUP BY c1$$) AS few;
SELECT near($$SELECT c2, count(*) FROM ($$ || :'shards' || $$) s GROUP BY c2$$) AS many;
SELECT near($$SELECT c3, count(*) FROM ($$ || :'shards' || $$) s GROUP BY c3$$) AS all_different;
SELECT near($$SELECT c4, count(*) FROM ($$ || :'shards' || $$) s GROUP BY c4$$) AS half_null;
SELECT near($$SELECT DISTINCT c5 FROM ($$ || :'shards' || $$) s$$) AS text;
SELECT near($$SELECT c6, count(*) FROM ($$ || :'shards' || $$) s GROUP BY c6$$) AS expression;
SELECT near($$SELECT c1, c5, count(*) FROM ($$ || :'shards' || $$) s GROUP BY c1, c5$$) AS two;
-- a filter within the parts
SELECT near($$SELECT c2, count(*) FROM ($$ || :'shards' || $$) s WHERE c5 = 'w7' GROUP BY c2$$) AS filtered;

-- whole rows, and no column at all
SELECT s IS NOT NULL AS row, count(*) FROM (SELECT few FROM e UNION ALL SELECT many FROM e) s GROUP BY 1;
SELECT count(*) FROM (SELECT FROM e UNION ALL SELECT FROM e) s;

-- nobody else's UNION ALL is looked at: PostgreSQL's guess
CREATE TABLE plain AS SELECT i AS v FROM generate_series(1, 10000) i;
ANALYZE plain;
SELECT rows_expected($$SELECT v, count(*) FROM (SELECT v FROM plain UNION ALL SELECT v FROM plain) s GROUP BY v$$);

SET client_min_messages = warning;
DROP SCHEMA union_stats CASCADE;
