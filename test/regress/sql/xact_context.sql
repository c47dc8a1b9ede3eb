-- A fragment runs under the session's settings and effective role.
CREATE SCHEMA context;
SET search_path = context;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET datestyle = 'ISO, MDY';
CREATE TABLE t (k int PRIMARY KEY, at timestamptz, v text, x float8);
SELECT create_distributed_table('t', 'k');
INSERT INTO t VALUES (1, '2024-01-15 12:00+00', 'Ab', 1.0 / 3), (2, '2024-07-15 12:00+00', 'b', 2.0 / 3);

-- settings; WHERE is evaluated on the shards
SET timezone = 'UTC';
SELECT k FROM t WHERE at::text = '2024-01-15 12:00:00+00';
SET timezone = 'Asia/Tokyo';
SELECT k FROM t WHERE at::text = '2024-01-15 21:00:00+09';
SELECT k FROM t WHERE at = '2024-01-15 21:00'::timestamptz;
SET datestyle = 'German';
SELECT k FROM t WHERE at::text LIKE '15.01.2024%';
SET extra_float_digits = 0;
SELECT k FROM t WHERE x::text = '0.333333333333333';
RESET extra_float_digits;
SELECT k FROM t WHERE x::text = '0.3333333333333333';
SET datestyle = 'ISO, MDY';
BEGIN;
SET LOCAL timezone = 'UTC';
SELECT k FROM t WHERE at::text LIKE '% 12:00:00+00' ORDER BY k;
SAVEPOINT s;
SET LOCAL timezone = 'Europe/Paris';
SELECT k FROM t WHERE at::text LIKE '% 14:00:00+02';
ROLLBACK TO s;
SELECT k FROM t WHERE at::text LIKE '% 12:00:00+00' ORDER BY k;
COMMIT;
SELECT k FROM t WHERE at::text LIKE '% 21:00:00+09' ORDER BY k;
CREATE FUNCTION in_utc() RETURNS SETOF int LANGUAGE plpgsql SET timezone = 'UTC' AS
$$ BEGIN RETURN QUERY SELECT k FROM context.t WHERE at::text LIKE '% 12:00:00+00' ORDER BY k; END $$;
SELECT * FROM in_utc();
SELECT k FROM t WHERE at::text LIKE '% 21:00:00+09' ORDER BY k;
SET timezone = 'UTC';
SELECT count(*) FROM t WHERE at IS NOT NULL;
-- a statement that fails on the node takes no setting along
SET timezone = 'Asia/Tokyo';
SELECT 1 / (k - 1) FROM t WHERE k = 1;
SELECT k FROM t WHERE k = 1 AND at::text LIKE '% 21:00:00+09';
SET timezone = 'Europe/Paris';
SELECT 1 / (k - 2) FROM t WHERE k = 2;
SELECT k FROM t WHERE k = 2 AND at::text LIKE '% 14:00:00+02';
SET timezone = 'UTC';

-- roles: row security sees the effective one, also without LOGIN
CREATE ROLE context_one NOLOGIN;
CREATE ROLE context_two NOLOGIN;
GRANT USAGE ON SCHEMA context TO context_one, context_two;
CREATE TABLE owned (k int PRIMARY KEY, owner name, tenant text);
SELECT create_distributed_table('owned', 'k');
INSERT INTO owned SELECT i, CASE WHEN i % 2 = 0 THEN 'context_two' ELSE 'context_one' END, 'tenant ' || i % 3
FROM generate_series(1, 12) i;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owned TO context_one, context_two
	USING (owner = current_user AND tenant = current_setting('app.tenant', true));
GRANT SELECT, INSERT, UPDATE ON owned TO context_one;
GRANT SELECT ON owned TO context_two;

SELECT count(*) FROM owned;
SET ROLE context_one;
SELECT k FROM owned ORDER BY k;
SET app.tenant = 'tenant 1';
SELECT k FROM owned ORDER BY k;
SET app.tenant = 'tenant ''2\';
SELECT count(*) FROM owned;
SET app.tenant = 'tenant 2';
SELECT k FROM owned ORDER BY k;
UPDATE owned SET tenant = 'tenant 2' WHERE k = 5;
UPDATE owned SET tenant = 'tenant 0' WHERE k = 5;
INSERT INTO owned VALUES (20, 'context_two', 'tenant 2');
DELETE FROM owned WHERE k = 5;
SET ROLE context_two;
SELECT k FROM owned ORDER BY k;
UPDATE owned SET tenant = 'tenant 2' WHERE k = 2;
SET row_security = off;
SELECT k FROM owned ORDER BY k;
RESET row_security;
BEGIN;
SELECT k FROM owned WHERE k = 2;
SET LOCAL app.tenant = 'tenant 1';
SELECT k FROM owned ORDER BY k;
SET LOCAL ROLE context_one;
SELECT k FROM owned ORDER BY k;
ROLLBACK;
SELECT k FROM owned ORDER BY k;
RESET ROLE;
SELECT count(*) FROM owned;

-- SECURITY DEFINER changes it for a moment
CREATE FUNCTION all_of_them() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN RETURN (SELECT count(*) FROM context.owned); END $$;
SET ROLE context_one;
SELECT all_of_them(), (SELECT count(*) FROM owned);
RESET ROLE;
CREATE ROLE context_none;
SET ROLE context_none;
SELECT count(*) FROM context.owned;
RESET ROLE;

-- prepared statements follow both
PREPARE p AS SELECT count(*) FROM owned;
SET ROLE context_one;
EXECUTE p;
SET ROLE context_two;
EXECUTE p;
RESET ROLE;
EXECUTE p;
SET app.tenant = 'tenant 0';
SET ROLE context_one;
EXECUTE p;
RESET ROLE;

-- nobody gives himself a context
SET shardlite.ctx = 'postgres';
SELECT set_config('shardlite.ctx', 'postgres', false);
SET shardlite.node_session = on;

DROP SCHEMA context CASCADE;
DROP ROLE context_one, context_two, context_none;

-- the usual modes hold on a node whatever its defaults are
\connect -reuse-previous=on "options='-c shardlite.node_session=on -c default_transaction_read_only=on -c default_transaction_isolation=serializable -c default_transaction_deferrable=on'"
BEGIN /* dtx 0 0 */;
SHOW transaction_isolation;
SHOW transaction_read_only;
SHOW transaction_deferrable;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY /* dtx 0 0 */;
SHOW transaction_isolation;
SHOW transaction_read_only;
COMMIT;
SHOW transaction_read_only;
\connect -reuse-previous=on "options=''"
