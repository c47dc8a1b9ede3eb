-- ORDER BY on the shards: which keys nodes sort by, and that the merge here
-- agrees with them.
CREATE SCHEMA sorted;
SET search_path = sorted, path;

-- Rows of a query over distributed tables and over plain copies, in order.
CREATE SCHEMA sorted_copy;
CREATE FUNCTION in_order(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    here text[] := '{}';
    there text[] := '{}';
    r record;
BEGIN
    FOR r IN EXECUTE query LOOP
        here := here || r::text;
    END LOOP;
    PERFORM set_config('search_path', 'sorted_copy, sorted, path', true);
    FOR r IN EXECUTE query LOOP
        there := there || r::text;
    END LOOP;
    PERFORM set_config('search_path', 'sorted, path', true);
    IF here IS DISTINCT FROM there THEN
        RETURN 'shards ' || here::text || ' plain ' || there::text;
    END IF;
    RETURN 'same ' || cardinality(here) || ' rows, first ' || here[1];
END $$;

CREATE TYPE mood AS ENUM ('zest', 'calm', 'anger');
CREATE DOMAIN even AS int CHECK (value % 2 = 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE thing (k int PRIMARY KEY, n int, t text, c text COLLATE "C", v varchar(8), m mood, e even, p pair, j jsonb, b bytea);
SELECT create_distributed_table('thing', 'k', shard_count := 4, colocate_with := 'none');
INSERT INTO thing
SELECT i, nullif(i % 6, 0), nullif(chr(64 + i % 9) || i % 3, 'A1'), CASE WHEN i % 2 = 0 THEN 'x' ELSE 'Y' END || i % 4, 'v' || i % 11,
       (ARRAY['zest', 'calm', 'anger', NULL])[i % 4 + 1]::mood, i % 5 * 2, ROW (i % 3, 'p' || (i % 2))::pair, to_jsonb(i % 7), decode(lpad(to_hex(i % 8), 2, '0'), 'hex')
FROM generate_series(1, 60) i;
CREATE TABLE pal (k int PRIMARY KEY, price numeric(8, 2));
CREATE TABLE one (id int PRIMARY KEY, label text);
CREATE TABLE plain (id int PRIMARY KEY, k int);
SELECT create_distributed_table('pal', 'k', colocate_with := 'thing');
SELECT create_distributed_table('one', NULL);
CREATE TABLE many (k int, x int);
SELECT create_distributed_table('many', 'k', colocate_with := 'thing');
INSERT INTO many SELECT i % 50, i FROM generate_series(1, 200) i;
INSERT INTO pal SELECT i, i * 1.5 FROM generate_series(1, 40) i;
INSERT INTO one SELECT i, 'one ' || i FROM generate_series(1, 5) i;
INSERT INTO plain SELECT i, i * 2 FROM generate_series(1, 10) i;
CREATE TABLE sorted_copy.thing AS SELECT * FROM thing;
CREATE TABLE sorted_copy.pal AS SELECT * FROM pal;
CREATE TABLE sorted_copy.many AS SELECT * FROM many;
ANALYZE thing;

-- directions, nulls, operators
SELECT plan_of('SELECT k, n FROM thing ORDER BY n DESC, k');
SELECT in_order('SELECT k, n FROM thing ORDER BY n DESC, k');
SELECT plan_of('SELECT k, n FROM thing ORDER BY n NULLS FIRST, k DESC NULLS LAST');
SELECT in_order('SELECT k, n FROM thing ORDER BY n NULLS FIRST, k DESC NULLS LAST');
SELECT in_order('SELECT k, n FROM thing ORDER BY n DESC NULLS LAST, k USING >');
SELECT plan_of('SELECT k FROM thing ORDER BY t USING ~>~, k');
SELECT in_order('SELECT k FROM thing ORDER BY t USING ~>~, k');
SELECT in_order('SELECT k FROM thing ORDER BY t USING ~<~ NULLS FIRST, k');

-- collations: the column's own, and others
SELECT plan_of('SELECT k FROM thing ORDER BY c, t, k');
SELECT in_order('SELECT k FROM thing ORDER BY c, t, k');
SELECT plan_of('SELECT k FROM thing ORDER BY t COLLATE "C" DESC, c COLLATE "POSIX", k');
SELECT in_order('SELECT k FROM thing ORDER BY t COLLATE "C" DESC, c COLLATE "POSIX", k');
SELECT in_order('SELECT k FROM thing ORDER BY v, k');
SELECT in_order('SELECT k FROM thing ORDER BY v COLLATE "C" DESC, k');

-- types whose order is not that of their bytes
SELECT plan_of('SELECT k FROM thing ORDER BY m, e DESC, p, k');
SELECT in_order('SELECT k, m FROM thing ORDER BY m, e DESC, p, k');
SELECT in_order('SELECT k FROM thing ORDER BY p DESC, m NULLS FIRST, k');
SELECT in_order('SELECT k FROM thing ORDER BY j DESC, b, k');
SELECT in_order('SELECT k FROM thing ORDER BY t IS NULL, b DESC, k');

-- expressions; what only the order needs is not sent twice
SELECT plan_of('SELECT k FROM thing ORDER BY lower(t) || c, -k');
SELECT in_order('SELECT k FROM thing ORDER BY lower(t) || c, -k');
SELECT plan_of('SELECT lower(t) AS l FROM thing ORDER BY l, k % 7, k');
SELECT in_order('SELECT lower(t) AS l FROM thing ORDER BY l, k % 7, k');
SELECT in_order('SELECT t || now()::text IS NULL AS x FROM thing ORDER BY coalesce(t, now()::text), k');
PREPARE by_param(int) AS SELECT k FROM thing WHERE k < 8 ORDER BY k % $1, k;
EXECUTE by_param(3);
EXECUTE by_param(2);

-- keys that say nothing
SELECT plan_of('SELECT k, n FROM thing WHERE n = 3 ORDER BY n, n, 1, t, k, t');
SELECT in_order('SELECT k, n FROM thing WHERE n = 3 ORDER BY n, n, 1, t, k, t');
SELECT in_order('SELECT 1 FROM thing ORDER BY 1');

-- not for the shards: volatile, subqueries, anonymous records, functions that read tables
CREATE FUNCTION latest() RETURNS int STABLE LANGUAGE sql AS 'SELECT max(k) FROM thing';
SELECT plan_of('SELECT k FROM thing ORDER BY random()');
SELECT plan_of('SELECT k FROM thing ORDER BY (SELECT i.price FROM pal i WHERE i.k = thing.n), k');
SELECT in_order('SELECT k FROM thing ORDER BY (SELECT i.price FROM pal i WHERE i.k = thing.n), k');
SELECT plan_of('SELECT k FROM thing ORDER BY ROW(n, k)');
SELECT in_order('SELECT k FROM thing ORDER BY ROW(n, k)');
SELECT in_order('SELECT k FROM thing ORDER BY abs(k - latest()), k');

-- target lists that are computed here, above the sorted rows
SELECT plan_of('SELECT k, (SELECT count(*) FROM pal i WHERE i.k < thing.k) FROM thing ORDER BY n, k');
SELECT in_order('SELECT k, (SELECT count(*) FROM pal i WHERE i.k < thing.k) FROM thing ORDER BY n, k');
SELECT in_order('SELECT k, generate_series(1, n) FROM thing ORDER BY t DESC, k, 2');
SELECT in_order('SELECT tableoid::regclass::text LIKE ''%thing'', k FROM thing ORDER BY c, k');
SELECT in_order('SELECT thing FROM thing ORDER BY k');

-- joins and filters that are evaluated here
SELECT plan_of('SELECT t.k, i.price FROM thing t JOIN pal i USING (k) ORDER BY i.price DESC, t.c');
SELECT in_order('SELECT t.k, i.price FROM thing t JOIN pal i USING (k) ORDER BY i.price DESC, t.c');
SELECT in_order('SELECT t.k, i.price FROM thing t LEFT JOIN pal i USING (k) ORDER BY i.price DESC, t.k');
SELECT in_order('SELECT t.k FROM thing t LEFT JOIN pal i USING (k) ORDER BY coalesce(i.price, 7), t.k');
-- an equal column is no key where it cannot be seen
SET enable_hashagg = off;
SELECT in_order('SELECT t.k, i.price FROM thing t FULL JOIN pal i USING (k) ORDER BY i.price DESC, t.k');
SELECT plan_of('SELECT DISTINCT ON (t.k) t.c FROM thing t WHERE EXISTS (SELECT FROM many m WHERE m.k = t.k) ORDER BY t.k');
SELECT in_order('SELECT DISTINCT ON (t.k) t.c FROM thing t WHERE EXISTS (SELECT FROM many m WHERE m.k = t.k) ORDER BY t.k');
SELECT in_order('SELECT DISTINCT ON (t.k) t.c FROM thing t LEFT JOIN (thing u JOIN pal i ON i.k = u.k) ON t.k = u.k ORDER BY t.k, i.k');
RESET enable_hashagg;
SELECT plan_of('SELECT k FROM thing WHERE latest() > k ORDER BY t, k');
SELECT in_order('SELECT k FROM thing WHERE random() < 2 AND latest() > k ORDER BY t, k');

-- one strategy off
SET shardlite.enable_sort_pushdown = off;
SELECT plan_of('SELECT k, n FROM thing ORDER BY n DESC, k');
SELECT in_order('SELECT k, n FROM thing ORDER BY n DESC, k');
RESET shardlite.enable_sort_pushdown;
