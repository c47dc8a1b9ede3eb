-- Joins that the shards compute on their own.
SET search_path = path;
CREATE TABLE part_of (k int, n int, item int, PRIMARY KEY (k, n));
SELECT create_distributed_table('part_of', 'k', colocate_with := 'item');
INSERT INTO part_of SELECT i % 30, i, i % 7 FROM generate_series(1, 90) i;

-- colocated, three tables, a reference table, any order
SELECT plan_of('SELECT i.k, p.n FROM item i JOIN part_of p ON p.k = i.k WHERE i.grp = 1');
SELECT count(*), sum(p.n) FROM item i JOIN part_of p ON p.k = i.k WHERE i.grp = 1;
SELECT plan_of('SELECT count(*) FROM colour c, part_of p, item i, orders o WHERE p.k = i.k AND o."Cust No" = p.k AND c.id = i.grp');
SELECT count(*), min(c.name) FROM colour c, part_of p, item i, orders o WHERE p.k = i.k AND o."Cust No" = p.k AND c.id = i.grp;
-- a constant makes the clause between the keys disappear
SELECT plan_of('SELECT p.n, random() < 2 FROM item i JOIN part_of p ON p.k = i.k JOIN plain l ON l.id = p.n WHERE i.k = 7');
SELECT p.n FROM item i JOIN part_of p ON p.k = i.k JOIN plain l ON l.id = p.n WHERE i.k = 7;
-- a table with itself
SELECT count(*) FROM part_of a JOIN part_of b ON a.k = b.k AND a.n < b.n;
-- not on the key, not colocated, not an equality: computed here
SET shardlite.enable_exchange = off;
SELECT plan_of('SELECT count(*) FROM item i JOIN part_of p ON p.item = i.k');
SELECT count(*) FROM item i JOIN part_of p ON p.item = i.k;
SELECT count(*) FROM item i JOIN part_of p ON p.k < i.k AND i.grp = 1;
RESET shardlite.enable_exchange;
-- local filters, outer joins, row values, columns of both sides above
SELECT i.k FROM item i JOIN part_of p ON p.k = i.k WHERE p.n + random() > 86 ORDER BY 1;
SELECT l.id, s.k, s.x FROM plain l LEFT JOIN (SELECT i.k, coalesce(p.n, 0) + 1 AS x FROM item i JOIN part_of p ON p.k = i.k WHERE p.n < 20) s
    ON s.k = l.id ORDER BY 1, 3;
SELECT i, p FROM item i JOIN part_of p USING (k) WHERE k = 3 ORDER BY p.n;
SELECT row_to_json(s) FROM (SELECT p.n, i.note FROM item i JOIN part_of p USING (k) JOIN colour c ON c.id = p.n) s ORDER BY n, note;
-- a reference table that is locked stays here
SELECT plan_of('SELECT i.k FROM item i JOIN colour c ON c.id = i.k FOR UPDATE OF c');
SELECT plan_of('SELECT i.k FROM item i JOIN part_of p ON p.k = i.k WHERE p.n = 4 FOR UPDATE OF i');
-- writes
SELECT plan_of('UPDATE part_of SET item = item + i.grp * (random() < 2)::int FROM item i, colour c WHERE i.k = part_of.k AND c.id = i.grp');
UPDATE part_of SET item = item + i.grp * (random() < 2)::int FROM item i, colour c WHERE i.k = part_of.k AND c.id = i.grp;
SELECT sum(item) FROM part_of;
-- row security: a leaky function does not see rows that a policy hides
CREATE ROLE path_ann;
GRANT USAGE ON SCHEMA path TO path_ann;
GRANT SELECT ON ALL TABLES IN SCHEMA path TO path_ann;
ALTER TABLE part_of ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON part_of USING (n < 4);
SET ROLE path_ann;
SELECT count(*) FROM item i JOIN part_of p ON p.k = i.k;
SELECT count(*) FROM item i JOIN part_of p ON p.k = i.k AND (p.n::text || i.grp) <> 'x';
RESET ROLE;
SET shardlite.enable_join_pushdown = off;
SELECT plan_of('SELECT i.k, p.n FROM item i JOIN part_of p ON p.k = i.k');
RESET shardlite.enable_join_pushdown;
DROP TABLE part_of;
REVOKE ALL ON ALL TABLES IN SCHEMA path FROM path_ann;
REVOKE ALL ON SCHEMA path FROM path_ann;
DROP ROLE path_ann;
