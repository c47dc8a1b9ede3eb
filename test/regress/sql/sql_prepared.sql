-- Parameters anywhere in a statement, in custom and generic plans, with every type of value.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- runs a prepared statement seven times in both schemas, in each mode of plans
CREATE FUNCTION same_prepared(types text, query text, VARIADIC args text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    mode text;
    args_list text;
    got text[];
    found text;
BEGIN
    FOREACH mode IN ARRAY '{auto,force_custom_plan,force_generic_plan}'::text[] LOOP
        PERFORM set_config('plan_cache_mode', mode, true);
        EXECUTE format('SET LOCAL search_path = sql_here, sql_test; PREPARE here%s AS %s', types, query);
        EXECUTE format('SET LOCAL search_path = sql_plain, sql_test; PREPARE plain%s AS %s', types, query);
        FOR i IN 1 .. 7 LOOP
            args_list := args[(i - 1) % cardinality(args) + 1];
            got := '{}';
            FOR found IN EXECUTE format('EXECUTE here(%s)', args_list) LOOP got := got || found; END LOOP;
            FOR found IN EXECUTE format('EXECUTE plain(%s)', args_list) LOOP
                IF got[1] IS DISTINCT FROM found THEN RETURN format('%s %s: %s instead of %s', mode, args_list, got[1], found); END IF;
                got := got[2:];
            END LOOP;
            IF got <> '{}' THEN RETURN format('%s %s: %s too many', mode, args_list, got); END IF;
        END LOOP;
        DEALLOCATE here;
        DEALLOCATE plain;
    END LOOP;
    SET LOCAL search_path = sql_here, sql_test;
    RETURN 'same';
END $$;
-- in filters, keys, joins, lists
SELECT same_prepared('(int)', 'SELECT note FROM item WHERE k = $1', '3', '4', 'NULL', '77');
SELECT same_prepared('(int, int)', 'SELECT count(*) FROM item i JOIN line l ON l.k = i.k AND l.n > $2 WHERE i.grp = $1', '1, 10', '2, NULL', 'NULL, 3');
SELECT same_prepared('(int[])', 'SELECT k FROM item WHERE k = ANY ($1) ORDER BY k', '''{1,2,3}''', '''{}''', 'NULL', '''{5,NULL,5}''');
SELECT same_prepared('(int, int)', 'SELECT k FROM item WHERE k IN ($1, $2, $1 + 1) ORDER BY k', '1, 9', '4, NULL', '30, 30');
SELECT same_prepared('(smallint)', 'SELECT note FROM item WHERE k = $1', '3', '4::smallint');
SELECT same_prepared('(bigint, numeric)', 'SELECT k FROM item WHERE k = $1 AND price > $2', '3, 1.5', '99999999999, 0', '8, NULL');
SELECT same_prepared('(text)', 'SELECT count(*) FROM item WHERE note LIKE $1 || ''%''', '''note 1''', '''''', 'NULL', '''%''');
-- in the select list, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET
SELECT same_prepared('(int, text)', 'SELECT string_agg((k + $1) || $2, '','' ORDER BY k) FROM item WHERE k < 5', '1, ''x''', 'NULL, ''y''');
SELECT same_prepared('(int)', 'SELECT k % $1 || '':'' || count(*) FROM item GROUP BY k % $1 ORDER BY 1', '3', '2', '7');
SELECT same_prepared('(int)', 'SELECT grp || '':'' || count(*) FROM item GROUP BY grp HAVING count(*) > $1 ORDER BY 1', '5', '50', 'NULL');
SELECT same_prepared('(int, int)', 'SELECT k FROM item ORDER BY k LIMIT $1 OFFSET $2', '3, 2', 'NULL, 25', '0, 0', '100, NULL');
SELECT same_prepared('(int)', 'SELECT k FROM item ORDER BY abs(k - $1), k LIMIT 4', '10', '3');
SELECT same_prepared('(int)', 'SELECT DISTINCT grp + $1 FROM item ORDER BY 1', '10', 'NULL');
SELECT same_prepared('(int)', 'SELECT sum(k) OVER (ORDER BY k ROWS $1 PRECEDING) FROM item ORDER BY k', '1', '3');
SELECT same_prepared('(float8)', 'SELECT percentile_disc($1) WITHIN GROUP (ORDER BY k) FROM item', '0.5', '0', 'NULL');
SELECT same_prepared('(int)', 'SELECT count(*) FILTER (WHERE k > $1) || ''/'' || coalesce(sum(k) FILTER (WHERE grp = $1), 0) FROM item', '2', '20', 'NULL');
-- in sublinks, CTEs, set operations, LATERAL, functions in FROM, VALUES
SELECT same_prepared('(int)', 'SELECT k FROM item i WHERE EXISTS (SELECT 1 FROM line l WHERE l.k = i.k AND l.qty = $1) ORDER BY k', '1', '2', 'NULL');
SELECT same_prepared('(int)', 'SELECT (SELECT max(n) FROM line l WHERE l.k = $1)', '5', '6', '7', '500');
SELECT same_prepared('(int)', 'WITH c AS MATERIALIZED (SELECT k FROM item WHERE grp = $1) SELECT sum(l.n) FROM line l JOIN c USING (k)', '1', '2');
SELECT same_prepared('(int)', 'SELECT k FROM item WHERE k < $1 UNION ALL SELECT $1 ORDER BY 1', '3', '1');
SELECT same_prepared('(int)', 'SELECT i.k || '' '' || s.n FROM item i, LATERAL (SELECT n FROM line l WHERE l.k = i.k ORDER BY n LIMIT $1) s ORDER BY 1', '1', '2');
SELECT same_prepared('(int)', 'SELECT i.note FROM generate_series(1, $1) g JOIN item i ON i.k = g ORDER BY g', '3', '1');
SELECT same_prepared('(int, int)', 'SELECT i.note FROM (VALUES ($1), ($2), ($1 + 1)) v(x) JOIN item i ON i.k = v.x ORDER BY v.x', '3, 4', '1, NULL');
SELECT same_prepared('(real)', 'SELECT count(*) FROM item TABLESAMPLE bernoulli ($1)', '100', '0');
-- of types that only this database has, arrays, rows, unknown
SELECT same_prepared('(mood)', 'SELECT count(*) FROM item WHERE feel = $1', '''sad''', '''happy''', 'NULL');
SELECT same_prepared('(pair)', 'SELECT k FROM item WHERE two = $1', 'ROW(4, ''b1'')::pair', 'NULL');
SELECT same_prepared('(mood[])', 'SELECT count(*) FROM item WHERE feel = ANY ($1)', '''{sad,ok}''', 'NULL');
SELECT same_prepared('(jsonb)', 'SELECT k FROM item WHERE doc @> $1 ORDER BY k', '''{"a": 4}''', '''{}''');
SELECT same_prepared('', 'SELECT k FROM item WHERE k = $1 AND note = $2', '3, ''note 3''', '4, ''note 3''');
SELECT same_prepared('(date, interval)', 'SELECT count(*) FROM line WHERE day > $1 + $2', '''2020-01-10'', ''1 week''', '''2020-01-10'', NULL');
SELECT same_prepared('(boolean)', 'SELECT count(*) FROM item WHERE $1', 'true', 'false', 'NULL');
SELECT same_prepared('(boolean, int)', 'SELECT count(*) FROM item WHERE $1 IS NULL OR k = $2', 'NULL, 1', 'true, 1');
-- an error is that of one server, and the statement works afterwards
PREPARE divided(int) AS SELECT sum(k / $1) FROM item;
EXECUTE divided(0);
EXECUTE divided(2);
EXECUTE divided('x');
EXECUTE divided;
DEALLOCATE divided;
DROP FUNCTION same_prepared;
