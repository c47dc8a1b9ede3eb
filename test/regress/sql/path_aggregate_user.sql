-- User-defined aggregates: nodes have them, and know them by their names.
SET search_path = agg, path;
CREATE TYPE agg.mean AS (n int, total numeric);
CREATE FUNCTION agg.mean_add(mean, numeric) RETURNS mean LANGUAGE sql IMMUTABLE
    AS 'SELECT ROW(coalesce($1.n, 0) + 1, coalesce($1.total, 0) + coalesce($2, 0))::agg.mean';
CREATE FUNCTION agg.mean_combine(mean, mean) RETURNS mean LANGUAGE sql IMMUTABLE
    AS 'SELECT ROW($1.n + $2.n, $1.total + $2.total)::agg.mean';
CREATE FUNCTION agg.mean_final(mean) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT round($1.total / nullif($1.n, 0), 3)';
CREATE AGGREGATE agg."Mean"(numeric) (SFUNC = mean_add, STYPE = mean, INITCOND = '(0,0)', COMBINEFUNC = mean_combine, FINALFUNC = mean_final);
CREATE AGGREGATE agg.tally(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0', COMBINEFUNC = int8pl, FINALFUNC = int8um);
CREATE FUNCTION agg.keep_first(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE FUNCTION agg.show(anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_typeof($1) || '' '' || $1::text';
CREATE AGGREGATE agg.sample(anyelement) (SFUNC = keep_first, STYPE = anyelement, COMBINEFUNC = keep_first, FINALFUNC = show);
CREATE AGGREGATE agg.top(VARIADIC int[]) (SFUNC = array_larger, STYPE = int[], INITCOND = '{}', COMBINEFUNC = array_larger);
CREATE AGGREGATE agg.joined(text) (SFUNC = textcat, STYPE = text, INITCOND = '');

-- the state is a composite; an integer argument is cast, as the aggregate takes numerics
SELECT plan_of('SELECT "Mean"(id), tally(*) FROM sale WHERE paid');
SELECT "Mean"(id), "Mean"(amount) FILTER (WHERE region > 'r2'), tally(*) FROM sale WHERE paid;
SELECT region, "Mean"(qty), tally(*) FROM sale GROUP BY region ORDER BY 1;
SELECT "Mean"(id), tally(*) FROM sale WHERE id < 0;
-- polymorphic and strict: the first value is the state, whatever its type
SELECT plan_of('SELECT sample(day), sample(paid) FROM sale WHERE day = ''2020-02-02'' AND paid');
SELECT sample(day), sample(paid), sample(tags), sample(region) FROM sale WHERE id = 32;
SELECT sample(amount), sample(NULL::int) FROM sale WHERE amount IS NULL;
SELECT plan_of('SELECT top(id, k), top(VARIADIC tags) FROM sale');
SELECT top(id, k), top(VARIADIC tags), top(7) FROM sale;
-- no states: rows are fetched, but where a group lies on one shard
SELECT plan_of('SELECT joined(region) FROM sale');
SELECT plan_of('SELECT k, joined(region) FROM sale GROUP BY k');

-- marked immutable as all aggregates are, but it calls what is not
CREATE FUNCTION agg.peek(bigint, int) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT $1 + $2';
CREATE AGGREGATE agg.sum_peeked(int) (SFUNC = peek, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl);
SELECT plan_of('SELECT sum_peeked(id) FROM sale');
SELECT sum_peeked(id) FROM sale;
-- a temporary one exists here only
CREATE AGGREGATE pg_temp.local_top(int[]) (SFUNC = array_larger, STYPE = int[], INITCOND = '{}', COMBINEFUNC = array_larger);
SELECT plan_of('SELECT pg_temp.local_top(tags) FROM sale');

-- privileges of the role that runs the statement
REVOKE EXECUTE ON FUNCTION agg.tally() FROM PUBLIC;
CREATE ROLE path_aggregate_joe;
GRANT USAGE ON SCHEMA agg TO path_aggregate_joe;
GRANT SELECT ON sale TO path_aggregate_joe;
SET ROLE path_aggregate_joe;
SELECT tally(*) FROM sale;
SELECT "Mean"(id) FROM sale;
RESET ROLE;
REVOKE ALL ON sale FROM path_aggregate_joe;
REVOKE ALL ON SCHEMA agg FROM path_aggregate_joe;
DROP ROLE path_aggregate_joe;
DROP AGGREGATE agg."Mean"(numeric), agg.tally(*), agg.sample(anyelement), agg.top(VARIADIC int[]), agg.joined(text), agg.sum_peeked(int);
