-- Values between nodes: types known by name only, binary and text results,
-- settings that change text forms.
SET search_path = exec;
\set SHOW_CONTEXT never

-- types made in a dropped schema shift OIDs on this node against the others
CREATE SCHEMA shift;
CREATE TYPE shift.a AS ENUM ('x');
CREATE TYPE shift.b AS (i int);
DROP SCHEMA shift CASCADE;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE comp AS (x int, m mood, t text);
CREATE DOMAIN posint AS int CHECK (value > 0);
CREATE DOMAIN moods AS mood[];
CREATE TABLE ty (k bigint PRIMARY KEY, m mood, ma mood[], c comp, ca comp[], d posint,
    n numeric, ts timestamptz, iv interval, j jsonb, f float8, b bytea, r int4range,
    u uuid, x xml, cls regclass, md moods, bp char(5), vb varbit, pt point, tv tsvector, bl bool);
SELECT create_distributed_table('ty', 'k', colocate_with := 'none', shard_count := 4);
INSERT INTO ty VALUES (1, 'ok', '{sad,NULL,happy}', ROW(1, 'sad', 'a,"b'),
    ARRAY[ROW(2, 'ok', NULL)::comp, NULL], 5, 1.23456789012345678901234567890,
    '2020-01-02 03:04:05+00', '1 year 2 days 3.5 sec', '{"a":[1,2]}', 0.1::float8 + 0.2::float8,
    '\x00ff', '[1,5)', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '<a/>', 'pg_class', '{ok}',
    'ab', B'101', '(1,2)', 'a b', true);
INSERT INTO ty (k) VALUES (2);
\x
SELECT * FROM ty ORDER BY k;
-- without the columns that only travel as text
SELECT k, m, ma, c, ca, d, md, f FROM ty ORDER BY k;
\x
SELECT (c).m, (ca[1]).x FROM ty ORDER BY k;
SELECT ty FROM ty WHERE k = 2;
SELECT ROW(k, bp) FROM ty WHERE k = 1;

PREPARE change(bigint, mood, comp, mood[], posint) AS
    UPDATE ty SET m = $2, c = $3, ma = $4, d = $5 WHERE k = $1 RETURNING m, c, ma, d;
EXECUTE change(1, 'sad', '(9,ok,q)', '{happy}', 8);
EXECUTE change(2, NULL, NULL, NULL, NULL);
EXECUTE change(2, 'ok', '(,,)', '{}', -1);
PREPARE by_mood(mood) AS SELECT count(*) FROM ty WHERE m = $1;
EXECUTE by_mood('sad');
PREPARE by_moods(mood[]) AS SELECT k FROM ty WHERE m = ANY ($1) AND c IS NOT NULL;
EXECUTE by_moods('{sad,ok}');
SELECT a.m FROM ty a JOIN (VALUES ('sad'::mood)) v(m) USING (m);
WITH v AS MATERIALIZED (SELECT 'sad'::mood AS m, ROW(9, 'ok', 'q')::comp AS c)
SELECT k FROM ty, v WHERE ty.m = v.m AND ty.c = v.c;

-- text forms lose nothing, whatever the session's settings are
SET extra_float_digits = 0;
SELECT f = 0.1::float8 + 0.2::float8 AS same FROM (SELECT f FROM ty WHERE k = 1 OFFSET 0) s;
UPDATE ty SET f = 1.0::float8 / 3 WHERE k = 2;
RESET extra_float_digits;
SELECT f, f = 1.0::float8 / 3 FROM ty WHERE k = 2;
SET datestyle = 'German';
SELECT ts, cls FROM ty WHERE k = 1;
SELECT ts::text FROM ty WHERE ts = '2020-01-02 03:04:05+00';
RESET datestyle;
SET intervalstyle = sql_standard;
SELECT iv FROM ty WHERE iv = '1 year 2 days 3.5 sec';
RESET intervalstyle;
SET timezone = 'Asia/Tokyo';
SELECT ts, date_trunc('day', ts) FROM ty WHERE k = 1;
RESET timezone;
SET bytea_output = 'escape';
SELECT b, b::text, cls FROM ty WHERE k = 1;
RESET bytea_output;

-- 8 MB there and back
UPDATE ty SET j = to_jsonb(repeat('y', 8 * 1024 * 1024)), b = convert_to(repeat('z', 8 * 1024 * 1024), 'UTF8') WHERE k = 2;
SELECT length(j::text), length(b) FROM (SELECT j, b FROM ty WHERE k = 2 OFFSET 0) s;

-- keys of other types
CREATE TABLE by_enum (m mood, "Key" text, PRIMARY KEY (m, "Key"));
SELECT create_distributed_table('by_enum', 'm', colocate_with := 'none', shard_count := 3);
INSERT INTO by_enum SELECT m, 'v' || g FROM unnest(enum_range(NULL::mood)) m, generate_series(1, 3) g;
SELECT * FROM by_enum WHERE m = 'ok' ORDER BY 2;
UPDATE by_enum SET m = 'happy', "Key" = "Key" || '+' WHERE m = 'sad';
SELECT m, count(*) FROM by_enum GROUP BY m ORDER BY m;
DROP TABLE ty, by_enum;
