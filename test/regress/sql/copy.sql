-- COPY into and out of distributed tables.
CREATE SCHEMA copy_test;
SET search_path = copy_test;
SET shardlite.shard_count = 4;
SET client_min_messages = warning;
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN small AS int CHECK (VALUE < 1000);
CREATE TABLE "T x" (gone int, "K" small, v text, n numeric(8,2), ts timestamptz, a text[], p pair, g int GENERATED ALWAYS AS ("K" + 1) STORED);
ALTER TABLE "T x" DROP COLUMN gone;
SELECT create_distributed_table('"T x"', 'K');
COPY "T x" FROM stdin;
1	one	1.5	2024-01-01 00:00+00	{a,NULL,"b c"}	(1,"x y")
2	tab\there\nnewline\\backslash	\N	\N	{}	\N
3	\N	3	2024-06-01 12:00+02	\N	(,)
\.
COPY "T x" (v, "K") FROM stdin WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'nil', QUOTE '''');
v;K
'multi
line; and ''quote''';10
nil;11
plain;12
\.
COPY "T x" ("K", v, n) FROM stdin (DELIMITER '|', NULL '-');
20|a|-
21|-|7
\.
SELECT * FROM "T x" ORDER BY "K";
SELECT tableoid::regclass, count(*) FROM "T x" GROUP BY 1;

-- out
COPY (SELECT "K", v FROM "T x" ORDER BY 1) TO stdout (FORMAT csv, HEADER, FORCE_QUOTE *);
COPY (SELECT * FROM "T x" WHERE "K" = 1) TO stdout;
COPY "T x" TO '/tmp/shardlite_regress_copy.bin' (FORMAT binary);
COPY "T x" (v, "K") TO '/tmp/shardlite_regress_copy.csv' (FORMAT csv, HEADER);
TRUNCATE "T x";
COPY "T x" FROM '/tmp/shardlite_regress_copy.bin' (FORMAT binary);
SELECT count(*), sum("K"), sum(n), sum(g), count(p), count(v) FROM "T x";
COPY "T x" (v, "K") FROM PROGRAM 'cat /tmp/shardlite_regress_copy.csv; rm /tmp/shardlite_regress_copy.*' (FORMAT csv, HEADER match);
SELECT count(*), sum("K"), sum(n), sum(g), count(p), count(v) FROM "T x";

-- WHERE, defaults, sequences
CREATE TABLE d (id serial, k text NOT NULL, at timestamptz DEFAULT now(), tag text DEFAULT upper('x'), c int DEFAULT 5 CHECK (c > 0));
SELECT create_distributed_table('d', 'k');
COPY d (k) FROM stdin;
a
b
c
\.
COPY d (id, k, c) FROM stdin (FORMAT csv) WHERE c > 1 AND k LIKE '%e%';
100,eel,1
101,eel,2
102,cat,3
103,hen,4
\.
SELECT id, k, tag, c, at IS NOT NULL AS at FROM d ORDER BY id;
SELECT count(DISTINCT at) FROM d WHERE id < 100;

-- settings that decide how values read
SET datestyle = 'German, DMY';
SET timezone = 'America/New_York';
CREATE TABLE s (k date, t timestamptz, i interval, f float8);
SELECT create_distributed_table('s', 'k');
COPY s FROM stdin;
02.03.2024	02.03.2024 10:00	1 day 02:00	0.1
\.
COPY s FROM stdin WHERE f > 0;
03.04.2024	03.04.2024 10:00	-1 day +02:00	1e-300
\.
SET intervalstyle = sql_standard;
COPY (SELECT * FROM s ORDER BY k) TO stdout;
RESET datestyle;
RESET timezone;
RESET intervalstyle;
SELECT * FROM s ORDER BY k;
SET client_encoding = latin1;
COPY "T x" ("K", v) FROM PROGRAM 'printf "50\t\344\366\374\n"';
RESET client_encoding;
SELECT v FROM "T x" WHERE "K" = 50;

-- errors name the user's line
\set SHOW_CONTEXT never
ALTER TABLE "T x" ADD CHECK ("K" <> 77);
COPY "T x" ("K", v) FROM stdin;
1000	x
\.
COPY d (id, k, at) FROM stdin;
1	x	2024-01-01
\N	y	2024-01-01
\.
\set SHOW_CONTEXT always
COPY d (k, id) FROM stdin;
z	1
\N	2
\.
COPY "T x" ("K", v) FROM stdin;
1	x
2
\.
COPY "T x" ("K", v) FROM stdin;
1	x
2	y	z
\.
COPY "T x" ("K", v) FROM stdin;
1	x
bad	x
\.
COPY "T x" ("K", nosuch) FROM stdin;
\.
COPY nosuch FROM stdin;
\.
COPY "T x" FROM stdin (FORMAT nosuch);
\.
COPY "T x" (g) TO stdout;
\set SHOW_CONTEXT never
COPY "T x" ("K", v, n) FROM stdin;
60	x	1
61	x	1
62	x	bad
\.
COPY "T x" ("K", v) FROM stdin;
70	x
77	x
\.
SELECT count(*) FROM "T x" WHERE "K" BETWEEN 60 AND 80;

-- in a transaction, with savepoints
BEGIN;
COPY d (k) FROM stdin;
tx
\.
SELECT count(*) FROM d WHERE k = 'tx';
SAVEPOINT a;
COPY d (k, c, at) FROM stdin;
tx	0	2024-01-01
\.
ROLLBACK TO a;
COPY d (k) FROM stdin;
tx
\.
COMMIT;
SELECT count(*) FROM d WHERE k = 'tx';

-- foreign keys: within the table in any order, to others
CREATE TABLE self (k int, id int, parent int, PRIMARY KEY (k, id), FOREIGN KEY (k, parent) REFERENCES self);
SELECT create_distributed_table('self', 'k');
COPY self FROM stdin (FORMAT csv);
1,2,1
1,1,
2,3,2
2,2,2
\.
COPY self FROM stdin (FORMAT csv);
1,5,9
\.
SELECT * FROM self ORDER BY k, id;

-- reference, single-shard and empty-column tables
CREATE TABLE ref (id int PRIMARY KEY, t text);
CREATE TABLE one (id int, t text DEFAULT 'def');
SELECT create_reference_table('ref'), create_distributed_table('one', NULL);
COPY ref FROM stdin (FORMAT csv);
1,a
2,b
\.
\set SHOW_CONTEXT always
COPY ref FROM stdin (FORMAT csv);
3,c
1,d
\.
\set SHOW_CONTEXT never
COPY one (id) FROM stdin;
1
2
\.
COPY ref TO stdout;
COPY one TO stdout;

-- many rows: more than a chunk for each shard
CREATE TABLE big (k int, filler text);
SELECT create_distributed_table('big', 'k');
COPY big FROM PROGRAM 'seq 1 30000 | awk ''{printf "%d,%0100d\n", $1, $1}''' (FORMAT csv);
SELECT count(*), sum(k), sum(length(filler)), count(DISTINCT filler) FROM big;
COPY big FROM PROGRAM 'printf "1,"; head -c 3000000 /dev/zero | tr "\\0" x' (FORMAT csv);
SELECT max(length(filler)) FROM big;
DROP SCHEMA copy_test CASCADE;
