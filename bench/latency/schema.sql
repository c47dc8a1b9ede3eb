CREATE TABLE kv (key int PRIMARY KEY, val text, n int NOT NULL DEFAULT 0);
CREATE TABLE history (key int, delta int);
CREATE TABLE other (id int PRIMARY KEY, n int);
CREATE TABLE copied (key int, n int);
CREATE TABLE emptied (key int);
CREATE TABLE ref (r int PRIMARY KEY, name text);
CREATE PROCEDURE work(k int) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE kv SET n = n + 1 WHERE key = k;
	INSERT INTO history VALUES (k, 1);
END $$;
SELECT create_distributed_table('kv', 'key', shard_count => 16);
SELECT create_distributed_table('history', 'key', colocate_with => 'kv');
SELECT create_distributed_table('copied', 'key', colocate_with => 'kv');
SELECT create_distributed_table('emptied', 'key', colocate_with => 'kv');
SELECT create_distributed_table('other', 'id', colocate_with => 'none', shard_count => 16);
SELECT create_reference_table('ref');
SELECT create_distributed_function('work(int)', 'k', 'kv');
INSERT INTO kv SELECT i, 'value ' || i, i % 10 FROM generate_series(1, 1000) i;
INSERT INTO other SELECT i, i % 10 FROM generate_series(1, 500) i;
INSERT INTO ref SELECT i, 'name ' || i FROM generate_series(0, 9) i;
VACUUM ANALYZE kv;
VACUUM ANALYZE other;
VACUUM ANALYZE ref;
