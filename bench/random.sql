-- Values that look random and are the same on every run.

-- A number from lo to hi that depends on the row's key and the column alone.
CREATE FUNCTION rnd(key bigint, col int, lo int, hi int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lo + ((hashint8extended(key, col) & 9223372036854775807) % (hi - lo + 1))::int;

CREATE FUNCTION pick(words text[], key bigint, col int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN words[rnd(key, col, 1, cardinality(words))];
