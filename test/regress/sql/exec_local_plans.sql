-- What plans of one shard cost is not learnt anew on the next (a server alone: its log says when it plans).
CREATE SCHEMA local_plans;
SET search_path = local_plans;
\set VERBOSITY terse
CREATE TABLE t (k int PRIMARY KEY, v int);
CREATE TABLE "T 1" (k int, n int, PRIMARY KEY (k, n));
SELECT create_distributed_table('t', 'k', shard_count := 4, colocate_with := 'none');
SELECT create_distributed_table('"T 1"', 'k', colocate_with := 't');
INSERT INTO t SELECT i, -i FROM generate_series(1, 40) i;
INSERT INTO "T 1" SELECT i % 40 + 1, i FROM generate_series(1, 400) i;
PREPARE get (int) AS SELECT v = -$1 AS found FROM t WHERE k = $1;
PREPARE get_one (int, int) AS SELECT n - k - $2 + $1 = 0 AS found FROM "T 1" WHERE k = $1 AND n = $2;

-- a key of each of three shards
SELECT keys[1] AS a, keys[2] AS b, keys[3] AS c
	FROM (SELECT array_agg(k ORDER BY k) AS keys
		  FROM (SELECT min(k) AS k FROM generate_series(1, 40) k
				GROUP BY get_shard_id_for_distribution_column('t', k)) s) s \gset

-- on the first shard: plans for its values, then one for any
DO $$
BEGIN
	FOR i IN 1..7 LOOP
		EXECUTE 'EXECUTE get(1)';
		EXECUTE 'EXECUTE get_one(1, 40)';
	END LOOP;
END $$;
EXECUTE get(:a);
EXECUTE get(:a);
EXECUTE get(:a);
EXECUTE get(:a);
EXECUTE get(:a);
EXECUTE get(:a);

-- on others the one for any, at once
SET client_min_messages = log;
SET log_planner_stats = on;
EXECUTE get(:b);
EXECUTE get(:b);
EXECUTE get(:b);
EXECUTE get(:c);
EXECUTE get(:c);
EXECUTE get_one(:b, :b + 39);
EXECUTE get_one(:b, :b + 39);
EXECUTE get_one(:c, :c + 39);
EXECUTE get_one(:c, :c + 39);
RESET log_planner_stats;
RESET client_min_messages;

SET client_min_messages = warning;
DROP SCHEMA local_plans CASCADE;
