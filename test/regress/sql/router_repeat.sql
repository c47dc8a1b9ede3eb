-- Statements of one shape, again and again with other literals: the answers are
-- those of a plain table whatever came before.
CREATE SCHEMA repeated;
SET search_path = repeated;
\set SHOW_CONTEXT never
CREATE TABLE plain (k int PRIMARY KEY, v text, n numeric(8, 2), c char(4), d date);
INSERT INTO plain SELECT i, 'v' || i % 4, i / 3.0, 'c' || i % 3, date '2020-02-28' + i FROM generate_series(-5, 30) i;
CREATE TABLE dist (LIKE plain INCLUDING ALL);
SELECT create_distributed_table('dist', 'k', colocate_with := 'none', shard_count := 8);
INSERT INTO dist SELECT * FROM plain;
CREATE VIEW seen AS SELECT k, v, n FROM dist WHERE k < 25;
CREATE VIEW plain_seen AS SELECT k, v, n FROM plain WHERE k < 25;

CREATE FUNCTION rows_of(statement text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	r record;
	result text[] := '{}';
BEGIN
	FOR r IN EXECUTE statement LOOP
		result := result || r::text;
	END LOOP;
	RETURN (SELECT array_agg(x ORDER BY x) FROM unnest(result) x);
EXCEPTION WHEN others THEN
	RETURN ARRAY[SQLSTATE, SQLERRM];
END $$;
-- every shape with every value, in one order and in the other
CREATE PROCEDURE compare(shapes text[], literals text[]) LANGUAGE plpgsql AS $$
DECLARE
	shape text;
	literal text;
	here text[];
	there text[];
BEGIN
	FOREACH shape IN ARRAY shapes LOOP
		FOREACH literal IN ARRAY literals LOOP
			here := rows_of(replace(replace(shape, 'TAB', 'plain'), '?', literal));
			there := rows_of(replace(replace(shape, 'TAB', 'dist'), '?', literal));
			IF here IS DISTINCT FROM there THEN
				RAISE WARNING '% with %: % instead of %', shape, literal, there, here;
			END IF;
		END LOOP;
	END LOOP;
END $$;
\set integers 'ARRAY[\'1\', \'2\', \'3\', \'-3\', \'3\', \'NULL\', \'1\', \'5000000000\', \'2.0\', \'2.5\', \'4\', \'3::int8\', \'2::smallint\', \'(3)\', \'1 + 1\', \'\'\'7\'\'\', \'\'\'x\'\'\', \'4\', \'99999999999999999999\', \'-2147483648\', \'10\']'

CALL compare(ARRAY[
	'SELECT * FROM TAB WHERE k = ?',
	'SELECT v, 3 AS three FROM TAB WHERE ? = k AND n > 0',
	'SELECT v FROM TAB WHERE k = ? AND k = 3',
	'SELECT v FROM TAB WHERE k = 3 AND n < ?',
	'SELECT v FROM TAB WHERE k = ? OR k = 2',
	'SELECT v FROM TAB WHERE k IN (?, 3)',
	'SELECT count(*), sum(n) FROM TAB WHERE k = ?',
	'SELECT a.v, b.v FROM TAB a JOIN TAB b ON a.k = b.k WHERE a.k = ?',
	'SELECT a.v, b.v FROM TAB a, TAB b WHERE a.k = ? AND b.k = 3',
	'SELECT a.v, b.v FROM TAB a, TAB b WHERE a.k = ? AND b.k = ?',
	'SELECT a.v, b.v FROM TAB a LEFT JOIN TAB b ON b.k = a.k AND b.n < ? WHERE a.k = 3',
	'SELECT v FROM TAB WHERE k = 3 ORDER BY v LIMIT ?',
	'SELECT v FROM TAB WHERE k = 3 OFFSET ?',
	'SELECT ? FROM TAB WHERE k = 3',
	'SELECT v FROM TAB WHERE k = 3 GROUP BY v HAVING count(*) < ?',
	'SELECT (SELECT max(n) FROM TAB b WHERE b.k = ?) FROM TAB a WHERE a.k = ?',
	'WITH c AS (SELECT * FROM TAB WHERE k = ?) SELECT n FROM c WHERE n > -5',
	'SELECT v FROM TAB WHERE k = ? FOR UPDATE',
	'SELECT CASE WHEN k > ? THEN 1 ELSE 0 END FROM TAB WHERE k = 3',
	'UPDATE TAB SET n = ? WHERE k = 3 RETURNING n, v',
	'UPDATE TAB SET n = n + 1, v = ''w'' WHERE k = ? RETURNING n, v',
	'DELETE FROM TAB WHERE k = ? AND n > 9 RETURNING *'], :integers);
-- the same table under a view, and other types than integers
CALL compare(ARRAY[
	'SELECT k, v FROM TAB WHERE v = ? AND k = 5',
	'SELECT k FROM TAB WHERE c = ? AND k = 4',
	'SELECT k FROM TAB WHERE d > ? AND k = 4',
	'SELECT k FROM TAB WHERE v LIKE ? AND k = 5',
	'SELECT v || ? FROM TAB WHERE k = 5',
	'UPDATE TAB SET v = ? WHERE k = 5 RETURNING v, c',
	'UPDATE TAB SET c = ? WHERE k = 5 RETURNING v, c'],
	ARRAY[$$'v1'$$, $$'v1'$$, $$'v1'$$, $$'c1'$$, $$'c1  '$$, $$'v%'$$, $$''$$, 'NULL', $$'it''s'$$, $$E'a\\b\n'$$, $$'2020-03-01'$$, $$date '2020-03-01'$$, $$'too long'$$, $$'v1'::varchar$$, '1', $$'v2'$$]);
SELECT count(*) FROM (TABLE plain EXCEPT TABLE dist) x;
SELECT v FROM seen WHERE k = 20;
SELECT v FROM seen WHERE k = 21;
SELECT v FROM seen WHERE k = 27;
CREATE OR REPLACE VIEW seen AS SELECT k, v, n FROM dist WHERE k < 28;
SELECT v FROM seen WHERE k = 27;

-- one shape means different tables, functions, rights at different times
CREATE SCHEMA repeated2;
CREATE TABLE repeated2.dist (k int PRIMARY KEY, v text);
INSERT INTO repeated2.dist VALUES (20, 'another');
SELECT v FROM dist WHERE k = 20;
SET search_path = repeated2, repeated;
SELECT v FROM dist WHERE k = 20;
SELECT create_distributed_table('dist', 'k', colocate_with := 'none', shard_count := 2);
SELECT v FROM dist WHERE k = 20;
SELECT v FROM dist WHERE k = 20;
SET search_path = repeated;
SELECT v FROM dist WHERE k = 20;
CREATE FUNCTION twist(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper($1) $$;
SELECT twist(v) FROM dist WHERE k = 15;
SELECT twist(v) FROM dist WHERE k = 22;
SELECT twist(v) FROM dist WHERE k = 20;
CREATE OR REPLACE FUNCTION twist(text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT reverse($1) $$;
SELECT twist(v) FROM dist WHERE k = 20;
ALTER TABLE dist ADD COLUMN more int DEFAULT 7;
SELECT more FROM dist WHERE k = 15;
SELECT more FROM dist WHERE k = 22;
ALTER TABLE dist ALTER COLUMN more TYPE text USING more || '!';
SELECT more FROM dist WHERE k = 20;
ALTER TABLE dist RENAME TO former;
SELECT more FROM former WHERE k = 20;
ALTER TABLE former RENAME TO dist;
CREATE ROLE repeated_role;
GRANT USAGE ON SCHEMA repeated TO repeated_role;
GRANT SELECT ON dist TO repeated_role;
SELECT v FROM dist WHERE k = 7;
SELECT v FROM dist WHERE k = 8;
SET ROLE repeated_role;
SELECT v FROM dist WHERE k = 8;
UPDATE dist SET v = 'mine' WHERE k = 8;
RESET ROLE;
UPDATE dist SET v = 'mine' WHERE k = 8;
UPDATE dist SET v = 'yours' WHERE k = 9;
UPDATE dist SET v = 'mine' WHERE k = 10;
ALTER TABLE dist ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON dist TO repeated_role USING (v = 'mine');
SELECT v FROM dist WHERE k = 9;
SET ROLE repeated_role;
SELECT v FROM dist WHERE k = 8;
SELECT v FROM dist WHERE k = 9;
SELECT v FROM dist WHERE k = 10;
SELECT v FROM dist WHERE k = 9;
RESET ROLE;
REVOKE SELECT ON dist FROM repeated_role;
SET ROLE repeated_role;
SELECT v FROM dist WHERE k = 8;
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA repeated, repeated2 CASCADE;
DROP ROLE repeated_role;
