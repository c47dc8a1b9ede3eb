-- The catalogue of what DDL on distributed tables refuses.
CREATE SCHEMA ddl_refused;
SET search_path = ddl_refused;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
CREATE TABLE t (k int, n int, x int);
CREATE TABLE other (k text PRIMARY KEY, n int UNIQUE DEFERRABLE);
CREATE TABLE colocated (k int PRIMARY KEY, n int, UNIQUE (k, n));
CREATE TABLE ref (id int PRIMARY KEY, k int);
CREATE TABLE local (id int PRIMARY KEY);
ALTER TABLE other DROP CONSTRAINT other_n_key;
SELECT create_distributed_table('t', 'k'), create_distributed_table('other', 'k'),
    create_distributed_table('colocated', 'k', colocate_with => 't'), create_reference_table('ref');
INSERT INTO t VALUES (1, 1, 1);
INSERT INTO ref VALUES (1);
-- the distribution column
ALTER TABLE t DROP COLUMN k;
ALTER TABLE t ADD y int, DROP COLUMN k CASCADE;
ALTER TABLE t ALTER COLUMN k TYPE bigint;
CREATE DOMAIN dom AS int;
CREATE TABLE d (k dom);
SELECT create_distributed_table('d', 'k');
DROP DOMAIN dom CASCADE;
-- uniqueness
ALTER TABLE t ADD PRIMARY KEY (n);
ALTER TABLE t ADD UNIQUE (n, x);
ALTER TABLE t ADD y int UNIQUE;
ALTER TABLE t ADD y int PRIMARY KEY;
ALTER TABLE t ADD EXCLUDE USING btree (n WITH =);
CREATE UNIQUE INDEX ON t (n);
CREATE UNIQUE INDEX ON t (abs(k));
CREATE UNIQUE INDEX CONCURRENTLY ON t (n);
-- foreign keys
ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES colocated (k);
ALTER TABLE t ADD FOREIGN KEY (n, k) REFERENCES colocated (k, n);
ALTER TABLE t ADD FOREIGN KEY (k) REFERENCES other (k);
ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES local;
ALTER TABLE t ADD y int REFERENCES local;
ALTER TABLE t ADD FOREIGN KEY (k) REFERENCES ref ON DELETE SET NULL;
ALTER TABLE t ADD FOREIGN KEY (k) REFERENCES colocated ON UPDATE CASCADE;
ALTER TABLE ref ADD FOREIGN KEY (k) REFERENCES colocated;
ALTER TABLE ref ADD FOREIGN KEY (k) REFERENCES local;
ALTER TABLE local ADD FOREIGN KEY (id) REFERENCES colocated;
CREATE TABLE local2 (k int REFERENCES colocated);
-- columns that a sequence would fill differently in each copy
ALTER TABLE ref ADD COLUMN s serial;
-- triggers, rules, inheritance, publications
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER tr BEFORE INSERT ON ref FOR EACH ROW EXECUTE FUNCTION f();
CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;
CREATE PUBLICATION p FOR TABLE t;
CREATE TABLE heir () INHERITS (t);
CREATE TABLE like_t (LIKE t);
ALTER TABLE like_t INHERIT t;
CREATE TABLE p (k int, n int, x int) PARTITION BY LIST (k);
ALTER TABLE p ATTACH PARTITION t FOR VALUES IN (1);
ALTER TABLE t INHERIT local;
ALTER TABLE t OF dom;
ALTER TABLE t DISABLE TRIGGER tr;
-- policies that look elsewhere
CREATE POLICY p ON t USING (EXISTS (SELECT FROM other));
CREATE POLICY p ON t USING (n IN (SELECT id FROM local));
CREATE POLICY p ON t USING (n IN (SELECT id FROM ref));
ALTER POLICY p ON t WITH CHECK (n > (SELECT max(n) FROM t));
-- nothing happened
\d t
DROP EXTENSION shardlite;
DROP EXTENSION shardlite CASCADE;
DROP SCHEMA ddl_refused CASCADE;
