-- EXPLAIN says what the shards do and, if VERBOSE, what they do not do next, and why.
SET search_path = sql_here, sql_test;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION reasons(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    found text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        found := found || substring(line FROM 'Not Pushed: (.*)');
    END LOOP;
    RETURN QUERY SELECT x FROM unnest(found) x WHERE x IS NOT NULL ORDER BY x;
END $$;
CREATE FUNCTION looked_up(k int) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN k > 0; END';
SET shardlite.enable_broadcast = off;
-- joins
SELECT reasons('SELECT * FROM item i JOIN line l ON l.k = i.k');
SELECT reasons('SELECT * FROM item i JOIN line l ON l.n = i.k');
SELECT reasons('SELECT * FROM item i JOIN other o ON o.id = i.k');
SELECT reasons('SELECT * FROM item i JOIN local_t t ON t.k = i.k');
SELECT reasons('SELECT * FROM colour c LEFT JOIN item i ON i.grp = c.id');
SELECT reasons('SELECT * FROM item i JOIN line l ON l.k = i.k AND l.n > random()');
SELECT reasons('SELECT * FROM (SELECT * FROM item WHERE random() < 2) i JOIN line l ON l.k = i.k');
SELECT reasons('SELECT * FROM item i JOIN line l USING (k) JOIN other o ON o.id = l.n');
SELECT reasons('SELECT i.ctid, l.ctid FROM item i JOIN line l USING (k)');
-- each reason is gone when the setting is on again
RESET shardlite.enable_broadcast;
SET shardlite.enable_join_pushdown = off;
SELECT reasons('SELECT * FROM item i JOIN line l ON l.k = i.k');
RESET shardlite.enable_join_pushdown;
SELECT reasons('SELECT * FROM item i JOIN line l ON l.k = i.k');
-- groups
SELECT reasons('SELECT k, array_agg(n) FROM line GROUP BY k');
SELECT reasons('SELECT grp, count(*) FROM item GROUP BY grp');
SELECT reasons('SELECT grp, array_agg(k) FROM item GROUP BY grp');
SELECT reasons('SELECT grp, count(*) FROM item WHERE random() < 2 GROUP BY grp');
SET shardlite.enable_aggregate_pushdown = off;
SELECT reasons('SELECT k, count(*) FROM line GROUP BY k');
SET shardlite.enable_partial_aggregate = off;
SELECT reasons('SELECT count(*) FROM line');
RESET shardlite.enable_aggregate_pushdown;
RESET shardlite.enable_partial_aggregate;
-- windows
SELECT reasons('SELECT sum(n) OVER (PARTITION BY k) FROM line');
SELECT reasons('SELECT sum(n) OVER (PARTITION BY qty) FROM line');
SET shardlite.enable_window_pushdown = off;
SELECT reasons('SELECT sum(n) OVER (PARTITION BY k) FROM line');
RESET shardlite.enable_window_pushdown;
-- filters
SELECT reasons('SELECT k FROM item WHERE random() < 2');
SELECT reasons('SELECT k FROM item WHERE k < 3 AND looked_up(k)');
SELECT reasons('SELECT k FROM item WHERE looked_up(3) AND age(now()) > interval ''1 day''');
SELECT reasons('SELECT k FROM item WHERE has_table_privilege(note, ''SELECT'')');
SELECT reasons('SELECT k FROM item WHERE ctid = ''(0,1)''');
SELECT reasons('SELECT k FROM item WHERE note::regclass IS NULL');
SELECT reasons('SELECT k FROM item WHERE k < 9 AND price > 1');
-- ORDER BY and LIMIT
SELECT reasons('SELECT * FROM item ORDER BY grp, k LIMIT 2');
SELECT reasons('SELECT k FROM item ORDER BY random()');
SELECT reasons('SELECT k, generate_series(1, 2) FROM item ORDER BY 2');
SELECT reasons('SELECT k FROM item WHERE random() < 2 ORDER BY k');
SELECT reasons('SELECT k FROM item WHERE random() < 2 LIMIT 1');
SELECT reasons('SELECT k FROM item LIMIT random() * 3');
SELECT reasons('SELECT k, generate_series(1, 2) FROM item LIMIT 1');
SELECT reasons('SELECT k FROM item ORDER BY looked_up(k) FETCH FIRST 1 ROW WITH TIES');
SET shardlite.enable_sort_pushdown = off;
SELECT reasons('SELECT k FROM item ORDER BY k');
RESET shardlite.enable_sort_pushdown;
SET shardlite.enable_limit_pushdown = off;
SELECT reasons('SELECT k FROM item LIMIT 1');
RESET shardlite.enable_limit_pushdown;
-- DISTINCT
SELECT reasons('SELECT DISTINCT k, grp FROM item');
SELECT reasons('SELECT DISTINCT grp FROM item');
SELECT reasons('SELECT DISTINCT ON (grp) grp, k FROM item');
SELECT reasons('SELECT DISTINCT looked_up(k) FROM item');
SELECT reasons('SELECT DISTINCT generate_series(1, k) FROM item');
SELECT reasons('SELECT DISTINCT grp FROM item WHERE random() < 2');
SET shardlite.enable_distinct_pushdown = off;
SELECT reasons('SELECT DISTINCT k FROM item');
RESET shardlite.enable_distinct_pushdown;
-- aggregates and HAVING
SELECT reasons('SELECT grp, count(DISTINCT note) FROM item GROUP BY grp');
SELECT reasons('SELECT grp, string_agg(note, '','' ORDER BY k) FROM item GROUP BY grp');
SELECT reasons('SELECT grp, percentile_cont(0.5) WITHIN GROUP (ORDER BY k) FROM item GROUP BY grp');
SELECT reasons('SELECT grp, count(*) FILTER (WHERE looked_up(k)) FROM item GROUP BY grp');
SELECT reasons('SELECT looked_up(k), count(*) FROM item GROUP BY 1');
SELECT reasons('SELECT grp, count(*), generate_series(1, 2) FROM item GROUP BY grp');
SELECT reasons('SELECT k, count(*) FROM line GROUP BY k HAVING looked_up(count(*)::int)');
SELECT reasons('SELECT k, grp, count(*) FROM item GROUP BY GROUPING SETS ((k), (k), (grp))');
-- windows
SELECT reasons('SELECT sum(n) OVER (PARTITION BY k) FROM line WHERE random() < 2');
SELECT reasons('SELECT sum(n) OVER (PARTITION BY k), generate_series(1, 2) FROM line');
SELECT reasons('SELECT sum(n) OVER (PARTITION BY k ORDER BY looked_up(n)) FROM line');
-- rows that cannot be sent, or not from node to node
SELECT reasons('SELECT * FROM item i FULL JOIN other o ON o.k = i.grp');
SELECT reasons('SELECT i.k FROM item i JOIN other o ON o.k = i.grp FOR UPDATE');
SELECT reasons('SELECT i.k FROM item i JOIN (SELECT id, ROW(1, 2) AS r FROM local_t) o ON o.id = i.grp WHERE r IS NOT NULL');
SELECT reasons('SELECT i.k FROM item i LEFT JOIN LATERAL (SELECT * FROM other o WHERE o.k > i.grp LIMIT 1) o ON o.v = i.note');
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT reasons('SELECT l.n FROM (SELECT k FROM other WHERE looked_up(id)) o JOIN line l ON l.k = o.k');
SET shardlite.enable_exchange = off;
SELECT reasons('SELECT l.n FROM other o JOIN line l ON l.k = o.k');
RESET shardlite.enable_exchange;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_nestloop;
-- of several joins the one with a condition and with shards
SET shardlite.enable_exchange = off;
SELECT reasons('SELECT i.k FROM item i JOIN local_t t ON t.k = i.k FULL JOIN other o ON o.k = i.grp');
RESET shardlite.enable_exchange;
SELECT reasons('SELECT i.k FROM line l, item i, other o WHERE o.k = i.grp AND l.n > random() AND l.n + i.grp + o.k > random()');
-- sub-SELECTs, set operations and WITH that shards do not run as they are
SELECT reasons('SELECT k, (SELECT count(*) FROM line l WHERE l.k = i.k) FROM item i');
SELECT reasons('SELECT k, (SELECT count(*) FROM line l WHERE l.n = i.grp) FROM item i');
SELECT reasons('SELECT k, (SELECT count(*) FROM other o WHERE o.id = i.k) FROM item i');
SELECT reasons('SELECT k, (SELECT count(*) FROM local_t t WHERE t.id = i.k) FROM item i');
SELECT reasons('SELECT k, (SELECT count(*) FROM line l WHERE l.k = i.k AND random() < 2) FROM item i');
SELECT reasons('SELECT k FROM item WHERE grp > (SELECT min(qty) FROM line)');
SELECT reasons('SELECT k FROM item WHERE k NOT IN (SELECT n FROM line)');
SELECT reasons('SELECT k FROM item WHERE k NOT IN (SELECT k FROM line)');
SELECT reasons('SELECT k FROM item UNION SELECT k FROM line');
SELECT reasons('SELECT k FROM item UNION SELECT n FROM line');
SELECT reasons('SELECT k FROM item EXCEPT SELECT id FROM other');
SELECT reasons('SELECT k FROM item UNION ALL SELECT id FROM other');
SELECT reasons('WITH c AS MATERIALIZED (SELECT k, grp FROM item) SELECT * FROM c JOIN c d ON d.k = c.k');
SELECT reasons('WITH c AS MATERIALIZED (SELECT k, grp FROM item) SELECT * FROM c JOIN c d ON d.grp = c.k');
SELECT reasons('WITH c AS MATERIALIZED (SELECT grp, count(*) FROM item GROUP BY grp) SELECT * FROM c, c d');
SELECT reasons('WITH RECURSIVE r AS (SELECT k FROM item UNION ALL SELECT l.n FROM r JOIN line l ON l.k = r.k) SELECT * FROM r');
SET shardlite.enable_subquery_pushdown = off;
SELECT reasons('SELECT k FROM item UNION SELECT k FROM line');
SELECT reasons('SELECT k, (SELECT count(*) FROM line l WHERE l.k = i.k) FROM item i');
RESET shardlite.enable_subquery_pushdown;
-- with the other costs, what it would cost is shown, too
DO $$
DECLARE
    line text;
BEGIN
    SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_nestloop = off;
    FOR line IN EXPLAIN VERBOSE SELECT * FROM item i FULL JOIN other o ON o.k = i.grp LOOP
        IF line ~ 'Not Pushed: join with o' THEN
            RAISE NOTICE '%', regexp_replace(ltrim(line), '\d+\.\d\d', '#', 'g');
        END IF;
    END LOOP;
    FOR line IN EXPLAIN VERBOSE SELECT * FROM item i JOIN other o ON o.k = i.grp LOOP
        IF line ~ 'Not Pushed: join with o' THEN
            RAISE NOTICE '%', regexp_replace(ltrim(line), '\d+\.\d\d', '#', 'g');
        END IF;
    END LOOP;
END $$;
-- GEQO tries joins and forgets them; what is kept of the reasons outlives them
SET geqo_threshold = 2;
SET shardlite.enable_broadcast = off;
DO $$
DECLARE
    line text;
BEGIN
    FOR seed IN 0 .. 40 LOOP
        PERFORM set_config('geqo_seed', (seed / 40.0)::text, false);
        FOR line IN SELECT reasons('SELECT count(*) FROM line l JOIN other o ON o.id = l.n'
            ' JOIN (item i FULL JOIN other p ON p.id = i.grp) ON i.grp = l.k JOIN line m ON m.n = o.k AND m.k = p.id'
            ' LEFT JOIN (other q JOIN item j ON j.grp = q.k) ON q.k = m.n + l.n') LOOP
            IF line !~ '^(join with [ijlmopq](, [ijlmopq])*: |groups: )[a-z ]+(; shardlite.enable_broadcast is off)?$' THEN
                RAISE WARNING 'seed %: %', seed, line;
            END IF;
        END LOOP;
    END LOOP;
END $$;
RESET geqo_seed;
SELECT same('SELECT i.grp, count(*) FROM item i RIGHT JOIN line l ON l.n = i.grp AND l.k > 0 LEFT JOIN other o ON o.id = l.n'
    ' FULL JOIN item j ON j.k = l.k FULL JOIN other p ON p.id = j.grp GROUP BY ROLLUP (i.grp)');
RESET shardlite.enable_broadcast;
RESET geqo_threshold;
-- what they do is said without VERBOSE, too
CREATE FUNCTION strategies(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ '^[ >-]*(Strategy:|Custom Scan)' THEN
            RETURN NEXT regexp_replace(ltrim(line, ' ->'), 'Strategy:', '    does:');
        END IF;
    END LOOP;
END $$;
SELECT strategies('SELECT * FROM item WHERE k = 1');
SELECT strategies('SELECT * FROM colour');
SELECT strategies('UPDATE item SET grp = grp WHERE k < 3');
SELECT strategies('UPDATE colour SET name = name');
SELECT strategies('UPDATE item SET note = random() WHERE random() < 0');
SELECT strategies('SELECT * FROM item');
SELECT strategies('SELECT * FROM item i JOIN line l USING (k)');
SELECT strategies('SELECT * FROM item i JOIN colour c ON c.id = i.grp');
SELECT strategies('SELECT i.k, l.n FROM item i JOIN line l USING (k) JOIN colour c ON c.id = i.grp ORDER BY 1 LIMIT 3');
SELECT strategies('SELECT k, count(*) FROM line GROUP BY k');
SELECT strategies('SELECT qty, count(*) FROM line GROUP BY qty');
SELECT strategies('SELECT DISTINCT k FROM line');
SELECT strategies('SELECT DISTINCT qty FROM line');
SELECT strategies('SELECT sum(n) OVER (PARTITION BY k) FROM line');
SELECT strategies('SELECT k, (SELECT count(*) FROM line l WHERE l.k = i.k) FROM item i');
SELECT strategies('SELECT k FROM item UNION SELECT k FROM line');
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT strategies('SELECT i.k FROM item i JOIN local_t t ON t.k = i.grp');
SELECT strategies('SELECT i.k FROM item i JOIN local_t t ON t.id = i.k');
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_nestloop;
SELECT strategies('INSERT INTO line SELECT k + 1000, 1 FROM item');
DROP FUNCTION strategies, reasons, looked_up;
