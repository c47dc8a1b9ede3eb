-- Views of every kind over distributed tables.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT in_both('CREATE VIEW v_items AS SELECT i.k, i.grp, l.n FROM item i LEFT JOIN line l USING (k)');
SELECT in_both('CREATE VIEW v_groups (g, total) AS SELECT grp, count(*) FROM v_items GROUP BY grp');
SELECT in_both('CREATE VIEW v_barrier WITH (security_barrier) AS SELECT k, grp, note FROM item WHERE k > 5');
SELECT in_both('CREATE VIEW v_local AS SELECT t.id, i.note FROM local_t t JOIN item i ON i.k = t.k');
SELECT in_both('CREATE VIEW v_top AS WITH c AS (SELECT k, max(n) AS n FROM line GROUP BY k) SELECT k, n FROM c ORDER BY n DESC LIMIT 5');
SELECT nodes('SELECT * FROM v_items WHERE k = 3');
SELECT nodes('SELECT count(*) FROM v_items');
SELECT same('SELECT * FROM v_items WHERE n > 30');
SELECT same('SELECT * FROM v_groups');
SELECT same('SELECT g.*, b.k FROM v_groups g JOIN v_barrier b ON b.grp = g.g');
SELECT same('SELECT * FROM v_barrier WHERE note LIKE ''%3''');
SELECT same('SELECT a.k, b.n FROM v_barrier a LEFT JOIN v_items b USING (k)');
SELECT same('SELECT * FROM v_local');
SELECT same('SELECT * FROM v_top');
SELECT same('SELECT v FROM v_items v WHERE v.k = 7');
SELECT same('SELECT v FROM v_barrier v');
SELECT same('SELECT v, g FROM v_groups g JOIN v_barrier v ON v.grp = g.g');
SELECT same('SELECT count(v), max(v::text) FROM v_items v');
SELECT same('SELECT row_to_json(v) FROM v_items v WHERE v.k = 7');
SELECT same('SELECT i.k FROM item i WHERE EXISTS (SELECT 1 FROM v_items v WHERE v.k = i.k AND v.n IS NULL)');
-- the barrier's filter comes before a function that tells what it sees
CREATE FUNCTION tell(text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS
    'BEGIN RAISE NOTICE ''saw %'', $1; RETURN true; END';
SELECT k FROM v_barrier WHERE tell(k::text) AND k BETWEEN 4 AND 6;
SELECT b.k, l.n FROM v_barrier b JOIN line l USING (k) WHERE tell(b.k::text) AND b.k IN (5, 6) ORDER BY 2;
DROP FUNCTION tell;
-- security_invoker and rights through views
CREATE ROLE sql_reader;
GRANT USAGE ON SCHEMA sql_here TO sql_reader;
CREATE VIEW v_invoker WITH (security_invoker) AS SELECT k, note FROM item;
GRANT SELECT ON v_barrier, v_invoker TO sql_reader;
SET ROLE sql_reader;
SELECT count(*) FROM v_barrier;
SELECT count(*) FROM v_invoker;
SELECT count(*) FROM item;
RESET ROLE;
-- writes through views, CHECK OPTION
SELECT in_both('CREATE VIEW v_check AS SELECT k, grp, note FROM item WHERE grp = 1 WITH CHECK OPTION');
BEGIN;
SELECT in_both('UPDATE v_check SET note = ''through a view'' WHERE k > 10');
SELECT in_both('INSERT INTO v_check VALUES (200, 1, ''new''), (201, 1, ''new'')');
SELECT in_both('DELETE FROM v_barrier WHERE grp = 2');
SELECT same('SELECT * FROM item');
SAVEPOINT s;
INSERT INTO v_check VALUES (202, 2, 'refused');
ROLLBACK TO s;
UPDATE v_check SET grp = 3 WHERE k = 200;
ROLLBACK;
-- materialised views are tables of this server
SELECT in_both('CREATE MATERIALIZED VIEW m_groups AS SELECT grp, count(*) AS n, sum(price) AS p FROM item GROUP BY grp');
SELECT in_both('CREATE UNIQUE INDEX ON m_groups (grp)');
SELECT same('SELECT * FROM m_groups');
UPDATE item SET grp = 2 WHERE k = 1;
UPDATE sql_plain.item SET grp = 2 WHERE k = 1;
SELECT count(*) FROM m_groups m JOIN (SELECT grp, count(*) AS n FROM item GROUP BY grp) i USING (grp) WHERE i.n <> m.n;
REFRESH MATERIALIZED VIEW m_groups;
REFRESH MATERIALIZED VIEW sql_plain.m_groups;
SELECT same('SELECT * FROM m_groups');
UPDATE item SET grp = 1 WHERE k = 1;
UPDATE sql_plain.item SET grp = 1 WHERE k = 1;
REFRESH MATERIALIZED VIEW CONCURRENTLY m_groups;
REFRESH MATERIALIZED VIEW CONCURRENTLY sql_plain.m_groups;
SELECT same('SELECT m.grp, m.n, i.k FROM m_groups m JOIN item i USING (grp)');
REFRESH MATERIALIZED VIEW m_groups WITH NO DATA;
SELECT count(*) FROM m_groups;
-- temporary views, CREATE TABLE AS, SELECT INTO
CREATE TEMP VIEW v_temp AS SELECT k FROM item WHERE grp = 3;
SELECT count(*) FROM v_temp JOIN line USING (k);
DROP VIEW v_temp;
BEGIN;
SELECT in_both('CREATE TABLE made AS SELECT k, n FROM v_items WHERE n > 40');
SELECT in_both('CREATE TABLE made_too (g, n) AS SELECT grp, count(*) FROM item GROUP BY grp');
SELECT same('SELECT * FROM made, made_too');
ROLLBACK;
-- EXCLUDED of a view is its table's
BEGIN;
CREATE TABLE stock (k int, part int, note text, PRIMARY KEY (k, part));
SELECT create_distributed_table('stock', 'k');
CREATE VIEW v_stock AS SELECT part AS a, note AS b, k AS c FROM stock;
INSERT INTO v_stock VALUES (1, 'one', 1), (2, 'two', 2);
INSERT INTO v_stock AS v VALUES (1, 'new', 1), (2, 'new', 2), (3, 'new', 3) ON CONFLICT (c, a) DO UPDATE SET b = excluded.b || v.b WHERE excluded.a > 1;
INSERT INTO v_stock AS v SELECT 1, 'last', 1 ON CONFLICT (c, a) DO UPDATE SET b = excluded.b || v.b;
INSERT INTO v_stock AS v SELECT a, 'all', c FROM v_stock ON CONFLICT (c, a) DO UPDATE SET b = excluded.b || v.b;
SELECT * FROM v_stock ORDER BY a;
ROLLBACK;
DROP OWNED BY sql_reader;
DROP ROLE sql_reader;
DROP VIEW v_invoker;
SELECT in_both('DROP MATERIALIZED VIEW m_groups');
SELECT in_both('DROP VIEW v_check, v_top, v_local, v_barrier, v_groups, v_items');
