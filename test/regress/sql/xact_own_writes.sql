-- A statement does not see what its own transaction writes after it has begun.
CREATE SCHEMA own;
SET search_path = own;
CREATE TABLE a (k int PRIMARY KEY, g int);
CREATE TABLE b (id int, g int, w int);
SELECT create_distributed_table('a', 'k');
SELECT create_distributed_table('b', 'id');
INSERT INTO a SELECT i, i % 10 FROM generate_series(1, 40) i;
INSERT INTO b SELECT i, i % 10, i FROM generate_series(1, 50) i;
ANALYZE a, b;
CREATE FUNCTION put(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO b VALUES (1000 + $1, $1 % 10, 0); RETURN $1; END $$;
CREATE FUNCTION now_there() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM b); END $$;
CREATE FUNCTION then_there() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT count(*) FROM b); END $$;

-- a cursor: once per row, a join, one table after the other
BEGIN;
DECLARE once_per_row CURSOR FOR SELECT k, (SELECT count(*) FROM b WHERE b.g = a.g) FROM a WHERE k % 10 < 3 ORDER BY k;
DECLARE joined CURSOR FOR SELECT k, x.id FROM a, LATERAL (SELECT id FROM b WHERE b.g = a.g ORDER BY id LIMIT 1) x ORDER BY k LIMIT 8;
DECLARE in_turn CURSOR FOR SELECT count(*) FROM a UNION ALL SELECT count(*) FROM b UNION ALL SELECT count(*) FROM b WHERE w > (SELECT min(k) FROM a);
FETCH 2 FROM once_per_row;
FETCH 1 FROM joined;
FETCH 1 FROM in_turn;
INSERT INTO b SELECT 100 + i, i % 10, 1 FROM generate_series(1, 100) i;
FETCH 2 FROM once_per_row;
SAVEPOINT s;
DELETE FROM b WHERE g < 5;
FETCH 2 FROM once_per_row;
DECLARE later CURSOR FOR SELECT k, (SELECT count(*) FROM b WHERE b.g = a.g) FROM a WHERE k < 10 ORDER BY k;
FETCH 5 FROM later;
DELETE FROM b WHERE g = 6;
COPY b FROM stdin;
2001	8	0
2002	8	0
\.
FETCH ALL FROM later;
ROLLBACK TO s;
FETCH 2 FROM once_per_row;
DELETE FROM b;
FETCH ALL FROM joined;
FETCH ALL FROM in_turn;
FETCH ALL FROM once_per_row;
ROLLBACK;

-- a loop that changes what its query reads
DO $$
DECLARE
    r record;
    total int := 0;
BEGIN
    FOR r IN SELECT k, (SELECT count(*) FROM b WHERE b.g = a.g) AS n FROM a ORDER BY k LOOP
        DELETE FROM b WHERE g = (r.k + 1) % 10;
        INSERT INTO b VALUES (r.k, r.k % 10, 1);
        total := total + r.n;
    END LOOP;
    RAISE NOTICE '% %', total, (SELECT count(*) FROM b);
    ROLLBACK;
END $$;
DO $$
DECLARE
    r record;
    total int := 0;
BEGIN
    FOR r IN SELECT k, (SELECT count(*) FROM b WHERE b.g = a.g) AS n FROM a ORDER BY k LOOP
        BEGIN
            UPDATE b SET g = 0 WHERE id <= r.k;
            PERFORM 1 / (r.k % 3);
        EXCEPTION WHEN division_by_zero THEN
        END;
        total := total + r.n;
    END LOOP;
    RAISE NOTICE '% %', total, (SELECT sum(g) FROM b);
    ROLLBACK;
END $$;

-- functions that write, and functions that read, called by the statement
BEGIN;
SELECT put(k), (SELECT count(*) FROM b WHERE b.g = a.g), now_there(), then_there() FROM a WHERE k < 6 ORDER BY k;
SELECT count(*) FROM b;
SELECT k, put(k) FROM a WHERE k < 4 AND (SELECT count(*) FROM b WHERE b.g = a.g AND b.w + a.k > 100) = 0 ORDER BY k;
SELECT count(*) FROM b;
ROLLBACK;
BEGIN;
WITH i AS (INSERT INTO b SELECT k, g, 1 FROM a RETURNING *)
SELECT (SELECT count(*) FROM b), (SELECT count(*) FROM i), now_there(), then_there();
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
DECLARE once_per_row CURSOR FOR SELECT k, (SELECT count(*) FROM b WHERE b.g = a.g) FROM a ORDER BY k;
FETCH 2 FROM once_per_row;
DELETE FROM b;
FETCH 2 FROM once_per_row;
SELECT count(*) FROM b;
ROLLBACK;
DROP SCHEMA own CASCADE;
