-- A short tour of the tables of schema.sql.  ./quickstart runs it.
\set ON_ERROR_STOP on
\pset footer off
\pset linestyle ascii
\timing on

\echo '\n-- 1. One package: the key says which shard, one node answers.'
SELECT name, version, section, pg_size_pretty(size) AS download
FROM package WHERE name = 'postgresql-15';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM package WHERE name = 'postgresql-15';

\echo '\n-- 2. A join on the key: shards that belong together lie on one node.'
SELECT p.section, count(*) AS edges, count(DISTINCT p.name) AS packages
FROM package p JOIN dependency d ON d.package = p.name
WHERE d.kind = 'depends'
GROUP BY p.section ORDER BY edges DESC LIMIT 5;

\echo '\n-- 3. A join on another column: who depends on this, and who looks after it?'
SELECT d.package, p.version, m.name AS maintainer
FROM dependency d
JOIN package p ON p.name = d.package
JOIN maintainer m ON m.id = p.maintainer
WHERE d.needs = 'libxxhash0' ORDER BY 1 LIMIT 5;

\echo '\n-- 4. The packages that most others need: the join is on needs = name.'
SELECT p.name, p.section, count(*) AS needed_by
FROM dependency d JOIN package p ON d.needs = p.name
WHERE d.kind = 'depends'
GROUP BY p.name, p.section ORDER BY needed_by DESC, p.name LIMIT 5;
EXPLAIN (COSTS OFF)
SELECT p.name, p.section, count(*) AS needed_by
FROM dependency d JOIN package p ON d.needs = p.name
WHERE d.kind = 'depends'
GROUP BY p.name, p.section ORDER BY needed_by DESC, p.name LIMIT 5;

\echo '\n-- 5. Everything that postgresql needs, level by level.'
WITH RECURSIVE need(name) AS (
	SELECT 'postgresql'
	UNION
	SELECT d.needs FROM need JOIN dependency d ON d.package = need.name
	WHERE d.kind IN ('depends', 'pre-depends') AND d.alternative = 1
)
SELECT count(*) AS packages, pg_size_pretty(sum(p.size)) AS download,
	pg_size_pretty(1024 * sum(p.installed_size)) AS installed
FROM need JOIN package p USING (name);

\echo '\n-- 6. A write on all shards and nodes, looked at, and taken back.'
BEGIN;
UPDATE package SET priority = 'required' WHERE section = 'database';
SELECT priority, count(*) FROM package WHERE section = 'database' GROUP BY 1 ORDER BY 1;
ROLLBACK;
SELECT priority, count(*) FROM package WHERE section = 'database' GROUP BY 1 ORDER BY 1;

\echo '\n-- 7. The same on two tables, kept: all nodes commit, or none.'
BEGIN;
INSERT INTO package (name, version, section, area, maintainer, priority)
VALUES ('my-shop', '1.0', 'web', 'main', 1, 'optional'), ('my-shop-data', '1.0', 'web', 'main', 1, 'optional');
INSERT INTO dependency (package, kind, position, alternative, needs)
VALUES ('my-shop', 'depends', 1, 1, 'my-shop-data'), ('my-shop', 'depends', 2, 1, 'postgresql');
COMMIT;
SELECT package, position, needs FROM dependency WHERE package = 'my-shop' ORDER BY position;
