-- Foreign keys of distributed and reference tables: kept, or refused.
CREATE SCHEMA fkeys;
SET search_path = fkeys;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
\set SHOW_CONTEXT never

CREATE TABLE local (id int PRIMARY KEY);
CREATE TABLE country (id int PRIMARY KEY, name text);
CREATE TABLE buyer (id int PRIMARY KEY, country int REFERENCES country);
CREATE TABLE purchase (buyer int REFERENCES buyer ON DELETE CASCADE, id int, PRIMARY KEY (buyer, id));
CREATE TABLE purchase_item (buyer int, ord int, n int, prev int,
    PRIMARY KEY (buyer, ord, n),
    FOREIGN KEY (buyer, ord) REFERENCES purchase ON DELETE CASCADE,
    FOREIGN KEY (buyer, ord, prev) REFERENCES purchase_item DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE fk0 (a int, b int REFERENCES local);
CREATE TABLE fk1 (a int, b int REFERENCES buyer);
CREATE TABLE fk2 (a bigint REFERENCES buyer);
CREATE TABLE fk3 (a int REFERENCES buyer ON UPDATE CASCADE);
CREATE TABLE fk4 (a int REFERENCES buyer ON DELETE SET NULL);
CREATE TABLE fk5 (a int REFERENCES country ON DELETE SET DEFAULT);
CREATE TABLE fk6 (a int REFERENCES buyer);
CREATE TABLE fk7 (a int PRIMARY KEY, b int REFERENCES fk7);
CREATE TABLE fk8 (a int, b int REFERENCES country ON UPDATE CASCADE ON DELETE SET NULL,
    FOREIGN KEY (a) REFERENCES buyer);
INSERT INTO country SELECT i, 'c' || i FROM generate_series(1, 3) i;
INSERT INTO buyer SELECT i, i % 3 + 1 FROM generate_series(1, 20) i;
INSERT INTO purchase SELECT i % 20 + 1, i FROM generate_series(1, 60) i;
INSERT INTO purchase_item SELECT buyer, id, 1, NULL FROM purchase;
INSERT INTO purchase_item SELECT buyer, id, 2, 1 FROM purchase;
INSERT INTO fk8 VALUES (1, 1), (2, 2);

-- the referenced table first
SELECT create_distributed_table('buyer', 'id');
SELECT create_reference_table('country');
SET client_min_messages = notice;
SELECT create_distributed_table('buyer', 'id');
SET client_min_messages = warning;
SELECT create_distributed_table('purchase_item', 'buyer');
SELECT create_distributed_table('purchase', 'buyer');
SELECT create_distributed_table('purchase_item', 'buyer');
SELECT count(*), sum(n) FROM purchase_item JOIN purchase ON (purchase_item.buyer, ord) = (purchase.buyer, id);

-- refused
SELECT create_distributed_table('fk0', 'a');
SELECT create_reference_table('fk0');
SELECT create_distributed_table('fk1', 'a');
SELECT create_reference_table('fk1');
SELECT create_distributed_table('fk2', 'a');
SELECT create_distributed_table('fk3', 'a');
SELECT create_distributed_table('fk4', 'a');
SELECT create_distributed_table('fk5', 'a');
SELECT create_distributed_table('fk6', 'a', colocate_with := 'none');
SELECT create_distributed_table('fk7', 'a');
SELECT create_distributed_table('fk7', NULL);

-- a table that stays behind finds the rows that it refers to; nobody keeps them for it
INSERT INTO fk6 VALUES (7);
INSERT INTO fk6 VALUES (77);
DELETE FROM buyer WHERE id = 5;
UPDATE buyer SET id = 30 WHERE id = 5;
UPDATE buyer SET country = 1 WHERE id = 5;

-- actions that leave the key alone are kept
SELECT create_distributed_table('fk8', 'a');
SELECT * FROM fk8 ORDER BY a;
DROP TABLE fk1, fk2, fk3, fk4, fk5, fk6;

-- they are there and they hold
SELECT conname, conrelid::regclass, convalidated, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'fkeys'::regnamespace ORDER BY conname;
INSERT INTO buyer VALUES (21, 4);
INSERT INTO purchase VALUES (99, 1);
INSERT INTO purchase_item VALUES (1, 1, 1, NULL);
DO $$
BEGIN
    DELETE FROM country WHERE id = 1;
EXCEPTION WHEN foreign_key_violation THEN
    RAISE WARNING 'country 1 is referred to';
END
$$;
DELETE FROM buyer WHERE id = 1;
DELETE FROM buyer WHERE id = 5;
SELECT count(*) FROM purchase;
SELECT count(*) FROM purchase_item;

-- reference tables among each other
CREATE TABLE city (id int PRIMARY KEY, country int REFERENCES country);
INSERT INTO city VALUES (1, 1), (2, 3);
SELECT create_reference_table('city');
INSERT INTO city VALUES (3, 9);

-- not while somebody refers to it
SELECT undistribute_table('buyer');
SELECT undistribute_table('country');
SELECT undistribute_table('purchase');
SELECT undistribute_table('purchase_item');
SELECT undistribute_table('fk8');
ALTER TABLE fk8 DROP CONSTRAINT fk8_a_fkey;
SELECT undistribute_table('fk8');
SELECT * FROM fk8 ORDER BY a;

DROP SCHEMA fkeys CASCADE;
