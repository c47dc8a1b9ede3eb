-- Sub-SELECTs, CTEs and sublinks in UPDATE, DELETE, MERGE and beside row locks: what stays on the row's shard is run there.
SET search_path = path;
\set SHOW_CONTEXT never
-- the tier, how often distributed tables are scanned, whether the plain copies end up the same, with and without the setting
CREATE FUNCTION check_write(statement text, OUT tier int, OUT scans int, OUT same boolean, OUT changed int) LANGUAGE plpgsql AS $$
DECLARE
    line text;
    content text := 'SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), ''none'') FROM acc t';
    answer text;
    answers text[];
BEGIN
    scans := 0;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        scans := scans + (line ~ 'ShardliteScan')::int;
        tier := coalesce(tier, substring(line from 'Tier: (.)')::int);
    END LOOP;
    FOR i IN 1 .. 3 LOOP
        BEGIN
            IF i = 2 THEN SET LOCAL shardlite.enable_subquery_pushdown = off; END IF;
            IF i = 3 THEN SET LOCAL search_path = path_plain, path; END IF;
            EXECUTE statement;
            GET DIAGNOSTICS changed = ROW_COUNT;
            EXECUTE content INTO answer;
            RAISE SQLSTATE 'UNDO1';
        EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
            answers[i] := changed || answer;
        END;
    END LOOP;
    same := answers[1] = answers[2] AND answers[2] = answers[3];
END $$;

-- every shard by itself: CTEs, grouped sub-SELECTs, sublinks anywhere, reference tables
SELECT * FROM check_write('WITH w AS (SELECT k, count(*) AS n FROM mov GROUP BY k) UPDATE acc SET grp = w.n FROM w WHERE w.k = acc.k');
SELECT * FROM check_write('WITH w AS MATERIALIZED (SELECT k, max(qty) AS q FROM mov GROUP BY k) UPDATE acc SET grp = w.q FROM w WHERE w.k = acc.k AND EXISTS (SELECT FROM w x WHERE x.k = acc.k AND x.q > 7) RETURNING *');
SELECT * FROM check_write('WITH w AS (SELECT k FROM mov WHERE qty > 5 INTERSECT SELECT id FROM far WHERE k < 30) DELETE FROM acc USING w WHERE w.k = acc.k RETURNING acc.*');
SELECT * FROM check_write('WITH RECURSIVE w AS (SELECT k, n, 1 AS d FROM mov WHERE n < 40 UNION ALL SELECT m.k, m.n, d + 1 FROM w JOIN mov m ON m.k = w.k AND m.n > w.n + 90) DELETE FROM acc WHERE EXISTS (SELECT FROM w WHERE w.k = acc.k AND d > 3)');
SELECT * FROM check_write('UPDATE acc SET grp = s.n + t.id FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s, kind t WHERE s.k = acc.k AND t.id = acc.grp');
SELECT * FROM check_write('UPDATE acc SET (grp, note) = (SELECT count(*), max(day)::text FROM mov m WHERE m.k = acc.k) WHERE (SELECT max(id) FROM kind) > grp');
SELECT * FROM check_write('MERGE INTO acc USING (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = acc.k WHEN MATCHED AND n > 9 THEN DELETE WHEN MATCHED THEN UPDATE SET grp = s.n WHEN NOT MATCHED THEN INSERT (k, grp) VALUES (s.k, s.n)');
SELECT * FROM check_write('WITH w AS (SELECT k, max(qty) AS q FROM mov GROUP BY k) MERGE INTO acc USING w ON w.k = acc.k AND acc.grp = 2 WHEN MATCHED AND (SELECT count(*) FROM far f WHERE f.id = acc.k) > 0 THEN DELETE WHEN NOT MATCHED AND NOT EXISTS (SELECT FROM acc b WHERE b.k = w.k) THEN INSERT VALUES (w.k, (SELECT max(n) FROM mov m WHERE m.k = w.k))');
SELECT plan_of('WITH w AS (SELECT k, count(*) AS n FROM mov GROUP BY k) MERGE INTO acc USING w ON w.k = acc.k WHEN NOT MATCHED THEN INSERT (k, grp) VALUES (w.k, w.n)');
-- not by itself: rows that leave the shard, groups of a key that may be NULL, a value per node
SELECT * FROM check_write('MERGE INTO acc USING (SELECT k, 100 + count(*) AS n FROM mov GROUP BY k HAVING k = 81) s ON s.k = acc.k WHEN NOT MATCHED THEN INSERT (k, grp) VALUES (s.n, s.k)');
SELECT * FROM check_write('MERGE INTO acc USING (SELECT m.k, a.k AS ak, count(*) AS n FROM mov m LEFT JOIN acc a ON a.k = m.k GROUP BY m.k, a.k) s ON s.k = acc.k WHEN MATCHED THEN UPDATE SET grp = s.n WHEN NOT MATCHED AND s.ak = 0 THEN INSERT (k, grp) VALUES (s.ak, s.n)');
SELECT * FROM check_write('WITH w AS (SELECT grp, min(k) AS k FROM acc GROUP BY grp) UPDATE acc SET note = w.grp FROM w WHERE w.k = acc.k');
SELECT * FROM check_write('UPDATE acc SET grp = s.n FROM (SELECT a.k, count(*) AS n FROM mov m LEFT JOIN acc a ON a.k = m.k GROUP BY a.k) s WHERE s.k = acc.k');
SELECT * FROM check_write('UPDATE acc SET note = (SELECT string_agg(name, '','' ORDER BY id) FROM kind) WHERE (SELECT count(*) FROM mov m WHERE m.k = acc.k) > 4');
SELECT * FROM check_write('MERGE INTO acc USING kind t ON t.id = acc.k WHEN NOT MATCHED THEN INSERT (k, grp) VALUES (t.id, 0)');

