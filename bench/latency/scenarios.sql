-- "--- name budget" begins a scenario, each line is one statement; the budget
-- is how often all of them together may wait for nodes.  {a}, {a2}: keys on
-- one node, other shards; {b}: a key on another; {n1} to {n3} and {n4} to
-- {n6}: keys without a row on the one and on the other.  COPY gets 100 rows.
-- A scenario cold_* begins a session.

--- select_pk 1
SELECT val FROM kv WHERE key = {a}
--- select_pk_prepared 1
EXECUTE sel({a})
--- update_pk 1
UPDATE kv SET n = n + 1 WHERE key = {a}
--- update_pk_prepared 1
EXECUTE upd({a})
--- insert 1
INSERT INTO kv (key, val) VALUES ({n1}, 'new')
--- delete_pk 1
DELETE FROM kv WHERE key = {n1}
--- upsert_returning 1
INSERT INTO kv (key, n) VALUES ({a}, 1) ON CONFLICT (key) DO UPDATE SET n = kv.n + 1 RETURNING n
--- router_join 1
SELECT val, delta FROM kv JOIN history USING (key) WHERE key = {a}
--- join_ref_router 1
SELECT val, name FROM kv JOIN ref ON r = n WHERE key = {a}
--- procedure_call 1
CALL work({a})
--- txn_empty 0
BEGIN
COMMIT
--- txn_1select 2
BEGIN
SELECT val FROM kv WHERE key = {a}
COMMIT
--- txn_3selects 4
BEGIN
SELECT val FROM kv WHERE key = {a}
SELECT n FROM kv WHERE key = {a}
SELECT delta FROM history WHERE key = {a}
COMMIT
--- txn_1update 2
BEGIN
UPDATE kv SET n = n + 1 WHERE key = {a}
COMMIT
--- txn3_one_node 4
BEGIN
SELECT val FROM kv WHERE key = {a}
UPDATE kv SET n = n + 1 WHERE key = {a}
INSERT INTO history VALUES ({a}, 1)
COMMIT
--- txn3_prepared 4
BEGIN
EXECUTE sel({a})
EXECUTE upd({a})
EXECUTE ins({a})
COMMIT
--- txn_savepoint 2
BEGIN
SAVEPOINT s
UPDATE kv SET n = n + 1 WHERE key = {a}
RELEASE s
COMMIT
--- txn_rollback 2
BEGIN
UPDATE kv SET n = n + 1 WHERE key = {a}
ROLLBACK
--- txn_same_node_2shards 3
BEGIN
UPDATE kv SET n = n + 1 WHERE key = {a}
UPDATE kv SET n = n + 1 WHERE key = {a2}
COMMIT
--- txn_2node_write 4
BEGIN
UPDATE kv SET n = n + 1 WHERE key = {a}
UPDATE kv SET n = n + 1 WHERE key = {b}
COMMIT
--- txn_write_and_read_other 3
BEGIN
UPDATE kv SET n = n + 1 WHERE key = {a}
SELECT n FROM kv WHERE key = {b}
COMMIT
--- insert_multirow_2node 2
INSERT INTO kv (key) VALUES ({n1}), ({n2}), ({n3}), ({n4}), ({n5}), ({n6})
--- select_in_2shards 1
SELECT val FROM kv WHERE key IN ({a}, {b})
--- multi_count 1
SELECT count(*) FROM kv
--- multi_groupby 1
SELECT n, count(*) FROM kv GROUP BY n
--- multi_join 1
SELECT count(*) FROM kv JOIN history USING (key)
--- txn_multi_count 2
BEGIN
SELECT count(*) FROM kv
COMMIT
--- multi_update 2
UPDATE kv SET n = n WHERE val = 'value 1'
--- multi_delete 2
DELETE FROM kv WHERE val = 'nothing'
--- cte_subquery_pull 2
WITH c AS MATERIALIZED (SELECT n FROM kv ORDER BY key LIMIT 3) SELECT count(*) FROM other WHERE n IN (SELECT n FROM c)
--- insert_select_colocated 3
INSERT INTO history SELECT key, n FROM kv WHERE n = 1
--- insert_select_repartition 4
INSERT INTO history SELECT id, n FROM other WHERE n = 1
--- select_ref 0
SELECT name FROM ref WHERE r = 3
--- update_ref 2
UPDATE ref SET name = 'other' WHERE r = 4
--- copy_100_rows 3
COPY copied FROM STDIN
--- truncate 3
TRUNCATE emptied
--- ddl_add_column 3
ALTER TABLE emptied ADD COLUMN c{n1} int
--- cold_select_pk 3
SELECT val FROM kv WHERE key = {a}
--- cold_update_pk 3
UPDATE kv SET n = n + 1 WHERE key = {a}
--- cold_multi_count 3
SELECT count(*) FROM kv
