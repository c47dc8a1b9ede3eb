-- Cursors that go back and forth, over every kind of plan.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- moves a scrolling cursor around in both schemas
CREATE FUNCTION same_cursor(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    moves text[] := '{NEXT,NEXT,PRIOR,PRIOR,NEXT,LAST,PRIOR,FIRST,NEXT,NEXT,RELATIVE 2,RELATIVE -2,ABSOLUTE 4,ABSOLUTE -2,NEXT,NEXT,NEXT,PRIOR}';
    move text;
    here refcursor := 'c_here';
    plain refcursor := 'c_plain';
    a record;
    b record;
    seen int := 0;
BEGIN
    SET LOCAL search_path = sql_here, sql_test;
    OPEN here SCROLL FOR EXECUTE query;
    SET LOCAL search_path = sql_plain, sql_test;
    OPEN plain SCROLL FOR EXECUTE query;
    FOREACH move IN ARRAY moves LOOP
        EXECUTE format('FETCH %s FROM c_here', move) INTO a;
        EXECUTE format('FETCH %s FROM c_plain', move) INTO b;
        IF a::text IS DISTINCT FROM b::text THEN RETURN format('%s: %s instead of %s', move, a, b); END IF;
        seen := seen + (a IS NOT NULL)::int;
    END LOOP;
    CLOSE here;
    CLOSE plain;
    SET LOCAL search_path = sql_here, sql_test;
    RETURN format('%s rows seen', seen);
END $$;
SELECT same_cursor('SELECT k, note FROM item ORDER BY k');
SELECT same_cursor('SELECT k FROM item WHERE k = 5');
SELECT same_cursor('SELECT k FROM item WHERE false');
SELECT same_cursor('SELECT i.k, l.n FROM item i JOIN line l USING (k) ORDER BY l.n');
SELECT same_cursor('SELECT i.k, o.id FROM item i JOIN other o ON o.k = i.k ORDER BY 1, 2');
SELECT same_cursor('SELECT grp, count(*) FROM item GROUP BY grp ORDER BY grp');
SELECT same_cursor('SELECT k, rank() OVER (ORDER BY grp) FROM item ORDER BY 2, 1');
SELECT same_cursor('SELECT DISTINCT qty FROM line ORDER BY 1');
SELECT same_cursor('SELECT k FROM item ORDER BY k LIMIT 5 OFFSET 2');
SELECT same_cursor('WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT i.k FROM r JOIN item i ON i.k = r.k + 1) SELECT * FROM r');
SELECT same_cursor('SELECT k FROM item UNION SELECT n FROM line ORDER BY 1');
SELECT same_cursor('SELECT i.k, (SELECT max(n) FROM line l WHERE l.k = i.k) FROM item i ORDER BY k');
SELECT same_cursor('SELECT t.id, i.k FROM local_t t LEFT JOIN item i ON i.grp = t.id ORDER BY 1, 2');
SELECT same_cursor('SELECT * FROM part ORDER BY day');
-- without an order: the same rows, whichever way
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k FROM item;
CREATE TEMP TABLE forward (k int);
CREATE TEMP TABLE backward (k int);
DO $$
DECLARE
    c refcursor := 'c';
    x int;
BEGIN
    LOOP FETCH c INTO x; EXIT WHEN NOT FOUND; INSERT INTO forward VALUES (x); END LOOP;
    LOOP FETCH PRIOR FROM c INTO x; EXIT WHEN NOT FOUND; INSERT INTO backward VALUES (x); END LOOP;
END $$;
SELECT count(*), count(DISTINCT k), (SELECT string_agg(k::text, ',' ORDER BY ctid) FROM forward) = (SELECT string_agg(k::text, ',' ORDER BY ctid DESC) FROM backward) FROM backward;
ROLLBACK;
-- MOVE says how far it came; FETCH 0 reads the row again
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT k FROM item WHERE k < 8 ORDER BY k;
MOVE 3 FROM c;
FETCH 0 FROM c;
MOVE BACKWARD ALL FROM c;
FETCH 2 FROM c;
MOVE FORWARD ALL FROM c;
FETCH BACKWARD 2 FROM c;
COMMIT;
FETCH FIRST FROM c;
FETCH ABSOLUTE -1 FROM c;
FETCH BACKWARD ALL FROM c;
UPDATE item SET note = note WHERE k = 3;
FETCH LAST FROM c;
CLOSE c;
-- what a cursor cannot do is refused as by one server
BEGIN;
DECLARE c NO SCROLL CURSOR FOR SELECT k FROM item ORDER BY k;
FETCH c;
FETCH PRIOR FROM c;
ROLLBACK;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k FROM item FOR UPDATE;
ROLLBACK;
-- it sees the rows as they were when it was opened
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT k, grp FROM item WHERE k < 4 ORDER BY k;
FETCH 1 FROM c;
UPDATE item SET grp = 99 WHERE k < 4;
DELETE FROM item WHERE k = 3;
FETCH ALL FROM c;
FETCH BACKWARD ALL FROM c;
ROLLBACK;
DROP FUNCTION same_cursor;