-- values computed here, or a table of this server: what can be is still done where the rows are
SELECT * FROM check_write('UPDATE acc SET grp = s.n + floor(random()) FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s WHERE s.k = acc.k');
SELECT * FROM check_write('UPDATE acc SET grp = s.n FROM far f LEFT JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s ON s.k = f.id, near x WHERE f.id = acc.k AND x.k = acc.k');
SELECT * FROM check_write('UPDATE acc SET grp = floor(random()) WHERE (SELECT count(*) FROM mov m WHERE m.k = acc.k AND m.qty > acc.grp) > 3');
SELECT * FROM check_write('DELETE FROM acc USING near WHERE near.k = acc.k AND ((SELECT count(*) FROM mov m WHERE m.k = acc.k) > 3 OR acc.k NOT IN (SELECT f.id FROM far f WHERE f.k > 30)) RETURNING near.id, acc.*');
SELECT * FROM check_write('MERGE INTO acc USING (SELECT s.k, s.n FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s JOIN near ON near.k = s.k) q ON q.k = acc.k WHEN MATCHED THEN UPDATE SET grp = q.n WHEN NOT MATCHED THEN INSERT (k, grp) VALUES (q.k, q.n)');
SELECT plan_of('DELETE FROM acc WHERE (SELECT count(*) FROM mov m WHERE m.k = acc.k) > 3 AND grp IN (SELECT k FROM near)');
SELECT plan_of('UPDATE acc SET grp = floor(random()) FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s WHERE s.k = acc.k RETURNING acc.k, s, (SELECT count(*) FROM mov m WHERE m.n = s.n)');
-- what is read after the first write does not see it
BEGIN;
WITH w AS (UPDATE acc SET grp = 100 + floor(random()) FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s WHERE s.k = acc.k RETURNING acc.k), v AS (SELECT k, grp FROM acc WHERE (SELECT count(*) FROM mov m WHERE m.k = acc.k) > 3) SELECT count(*), max(v.grp) FROM v JOIN w USING (k);
SELECT count(*), max(grp) FROM acc WHERE (SELECT count(*) FROM mov m WHERE m.k = acc.k) > 3;
-- but what the transaction wrote before
UPDATE acc SET note = 'late' || floor(random()) FROM near WHERE near.k = acc.k AND (SELECT max(b.grp) FROM acc b WHERE b.k = acc.k) = 100;
SELECT count(*) FROM acc WHERE note = 'late0';
ROLLBACK;
-- prepared, with a value that only the execution has
PREPARE spare(int, text) AS UPDATE acc SET note = $2 || floor(random()) FROM near WHERE near.k = acc.k AND (SELECT count(*) FROM mov m WHERE m.k = acc.k AND m.qty > $1 AND m.day < now()) > 1;
BEGIN;
EXECUTE spare(3, 'a');
EXECUTE spare(4, 'b');
EXECUTE spare(5, 'c');
EXECUTE spare(6, 'd');
EXECUTE spare(7, 'e');
EXECUTE spare(NULL, 'f');
EXECUTE spare(9, 'g');
SELECT note, count(*) FROM acc WHERE note !~ 'note' GROUP BY note ORDER BY note;
ROLLBACK;
DEALLOCATE spare;

