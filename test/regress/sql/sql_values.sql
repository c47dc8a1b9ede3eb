-- VALUES and set operations beside distributed tables.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT same('SELECT v.x, i.note FROM (VALUES (1), (3), (NULL), (99)) v(x) LEFT JOIN item i ON i.k = v.x');
SELECT same('SELECT i.k FROM item i JOIN (VALUES (1, ''note 1''), (2, ''x'')) v(k, note) USING (k, note)');
SELECT same('SELECT k FROM item WHERE (k, grp) IN (VALUES (3, 3), (4, 4), (6, 1))');
SELECT same('SELECT k FROM item WHERE k = ANY (VALUES (3), (5)) OR k > ALL (VALUES (28), (29))');
SELECT same('VALUES (1, (SELECT count(*) FROM item)), (2, (SELECT max(n) FROM line))');
SELECT same('SELECT * FROM (VALUES ((SELECT max(k) FROM item)), ((SELECT min(k) FROM line))) v(x) JOIN item i ON i.k = v.x');
SELECT same('SELECT i.k, v.y FROM item i CROSS JOIN LATERAL (VALUES (i.grp), (i.k % 3)) v(y) WHERE v.y = 1');
SELECT same('SELECT column1, count(*) FROM (VALUES (1), (2), (2)) v JOIN item i ON i.grp = column1 GROUP BY column1');
SELECT same('SELECT k FROM item WHERE EXISTS (VALUES (1))');
SELECT same('SELECT array_agg(x ORDER BY x) FROM (VALUES (''sad''::mood), (''happy'')) v(x) WHERE x IN (SELECT feel FROM item)');
-- set operations: per shard only where rows that are equal lie on one shard
SELECT nodes('SELECT k FROM item UNION ALL SELECT n FROM line');
SELECT same('SELECT k FROM item UNION SELECT n FROM line');
SELECT same('SELECT grp FROM item UNION ALL SELECT qty FROM line UNION ALL SELECT id FROM colour');
SELECT same('SELECT grp FROM item INTERSECT SELECT qty FROM line');
SELECT same('SELECT grp FROM item INTERSECT ALL SELECT qty FROM line');
SELECT same('SELECT k, grp FROM item EXCEPT SELECT k, qty FROM line');
SELECT same('SELECT grp FROM item EXCEPT ALL SELECT qty FROM line WHERE n < 20');
SELECT same('(SELECT k FROM item ORDER BY k LIMIT 3) UNION ALL (SELECT n FROM line ORDER BY n DESC LIMIT 2) ORDER BY 1 LIMIT 4');
SELECT same('SELECT s.k, count(*) FROM (SELECT k FROM item UNION ALL SELECT k FROM line) s GROUP BY s.k HAVING count(*) > 3');
SELECT same('SELECT s.k, l.n FROM (SELECT k FROM item WHERE grp = 1 UNION SELECT id FROM other WHERE k = 2) s JOIN line l USING (k)');
SELECT same('SELECT i.k FROM item i WHERE k IN (SELECT n FROM line UNION SELECT id FROM colour)');
SELECT same('SELECT i.k, (SELECT count(*) FROM (SELECT n FROM line l WHERE l.k = i.k UNION ALL SELECT id FROM other o WHERE o.k = i.grp) s) FROM item i');
SELECT same('SELECT NULL AS x UNION SELECT note FROM item UNION SELECT 5::text');
SELECT same('SELECT k::numeric FROM item WHERE k < 3 UNION SELECT 2.5 UNION SELECT price FROM item WHERE k = 2');
SELECT same('TABLE colour UNION TABLE colour');
SELECT same('SELECT two FROM item UNION SELECT ROW(1, ''b1'')::pair');
SELECT same('SELECT DISTINCT s.a FROM (SELECT k AS a, grp FROM item UNION ALL SELECT n, qty FROM line) s WHERE s.grp = 1');
SELECT same('SELECT feel FROM item EXCEPT SELECT ''ok''');
