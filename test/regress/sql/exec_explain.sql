-- EXPLAIN of our plan nodes, in every format.  Counts of nodes are left out.
SET search_path = exec;
SET shardlite.enable_broadcast = off;
\set SHOW_CONTEXT never
-- a shard on this server has a cached plan, which may turn generic
SET plan_cache_mode = force_custom_plan;
CREATE FUNCTION explain(query text, options text DEFAULT '', node_plan boolean DEFAULT true)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (COSTS OFF %s) %s', options, query) LOOP
        line := regexp_replace(line, '\d+ local, \d+ remote', 'N local, N remote');
        line := regexp_replace(line, '((Round Trips|Fragments|Fragments Run)"?: )\d+', '\1N', 'g');
        line := regexp_replace(line, '(Fragments>)\d+', '\1N', 'g');
        line := regexp_replace(line, 'Nodes: \d+ of \d+', 'Nodes: all');
        line := regexp_replace(line, '\s*"(Bytes (Sent|Received)|Connections (Opened|Used))": \d+, *', '', 'g');
        EXIT WHEN line ~ 'Plan On One Node:' AND NOT node_plan;
        CONTINUE WHEN line ~ '^ *(Bytes (Sent|Received)|Connections (Opened|Used))';
        RETURN NEXT line;
    END LOOP;
END $$;

CREATE TABLE x (k int PRIMARY KEY, v text);
CREATE TABLE "X Ref" (id int PRIMARY KEY, "Na me" text);
SELECT create_distributed_table('x', 'k', colocate_with := 'none', shard_count := 4);
SELECT create_reference_table('"X Ref"');
INSERT INTO x SELECT i, 'v' || i FROM generate_series(1, 10) i;

SELECT explain('SELECT * FROM x WHERE k = 1');
SELECT explain('SELECT * FROM x WHERE k = 1', ', VERBOSE');
SELECT explain('SELECT v FROM x WHERE k IN (1, 2, 3)', node_plan := false);
SELECT explain('SELECT count(*) FROM x');
SELECT explain('SELECT * FROM x JOIN "X Ref" r ON r.id = x.k WHERE x.k = 3');
SELECT explain('SELECT * FROM x WHERE k = 1', ', FORMAT JSON');
SELECT explain('SELECT * FROM x WHERE k = 1', ', FORMAT YAML');
SELECT explain('SELECT * FROM x WHERE k = 1', ', FORMAT XML');
SELECT explain('SELECT * FROM x WHERE k = 1', ', ANALYZE, TIMING OFF, SUMMARY OFF');
SELECT explain('SELECT * FROM x WHERE k = 1', ', ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON');
SELECT explain('SELECT count(*) FROM x', ', ANALYZE, TIMING OFF, SUMMARY OFF');
SELECT explain('UPDATE x SET v = v WHERE k = 1');
SELECT explain('UPDATE x SET v = v', ', ANALYZE, TIMING OFF, SUMMARY OFF');
SELECT explain('INSERT INTO x VALUES (11, ''a''), (12, ''b'')', ', VERBOSE');
SELECT explain('INSERT INTO x VALUES (11, ''a''), (12, ''b'')', ', ANALYZE, TIMING OFF, SUMMARY OFF');
SELECT explain('UPDATE x SET v = s.v FROM generate_series(1, 2) s(v) WHERE x.k = s.v', ', VERBOSE', false);
SELECT explain('UPDATE "X Ref" SET "Na me" = NULL');
SELECT explain('SELECT * FROM x, generate_series(1, 2) g WHERE x.k = g');
PREPARE p(int) AS SELECT * FROM x WHERE k = $1;
SELECT explain('EXECUTE p(1)');
SET plan_cache_mode = force_generic_plan;
SELECT explain('EXECUTE p(1)', node_plan := false);
RESET plan_cache_mode;
-- nothing was executed by the plain ones
SELECT count(*) FROM x;
DROP TABLE x, "X Ref";
SET client_min_messages = warning;
DROP SCHEMA exec CASCADE;