-- beside row locks
SELECT plan_of('SELECT a.k, s.n FROM acc a JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s USING (k) WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 8 FOR UPDATE OF a');
SELECT plan_of('SELECT a.k FROM acc a WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 8 FOR SHARE');
BEGIN;
SELECT a.k, s.n FROM acc a LEFT JOIN (SELECT k, count(*) AS n FROM mov GROUP BY k) s USING (k) WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) > 8 ORDER BY a.k LIMIT 2 FOR UPDATE OF a;
ROLLBACK;

-- another table at the level: conditions on rows of one table are its scan's
SELECT plan_of('SELECT a.k, f.id FROM acc a JOIN far f ON f.k = a.grp WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty > a.grp) > 3');
SELECT * FROM check_join('SELECT * FROM acc a JOIN mov b USING (k) JOIN far f ON f.v = b.qty WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty < a.grp + 5) > 3 AND (EXISTS (SELECT FROM far g WHERE g.id = b.k) OR b.qty = 4)');
SELECT * FROM check_join('SELECT * FROM near n LEFT JOIN (acc a JOIN mov b USING (k)) ON b.n = n.id WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k AND m.qty < a.grp + 5) > 3 OR n.id = 4');
SELECT * FROM check_join('SELECT n.id, (SELECT count(*) FROM mov m WHERE m.k = n.k) AS c FROM near n LEFT JOIN acc a ON a.k = n.k WHERE (SELECT count(*) FROM mov m WHERE m.k = a.k) = 0');
SELECT * FROM check_join('SELECT * FROM near n LEFT JOIN (SELECT a.k AS x, f.v FROM acc a JOIN far f ON f.k = a.grp WHERE (SELECT count(*) FROM far m WHERE m.id = a.k AND m.k < a.grp + 5) < 3 OR a.k % 3 = 0) b ON b.x = n.id');
SELECT * FROM check_join('SELECT s.n, c.k FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s JOIN far c ON c.k = s.n WHERE (SELECT count(*) FROM acc a WHERE a.k = s.k) > 0 OR s.n = 3');
SELECT * FROM check_join('SELECT a.k FROM acc a WHERE NOT EXISTS (SELECT FROM far f, acc b WHERE f.k = a.k AND b.grp = f.v AND (SELECT count(*) FROM mov m WHERE m.k = b.k) > 1)');
SELECT * FROM check_join('WITH w AS (SELECT k FROM mov WHERE qty = 3) SELECT a.k, f.id FROM acc a JOIN far f ON f.k = a.grp WHERE (SELECT count(*) FROM w WHERE w.k = a.k) > 1 OR a.k IN (SELECT x.k FROM w x)');

-- row security: nobody asks the shards what the policy hides
CREATE ROLE path_writer;
GRANT USAGE ON SCHEMA path TO path_writer;
GRANT SELECT, UPDATE, DELETE ON acc, mov, near TO path_writer;
ALTER TABLE acc ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON acc USING (k % 2 = 1);
CREATE FUNCTION tells(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$ BEGIN IF $1 = 'even' THEN RAISE EXCEPTION 'saw %', $1; END IF; RETURN true; END $$;
BEGIN;
UPDATE acc SET note = 'even' WHERE k % 2 = 0;
SET LOCAL ROLE path_writer;
WITH w AS (SELECT k, count(*) AS n FROM mov GROUP BY k) UPDATE acc SET grp = 50 FROM w WHERE w.k = acc.k AND tells(note);
UPDATE acc SET grp = 51 + floor(random()) FROM (SELECT k, count(*) AS n FROM mov GROUP BY k) s WHERE s.k = acc.k AND tells(note) AND (SELECT count(*) FROM mov m WHERE m.k = acc.k AND tells(acc.note)) > 4;
DELETE FROM acc USING near WHERE near.k = acc.k AND (SELECT count(*) FROM mov m WHERE m.k = acc.k AND tells(acc.note)) > 4;
RESET ROLE;
SELECT count(*), count(*) FILTER (WHERE grp = 50) AS fifty, count(*) FILTER (WHERE grp = 51) AS more, count(*) FILTER (WHERE note = 'even') AS even FROM acc;
ROLLBACK;
-- privileges on what only the shards read
BEGIN;
ALTER TABLE acc DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON mov FROM path_writer;
SET LOCAL ROLE path_writer;
DELETE FROM acc USING near WHERE near.k = acc.k AND (SELECT count(*) FROM mov m WHERE m.k = acc.k) > 4;
ROLLBACK;
-- a call of the user's is no condition
SELECT count(*) FROM acc WHERE shardlite_internal.on_shard('{VAR}', k);
DROP POLICY odd ON acc;
ALTER TABLE acc DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON acc, mov, near FROM path_writer;
REVOKE USAGE ON SCHEMA path FROM path_writer;
DROP ROLE path_writer;
DROP FUNCTION tells, check_write;
