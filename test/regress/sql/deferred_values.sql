-- Expressions without columns that only the coordinator can compute, or that
-- fail: errors come when a row needs the value, as on one server.
CREATE SCHEMA deferred_values;
SET search_path TO deferred_values;
\set VERBOSITY terse
CREATE TABLE d (k int PRIMARY KEY, j int, v text);
SELECT create_distributed_table('d', 'k', shard_count => 4);
INSERT INTO d SELECT i, i, 'x' || i FROM generate_series(1, 20) i;
CREATE TABLE r (k int PRIMARY KEY, j int);
SELECT create_reference_table('r');
INSERT INTO r VALUES (1, 1);
CREATE FUNCTION fails() RETURNS int STABLE LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'asked for' USING errcode = 'P0042', detail = 'of it', hint = 'do not'; END$$;
CREATE FUNCTION five() RETURNS int STABLE LANGUAGE sql AS 'SELECT 5';
CREATE FUNCTION named() RETURNS name STABLE LANGUAGE sql AS $$SELECT 'x5'::name$$;
CREATE FUNCTION many() RETURNS int[] STABLE LANGUAGE sql AS 'SELECT ARRAY[4, 5]';
CREATE FUNCTION tenant() RETURNS text STABLE LANGUAGE sql AS $$SELECT current_setting('app.tenant')$$;

SET app.tenant TO 'x1';
-- a node computes what it can, the rest is a parameter
CREATE FUNCTION fragment(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        IF line ~ 'SQL:' THEN RETURN NEXT trim(line); END IF;
    END LOOP;
END$$;
SELECT fragment('SELECT k FROM d WHERE v < (now() - interval ''1 day'')::text AND k = 1');
SELECT fragment('SELECT k FROM d WHERE v < current_user || j');
SELECT fragment('SELECT k FROM d WHERE j = five() + k');
SELECT fragment('SELECT k FROM d WHERE v = current_setting(''app.tenant'') COLLATE "C"');

-- no row comes to it
SELECT int4(jsonb_build_object()) FROM d WHERE k < 0;
SELECT CASE WHEN k < 0 THEN now()::text::int END FROM d WHERE k = 1;
SELECT k, CASE WHEN k < 0 THEN fails() ELSE j END FROM d WHERE k = 1;
SELECT count(CASE WHEN k < 0 THEN fails() END) FROM d;
SELECT count(*) FROM d WHERE k > 100 AND CASE WHEN k < 0 THEN ('no' || 'ne')::text::regclass::text = v END;
SELECT CASE WHEN d.k < 0 THEN fails() + r.k END FROM d JOIN r ON d.j = r.j;
UPDATE d SET j = CASE WHEN k < 0 THEN fails() ELSE j END WHERE k < 3;
INSERT INTO d VALUES (21, 21) ON CONFLICT (k) DO UPDATE SET j = fails();
EXPLAIN (COSTS OFF, ANALYZE, TIMING OFF, SUMMARY OFF) SELECT FROM r WHERE CASE WHEN j < 0 THEN fails() = k END;
SELECT count(*) FROM d WHERE CASE WHEN k < 0 THEN v = current_setting('app.nothing') END;

-- a row does
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT CASE WHEN k > 0 THEN fails() END FROM d WHERE k = 1;
\set VERBOSITY terse
SELECT CASE WHEN k > 0 THEN fails() END FROM d;
SELECT count(*) FROM d WHERE j = fails();
SELECT count(*) FROM d WHERE v = current_setting('app.nothing');
INSERT INTO d VALUES (21, 21) ON CONFLICT (k) DO UPDATE SET j = fails();
DO $$BEGIN
    PERFORM j FROM d WHERE j > fails();
EXCEPTION WHEN SQLSTATE 'P0042' THEN
    RAISE NOTICE 'caught %', SQLERRM;
END$$;

-- values of all kinds
SET app.tenant TO 'x7';
SELECT k FROM d WHERE v = current_setting('app.tenant');
SELECT k FROM d WHERE v = tenant();
SELECT k FROM d WHERE v = named() ORDER BY v COLLATE "C";
SELECT k FROM d WHERE j = ANY (many()) ORDER BY k;
SELECT j + five(), pg_typeof(five() + j) FROM d WHERE k = five();
SELECT v || tenant() FROM d WHERE k = 3;
SELECT max(j * five()), min(v || named()) FROM d;
SELECT count(*) FROM d WHERE now() - interval '1 hour' < clock_timestamp() AND v LIKE '%' || five();
SELECT count(*) FROM d WHERE j > NULLIF(five(), 5);

-- prepared, and again with another value
PREPARE p(text) AS SELECT k FROM d WHERE v = current_setting($1) AND k > five() - 5;
EXECUTE p('app.tenant');
SET app.tenant TO 'x8';
EXECUTE p('app.tenant');
EXECUTE p('app.tenant');
EXECUTE p('app.tenant');
EXECUTE p('app.tenant');
EXECUTE p('app.tenant');
EXECUTE p('app.none');
EXECUTE p('app.tenant');
BEGIN;
UPDATE d SET j = 0 WHERE k = 1;
SAVEPOINT s;
EXECUTE p('app.none');
ROLLBACK TO s;
EXECUTE p('app.tenant');
SELECT count(*) FROM d WHERE j = 0 AND CASE WHEN k < 0 THEN fails() = 1 ELSE true END;
ROLLBACK;

DROP SCHEMA deferred_values CASCADE;
