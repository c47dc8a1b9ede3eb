-- Collations of the user's are on all nodes, but for temporary ones.
CREATE SCHEMA coll;
SET search_path = coll;
\set SHOW_CONTEXT never
CREATE COLLATION upper_first (provider = icu, locale = 'und-u-kf-upper');
CREATE COLLATION of_column (provider = icu, locale = 'und-u-kf-upper');
CREATE TABLE w (k int PRIMARY KEY, t text, c text COLLATE of_column, v varchar COLLATE of_column);
SELECT create_distributed_table('w', 'k', shard_count => 4);
INSERT INTO w SELECT i, (ARRAY['a', 'A', 'b', 'B'])[i], (ARRAY['a', 'A', 'b', 'B'])[i], (ARRAY['a', 'A', 'b', 'B'])[i] FROM generate_series(1, 4) i;
SELECT t FROM w ORDER BY t COLLATE upper_first;
SELECT t FROM w ORDER BY t COLLATE upper_first LIMIT 2;
SELECT t FROM w WHERE t COLLATE upper_first < 'a' ORDER BY k;
SELECT max(t COLLATE upper_first) FROM w;
SELECT t COLLATE upper_first AS u, count(*) FROM w GROUP BY 1 ORDER BY 1;
SELECT t FROM w WHERE k = 1 AND t COLLATE upper_first > 'A';
UPDATE w SET t = t || '!' WHERE t COLLATE upper_first < 'a' AND k < 3;
SELECT t FROM w ORDER BY t COLLATE upper_first;
CREATE COLLATION pg_temp.here (provider = icu, locale = 'und-u-kf-upper');
SELECT t FROM w WHERE t COLLATE pg_temp.here > 'a' ORDER BY t COLLATE pg_temp.here;
SELECT t FROM w WHERE k = 3 AND t COLLATE pg_temp.here > 'a';
-- that of a column is there, and needs no name
SELECT c, v FROM w ORDER BY c;
SELECT c FROM w WHERE v < 'a' ORDER BY v DESC LIMIT 1;
SELECT c FROM w WHERE c COLLATE "C" < 'a' ORDER BY 1;
SET client_min_messages TO warning;
DROP SCHEMA coll CASCADE;
