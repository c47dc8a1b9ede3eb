-- Values of every kind of type as keys of joins, groups, sorts and sub-SELECTs: on their way
-- between nodes they stay what they are.  A line per difference from plain tables.
CREATE SCHEMA kt;
SET search_path = kt;
SET client_min_messages = warning;
SET datestyle = 'German';
SET extra_float_digits = -5;
SET shardlite.exchange_startup_cost = 0;
CREATE TYPE mood AS ENUM ('z', 'y', 'x', 'w');
CREATE TYPE pair AS (x int, y text);
CREATE TYPE float_range AS RANGE (subtype = float8);
CREATE DOMAIN small AS int CHECK (VALUE >= 0);
CREATE DOMAIN code AS char(4);
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE kind (id int GENERATED ALWAYS AS IDENTITY, type text, value text);
INSERT INTO kind (type, value) VALUES
	('char(5)', '''ab'' || i % 7'), ('char(5)[]', 'ARRAY[''x'' || i % 5, NULL]'), ('code', '''q'' || i % 6'),
	('bit(6)', '(i % 17)::bit(6)'), ('bit(6)[]', 'ARRAY[(i % 11)::bit(6)]'), ('varbit', '(i % 5)::bit(4)'),
	('text', 'CASE WHEN i % 5 > 0 THEN ''é\'' || i % 6 END'), ('text COLLATE "C"', '''c'' || i % 6'), ('varchar(4)', '''v'' || i % 9'),
	('text COLLATE ci', 'CASE WHEN i % 2 = 0 THEN ''A'' ELSE ''a'' END || i % 4'), ('name', '''n'' || i % 6'), ('"char"', 'chr(65 + i % 6)'),
	('bytea', '(''\x0'' || i % 8)::bytea'), ('bool', 'i % 3 = 0'), ('int2', 'i % 6'), ('int8', 'i % 6'), ('small', 'i % 7'),
	('numeric', '(ARRAY[''NaN'', 1.0, 0.1, ''Infinity''])[i % 5]'), ('numeric(6,2)', 'i % 9 * 1.25'), ('money', 'i % 6'),
	('float8', '(ARRAY[''NaN'', ''-0'', 0, 0.1 + 0.2, 1e-300])[i % 6]'), ('float4', 'i % 7 * 0.1::float4'),
	('date', 'date ''2020-01-01'' + i % 9'), ('time', 'time ''10:00'' + i % 9 * interval ''1 hour'''), ('timetz', 'timetz ''10:00+02'' + i % 9 * interval ''1 hour'''),
	('timestamp', 'timestamp ''2020-03-29'' + i % 9 * interval ''1 hour'''), ('timestamptz', 'timestamptz ''2020-03-29 00:30+00'' + i % 9 * interval ''1 hour'''),
	('interval', '(ARRAY[''1 mon'', ''1 day -1 sec'', ''3 days''])[i % 4]::interval'), ('uuid', 'md5((i % 8)::text)::uuid'),
	('jsonb', 'jsonb_build_object(''a'', i % 6, ''b'', NULL)'), ('inet', '''10.0.0.0/8''::inet + i % 7'), ('macaddr', '(''08:00:2b:01:02:0'' || i % 7)::macaddr'),
	('mood', '(enum_range(NULL::mood))[i % 5]'), ('mood[]', 'ARRAY[(enum_range(NULL::mood))[i % 5]]'), ('pair', 'ROW(i % 4, ''t'' || i % 3)::pair'), ('pair[]', 'ARRAY[ROW(i % 4, NULL)::pair]'),
	('int4range', 'int4range(i % 5, i % 5 + 3)'), ('int4multirange', 'int4multirange(int4range(i % 5, i % 5 + 3))'), ('float_range', 'float_range(i % 5, i % 5 + 3)'),
	('int[]', 'ARRAY[i % 4, NULL, i % 3]'), ('int[][]', 'ARRAY[[i % 4, 1], [2, i % 3]]'), ('oid', '(i % 6)::oid'), ('regclass', '(ARRAY[''pg_class'', ''pg_type''])[i % 3]::regclass'),
	('xid', '(i % 5)::text::xid'), ('tsvector', 'to_tsvector(''simple'', ''w'' || i % 4)'), ('pg_lsn', '(''0/'' || i % 6)::pg_lsn');
-- each with the way that the keys shall travel
CREATE TABLE question (way text, what text);
INSERT INTO question VALUES
	('broadcast', 'SELECT a.k, b.k AS l, a.v::text FROM da a JOIN db b ON a.v = b.v'),
	('exchange', 'SELECT a.k, b.k AS l, a.v::text FROM da a JOIN db b ON a.v = b.v'),
	('exchange', 'SELECT k FROM da a WHERE NOT EXISTS (SELECT FROM db b WHERE b.v = a.v AND b.k < 25)'),
	('here', 'SELECT a.k, b.k AS l FROM da a FULL JOIN db b ON a.v = b.v AND a.k = b.k + 1'),
	('keys', 'SELECT k, (SELECT b.k FROM db b WHERE b.v = a.v ORDER BY k DESC LIMIT 1) FROM da a'),
	('here', 'SELECT v::text, count(*), min(k) FROM da GROUP BY v'),
	('exchange', 'SELECT count(DISTINCT v), sum(k) FROM da'),
	('here', 'SELECT v::text, k, row_number() OVER (PARTITION BY v ORDER BY k) FROM da'),
	('here', 'SELECT k, v::text FROM da ORDER BY v, k LIMIT 7'),
	('here', 'SELECT k FROM da WHERE v = (SELECT v FROM db WHERE k = 3)'),
	('exchange', 'SELECT v::text, sum(k) FROM (SELECT v, k FROM da UNION ALL SELECT v, k FROM db) u GROUP BY v');
-- the rows of a query, or its error
CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rows text;
BEGIN
	EXECUTE format('SELECT string_agg(q::text, '' '' ORDER BY q::text COLLATE "C") FROM (%s) q', query) INTO rows;
	RETURN rows;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
-- tables with a column v<id> of each type
DO $$
BEGIN
	EXECUTE (SELECT format('CREATE TABLE pa AS SELECT i AS k, %s FROM generate_series(1, 60) i', string_agg(format('(%s)::%s AS v%s', value, type, id), ', ' ORDER BY id)) FROM kind);
END $$;
CREATE TABLE pb AS TABLE pa;
UPDATE pb SET k = k * 2;
CREATE TABLE da (LIKE pa);
CREATE TABLE db (gone text, LIKE pb);
ALTER TABLE db DROP COLUMN gone;
SELECT create_distributed_table('da', 'k', colocate_with := 'none', shard_count := 3), create_distributed_table('db', 'k', colocate_with := 'none', shard_count := 4);
INSERT INTO da SELECT * FROM pa;
INSERT INTO db SELECT * FROM pb;
ANALYZE da, db, pa, pb;
CREATE FUNCTION differences() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	t record;
	q record;
	query text;
BEGIN
	FOR q IN SELECT * FROM question LOOP
		PERFORM set_config('shardlite.enable_broadcast', (q.way = 'broadcast')::text, true),
			set_config('shardlite.enable_exchange', (q.way = 'exchange')::text, true),
			set_config('enable_hashjoin', (q.way = 'here')::text, true),
			set_config('enable_mergejoin', (q.way = 'here')::text, true);
		FOR t IN SELECT * FROM kind LOOP
			query := regexp_replace(q.what, '\mv\M', 'v' || t.id, 'g');
			IF answer(query) IS DISTINCT FROM answer(regexp_replace(query, '\md([ab])\M', 'p\1', 'g')) THEN
				RETURN NEXT format('%s, %s: %s: %s', t.type, q.way, q.what, answer(query));
			END IF;
		END LOOP;
	END LOOP;
END $$;
SELECT * FROM differences();
DROP SCHEMA kt CASCADE;
