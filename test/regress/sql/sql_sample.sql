-- TABLESAMPLE of distributed tables.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- all and nothing
SELECT same('SELECT k, grp FROM item TABLESAMPLE bernoulli (100)');
SELECT same('SELECT k, grp FROM item TABLESAMPLE system (100) WHERE grp = 2');
SELECT same('SELECT count(*) FROM item TABLESAMPLE bernoulli (0)');
SELECT same('SELECT count(*) FROM part TABLESAMPLE system (100) JOIN item TABLESAMPLE bernoulli (100) USING (k)');
-- REPEATABLE repeats, in the same statement and in the next
CREATE TABLE picked AS SELECT k FROM item TABLESAMPLE bernoulli (50) REPEATABLE (7);
SELECT count(*) BETWEEN 1 AND 29 FROM picked;
SELECT count(*) FROM (SELECT k FROM item TABLESAMPLE bernoulli (50) REPEATABLE (7) EXCEPT TABLE picked) s;
SELECT count(*) = (SELECT count(*) FROM picked) FROM item a TABLESAMPLE bernoulli (50) REPEATABLE (7) JOIN item b TABLESAMPLE bernoulli (50) REPEATABLE (7) USING (k);
-- another seed, another sample; a filter does not change which rows are picked
SELECT count(*) > 0 FROM (SELECT k FROM item TABLESAMPLE bernoulli (50) REPEATABLE (8) EXCEPT TABLE picked) s;
SELECT count(*) FROM ((SELECT k FROM item TABLESAMPLE bernoulli (50) REPEATABLE (7) WHERE grp = 1) EXCEPT (SELECT k FROM picked JOIN item USING (k) WHERE grp = 1)) s;
-- a constant key, an aggregate, an outer join, a sublink, a CTE, a write
SELECT same('SELECT grp FROM item TABLESAMPLE bernoulli (100) WHERE k = 4');
SELECT same('SELECT grp, count(*) FROM item TABLESAMPLE bernoulli (100) GROUP BY grp');
SELECT same('SELECT c.id, i.k FROM colour c LEFT JOIN item i TABLESAMPLE bernoulli (0) ON i.grp = c.id');
SELECT same('SELECT id FROM other WHERE k IN (SELECT grp FROM item TABLESAMPLE bernoulli (100))');
SELECT same('WITH s AS (SELECT * FROM line TABLESAMPLE system (100)) SELECT k, count(*) FROM s GROUP BY k');
SELECT same('SELECT i.k FROM item i TABLESAMPLE bernoulli (100) FOR UPDATE');
BEGIN;
INSERT INTO other (id) SELECT 100 + k FROM item TABLESAMPLE bernoulli (100) WHERE k < 4;
SELECT count(*) FROM other WHERE id > 100;
ROLLBACK;
-- the share is a parameter, or comes from the left
PREPARE sample(real) AS SELECT count(*) FROM item TABLESAMPLE bernoulli ($1);
EXECUTE sample(100);
EXECUTE sample(0);
EXECUTE sample(NULL);
DEALLOCATE sample;
SELECT same('SELECT x, s.n FROM (VALUES (0), (100)) v(x), LATERAL (SELECT count(*) AS n FROM item TABLESAMPLE bernoulli (x)) s');
SELECT same('SELECT count(*) FROM item TABLESAMPLE bernoulli (101)');
SELECT same('SELECT count(*) FROM item TABLESAMPLE bernoulli (-1)');
SELECT same('SELECT count(*) FROM item TABLESAMPLE bernoulli (50) REPEATABLE (NULL)');
SELECT same('SELECT count(*) FROM item TABLESAMPLE nothing (50)');
DROP TABLE picked;
-- a method that the shards together may not follow as one table would
CREATE FUNCTION other_method(internal) RETURNS tsm_handler LANGUAGE internal STRICT AS 'tsm_bernoulli_handler';
SELECT count(*) FROM item TABLESAMPLE other_method (100);
SELECT count(*) FROM colour WHERE id IN (SELECT i.grp FROM item i TABLESAMPLE other_method (100) WHERE i.k = 4);
PREPARE other_sample AS DELETE FROM item USING part TABLESAMPLE other_method (100) WHERE item.k = part.k;
EXECUTE other_sample;
DEALLOCATE other_sample;
SELECT count(*) = (SELECT count(*) FROM colour) FROM colour TABLESAMPLE other_method (100);
DROP FUNCTION other_method;
