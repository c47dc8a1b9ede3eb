-- The statements of the suite.  "--- name [target]" begins one; the target is
-- the time, divided by the plain server's, that it is meant to stay below.
-- After "-- check" comes a query whose answer must be equal afterwards, after
-- "-- cleanup" what puts things back; {turn} counts the rounds.

--- count 0.7
SELECT count(*) FROM events

--- filter_sum 0.9
SELECT sum(amount) FROM events WHERE at >= '2024-03-01 00:00+00' AND at < '2024-04-01 00:00+00'

--- group_low_card 0.9
SELECT kind, count(*), sum(amount), avg(price) FROM events GROUP BY kind ORDER BY kind

--- group_dist_key
SELECT user_id, count(*), sum(amount) FROM events GROUP BY user_id HAVING count(*) > 35 ORDER BY user_id

--- group_high_card 1.1
SELECT grp, count(*), sum(amount) FROM events GROUP BY grp

--- group_high_card_top10
SELECT grp, count(*), sum(amount) AS total FROM events GROUP BY grp ORDER BY total DESC, grp LIMIT 10

--- count_distinct 1.0
SELECT count(DISTINCT grp) FROM events

--- count_distinct_distkey
SELECT count(DISTINCT user_id) FROM events

--- group_count_distinct 1.2
SELECT kind, count(DISTINCT grp) FROM events GROUP BY kind ORDER BY kind

--- percentile
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM events

--- group_percentile 1.3
SELECT kind, percentile_cont(0.9) WITHIN GROUP (ORDER BY amount) FROM events GROUP BY kind ORDER BY kind

--- array_agg_top
SELECT kind, (array_agg(id ORDER BY amount DESC, id))[1:3]
FROM events WHERE at >= '2024-05-01 00:00+00' AND at < '2024-06-01 00:00+00' GROUP BY kind ORDER BY kind

--- order_limit
SELECT id, user_id, amount, payload FROM events ORDER BY amount DESC, id LIMIT 20

--- order_limit_offset 1.5
SELECT id, user_id, at FROM events ORDER BY at, id LIMIT 20 OFFSET 20000

--- window_nondist 1.3
SELECT count(*), sum(amount)
FROM (SELECT amount, row_number() OVER (PARTITION BY grp ORDER BY amount DESC, id) AS r FROM events WHERE kind < 8) ranked
WHERE r <= 2

--- window_dist
SELECT count(*), sum(amount)
FROM (SELECT amount, row_number() OVER (PARTITION BY user_id ORDER BY amount DESC, id) AS r FROM events) ranked
WHERE r <= 2

--- distinct_rows
SELECT DISTINCT kind, channel FROM events ORDER BY kind, channel

--- join_colocated
SELECT region, count(*), sum(amount) FROM events JOIN users USING (user_id) GROUP BY region ORDER BY region

--- join_reference
SELECT name, count(*), sum(amount) FROM events JOIN kinds USING (kind) GROUP BY name ORDER BY name

--- join_repartition 1.8
SELECT category, count(*), sum(amount) FROM events JOIN items USING (item_id) GROUP BY category ORDER BY category

--- join_repartition_selective 2
SELECT count(*), sum(amount) FROM events JOIN items USING (item_id) WHERE kind = 3 AND category = 7

--- join_dual_repartition 3
SELECT channel, count(*), sum(amount) FROM events JOIN items ON grp = code WHERE kind < 4 AND category < 25
GROUP BY channel ORDER BY channel

--- semi_join
SELECT count(*) FROM users u WHERE EXISTS (SELECT FROM events e WHERE e.user_id = u.user_id AND amount > 980)

--- anti_join_nondist 2
SELECT count(*) FROM items i WHERE NOT EXISTS (SELECT FROM events e WHERE e.item_id = i.item_id AND kind < 5)

--- subquery_avg
SELECT count(*), sum(amount) FROM events WHERE price > (SELECT avg(price) FROM events)

--- cte_two_level
WITH per_user AS (SELECT user_id, sum(amount) AS total FROM events GROUP BY user_id),
	buckets AS (SELECT total / 1000 AS bucket, count(*) AS n FROM per_user GROUP BY 1)
SELECT bucket, n FROM buckets ORDER BY bucket

--- union_all
SELECT count(*), sum(amount)
FROM (SELECT amount FROM events WHERE kind = 1 UNION ALL SELECT amount FROM events WHERE kind = 2) both_kinds

--- correlated_scalar 0.7
SELECT count(*) FROM users u WHERE region < 5 AND (SELECT sum(amount) FROM events e WHERE e.user_id = u.user_id) > 12000

--- grouping_sets 1.2
SELECT kind, channel, count(*), sum(amount) FROM events
GROUP BY GROUPING SETS ((kind), (channel), (kind, channel), ()) ORDER BY kind, channel

--- insert_select_colocated
INSERT INTO events_by_user SELECT user_id, id, amount FROM events WHERE kind < 6
-- check
SELECT count(*), sum(user_id::bigint * amount) FROM events_by_user
-- cleanup
TRUNCATE events_by_user

--- insert_select_repartition
INSERT INTO events_by_item SELECT item_id, id, amount FROM events WHERE kind < 6
-- check
SELECT count(*), sum(item_id::bigint * amount) FROM events_by_item
-- cleanup
TRUNCATE events_by_item

--- insert_select_agg_pull
INSERT INTO sums_by_grp SELECT grp, count(*), sum(amount) FROM events GROUP BY grp
-- check
SELECT count(*), sum(n), sum(grp * amount) FROM sums_by_grp
-- cleanup
TRUNCATE sums_by_grp

--- update_multi
UPDATE events SET amount = amount + 1 WHERE kind IN (2, 3)
-- check
SELECT count(*), sum(amount), sum(user_id::bigint * amount) FROM events

--- update_join_ref
UPDATE events e SET price = e.price + 1 FROM kinds k WHERE k.kind = e.kind AND k.name IN ('kind 4', 'kind 5')
-- check
SELECT count(*), sum(price), sum(user_id * price) FROM events

--- delete_multi
DELETE FROM events WHERE id % 50 = {turn}
-- check
SELECT count(*), sum(amount), sum(user_id::bigint * amount) FROM events
