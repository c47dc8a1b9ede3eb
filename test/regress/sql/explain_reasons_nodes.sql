-- Reasons and strategies that there are only where other nodes are.
CREATE SCHEMA reasons_nodes;
SET search_path = reasons_nodes;
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION reasons(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line ~ 'Not Pushed: ' THEN
            RETURN NEXT ltrim(line);
        END IF;
    END LOOP;
END $$;
CREATE TABLE t (k int PRIMARY KEY, v text);
SELECT create_distributed_table('t', 'k', shard_count := 4);
CREATE FUNCTION same(a text, b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a = b; END';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE TYPE unit AS (n int);
CREATE FUNCTION to_unit(n int) RETURNS unit LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN ROW(n); END';
CREATE CAST (int AS unit) WITH FUNCTION to_unit(int);
SELECT reasons('SELECT k FROM t WHERE same(v, ''a'')');
SELECT reasons('SELECT k FROM t WHERE v === ''a''');
SELECT reasons('SELECT k FROM t WHERE (k::unit) IS NULL');
SELECT reasons('SELECT k FROM t WHERE v::regrole IS NOT NULL');
SELECT reasons('SELECT count(*) FROM t WHERE v === ''a''');
-- rows go from node to node
CREATE TABLE other (id int PRIMARY KEY, k int);
SELECT create_distributed_table('other', 'id', shard_count := 4, colocate_with := 'none');
INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i;
INSERT INTO other SELECT i, i FROM generate_series(1, 5000) i;
ANALYZE t, other;
DO $$
DECLARE
    line text;
BEGIN
    SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off;
    SET LOCAL enable_nestloop = off;
    FOR line IN EXPLAIN (COSTS OFF) SELECT count(*) FROM t JOIN other o ON o.k = t.k LOOP
        IF line ~ 'Strategy:' THEN
            RAISE INFO '%', ltrim(line);
        END IF;
    END LOOP;
END $$;
DROP SCHEMA reasons_nodes CASCADE;
