-- Functions over distributed tables: SQL functions inlined or not, PL/pgSQL, in every place.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT in_both('CREATE FUNCTION f_inline(int) RETURNS SETOF item LANGUAGE sql STABLE AS ''SELECT * FROM item WHERE grp = $1''');
SELECT in_both('CREATE FUNCTION f_kept(int) RETURNS SETOF item LANGUAGE sql VOLATILE AS ''SELECT * FROM item WHERE grp = $1''');
SELECT in_both('CREATE FUNCTION f_strict(int) RETURNS bigint LANGUAGE sql STABLE STRICT AS ''SELECT count(*) FROM line WHERE k = $1''');
SELECT in_both('CREATE FUNCTION f_scalar(int) RETURNS int LANGUAGE sql IMMUTABLE AS ''SELECT $1 * 2 + 1''');
SELECT in_both('CREATE FUNCTION f_table(a int, b int DEFAULT 40) RETURNS TABLE (k int, n int) LANGUAGE sql STABLE AS ''SELECT i.k, l.n FROM item i JOIN line l USING (k) WHERE i.grp = a AND l.n < b''');
SELECT in_both('CREATE FUNCTION f_out(k int, OUT g int, OUT t text) LANGUAGE sql STABLE AS ''SELECT grp, note FROM item i WHERE i.k = f_out.k''');
SELECT in_both('CREATE FUNCTION f_loop(int) RETURNS int LANGUAGE plpgsql STABLE AS ''DECLARE r record; s int := 0; BEGIN FOR r IN SELECT n FROM line WHERE k = $1 ORDER BY n LOOP s := s * 2 + r.n; END LOOP; RETURN s; END''');
SELECT in_both('CREATE FUNCTION f_query(text) RETURNS SETOF int LANGUAGE plpgsql AS ''BEGIN RETURN QUERY SELECT k FROM item WHERE note = $1; RETURN QUERY EXECUTE ''''SELECT n FROM line WHERE qty = $1'''' USING 2; END''');
SELECT in_both('CREATE FUNCTION f_write(int) RETURNS int LANGUAGE sql AS ''UPDATE item SET price = price + 1 WHERE grp = $1; INSERT INTO other SELECT $1 + 100, count(*) FROM item WHERE grp = $1; SELECT count(*)::int FROM other''');
SELECT in_both('CREATE FUNCTION f_atomic(int) RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM item WHERE grp = $1; END');
-- in FROM: inlined into the statement, or read as a whole
SELECT nodes('SELECT i.k, l.n FROM f_inline(1) i JOIN line l USING (k)');
SELECT nodes('SELECT i.k FROM f_kept(1) i');
SELECT same('SELECT i.k, l.n FROM f_inline(1) i JOIN line l USING (k)');
SELECT same('SELECT i.k, l.n FROM f_kept(1) i JOIN line l USING (k)');
SELECT same('SELECT * FROM f_table(2)');
SELECT same('SELECT t.*, o.id FROM f_table(b => 20, a => 1) t LEFT JOIN other o ON o.id = t.n');
SELECT same('SELECT c.id, t.k FROM colour c, f_table(c.id, c.id * 20) t');
SELECT same('SELECT i.k, f.* FROM item i, f_out(i.k + 1) f WHERE i.k < 9');
SELECT same('SELECT count(*) FROM f_query(''note 3'') q JOIN item i ON i.k = q');
SELECT same('SELECT f.*, nr FROM f_inline(3) WITH ORDINALITY f(k, a, b, c, d, e, g, h, nr) WHERE k > 0 AND nr > 0 AND false');
-- in the select list, filters, joins, groups, order
SELECT same('SELECT k, f_strict(k), f_strict(NULL), f_scalar(k) FROM item');
SELECT same('SELECT k FROM item WHERE f_strict(k) > 2 AND f_scalar(grp) = 3');
SELECT same('SELECT i.k, l.n FROM item i JOIN line l ON f_scalar(i.k) = f_scalar(l.k) AND i.grp = l.qty');
SELECT same('SELECT f_strict(k), count(*), sum(f_scalar(k)) FROM item GROUP BY 1');
SELECT same('SELECT k FROM item ORDER BY f_loop(k) DESC, k LIMIT 4');
SELECT same('SELECT k, f_loop(k), (f_out(k)).t FROM item WHERE k BETWEEN 6 AND 8');
SELECT same('SELECT k FROM item WHERE k IN (SELECT f_query(''note 5''))');
SELECT same('SELECT f_atomic(grp), count(*) FROM item GROUP BY grp');
SELECT same('SELECT i.k, (SELECT max(x) FROM f_query(i.note) x) FROM item i WHERE i.k < 6');
SELECT same('SELECT (f_inline(2)).*');
SELECT same('SELECT row_to_json(f_out(4))');
-- with side effects
BEGIN;
SELECT f_write(1), f_write(2) FROM (VALUES (1)) v;
SELECT search_path IS NOT NULL FROM current_setting('search_path') search_path;
SET LOCAL search_path = sql_plain, sql_test;
SELECT f_write(1), f_write(2) FROM (VALUES (1)) v;
SELECT same('SELECT * FROM item');
SELECT same('SELECT * FROM other');
ROLLBACK;
-- an error inside has the caller's transaction, and may be caught
SELECT same('SELECT f_scalar(k) / (k - 5) FROM item');
DO $$
BEGIN
    BEGIN
        UPDATE item SET grp = 50;
        PERFORM 1 / (k - 5) FROM item;
    EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'caught, % with grp 50', (SELECT count(*) FROM item WHERE grp = 50);
    END;
END $$;
SELECT in_both('DROP FUNCTION f_inline, f_kept, f_strict, f_scalar, f_table, f_out, f_loop, f_query, f_write, f_atomic');
