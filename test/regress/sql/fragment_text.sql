-- The text of a statement as a node gets it, under the logical names.
SET search_path = router;
SET client_min_messages = warning;
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."select" (k int PRIMARY KEY, "from" text, "Ünïcode" int);
SELECT create_distributed_table('"My Schema"."select"', 'k', colocate_with := 'orders');
CREATE VIEW safe WITH (security_barrier) AS SELECT k, note FROM orders WHERE cust = 1;
CREATE VIEW renamed AS SELECT k AS a, note AS b FROM orders;
ALTER VIEW renamed RENAME COLUMN a TO z;
CREATE FUNCTION f(query text) RETURNS text LANGUAGE sql AS 'SELECT shardlite_internal.fragment_text(query)';
\pset format unaligned
\pset tuples_only on

-- names
SELECT f('SELECT * FROM "My Schema"."select" s WHERE "from" = ''public.orders''');
SELECT f('UPDATE "My Schema"."select" SET "Ünïcode" = 1 WHERE k = 1');
SELECT f('SELECT z FROM renamed WHERE b > ''''');
SELECT f('SELECT x.p, q FROM orders x(p, q)');
-- nothing that the user wrote looks like one of our marks
SELECT f('SELECT ''shardlite_0_0'', "x", $x$ '' " -- /* $x$, E''\\ \n'' FROM (SELECT k AS x FROM orders) shardlite_0_0');
-- settings of the session do not matter
SET DateStyle = 'German, DMY';
SET IntervalStyle = sql_standard;
SET extra_float_digits = -10;
SET bytea_output = escape;
SET quote_all_identifiers = on;
SELECT f('SELECT ''31.12.2020''::date, ''1 day 2 hours''::interval, 0.1::float8, ''a''::bytea FROM orders');
RESET ALL;
SET search_path = router;
SET client_min_messages = warning;

-- whole rows and system columns
SELECT f('SELECT o, count(o) FROM orders o GROUP BY o.k');
SELECT f('SELECT i FROM orders o LEFT JOIN items i USING (k)');
SELECT f('SELECT ctid, xmin FROM orders WHERE ctid > ''(0,0)''');
SELECT f('SELECT o.ctid FROM orders o JOIN items i USING (k)');
SELECT f('DELETE FROM orders WHERE k = 1 RETURNING orders, ctid');
-- what a CTE reference would lose
SELECT f('SELECT line FROM orders o TABLESAMPLE BERNOULLI (5 + 5) REPEATABLE (3), ONLY items i FOR SHARE OF i NOWAIT');
-- targets of writes, with and without WITH
SELECT f('WITH x AS (SELECT 1 AS k) UPDATE orders SET note = ''n'' FROM x WHERE orders.k = x.k');
SELECT f('WITH x AS MATERIALIZED (DELETE FROM items WHERE k = 1 RETURNING line), y(n) AS (SELECT max(line) FROM x) SELECT * FROM y');
SELECT f('INSERT INTO orders AS o (k, c) VALUES (1, ''red'') ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET c = excluded.c WHERE o.k > 0');
SELECT f('MERGE INTO orders USING items i ON orders.k = i.k WHEN MATCHED AND line = 1 THEN DELETE WHEN NOT MATCHED THEN DO NOTHING');
SELECT f('DELETE FROM big_orders WHERE order_no = 1');
SELECT f('UPDATE orders SET (note, cust) = (SELECT max("Sku ""x"""), 1 FROM items)');
-- barriers stay barriers
SELECT f('SELECT * FROM safe WHERE note LIKE ''x%''');
-- clauses
SELECT f('WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT k + 1 FROM t JOIN orders ON k = n) SEARCH DEPTH FIRST BY n SET s CYCLE n SET c USING p SELECT n FROM t');
SELECT f('SELECT DISTINCT ON (cust) cust, sum(amount) FILTER (WHERE k > 1) OVER w FROM orders WINDOW w AS (PARTITION BY cust ORDER BY k ROWS UNBOUNDED PRECEDING) ORDER BY cust, k LIMIT 3 OFFSET 1');
SELECT f('SELECT cust, count(*) FROM orders GROUP BY ROLLUP (cust) HAVING count(*) > 1 UNION ALL VALUES (1, 2) ORDER BY 1 FETCH FIRST 2 ROWS WITH TIES');
SELECT f('SELECT k FROM orders o, LATERAL generate_series(1, o.cust) WITH ORDINALITY g(a, b), unnest(ARRAY[1, 2], ARRAY[''x'']) u(c, d)');
\pset format aligned
\pset tuples_only off
DROP SCHEMA "My Schema" CASCADE;
