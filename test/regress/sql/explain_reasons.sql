-- EXPLAIN VERBOSE says what the shards do not do next, and why.
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
DROP FUNCTION reasons;
