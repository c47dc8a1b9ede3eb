-- Transactions over several nodes: what they refuse, and errors of COMMIT.
CREATE SCHEMA refused;
SET search_path = refused;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE t (k int PRIMARY KEY, v text);
SELECT create_distributed_table('t', 'k');
INSERT INTO t SELECT i, 'old' FROM generate_series(1, 8) i;

BEGIN;
UPDATE t SET v = 'x' WHERE k = 1;
PREPARE TRANSACTION 'mine';
SELECT v FROM t WHERE k = 1;
BEGIN;
SELECT count(*) FROM pg_class WHERE relname = 'no such table';
PREPARE TRANSACTION 'local';
ROLLBACK PREPARED 'local';

BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT v FROM t WHERE k = 1;
UPDATE t SET v = 'one node' WHERE k = 1;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM t;
ROLLBACK;
SELECT count(*) FROM t WHERE v = 'one node';

-- deferred constraints speak at COMMIT
CREATE TABLE def (k int, v int, UNIQUE (k, v) DEFERRABLE INITIALLY DEFERRED);
SELECT create_distributed_table('def', 'k');
INSERT INTO def VALUES (1, 1);
INSERT INTO def VALUES (1, 1);
BEGIN;
INSERT INTO def VALUES (1, 1);
INSERT INTO def VALUES (2, 1);
COMMIT;
BEGIN;
INSERT INTO def VALUES (1, 1);
DELETE FROM def WHERE k = 1 AND v = 1;
INSERT INTO def VALUES (1, 1);
COMMIT;
SELECT * FROM def;

SELECT count(*) FROM pg_prepared_xacts;

-- recovery is for the extension's owner
CREATE ROLE refused_user;
SET ROLE refused_user;
SELECT shardlite_recover();
RESET ROLE;
SELECT shardlite_recover();
-- twice in one statement: the second pass does not meet the record that the first one has removed
INSERT INTO shardlite.dtx VALUES ('nobody', '{}');
SELECT shardlite_recover() FROM generate_series(1, 2);
SELECT count(*) FROM shardlite.dtx WHERE dtx_id = 'nobody';
DROP ROLE refused_user;
DROP SCHEMA refused CASCADE;
