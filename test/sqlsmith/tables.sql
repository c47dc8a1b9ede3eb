-- Tables of every kind for sqlsmith to read and write.
CREATE TYPE color AS ENUM ('red', 'green', 'blue');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);

CREATE TABLE account (id bigint PRIMARY KEY, gone text, name text, kind color, opened timestamptz, score numeric, tags text[]);
ALTER TABLE account DROP COLUMN gone;
CREATE TABLE payment (account_id bigint, nr integer, amount numeric NOT NULL, paid date, note varchar(40), size positive,
	PRIMARY KEY (account_id, nr));
CREATE TABLE event (event_id uuid PRIMARY KEY, account_id bigint, at timestamp, data jsonb, weight float8);
CREATE TABLE message (channel text, nr bigint, body text, span int4range, PRIMARY KEY (channel, nr));
CREATE TABLE metric (id integer, day date, value float8, flags bit(8)) PARTITION BY RANGE (day);
CREATE TABLE metric_old PARTITION OF metric FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE metric_new PARTITION OF metric FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
CREATE TABLE country (code char(2) PRIMARY KEY, name text, area numeric);
CREATE TABLE setting (name text PRIMARY KEY, value text, changed timestamptz);
CREATE TABLE scratch (id integer, txt text, amount numeric, at timestamptz);

SELECT create_distributed_table('account', 'id');
SELECT create_distributed_table('payment', 'account_id');
SELECT create_distributed_table('event', 'event_id');
SELECT create_distributed_table('message', 'channel', shard_count => 5);
SELECT create_distributed_table('metric', 'id', shard_count => 8);
SELECT create_distributed_table('setting', NULL);
SELECT create_reference_table('country');

INSERT INTO account SELECT i, CASE WHEN i % 7 > 0 THEN 'name ' || i % 50 END, (ARRAY['red', 'green', 'blue', NULL])[i % 4 + 1]::color,
	'2026-01-01'::timestamptz + i * interval '1 hour', i % 13, ARRAY['a', 'b' || i % 3] FROM generate_series(1, 300) i;
INSERT INTO payment SELECT i % 300 + 1, i, i % 97, '2026-01-01'::date + i % 60, CASE WHEN i % 3 > 0 THEN 'note ' || i % 10 END, i % 5 + 1
	FROM generate_series(1, 600) i;
INSERT INTO event SELECT md5(i::text)::uuid, nullif(i % 200, 0), '2026-02-01'::timestamp + i * interval '1 minute',
	jsonb_build_object('i', i % 5, 'l', jsonb_build_array(i % 3)), i / 8.0 FROM generate_series(1, 200) i;
INSERT INTO message SELECT 'channel ' || i % 17, i, repeat('x', i % 40), int4range(i, i + 5) FROM generate_series(1, 150) i;
INSERT INTO metric SELECT i % 40, '2025-12-01'::date + i % 62, i / 4.0, (i % 256)::bit(8) FROM generate_series(1, 200) i;
INSERT INTO country VALUES ('de', 'Germany', 357592), ('fr', 'France', 643801), ('is', NULL, 103000);
INSERT INTO setting SELECT 'name ' || i, CASE WHEN i % 2 = 0 THEN 'value' END, '2026-03-01' FROM generate_series(1, 20) i;
INSERT INTO scratch SELECT i, 'name ' || i % 9, i, '2026-01-05' FROM generate_series(1, 40) i;

CREATE VIEW rich AS SELECT id, name, sum(amount) AS total FROM account JOIN payment ON account_id = id GROUP BY id, name;
ANALYZE;
