-- Collations: which one orders, compares and groups, on the nodes as here.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

CREATE COLLATION sql_test.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION sql_test.numeric (provider = icu, locale = 'en-u-kn-true');
SELECT in_both('CREATE TABLE words (k int PRIMARY KEY, w text, c text COLLATE "C", i text COLLATE no_case, n text COLLATE "numeric")');
SELECT create_distributed_table('words', 'k', shard_count := 3);
SELECT in_both($$INSERT INTO words SELECT i, x, x, x, x || i FROM unnest('{apple,Apple,äpfel,Zoo,zoo,a b,ab,a-b,"",NULL,ßa,ss,É,é,10,9}'::text[]) WITH ORDINALITY u(x, i)$$);
-- order, here and merged from the nodes
SELECT string_agg(coalesce(c, 'null'), ',' ORDER BY c, k) FROM words;
SELECT c FROM words WHERE c IS NOT NULL ORDER BY c DESC LIMIT 4;
SELECT same('SELECT k, row_number() OVER (ORDER BY w, k) FROM words');
SELECT same('SELECT k, row_number() OVER (ORDER BY w COLLATE "C" DESC, k) FROM words');
SELECT same('SELECT k, row_number() OVER (ORDER BY c COLLATE "und-x-icu", k) FROM words');
SELECT same('SELECT k, row_number() OVER (ORDER BY i, k) FROM words');
SELECT n FROM words WHERE n ~ '^(9|10)' ORDER BY n;
SELECT same('SELECT n FROM words ORDER BY n LIMIT 5');
SELECT same('SELECT max(w), max(c), max(i COLLATE "C"), min(n) FROM words');
SELECT same('SELECT c FROM words WHERE c < ''a'' UNION SELECT c FROM words WHERE c > ''z''');
-- equality under a collation that is not deterministic
SELECT same('SELECT count(*), min(k) FROM words GROUP BY i');
SELECT same('SELECT count(DISTINCT i), count(DISTINCT c) FROM words');
SELECT same('SELECT k FROM words WHERE i = ''APPLE''');
SELECT same('SELECT k FROM words WHERE w = ''APPLE'' COLLATE no_case');
SELECT same('SELECT a.k, b.k FROM words a JOIN words b ON a.i = b.i AND a.k < b.k');
SELECT same('SELECT a.k, b.k FROM words a JOIN words b ON a.c = b.c COLLATE no_case AND a.k < b.k');
SELECT same('SELECT count(*) FROM (SELECT DISTINCT i FROM words) s');
SELECT same('SELECT k FROM words WHERE i IN (SELECT ''ZOO'' UNION SELECT ''É'')');
SELECT same('SELECT k, rank() OVER (PARTITION BY i ORDER BY k) FROM words');
SELECT same('SELECT count(*) FROM (SELECT i FROM words WHERE k < 4 INTERSECT SELECT i FROM words WHERE k > 1) s');
-- functions that use the collation
SELECT same('SELECT k, upper(w), lower(c), initcap(w COLLATE "tr-x-icu") FROM words');
SELECT same('SELECT k FROM words WHERE w > c COLLATE "C"');
SELECT same('SELECT k FROM words WHERE c LIKE ''A%'' OR w ILIKE ''É''');
SELECT same('SELECT greatest(w, ''b''), c BETWEEN ''A'' AND ''a'' FROM words');
-- the same conflict as on one server
SELECT same('SELECT k FROM words WHERE c < n');
SELECT same('SELECT k FROM words ORDER BY c || n');
-- a join of columns of two collations on the key's side, and percentiles
SELECT same('SELECT a.k FROM words a LEFT JOIN words b ON b.k = a.k AND b.c < a.w COLLATE "C"');
SELECT same('SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY c), mode() WITHIN GROUP (ORDER BY i) IS NOT NULL FROM words');
-- COLLATE with the column's own collation decides among several
SELECT same('SELECT k FROM words WHERE n > c COLLATE "C"');
SELECT same('SELECT k FROM words WHERE c COLLATE "C" < n AND n <> c COLLATE "C"');
SELECT same('SELECT k FROM words WHERE (k, n) > (3, c COLLATE "C")');
SELECT same('SELECT k FROM words WHERE coalesce(n, c COLLATE "C") > ''a''');
SELECT same('SELECT k FROM words WHERE CASE k % 2 WHEN 0 THEN n ELSE c COLLATE "C" END > ''a''');
SELECT same('SELECT k FROM words WHERE greatest(n, c COLLATE "C") = n');
SELECT same('SELECT k FROM words WHERE c COLLATE "C" = ANY (ARRAY[n, w])');
SELECT same('SELECT k FROM words WHERE n || c COLLATE "C" > ''b''');
SELECT same('SELECT min(n || c COLLATE "C"), string_agg(n, c COLLATE "C" ORDER BY k) FROM words GROUP BY k % 2');
SELECT same('SELECT a.k, b.k FROM words a JOIN words b ON a.n > b.c COLLATE "C" AND a.k = b.k + 1');
SELECT in_both('DROP TABLE words');
DROP COLLATION sql_test.no_case;
DROP COLLATION sql_test.numeric;
