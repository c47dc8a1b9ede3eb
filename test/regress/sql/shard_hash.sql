-- The hash is on-disk format: these values must never change.
SELECT shardlite_internal.shard_hash(1::int2) AS int2,
       shardlite_internal.shard_hash(1::int4) AS int4,
       shardlite_internal.shard_hash(1::int8) AS int8,
       shardlite_internal.shard_hash(-1) AS minus_one;
SELECT shardlite_internal.shard_hash('a'::text) AS text,
       shardlite_internal.shard_hash('a'::varchar) AS varchar,
       shardlite_internal.shard_hash('a   '::char(9)) AS bpchar,
       shardlite_internal.shard_hash('a   '::text) AS blanks_count_in_text,
       shardlite_internal.shard_hash(''::text) AS empty;
SELECT shardlite_internal.shard_hash('00112233-4455-6677-8899-aabbccddeeff'::uuid) AS uuid,
       shardlite_internal.shard_hash('2020-01-01'::date) AS date,
       shardlite_internal.shard_hash(7305) AS days_as_int,
       shardlite_internal.shard_hash('2000-01-01 00:00:00.000001'::timestamp) AS timestamp;

-- Equal values of one type hash equal, whatever they look like.
SELECT shardlite_internal.shard_hash(1.50) = shardlite_internal.shard_hash(1.5) AS numeric,
       shardlite_internal.shard_hash(0.0::float8) = shardlite_internal.shard_hash('-0'::float8) AS zero,
       shardlite_internal.shard_hash('1 day'::interval) = shardlite_internal.shard_hash('24 hours'::interval) AS interval,
       shardlite_internal.shard_hash('{"a":1,"b":2}'::jsonb) = shardlite_internal.shard_hash('{"b":2,"a":1}'::jsonb) AS jsonb;

-- Enums hash by label: their object identifiers differ between nodes.
CREATE TYPE hash_mood AS ENUM ('a', 'happy');
SELECT shardlite_internal.shard_hash('a'::hash_mood) = shardlite_internal.shard_hash('a'::text) AS label;
CREATE DOMAIN hash_domain AS int CHECK (value > 0);
SELECT shardlite_internal.shard_hash(1::hash_domain) = shardlite_internal.shard_hash(1) AS domain;

-- Types whose hash would differ between nodes, or that have none.
SELECT shardlite_internal.shard_hash(ARRAY['a']::hash_mood[]);
SELECT shardlite_internal.shard_hash('pg_class'::regclass);
SELECT shardlite_internal.shard_hash(point(1, 2));
CREATE COLLATION hash_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT shardlite_internal.shard_hash('a'::text COLLATE hash_ci);

DROP TYPE hash_mood;
DROP DOMAIN hash_domain;
DROP COLLATION hash_ci;
