-- shardlite_internal.partial(): the transition phase of any aggregate that
-- has a combine function.
CREATE SCHEMA partial_state;
SET search_path = partial_state;

CREATE TABLE v (i int, b bigint, n numeric, f float8, s text, t interval);
INSERT INTO v SELECT i, i, i / 4.0, i / 4.0, 'x' || i, i * interval '1 hour' FROM generate_series(1, 8) i;
INSERT INTO v DEFAULT VALUES;

-- states of types that have names come as they are
SELECT shardlite_internal.partial(NULL::bigint[], 'pg_catalog.avg(integer)', i) AS avg,
    shardlite_internal.partial(NULL::float8[], 'pg_catalog.stddev(double precision)', f) AS stddev,
    shardlite_internal.partial(NULL::interval[], 'pg_catalog.avg(interval)', t) AS interval,
    shardlite_internal.partial(NULL::text, 'pg_catalog.max(text)', s) AS max,
    shardlite_internal.partial(NULL::bigint, 'pg_catalog.count()') AS count
FROM v;

-- internal states in the bytes of their serialization functions
SELECT length(shardlite_internal.partial(NULL::bytea, 'pg_catalog.avg(bigint)', b)) > 0 AS avg8,
    length(shardlite_internal.partial(NULL::bytea, 'pg_catalog.sum(numeric)', n)) > 0 AS sum,
    length(shardlite_internal.partial(NULL::bytea, 'pg_catalog.variance(numeric)', n)) > 0 AS variance
FROM v;

-- no rows: the initial state, or none
SELECT shardlite_internal.partial(NULL::bigint[], 'pg_catalog.avg(integer)', i) AS avg,
    shardlite_internal.partial(NULL::bytea, 'pg_catalog.avg(bigint)', b) AS avg8,
    shardlite_internal.partial(NULL::text, 'pg_catalog.max(text)', s) AS max
FROM v WHERE i > 100;
SELECT i % 2 AS g, shardlite_internal.partial(NULL::bigint[], 'pg_catalog.avg(integer)', i) FILTER (WHERE i % 2 = 1)
FROM v GROUP BY 1 ORDER BY 1;

-- the collation is that of the arguments
SELECT shardlite_internal.partial(NULL::text, 'pg_catalog.max(text)', x COLLATE "C") AS c,
    shardlite_internal.partial(NULL::text, 'pg_catalog.max(text)', x) AS any
FROM (VALUES ('a'), ('B' COLLATE "C")) w(x);

-- polymorphic, without arguments, strict without initial value
CREATE FUNCTION add_one(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
CREATE FUNCTION add_all(anyarray, anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $2';
CREATE AGGREGATE collect(anyelement) (SFUNC = add_one, STYPE = anyarray, INITCOND = '{}', COMBINEFUNC = add_all);
CREATE AGGREGATE rows_of(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '5', COMBINEFUNC = int8pl);
CREATE AGGREGATE largest(text) (SFUNC = text_larger, STYPE = text, COMBINEFUNC = text_larger);
SELECT shardlite_internal.partial(NULL::text[], 'partial_state.collect(anyelement)', s) AS texts,
    shardlite_internal.partial(NULL::int[], 'partial_state.collect(anyelement)', i) AS ints,
    shardlite_internal.partial(NULL::bigint, 'partial_state.rows_of()') AS rows,
    shardlite_internal.partial(NULL::text, 'partial_state.largest(text)', s) AS largest
FROM v WHERE i < 4 OR i IS NULL;

-- nothing but what fits is run
SELECT shardlite_internal.partial(NULL::bigint[], 'pg_catalog.avg(integer)', b) FROM v;
SELECT shardlite_internal.partial(NULL::bigint[], 'pg_catalog.avg(integer)', i, i) FROM v;
SELECT shardlite_internal.partial(NULL::int[], 'pg_catalog.avg(integer)', i) FROM v;
SELECT shardlite_internal.partial(NULL::bigint[], 'pg_catalog.avg(bigint)', b) FROM v;
SELECT shardlite_internal.partial(NULL::bytea, 'pg_catalog.string_agg(text,text)', s, s) FROM v;
SELECT shardlite_internal.partial(NULL::text, s, s) FROM v;
SELECT shardlite_internal.partial(NULL::text, NULL, s) FROM v;
SELECT shardlite_internal.partial(NULL::text, 'pg_catalog.upper(text)', s) FROM v;
SELECT shardlite_internal.partial(NULL::bigint, 'pg_catalog.count()') OVER () FROM v;

-- privileges are those that the aggregate itself would need
REVOKE EXECUTE ON FUNCTION largest(text) FROM PUBLIC;
CREATE ROLE partial_state_joe;
GRANT USAGE ON SCHEMA partial_state TO partial_state_joe;
SET ROLE partial_state_joe;
SELECT shardlite_internal.partial(NULL::text, 'partial_state.largest(text)', 'x'::text);
SELECT shardlite_internal.partial(NULL::bigint, 'partial_state.rows_of()');
RESET ROLE;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA partial_state CASCADE;
DROP ROLE partial_state_joe;
