-- Many groups that occur on most shards: a node groups the rows of all its
-- shards at once.
SET search_path = agg, path;
CREATE TABLE agg.hit (k int, g int, v numeric, note text);
SELECT create_distributed_table('hit', 'k', shard_count := 16, colocate_with := 'none');
INSERT INTO hit SELECT i, i * 7 % 4000, i / 10.0, CASE WHEN i % 10 > 0 THEN 'it''s "' || i % 10 END FROM generate_series(1, 12000) i;
INSERT INTO hit VALUES (12001, NULL, NULL, NULL), (12002, NULL, 5, NULL);
CREATE TABLE agg_plain.hit AS SELECT * FROM hit;
ANALYZE hit;

SELECT plan_of('SELECT g, count(*), avg(v) FILTER (WHERE note <> ''FROM'') FROM hit WHERE k > 2 GROUP BY g');
SELECT same('SELECT g, count(*), avg(v) FILTER (WHERE note <> ''FROM'') FROM hit WHERE k > 2 GROUP BY g');
SELECT plan_of('SELECT g + 1, g * 2, max(note COLLATE "C") FROM hit GROUP BY g + 1, g * 2');
SELECT same('SELECT g + 1, g * 2, max(note COLLATE "C") FROM hit GROUP BY g + 1, g * 2');
SELECT same('SELECT g, note, sum(v), grouping(note) FROM hit GROUP BY ROLLUP (g, note)');
SELECT same('SELECT h.g, count(*), avg(i.v) FROM hit h LEFT JOIN hit i ON i.k = h.k AND i.note IS NULL GROUP BY h.g');
SELECT same('SELECT g, count(*) FROM hit h WHERE EXISTS (SELECT FROM hit i WHERE i.k = h.k AND i.v > 100) GROUP BY g');
SELECT same('SELECT g, avg(v) FROM hit WHERE k = NULL GROUP BY g');
PREPARE many(int, text) AS SELECT count(*), sum(n), sum(s) FROM
    (SELECT g % $1, count(*) AS n, sum(v + $1) FILTER (WHERE note > $2) AS s FROM hit WHERE k > $1 GROUP BY g % $1) x;
SET plan_cache_mode = force_generic_plan;
EXECUTE many(3999, 'it');
EXECUTE many(10, 'j');
RESET plan_cache_mode;
DEALLOCATE many;
DROP TABLE hit, agg_plain.hit;
