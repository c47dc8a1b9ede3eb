-- Values that nodes must not read or print differently: settings, types known by name, functions of the session.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- stable functions are computed once, here
SELECT count(DISTINCT t) FROM (SELECT now() AS t FROM item UNION ALL SELECT statement_timestamp() - statement_timestamp() + now() FROM line) s;
SELECT count(*) FROM item WHERE now() = transaction_timestamp() AND current_date = now()::date;
SELECT same('SELECT k FROM item WHERE current_setting(''search_path'') <> '''' AND current_user = session_user');
SET sql_test.x = '7';
SELECT same('SELECT k FROM item WHERE k = current_setting(''sql_test.x'')::int');
SELECT same('SELECT count(*) FROM line WHERE day < make_date(2020, 2, 1) + current_setting(''sql_test.x'')::int');
RESET sql_test.x;
-- volatile ones once per row, in the session
SELECT count(DISTINCT r) > 25 FROM (SELECT random() AS r FROM item) s;
SELECT setseed(0.5);
CREATE TABLE sql_test.drawn AS SELECT k, random() AS r FROM item ORDER BY k;
SELECT count(DISTINCT r) FROM sql_test.drawn;
DROP TABLE sql_test.drawn;
CREATE SEQUENCE sql_test.s;
SELECT count(DISTINCT x), min(x), max(x) FROM (SELECT nextval('sql_test.s') AS x FROM item WHERE k > 0) s;
SELECT count(*), currval('sql_test.s') FROM item WHERE nextval('sql_test.s') > 40;
DROP SEQUENCE sql_test.s;
-- the forms of values
SET DateStyle = 'German, DMY';
SELECT same('SELECT n FROM line WHERE day = ''03.02.2020'' OR day = ''5.2.2020''::date');
SELECT same('SELECT max(day)::text, min(day::timestamptz)::text FROM line');
SET IntervalStyle = sql_standard;
SELECT same('SELECT k * interval ''-1 day 2 hours'' FROM item WHERE k < 3');
SET TimeZone = 'Asia/Kolkata';
SELECT same('SELECT n, day::timestamptz, day::timestamptz AT TIME ZONE ''UTC'' FROM line WHERE n < 4');
SELECT same('SELECT date_trunc(''day'', day::timestamptz, ''Europe/Berlin''), count(*) FROM line GROUP BY 1');
SET extra_float_digits = -5;
SELECT same('SELECT sum(k / 3.0::float8), (k / 7.0::float8)::text FROM item WHERE k < 4 GROUP BY k');
SELECT same('SELECT k FROM item WHERE k / 3.0::float8 = 10.0 / 3.0::float8');
SET bytea_output = escape;
SELECT same('SELECT note::bytea || ''\x00ff'' FROM item WHERE k < 3');
SET xmlbinary = hex;
SELECT same('SELECT xmlelement(name b, note::bytea) FROM item WHERE k = 2');
-- a backslash in the client's strings and in ours
BEGIN;
UPDATE item SET note = 'x\\y' WHERE k = 2;
UPDATE item SET note = 'x\y' WHERE k = 3;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT k FROM item WHERE note = 'x\\y';
SELECT k FROM item WHERE note = 'x\\\\y';
SELECT k, note || 'a\\b' FROM item WHERE note = 'x\\y' AND k = 3;
SELECT count(*) FROM item i JOIN line l ON l.n < 4 WHERE i.note LIKE 'x\\\\\\\\%';
UPDATE item SET note = note || 'u\\v' WHERE note = 'x\\y' RETURNING k, note;
INSERT INTO item (k, note) VALUES (300, 'p\\q') RETURNING note;
INSERT INTO item (k, note) SELECT k + 400, 'p\\q' || note FROM item WHERE k = 2 RETURNING note;
CREATE TABLE escaped (k int PRIMARY KEY, v text DEFAULT 'd\\e' CHECK (v <> 'n\\o'));
SELECT create_distributed_table('escaped', 'k', shard_count := 3);
ALTER TABLE escaped ADD COLUMN w text DEFAULT 'f\\g';
INSERT INTO escaped (k) VALUES (1);
INSERT INTO escaped (k) SELECT k FROM item WHERE k IN (2, 3);
SET standard_conforming_strings = on;
SELECT k, note FROM item WHERE k IN (2, 3) OR k >= 300 ORDER BY k;
SELECT DISTINCT v, w FROM escaped;
ROLLBACK;
RESET ALL;
SET search_path = sql_here, sql_test;
SET lc_monetary = 'C';
SELECT same('SELECT sum(price::numeric::money) FROM item');
RESET lc_monetary;
-- object identifiers differ between nodes: enums, composites, regclass, arrays of them
SELECT same('SELECT feel, count(*) FROM item WHERE feel > ''sad'' GROUP BY feel');
SELECT same('SELECT array_agg(feel ORDER BY k), max(feel) FROM item');
SELECT same('SELECT enum_range(feel), feel::text FROM item WHERE k < 5');
SELECT same('SELECT k FROM item WHERE feel = ANY (''{ok,happy}''::mood[])');
SELECT same('SELECT k, two, ARRAY[two], ROW(two, feel) FROM item WHERE two = ROW(4, ''b1'')::pair');
SELECT same('SELECT ''item''::regclass, k FROM item WHERE k < 3');
SELECT same('SELECT pg_typeof(two), pg_typeof(feel), pg_typeof(price) FROM item WHERE k = 1');
SELECT same('SELECT k FROM item WHERE to_regclass(''item'') IS NOT NULL AND k < 4');
SELECT same('SELECT format_type(''mood''::regtype, NULL) FROM item WHERE k = 1');
-- an operator or function is the one that this session's search_path finds
CREATE SCHEMA sql_other;
CREATE FUNCTION sql_other.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''mine '' || $1';
CREATE FUNCTION sql_other.eq_mod(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.int4eq($1 % 10, $2 % 10)';
CREATE OPERATOR sql_other.= (FUNCTION = sql_other.eq_mod, LEFTARG = int, RIGHTARG = int);
SET search_path = sql_other, pg_catalog, sql_here, sql_test;
SELECT k, upper(note) FROM item WHERE k = 13 ORDER BY k;
SELECT count(*) FROM item i JOIN line l ON l.n = i.k WHERE upper(note) LIKE 'mine%';
SET search_path = sql_here, sql_test;
SELECT k, upper(note) FROM item WHERE k = 13;
SET client_min_messages = warning;
DROP SCHEMA sql_other CASCADE;
RESET client_min_messages;
-- generated columns, defaults and identities are computed once
SELECT in_both('CREATE TABLE made (k int, n int GENERATED ALWAYS AS IDENTITY, g int GENERATED ALWAYS AS (k * 2) STORED, t timestamptz DEFAULT now(), PRIMARY KEY (k, n))');
SELECT create_distributed_table('made', 'k', shard_count := 3);
SELECT in_both('INSERT INTO made (k) SELECT k FROM item WHERE k < 6 ORDER BY k');
SELECT same('SELECT k, n, g FROM made');
SELECT count(DISTINCT t) FROM made;
WITH u AS (UPDATE made SET t = DEFAULT WHERE g > 4 RETURNING k, n, g, t = now() AS is_now) SELECT * FROM u ORDER BY k;
SELECT in_both('DROP TABLE made');
