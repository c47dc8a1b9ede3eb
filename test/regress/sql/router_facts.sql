-- What pins a table to a shard, and what does not.
SET search_path = router;

CREATE FUNCTION ask(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY r::text) FROM (%s) r', query) INTO answer;
    RETURN tier(query) || ': ' || coalesce(answer, 'no rows');
END $$;

-- equality travels through joins, USING, views and subqueries
SELECT ask('SELECT o.k, line FROM orders o, items i WHERE o.k = i.k AND i.k = 3');
SELECT ask('SELECT k, line FROM orders JOIN items USING (k) WHERE k = 3');
SELECT ask('SELECT s.k FROM (SELECT k, cust FROM orders) s JOIN totals t ON t.k = s.k WHERE t.k = 3');
SELECT ask('SELECT n FROM orders o JOIN (SELECT k, count(*) AS n FROM items GROUP BY k) t USING (k) WHERE o.k = 3');
SELECT ask('SELECT k FROM (SELECT k FROM orders UNION ALL SELECT k FROM items) u WHERE k = 3');
SELECT ask('SELECT o.k FROM orders o JOIN (VALUES (3)) v(x) ON o.k = v.x');
SELECT ask('SELECT o.k FROM orders o WHERE k = 3 AND k IN (SELECT k FROM items)');
SELECT ask('SELECT o.k FROM orders o WHERE k = 3 AND k NOT IN (SELECT k FROM items WHERE line > 1000)');
SELECT ask('SELECT o.k FROM orders o WHERE k = 3 AND EXISTS (SELECT FROM items i WHERE i.k = o.k)');
SELECT ask('WITH w AS (SELECT k FROM orders WHERE k = 3) SELECT w.k, line FROM w JOIN items USING (k)');

-- outer joins: ON pins the nullable side only
SELECT ask('SELECT o.k, line FROM orders o LEFT JOIN items i ON i.k = o.k WHERE o.k = 3');
SELECT ask('SELECT o.k, line FROM items i RIGHT JOIN orders o ON i.k = o.k WHERE o.k = 3');
SELECT ask('SELECT count(*) FROM orders o LEFT JOIN items i ON i.k = o.k AND o.k = 3');
SELECT ask('SELECT count(*) FROM orders o LEFT JOIN items i ON o.k = 3 AND i.k = 3');
SELECT ask('SELECT count(*) FROM orders o FULL JOIN items i ON i.k = o.k AND o.k = 3 AND i.k = 3');
SELECT ask('SELECT o.k, line FROM orders o LEFT JOIN items i ON i.k = 3 WHERE o.k = 3');
SELECT ask('SELECT count(*) FROM orders o LEFT JOIN items i ON i.k = o.k WHERE i.k IS NULL AND o.k = 3');

-- not through these
SELECT ask('SELECT s.k FROM (SELECT k FROM orders ORDER BY k LIMIT 3) s WHERE k = 3');
SELECT ask('SELECT m FROM (SELECT max(k) AS m FROM orders) s WHERE m = 3');
SELECT ask('SELECT k, r FROM (SELECT k, rank() OVER (ORDER BY k) AS r FROM orders) s WHERE k = 3');
SELECT ask('SELECT k, r FROM (SELECT k, rank() OVER (PARTITION BY k ORDER BY cust) AS r FROM orders) s WHERE k = 3');
SELECT ask('SELECT k, cust FROM (SELECT DISTINCT ON (cust) k, cust FROM orders ORDER BY cust, k) s WHERE k = 3');
SELECT ask('SELECT k, n FROM (SELECT k, cust, count(*) AS n FROM orders GROUP BY GROUPING SETS ((k), (cust))) s WHERE k = 3');
SELECT ask('WITH w AS MATERIALIZED (SELECT k FROM orders) SELECT w.k FROM w WHERE k = 3');
SELECT ask('SELECT count(*) FROM orders WHERE k = 3 OR cust = 1');
SELECT ask('SELECT count(*) FROM orders WHERE NOT k = 3');
SELECT ask('SELECT o.k FROM orders o WHERE k = 3 AND cust IN (SELECT k FROM items)');
SELECT ask('SELECT l.n FROM ref r, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.k = 3 AND r.id = 3) l, items i WHERE i.k = r.id');

-- constants of one shard, of two
SELECT count(DISTINCT t) FROM (SELECT tier(format('SELECT FROM orders o, items i WHERE o.k = 3 AND i.k = %s', x)) AS t
                               FROM generate_series(1, 20) x) s;
SELECT ask('SELECT o.k, i.k FROM orders o, items i WHERE o.k = 3 AND i.k = 4 AND line < 10');
-- two groups
SELECT ask('SELECT o.k FROM orders o, other t WHERE o.k = 3 AND t.k = 3');
SELECT ask('SELECT o.k FROM orders o, one WHERE o.k = 3 AND one.id = 3');
-- local tables and catalogs stay here
SELECT ask('SELECT o.k FROM orders o, plain p WHERE o.k = 3 AND p.id = 1');
SELECT ask('SELECT o.k FROM orders o, pg_class WHERE o.k = 3 AND relname = ''pg_class''');

-- types: wider and narrower values, casts of the column, collations
SELECT ask('SELECT k FROM orders WHERE k = 3::bigint');
SELECT ask('SELECT k FROM orders WHERE k = 3000000000');
SELECT ask('SELECT k FROM orders WHERE k = 3::numeric');
SELECT ask('SELECT k FROM other WHERE k = 3::smallint');
SELECT ask('SELECT v FROM names WHERE name = ''name 3''::text');
SELECT ask('SELECT v FROM names WHERE name || '''' = ''name 3''');
SELECT ask('SELECT k FROM orders WHERE k = NULL::int');
SELECT ask('SELECT k FROM orders WHERE k = length(current_user || ''x'') - length(current_user)');
SELECT ask('SELECT k FROM orders WHERE k = 1 AND k = 2');

-- another collation may find keys that differ in bytes
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT ask('SELECT v FROM names WHERE name = ''NAME 3'' COLLATE nocase');
SELECT ask('SELECT v FROM names WHERE name COLLATE nocase = ''NAME 3''');
SELECT ask('SELECT v FROM names WHERE name COLLATE nocase = ''NAME 3'' AND name = ''name 3''');
