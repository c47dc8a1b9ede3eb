-- Rows for the tables of schema.sql, by the functions of ../random.sql; psql
-- variable "rows" is the number of events.
INSERT INTO kinds SELECT k, 'kind ' || k FROM generate_series(0, 19) k;

INSERT INTO users SELECT u, rnd(u, 1, 0, 9), 'user ' || u FROM generate_series(1, :rows / 20) u;

INSERT INTO items SELECT i, rnd(i, 2, 1, :rows / 10), rnd(i, 3, 0, 99), 'item ' || i FROM generate_series(1, :rows / 10) i;

INSERT INTO events
SELECT rnd(e, 11, 1, :rows / 20), e, rnd(e, 12, 1, :rows / 10), rnd(e, 13, 1, :rows / 10), rnd(e, 14, 0, 19),
	pick('{web,mobile,store,partner}', e, 15), rnd(e, 16, 1, 1000), rnd(e, 17, 1, 100000) * 0.01,
	timestamptz '2024-01-01 00:00+00' + rnd(e, 18, 0, 366 * 86400 - 1) * interval '1 second', md5(e::text) || md5((-e)::text)
FROM generate_series(1, :rows) e;
