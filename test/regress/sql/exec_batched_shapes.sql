-- Shapes of statements in which shards are asked once per row: each gets the keys of
-- many rows at once.  few: in so few round trips; differ: rows unlike those of plain tables.
SET search_path = exec;
\set SHOW_CONTEXT never
SET shardlite.enable_decorrelation = off;
SET shardlite.max_connections_per_node_per_session = 1;
CREATE TYPE ypair AS (x int, y text);
CREATE TABLE yo (k int PRIMARY KEY, v int, t text, a int[], r ypair);
CREATE TABLE yi (k int, line int, v int, t text, a int[], r ypair);
CREATE TABLE yw (k int PRIMARY KEY, v int, t text);
SELECT create_distributed_table('yo', 'k', colocate_with := 'none', shard_count := 4);
SELECT create_distributed_table('yi', 'k', colocate_with := 'none', shard_count := 6);
SELECT create_distributed_table('yw', 'k', colocate_with := 'none', shard_count := 5);
INSERT INTO yo SELECT i, nullif(i % 50, 7), 't' || i % 9, CASE WHEN i % 11 > 0 THEN ARRAY[i % 7, NULL, i % 3] END, CASE WHEN i % 13 > 0 THEN ROW(i % 6, 'r' || i % 4)::ypair END FROM generate_series(1, 400) i;
INSERT INTO yi SELECT i % 97, i, nullif(i % 60, 9), 't' || i % 10, ARRAY[i % 7, NULL, i % 3], ROW(i % 6, 'r' || i % 4)::ypair FROM generate_series(1, 400) i;
INSERT INTO yw SELECT i, i % 40, 't' || i % 9 FROM generate_series(1, 400) i;
CREATE TABLE zo (LIKE yo); INSERT INTO zo SELECT * FROM yo ORDER BY k;
CREATE TABLE zi (LIKE yi); INSERT INTO zi SELECT * FROM yi ORDER BY line;
CREATE TABLE zw (LIKE yw); INSERT INTO zw SELECT * FROM yw ORDER BY k;
ANALYZE yo, yi, yw, zo, zi, zw;
SELECT count(*), (SELECT count(*) FROM yi), (SELECT count(*) FROM yw) FROM yo;
CREATE FUNCTION trips() RETURNS bigint LANGUAGE sql AS 'SELECT round_trips FROM shardlite_counters()';
CREATE FUNCTION is_few(spent bigint, bound int) RETURNS boolean LANGUAGE sql AS
    'SELECT spent <= CASE WHEN (SELECT count(*) FROM shardlite.node) = 1 THEN 0 ELSE bound END';
CREATE FUNCTION plain(query text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(query, '\my([oiw])\M', 'z\1', 'g') $$;
-- M: the largest line of yi with the row's v
CREATE FUNCTION compare(query text, bound int DEFAULT 16) RETURNS TABLE (nrows bigint, differ bigint, few boolean) LANGUAGE plpgsql AS $$
DECLARE
    q text := replace(query, 'M(o)', '(SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line <> o.k)');
    start bigint := trips();
    spent bigint;
BEGIN
    EXECUTE format('CREATE TEMP TABLE one AS %s', q);
    spent := trips() - start;
    EXECUTE format('CREATE TEMP TABLE two AS %s', plain(q));
    RETURN QUERY SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM
        ((SELECT one::text FROM one EXCEPT ALL SELECT two::text FROM two) UNION ALL (SELECT two::text FROM two EXCEPT ALL SELECT one::text FROM one)) d),
        is_few(spent, bound);
    DROP TABLE one, two;
END $$;
-- the same for a write, whose effects are taken back
CREATE FUNCTION compare_write(statement text, bound int DEFAULT 16) RETURNS TABLE (differ bigint, changed boolean, few boolean) LANGUAGE plpgsql AS $$
DECLARE
    q text := replace(statement, 'M(o)', '(SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line <> o.k)');
    start bigint := trips();
    spent bigint;
BEGIN
    EXECUTE q;
    spent := trips() - start;
    SELECT count(*) > 0 INTO changed FROM ((TABLE yo EXCEPT ALL TABLE zo) UNION ALL (TABLE zo EXCEPT ALL TABLE yo)) d;
    SELECT changed OR count(*) > 0 INTO changed FROM ((TABLE yw EXCEPT ALL TABLE zw) UNION ALL (TABLE zw EXCEPT ALL TABLE yw)) d;
    EXECUTE plain(q);
    SELECT count(*) INTO differ FROM ((TABLE yo EXCEPT ALL TABLE zo) UNION ALL (TABLE zo EXCEPT ALL TABLE yo)) d;
    SELECT differ + count(*) INTO differ FROM ((TABLE yw EXCEPT ALL TABLE zw) UNION ALL (TABLE zw EXCEPT ALL TABLE yw)) d;
    few := is_few(spent, bound);
    RAISE EXCEPTION USING MESSAGE = format('%s %s %s', differ, changed, few), ERRCODE = 'ZZ001';
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
    RETURN NEXT;
