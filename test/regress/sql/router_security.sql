-- Privileges are those of the tables as the user names them; policies apply on
-- the shards, for the role that asks.
\set SHOW_CONTEXT never
SET search_path = router;
SET client_min_messages = warning;
CREATE ROLE router_bob;
CREATE ROLE router_lisa;
GRANT USAGE ON SCHEMA router TO router_bob, router_lisa;
CREATE TABLE acc (k int PRIMARY KEY, owner text, v int);
SELECT create_distributed_table('acc', 'k');
INSERT INTO acc SELECT i, CASE WHEN i % 2 = 0 THEN 'router_bob' ELSE 'router_lisa' END, i FROM generate_series(1, 8) i;
CREATE VIEW acc_v AS SELECT k, v FROM acc WHERE k < 6;
GRANT SELECT ON acc_v TO router_bob;
CREATE FUNCTION definer(key int) RETURNS SETOF acc LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM router.acc WHERE k = key';

SET ROLE router_bob;
SELECT * FROM acc WHERE k = 4;
SELECT * FROM acc_v WHERE k = 4;
SELECT * FROM definer(4);
UPDATE acc SET v = 1 WHERE k = 4;
UPDATE acc_v SET v = 1 WHERE k = 4;
RESET ROLE;
GRANT SELECT (k, v), UPDATE (v) ON acc TO router_bob;
SET ROLE router_bob;
SELECT k, v, current_user FROM acc WHERE k = 4 FOR UPDATE;
SELECT owner FROM acc WHERE k = 4;
UPDATE acc SET v = v + 1 WHERE k = 4 RETURNING k, v;
UPDATE acc SET v = v + 1 WHERE k = 4 RETURNING *;
UPDATE acc SET owner = 'me' WHERE k = 4;
DELETE FROM acc WHERE k = 4;
DELETE FROM acc;
RESET ROLE;

-- row security
CREATE POLICY own ON acc USING (owner = current_user) WITH CHECK (owner = current_user);
ALTER TABLE acc ENABLE ROW LEVEL SECURITY;
GRANT ALL ON acc TO router_bob, router_lisa;
SET ROLE router_bob;
SELECT * FROM acc WHERE k = 4;
SELECT * FROM acc WHERE k = 3;
SELECT count(*) FROM acc;
UPDATE acc SET v = 0 WHERE k IN (1, 2, 3, 4) RETURNING k;
UPDATE acc SET owner = 'router_lisa' WHERE k = 4;
UPDATE acc SET owner = 'router_lisa';
DELETE FROM acc WHERE k = 3;
RESET ROLE;
SELECT count(*) FROM acc;
CREATE POLICY by_setting ON acc FOR SELECT USING (v::text = current_setting('router.v', true));
SET ROLE router_lisa;
PREPARE q(int) AS SELECT k FROM acc WHERE k = $1;
EXECUTE q(6);
SET router.v = '6';
EXECUTE q(6);
SET ROLE router_bob;
EXECUTE q(6);
EXECUTE q(5);
RESET ROLE;
EXECUTE q(5);
SET row_security = off;
SET ROLE router_bob;
SELECT k FROM acc WHERE k = 4;
RESET ROLE;
RESET row_security;

-- a view sees what its owner may see: everything here, own rows below
GRANT UPDATE ON acc_v TO router_bob;
SET ROLE router_bob;
SELECT * FROM acc_v WHERE k = 3;
SELECT count(*) FROM acc_v WHERE k NOT IN (SELECT k FROM acc);
SELECT * FROM plan_of('SELECT v FROM router.acc_v WHERE k = 3 FOR UPDATE');
-- what looks like our mark in a text of the user's is none
SELECT count(*) FROM acc WHERE k = 3 OR owner = '/* policies applied by the caller */ ';
/* policies applied by the caller */ SELECT * FROM acc WHERE k = 3;
UPDATE acc_v SET v = 1 WHERE k = 3;
RESET ROLE;
ALTER VIEW acc_v OWNER TO router_bob;
SET ROLE router_bob;
SELECT * FROM acc_v ORDER BY k;
SET ROLE router_lisa;
SELECT * FROM acc WHERE k = 3;
RESET ROLE;
GRANT SELECT ON acc_v TO router_lisa;
SET ROLE router_lisa;
SELECT * FROM acc_v ORDER BY k;
RESET ROLE;
DROP VIEW acc_v;
DROP FUNCTION definer;
DROP TABLE acc;
REVOKE ALL ON SCHEMA router FROM router_bob, router_lisa;
DROP ROLE router_bob, router_lisa;