END $$;
-- arrays and rows as keys
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.a = o.a AND i.line <> o.k) AS x FROM yo o');
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = ANY (o.a) AND i.line <> o.k) AS x FROM yo o');
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.r = o.r AND i.line <> o.k) AS x FROM yo o');
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE (i.r).x = (o.r).x AND i.a[1] < o.a[1]) AS x FROM yo o');
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.line = (o).k AND i.v IS DISTINCT FROM (o).v) AS x FROM yo o');
-- of elements with a length
CREATE TABLE ychars (k int, c char(3)[], b bit(4)[]);
SELECT create_distributed_table('ychars', 'k', colocate_with := 'none', shard_count := 4);
INSERT INTO ychars SELECT i, ARRAY['xy' || i % 7, NULL], ARRAY[(i % 16)::bit(4)] FROM generate_series(1, 200) i;
CREATE TABLE zchars AS TABLE ychars;
SELECT count(x), sum(x) FROM (SELECT (SELECT max(i.k) FROM ychars i WHERE i.c = o.c AND i.b >= o.b AND i.k <> o.k) FROM ychars o OFFSET 0) s(x);
SELECT count(x), sum(x) FROM (SELECT (SELECT max(i.k) FROM zchars i WHERE i.c = o.c AND i.b >= o.b AND i.k <> o.k) FROM zchars o OFFSET 0) s(x);
-- conditions of outer joins
SELECT * FROM compare('SELECT o.k, w.k AS wk FROM yo o LEFT JOIN yw w ON w.k = o.v AND EXISTS (SELECT FROM yi i WHERE i.v = o.v AND i.line > o.k OFFSET 0)');
SELECT * FROM compare('SELECT o.k, w.k AS wk FROM yo o FULL JOIN yw w ON w.k = o.v AND (SELECT max(i.line) FROM yi i WHERE i.v = o.v) > 300');
SELECT * FROM compare('SELECT o.k, w.k AS wk FROM yw w LEFT JOIN yo o ON w.k = o.k AND (SELECT max(i.line) FROM yi i WHERE i.v = w.v) > 300');
-- rows that are locked; whose order LIMIT needs
SELECT * FROM compare('SELECT * FROM (SELECT o.k, M(o) AS x FROM yo o WHERE M(o) > 100 FOR UPDATE OF o) s', 24);
SELECT * FROM compare('SELECT * FROM (SELECT o.k, M(o) AS x FROM yo o JOIN yw w ON w.k = o.v WHERE M(o) > 100 FOR SHARE) s', 24);
SELECT * FROM compare('SELECT * FROM (SELECT o.k, M(o) AS x FROM yo o ORDER BY o.k FOR UPDATE) s', 24);
SELECT * FROM compare('SELECT * FROM (SELECT o.k FROM yo o WHERE M(o) > 370 ORDER BY o.k LIMIT 10 FOR UPDATE) s', 24);
CREATE VIEW reading AS SELECT trips() AS trips;
BEGIN;
CREATE TEMP TABLE before ON COMMIT DROP AS TABLE reading;
SELECT count(*) FROM (SELECT o.k FROM yo o WHERE (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line <> o.k) > 370 LIMIT 200 FOR UPDATE SKIP LOCKED) s;
SELECT is_few(trips() - before.trips, 24) FROM before;
COMMIT;
-- writes
SELECT * FROM compare_write('UPDATE yo o SET v = M(o)');
SELECT * FROM compare_write('UPDATE yo o SET v = v + 1 WHERE M(o) > 200');
SELECT * FROM compare_write('UPDATE yo o SET (v, t) = (SELECT max(i.line), min(i.t) FROM yi i WHERE i.v = o.v AND i.line <> o.k)');
SELECT * FROM compare_write('UPDATE yo o SET v = (SELECT max(p.k) FROM yo p WHERE p.v = o.v AND p.k <> o.k)');
SELECT * FROM compare_write('UPDATE yo o SET v = (SELECT max(i.line) FROM yi i WHERE i.v = w.v AND i.line <> o.k) FROM yw w WHERE w.k = o.k AND w.k > (SELECT count(*) FROM yi i WHERE i.v = w.v AND i.t > o.t)', 24);
SELECT * FROM compare_write('DELETE FROM yo o WHERE M(o) > 200');
SELECT * FROM compare_write('DELETE FROM yo o USING yw w WHERE w.k = o.v AND EXISTS (SELECT FROM yi i WHERE i.v = w.v AND i.line > o.k OFFSET 0)');
SELECT * FROM compare_write('MERGE INTO yo o USING yw w ON w.k = o.k AND (SELECT max(i.line) FROM yi i WHERE i.v = w.v AND i.line <> o.k) > 200 WHEN MATCHED THEN DELETE');
SELECT * FROM compare_write('INSERT INTO yw SELECT 1000 + o.k, M(o), o.t FROM yo o');
BEGIN;
CREATE TEMP TABLE before ON COMMIT DROP AS TABLE reading;
UPDATE zo o SET (v, t) = (SELECT max(i.line), min(i.t) FROM yi i WHERE i.v = o.v AND i.line <> o.k);
SELECT is_few(trips() - before.trips, 16) FROM before;
UPDATE yo o SET (v, t) = (SELECT max(i.line), min(i.t) FROM zi i WHERE i.v = o.v AND i.line <> o.k);
SELECT count(*) FROM ((TABLE yo EXCEPT ALL TABLE zo) UNION ALL (TABLE zo EXCEPT ALL TABLE yo)) d;
ROLLBACK;
-- sets: of functions, of groups; samples
SELECT * FROM compare('SELECT o.k, generate_series(1, M(o) % 3) AS x FROM yo o');
SELECT * FROM compare('SELECT o.k, generate_series(1, 2) AS g, M(o) AS x FROM yo o');
SELECT * FROM compare('SELECT (SELECT max(i.line) FROM yi i WHERE i.v = s.n) AS y FROM (SELECT generate_series(1, 300) AS n) s');
SELECT * FROM compare('SELECT o.v, o.t, count(*), grouping(o.t), (SELECT max(i.line) FROM yi i WHERE i.v = o.v) AS x FROM yo o GROUP BY GROUPING SETS ((o.v, o.t), (o.v), ())');
SELECT * FROM compare('SELECT o.v, o.t, count(*), M(o) AS x FROM yo o GROUP BY CUBE (o.v, o.t), o.k HAVING M(o) > 20', 24);
SELECT * FROM compare('SELECT o.k, M(o) AS x FROM zo o TABLESAMPLE BERNOULLI (100)');
SELECT * FROM compare('SELECT o.k, M(o) AS x FROM zo o WHERE o.ctid > ''(0,0)''');
-- keys that come out of the sublink itself: from an inner one, of the outermost row, of the middle one, of both
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.k < (SELECT count(*) * 9 FROM yw w WHERE w.v = o.v AND w.k <> o.k)) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.k < (SELECT count(*) * 9 FROM yw w WHERE w.v = i.v AND w.k <> i.k)) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.k < (SELECT count(*) * 9 FROM yw w WHERE w.v = i.v AND w.k <> o.k)) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k FROM yo o WHERE EXISTS (SELECT FROM yi i WHERE i.v = o.v AND EXISTS (SELECT FROM yw w WHERE w.v = i.v AND w.k > o.k OFFSET 0) OFFSET 0)', 30);
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.k < (SELECT count(*) FROM yw w WHERE w.v = i.v AND w.k > (SELECT min(j.line) FROM yi j WHERE j.v = w.v AND j.line <> o.k))) AS x FROM yo o WHERE o.k <= 60', 40);
SELECT * FROM compare('SELECT o.k, (SELECT sum(x.n) FROM yi i, LATERAL (SELECT count(*) AS n FROM yw w WHERE w.v = i.v AND w.k > o.k OFFSET 0) x WHERE i.v = o.v) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, (SELECT max(p.k) FROM zw p WHERE p.v = o.v AND p.k < (SELECT max(i.line) FROM yi i WHERE i.v = p.v AND i.line <> o.k)) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, y.c FROM yo o, LATERAL (SELECT w.k, w.v FROM yw w WHERE w.k = o.v + 1 ORDER BY w.k LIMIT 1) x, LATERAL (SELECT count(*) AS c FROM yi i WHERE i.v = x.v AND i.line > o.k LIMIT x.v % 4) y', 24);
SELECT * FROM compare('SELECT o.k, (WITH c AS (SELECT i.line FROM yi i WHERE i.v = o.v) SELECT max(a.line) + min(b.line) FROM c a, c b) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, (SELECT sum(s.line) FROM (SELECT i.line FROM yi i WHERE i.v = o.v ORDER BY i.line LIMIT o.k % 3) s) AS x FROM yo o', 24);
-- from sublinks that stay the same, functions, settings
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line < (SELECT max(k) - 30 FROM zw)) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line < (SELECT max(k) - 30 FROM yw)) AS x FROM yo o', 24);
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.t <> current_setting(''shardlite.enable_decorrelation'')) AS x FROM yo o', 24);
CREATE FUNCTION seen(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'seen %', n; RETURN n; END $$;
CREATE FUNCTION third(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 60 / n; END $$;
SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = seen(o.v)) AS x FROM yo o WHERE o.k < 5 ORDER BY o.k;
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = third(o.v) AND i.line <> o.k) AS x FROM yo o WHERE o.v > 0', 24);
-- what fails in a rehearsal only, or in rows that are not wanted
SELECT * FROM compare('SELECT o.k, (SELECT max(i.line / (SELECT count(*) FROM yw w WHERE w.v = i.v % 40 AND w.k < 1000 + o.k)) FROM yi i WHERE i.v = o.v) AS x FROM yo o', 24);
SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = third(o.k - 4)) AS x FROM yo o ORDER BY o.k LIMIT 3;
SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = third(o.k - 4)) AS x FROM yo o ORDER BY o.k LIMIT 4;
SELECT sum(CASE WHEN o.v <> 4 THEN (SELECT max(i.line) FROM yi i WHERE i.v = third(o.v - 4)) END) FROM yo o;
BEGIN;
INSERT INTO yw VALUES (1000, 1, 'new');
SELECT sum(CASE WHEN o.v <> 4 THEN (SELECT max(i.line) FROM yi i WHERE i.v = third(o.v - 4)) END) FROM yo o;
SELECT count(*) FROM yw WHERE t = 'new';
ROLLBACK;
-- who catches a cancel finds his subtransactions in order
CREATE FUNCTION stops(n int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN IF n > 3 THEN RAISE SQLSTATE '57014' USING MESSAGE = 'stopped'; END IF; RETURN n; END $$;
DO $$
BEGIN
    INSERT INTO zw VALUES (2000, 1, 'kept');
    BEGIN
        INSERT INTO zw VALUES (2001, 1, 'gone');
        PERFORM sum((SELECT max(i.line) FROM yi i WHERE i.v = stops(o.v))) FROM yo o;
    EXCEPTION WHEN query_canceled THEN
        RAISE NOTICE '%', SQLERRM;
    END;
    BEGIN
        INSERT INTO zw VALUES (2002, 1, 'gone');
        PERFORM count(*) FROM yi i WHERE i.v = stops(5);
    EXCEPTION WHEN query_canceled THEN
        RAISE NOTICE '%', SQLERRM;
    END;
END $$;
SELECT k, t FROM zw WHERE k >= 2000;
DELETE FROM zw WHERE k >= 2000;
-- effects are as many as rows
CREATE SEQUENCE drawn;
SELECT count(x) FROM (SELECT (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line > (SELECT o.k * 0 * nextval('drawn'))) AS x FROM yo o WHERE o.k <= 30) s;
SELECT last_value FROM drawn;
-- functions that ask nodes
CREATE FUNCTION asks(n int) RETURNS bigint STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM exec.yw w WHERE w.v = n); END $$;
CREATE FUNCTION pasks(n int) RETURNS bigint STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM exec.zw w WHERE w.v = n); END $$;
SELECT count(*) FROM ((SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = asks(o.v)) FROM yo o WHERE o.k < 9) EXCEPT ALL (SELECT o.k, (SELECT max(i.line) FROM zi i WHERE i.v = pasks(o.v)) FROM zo o WHERE o.k < 9)) d;
-- cursors that go back
BEGIN;
DECLARE s SCROLL CURSOR FOR SELECT o.k, (SELECT max(i.line) FROM yi i WHERE i.v = o.v AND i.line <> o.k) AS x FROM yo o ORDER BY o.k;
DECLARE f CURSOR FOR SELECT n, (SELECT max(i.line) FROM yi i WHERE i.v = n) AS x FROM generate_series(1, 300) n;
CREATE TEMP TABLE before ON COMMIT DROP AS TABLE reading;
MOVE 395 FROM s;
FETCH ALL FROM s;
FETCH BACKWARD 2 FROM s;
FETCH ABSOLUTE 3 FROM s;
MOVE 298 FROM f;
FETCH 1 FROM f;
FETCH BACKWARD 2 FROM f;
FETCH LAST FROM f;
SELECT is_few(trips() - before.trips, 24) FROM before;
ROLLBACK;
SET client_min_messages = warning;
DROP TABLE yo, yi, yw, zo, zi, zw, ychars, zchars CASCADE;
DROP VIEW reading;
DROP SEQUENCE drawn;
DROP FUNCTION stops, asks, pasks, seen, third, trips, is_few, plain, compare, compare_write;
DROP TYPE ypair;
